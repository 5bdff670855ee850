"""`openclaw image` as a user meets it, against a fal on loopback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from openclaw_fal.sandbox import Sandbox
from openclaw_fal.sandbox.http1 import Response
from tests.support.program import KEY, Openclaw, jobs, process, write_config
from tests.support.queueing import Hooked


def test_an_image_lands_in_the_current_folder_under_the_words_of_the_prompt(
    openclaw: Openclaw, fal: Sandbox
) -> None:
    outcome = openclaw("image", "A lighthouse, at dawn!")
    assert outcome.status == 0, outcome.err
    path = Path(outcome.out.strip())
    assert path == Path.cwd() / "a-lighthouse-at-dawn.png"
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (1024, 768))


def test_one_post_with_the_key_and_the_exact_body_then_media_without_the_key(
    openclaw: Openclaw, fal: Sandbox
) -> None:
    outcome = openclaw("image", "p", "--json")
    (post,) = fal.posts()
    assert post.headers["authorization"] == f"Key {KEY}"
    assert post.json == {"prompt": "p", "num_images": 1, "output_format": "png"}
    assert post.path == "/fal-ai/flux/dev"
    (media,) = fal.phase("media")
    assert "authorization" not in media.headers
    assert fal.leaks == []
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])


def test_the_envelope_is_openclaws(openclaw: Openclaw, fal: Sandbox) -> None:
    document = openclaw("image", "p", "--json").json
    named = ("ok", "capability", "transport", "provider", "model")
    assert {key: document[key] for key in named} == {
        "ok": True,
        "capability": "image.generate",
        "transport": "local",
        "provider": "fal",
        "model": "fal-ai/flux/dev",
    }
    assert document["attempts"] == document["ignoredOverrides"] == []
    (output,) = document["outputs"]
    assert output["mimeType"] == "image/png"
    assert output["size"] == Path(output["path"]).stat().st_size
    assert (output["width"], output["height"]) == (1024, 768)
    assert document["requestId"]
    assert document["jobId"] == jobs(openclaw)[0]["jobId"]


def test_several_images_are_numbered(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("image", "p", "--count", "3", "--output", "out.png")
    assert [Path(line).name for line in outcome.lines] == ["out-1.png", "out-2.png", "out-3.png"]


def test_an_existing_file_is_never_overwritten(openclaw: Openclaw, fal: Sandbox) -> None:
    Path("out.png").write_text("mine")
    outcome = openclaw("image", "p", "--output", "out.png")
    assert outcome.status == 0
    assert Path("out.png").read_text() == "mine"
    assert Path(outcome.out.strip()).exists()


def test_the_extension_follows_the_bytes(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("image", "p", "--output-format", "jpeg", "--output", "out.png")
    path = Path(outcome.out.strip())
    assert path.name == "out.jpg"
    assert path.read_bytes()[:3] == b"\xff\xd8\xff"


def test_options_of_generate_may_stand_before_the_prompt(openclaw: Openclaw, fal: Sandbox) -> None:
    assert openclaw("image", "--count", "2", "p").status == 0
    assert fal.posts()[0].json["num_images"] == 2


def test_a_global_option_before_the_command_does_not_make_a_prompt_of_it(
    openclaw: Openclaw, fal: Sandbox
) -> None:
    assert openclaw("image", "--json", "models").json["capability"] == "image.models"
    assert fal.posts() == []


def test_the_prompt_can_come_from_standard_input(fal: Sandbox) -> None:
    outcome = process("image", "-", stdin="a cät\n".encode())
    assert outcome.status == 0, outcome.err
    assert fal.posts()[0].json["prompt"] == "a cät"


def test_a_prompt_that_looks_like_an_option(openclaw: Openclaw, fal: Sandbox) -> None:
    assert openclaw("image", "--prompt", "--weird").status == 0
    assert openclaw("image", "--", "--weird").status == 0
    assert [post.json["prompt"] for post in fal.posts()] == ["--weird", "--weird"]


def test_edit_sends_the_file_to_the_edit_endpoint(openclaw: Openclaw, fal: Sandbox) -> None:
    Image.new("RGB", (8, 8)).save("in.png")
    outcome = openclaw("image", "edit", "--file", "in.png", "make it night", "--json")
    assert outcome.status == 0, outcome.err
    assert outcome.json["capability"] == "image.edit"
    (post,) = fal.posts()
    assert post.path == "/fal-ai/flux/dev/image-to-image"
    assert post.json["image_url"].startswith("data:image/png;base64,")


def test_the_configured_default_is_used(openclaw: Openclaw, fal: Sandbox) -> None:
    write_config(fal.url, imageGenerationModel={"primary": "fal/fal-ai/nano-banana-2"})
    assert openclaw("image", "p").status == 0
    assert fal.posts()[0].path == "/fal-ai/nano-banana-2"


def test_a_default_of_another_provider_is_named(openclaw: Openclaw, fal: Sandbox) -> None:
    write_config(fal.url, imageGenerationModel="google/gemini-image")
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 3
    assert "google/gemini-image" in outcome.json["error"]["message"]
    assert "--model" in outcome.json["error"]["hint"]
    assert fal.requests == []


def test_what_is_refused_is_refused_before_any_request(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("image", "p", "--count", "9", "--aspect-ratio", "7:5", "--json")
    assert outcome.status == 5
    violations = {item["key"]: item for item in outcome.json["error"]["violations"]}
    assert violations.keys() == {"count", "aspectRatio"}
    assert violations["count"]["closest"] == 4
    assert fal.requests == []
    assert jobs(openclaw) == []


@pytest.mark.parametrize(
    ("argv", "status", "word"),
    [
        (["image", ""], 5, "prompt"),
        (["image", "   "], 5, "prompt"),
        (["image", "generate"], 2, "prompt"),
        (["image", "edit", "p"], 2, "--file"),
        (["image", "p", "--image", "missing.png"], 3, "missing.png"),
        (["image", "p", "--image", "."], 3, "folder"),
        (["image", "p", "--output", "/proc/nowhere/x.png"], 3, "/proc"),
        (["image", "p", "--output", "-"], 2, "--output"),
        (["image", "p", "--model", "openai/gpt-image-1"], 2, "openai"),
        (["image", "p", "--model", "fal/../x"], 2, ".."),
        (["image", "p", "--model", "fal/a b/c"], 2, "' '"),
        (["image", "p", "--model", "fal/fal-ai/minimax/video-01-live"], 5, "video"),
        (["image", "p", "--param", "prompt=x"], 5, "prompt"),
        (["image", "p", "--param", "novalue"], 2, "KEY=VALUE"),
        (["image", "p", "--count", "two"], 2, "two"),
        (["image", "p", "--timeout-ms", "0"], 2, "timeout-ms"),
        (["image", "p", "--async", "--no-queue"], 2, "--async"),
        (["image", "p", "--prompt", "q"], 2, "twice"),
        (["pictures", "p"], 2, "pictures"),
        (["image", "a", "cat"], 2, "quotes"),
    ],
)
def test_bad_input(
    argv: list[str], status: int, word: str, openclaw: Openclaw, fal: Sandbox
) -> None:
    outcome = openclaw(*argv, "--json")
    assert outcome.status == status, outcome.out
    error = outcome.json["error"]
    assert word in error["message"] + error.get("hint", "") + json.dumps(error.get("violations"))
    assert fal.requests == []
    assert "Traceback" not in outcome.err
    plain = openclaw(*argv)
    assert (plain.status, plain.out) == (status, "")
    assert plain.err.startswith("error: ")


def test_no_key_is_one_cause_and_one_command(openclaw: Openclaw) -> None:
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 4
    error = outcome.json["error"]
    assert error["code"] == "auth"
    assert error["message"] == "there is no fal key: none in FAL_KEY, and none stored"
    assert error["hint"].startswith("openclaw onboard stores one; --sandbox ")


def test_a_refused_key_is_told_with_its_place(openclaw: Openclaw, fal: Hooked) -> None:
    fal.answer = lambda request: Response.of({"detail": "no such key"}, 401)
    error = openclaw("image", "p", "--json").json["error"]
    assert error["hint"].startswith("that key is from FAL_KEY in the environment; ")


def test_the_panel_has_one_next_step_and_no_note_twice(openclaw: Openclaw) -> None:
    outcome = openclaw("image", "p", "--sandbox", "--background", "transparent")
    assert outcome.err.count("--background transparent") == 1
    assert 'openclaw video "it moves" --image p.png --sandbox' in outcome.err


def test_a_malformed_config_is_named_with_its_place_and_left_alone(openclaw: Openclaw) -> None:
    path = write_config("http://127.0.0.1:1")
    path.write_text("{\n  a: 1,\n  b: ]\n}")
    before = path.read_bytes()
    outcome = openclaw("image", "p", "--json")
    assert outcome.status == 3
    assert "3:6" in outcome.json["error"]["message"]
    assert path.read_bytes() == before


def test_a_dry_run_needs_no_key_and_sends_nothing(openclaw: Openclaw) -> None:
    outcome = openclaw("image", "p", "--dry-run", "--json")
    assert outcome.status == 0
    assert outcome.json["request"] == {
        "method": "POST",
        "url": "https://fal.run/fal-ai/flux/dev",
        "body": {"prompt": "p", "num_images": 1, "output_format": "png"},
    }
    assert outcome.json["dryRun"] is True


def test_the_sandbox_needs_no_key_and_marks_its_results(openclaw: Openclaw) -> None:
    document = openclaw("image", "p", "--sandbox", "--json").json
    assert document["sandbox"] is True
    with Image.open(document["outputs"][0]["path"]) as image:
        assert image.size == (1024, 768)


def test_the_sandbox_never_sees_the_users_key(
    openclaw: Openclaw, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    post_init = Sandbox.__init__

    def watched(self: Sandbox, *args: object, **kwargs: object) -> None:
        kwargs["on_request"] = lambda request: seen.append(request.headers.get("authorization", ""))
        post_init(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Sandbox, "__init__", watched)
    assert openclaw("image", "p", "--sandbox").status == 0
    assert seen
    assert not any(key in header for header in seen)


def test_quiet_prints_the_path_alone(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("image", "p", "--quiet")
    assert outcome.err == ""
    assert len(outcome.lines) == 1


def test_stdout_closed_early_is_no_failure(fal: Sandbox) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    import subprocess

    from tests.support.program import command

    done = subprocess.run(
        command("image", "p"), stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writer)
    assert b"Traceback" not in done.stderr
    assert Path("p.png").exists()
