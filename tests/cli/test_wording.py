"""What messages say: the words that the user typed, one or several, and what to do next."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Sandbox
from tests.cli.batching import write
from tests.support.program import Openclaw


def test_an_option_is_named_as_it_was_typed(openclaw: Openclaw, fal: Sandbox) -> None:
    ignored = openclaw("image", "p", "--negative-prompt", "dog", "--dry-run")
    assert "--negative-prompt dog: fal-ai/flux/dev takes no negative prompt" in ignored.err
    refused = openclaw("image", "p", "--param", "prompt=x")
    assert "error: --param prompt may not replace the prompt" in refused.err
    sound = openclaw("video", "p", "--audio-ref", "x.mp3")
    assert "--audio-ref: fal-ai/minimax/video-01-live takes no audio references\n" in sound.err
    transparent = openclaw(
        "image", "p", "--model", "fal/openai/gpt-image-2.5/flare/text-to-image",
        "--background", "transparent", "--output-format", "jpeg",
    )  # fmt: skip
    assert "it needs png or webp as the format, not jpeg" in transparent.err


@pytest.mark.parametrize("model", ["fal/fal-ai/flux/dev", "fal/fal-ai/recraft/v3/text-to-image"])
def test_no_message_has_a_name_from_json_or_from_fal(openclaw: Openclaw, model: str) -> None:
    outcome = openclaw(
        "image", "p", "--model", model, "--aspect-ratio", "16:9", "--resolution", "1K",
        "--negative-prompt", "x", "--output-format", "png", "--quality", "high", "--steps", "2",
        "--guidance", "3", "--dry-run",
    )  # fmt: skip
    words = {word for line in outcome.err.splitlines() for word in line.split()}
    names = {"image_size", "aspectRatio", "outputFormat", "negativePrompt", "guidance_scale"}
    assert not words & names, outcome.err
    assert "--guidance 3" in outcome.err or "recraft" not in model
    assert "3.0" not in outcome.err


@pytest.mark.parametrize(("dials", "hint"), [
    ("fail=sync:500:9", "fal bills nothing for it: repeat the command, or try another --model"),
    ("fail=sync:404:9", "openclaw models search WORDS finds models that fal has"),
    ("fail=sync:422:9", "what the model takes: openclaw models show fal/fal-ai/flux/dev"),
    ("fail=sync:418:9", "openclaw jobs show "),
    ("fail=sync:garbage:9", "openclaw jobs show "),
    ("fail=sync:html:9", "fal bills nothing for it"),
])  # fmt: skip
def test_each_failure_of_fal_has_a_next_step(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch, dials: str, hint: str
) -> None:
    monkeypatch.setenv("OPENCLAW_FAL_SANDBOX_DIALS", dials)
    outcome = openclaw("image", "p", "--sandbox")
    assert outcome.status == 6
    assert f"\nhint: {hint}" in outcome.err
    assert "502: 502" not in outcome.err


@pytest.mark.parametrize("dials", ["run-time=20", "fail=media:404:9"])
def test_nothing_can_be_waited_for_in_a_sandbox_that_has_ended(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch, dials: str
) -> None:
    monkeypatch.setenv("OPENCLAW_FAL_SANDBOX_DIALS", dials)
    more = ("--timeout-ms", "300", "--poll-interval", "0.05")
    outcome = openclaw("video", "p", "--sandbox", *more)
    assert outcome.status == 7
    assert "goes on at fal" not in outcome.err
    assert "\nhint: repeat the command" in outcome.err


def test_printed_paths_are_absolute(openclaw: Openclaw, fal: Sandbox) -> None:
    assert openclaw("image", "p", "-o", "p.png", "--provenance", "mark").status == 0
    for command in (
        ("gallery", "-o", "g.html"),
        ("gallery", "."),
        ("provenance", "strip", "p.png", "-o", "q.png"),
    ):
        outcome = openclaw(*command)
        assert outcome.status == 0, outcome.err
        assert Path(outcome.out.strip()).is_absolute()


def test_one_is_not_plural(openclaw: Openclaw, fal: Sandbox) -> None:
    assert "fal billed 1 unit\n" in openclaw("image", "p", "-o", "p.png").err
    assert openclaw("gallery", "-o", "g.html").err == "note: 1 file\n"
    write("m.jsonl", [{"prompt": "a"}])
    assert "1 item\n" in openclaw("batch", "plan", "m.jsonl").out
    write("m.jsonl", [{"prompt": "a", "imges": 1}])
    assert "m.jsonl has 1 problem in 1 row; " in openclaw("batch", "plan", "m.jsonl").err


@pytest.mark.parametrize("command", ["plan", "run"])
def test_each_problem_of_a_manifest_is_printed_once(
    openclaw: Openclaw, fal: Sandbox, command: str
) -> None:
    write("m.jsonl", [{"prompt": "a", "imges": ["x.png"]}, {"prompt": "b", "size": "17x17"}])
    refused = openclaw("batch", command, "m.jsonl")
    assert refused.status == 5
    assert refused.err.count("no option imges") == 1
    assert refused.err.count("size 17x17") == 1


def test_a_topic_that_is_a_command_is_explained_by_its_help(openclaw: Openclaw) -> None:
    assert "\nhint: openclaw image --help explains the command\n" in openclaw("help", "image").err
    assert "\nhint: openclaw --help lists the commands\n" in openclaw("help", "banana").err


def test_max_spend_can_be_tried_in_the_sandbox(openclaw: Openclaw, tmp_path: Path) -> None:
    """Status 9, for one request and for a batch that has spent what it may; budgets of the user
    and unknown prices never stop a sandbox."""
    refused = openclaw("image", "a lighthouse", "--max-spend", "0.02", "--sandbox", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (9, "budget")
    assert refused.json["error"]["hint"] == "a higher --max-spend, or a cheaper --model"
    assert openclaw("image", "a lighthouse", "--max-spend", "0.03", "--sandbox").status == 0
    assert openclaw("video", "waves", "--max-spend", "0.001", "--sandbox").status == 0
    Path("prompts.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    batch = openclaw(
        "image", "--prompts", "prompts.txt", "-o", "out/", "--max-spend", "0.06", "--sandbox"
    )
    assert (batch.status, len(batch.lines)) == (9, 2)
    assert openclaw("spend", "--json").json["total"][0]["jobs"] == 0


@pytest.mark.parametrize("typed", [("--size", "512x512"), ("--width", "512", "--height", "512")])
def test_a_refused_size_says_how_to_send_it(
    openclaw: Openclaw, fal: Sandbox, typed: tuple[str, ...]
) -> None:
    refused = openclaw("image", "p", *typed)
    assert refused.status == 5
    way = refused.err.partition("to send it all the same: ")[2].strip()
    param, value = shlex.split(way)
    assert openclaw("image", "p", param, value).status == 0
    assert fal.posts()[-1].json["image_size"] == {"width": 512, "height": 512}


def test_a_file_that_is_not_there_says_where_it_was_looked_for(openclaw: Openclaw) -> None:
    outcome = openclaw("provenance", "show", "nope.png")
    assert outcome.status == 3
    assert f"\nhint: the current folder is {Path.cwd()}" in outcome.err
