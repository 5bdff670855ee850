"""`openclaw models`: find, show, choose, name, refresh, check. fal is a sandbox over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.store import paths
from tests.support.program import Openclaw, write_config
from tests.support.queueing import Hooked

RECRAFT = "fal/fal-ai/recraft/v3/text-to-image"
TEXT = "fal/bria/fibo/generate/structured_prompt"  # makes neither image nor video nor audio


def models_in(outcome: Any) -> list[str]:
    assert outcome.status == 0, outcome.err
    return [row["model"] for row in outcome.json["models"]]


def test_the_list_is_of_the_best_known_and_with_all_of_every_endpoint(openclaw: Openclaw) -> None:
    some = models_in(openclaw("models", "list", "--json"))
    every = models_in(openclaw("models", "list", "--all", "--json", "--provider", "fal"))

    assert set(some) < set(every)
    assert len(every) == len(set(every))
    for kind in ("image", "video", "music"):
        of_kind = models_in(openclaw("models", "list", "--all", "--kind", kind, "--json"))
        assert {f"fal/{name}" for name in read.ids(kind)} <= set(of_kind) <= set(every)


def test_the_list_marks_the_default(openclaw: Openclaw) -> None:
    write_config("https://fal.run", imageGenerationModel="fal/fal-ai/nano-banana-2")
    lines = openclaw("models", "list", "--kind", "image").lines

    assert [line.split()[1] for line in lines if line[0] == "*"] == ["fal/fal-ai/nano-banana-2"]


def test_a_search_finds_what_every_word_fits(openclaw: Openclaw) -> None:
    found = models_in(openclaw("models", "search", "kling", "image", "--kind", "video", "--json"))
    assert found
    assert all("kling" in name for name in found)
    assert RECRAFT in models_in(openclaw("models", "search", RECRAFT, "--json"))
    assert len(models_in(openclaw("models", "search", "fal-ai", "--limit", "3", "--json"))) == 3
    nothing = openclaw("models", "search", "qqqq")
    assert (nothing.status, nothing.out) == (0, "")
    assert "models list --all" in nothing.err


def test_one_endpoint_in_full(openclaw: Openclaw) -> None:
    document = openclaw("models", "show", RECRAFT, "--json").json
    fields = {field["name"]: field for field in document["fields"]}
    declared = read.endpoint(RECRAFT.removeprefix("fal/"))
    assert declared is not None

    assert set(fields) == set(declared.properties)
    assert (fields["prompt"]["required"], fields["prompt"]["type"]) == (True, "string")
    assert fields["style"]["default"] == "realistic_image"
    assert "any" in fields["style"]["values"]
    assert fields["image_size"]["properties"] == ["height", "width"] or set(
        fields["image_size"]["properties"]
    ) == {"height", "width"}
    assert document["siblings"][0].startswith("fal/fal-ai/recraft/v3/")
    assert document["price"] is None
    assert document["model"]["example"].startswith("openclaw image ")


def test_what_makes_no_media_is_shown_as_such(openclaw: Openclaw) -> None:
    outcome = openclaw("models", "show", TEXT)
    assert outcome.status == 0
    assert "no image, video or audio" in outcome.out
    assert "cannot run it" in outcome.err


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nano-banana", "fal/fal-ai/nano-banana"),
        ("flux", "fal/fal-ai/flux/dev"),
        ("fal/flux/dev", "fal/fal-ai/flux/dev"),
        ("fal/fal-ai/flux/dve", "fal/fal-ai/flux/dev"),
        ("fal/fal-ai/qqqq/wwww", "models search wwww"),
    ],
)
@pytest.mark.parametrize("command", [("show",), ("default", "image"), ("alias", "mine")])
def test_a_name_that_is_not_known_leads_to_those_that_are(
    openclaw: Openclaw, command: tuple[str, ...], name: str, hint: str
) -> None:
    outcome = openclaw("models", *command, name, "--json")
    assert outcome.status == 2
    assert hint in outcome.json["error"]["hint"]
    assert not paths.config_path().exists()
    assert not paths.aliases_path().exists()


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("default", "image", "fal/fal-ai/veo3.1"), "models default video fal/fal-ai/veo3.1"),
        (("default", "image", TEXT), "makes no image, video or audio"),
        (("default", "image", "google/gemini"), "of the provider google"),
        (("default", "picture"), "image, video or music"),
        (("default", "image", "fal/fal-ai/flux/dev", "--unset"), "--unset goes alone"),
        (("list", "--kind", "picture"), "image, video, music"),
        (("list", "--provider", "google"), "fal's models"),
        (("alias", "a/b", "fal/fal-ai/flux/dev"), "cannot be an alias"),
        (("alias", "none"), "there is no alias none"),
        (("alias", "--remove", "none"), "there is no alias none"),
        (("set-image", "x"), "models default image REF"),
        (("image-fallbacks", "list"), "models default image --fallback REF"),
        (("set", "fal/x/y"), "chats"),
    ],
)
def test_wrong_usage_says_what_is_right(
    openclaw: Openclaw, argv: tuple[str, ...], says: str
) -> None:
    outcome = openclaw("models", *argv)
    assert outcome.status == 2
    assert says in outcome.err
    assert not paths.config_path().exists()


@pytest.mark.parametrize("layout", ["2026.7.35", "2026.9.6"])
def test_a_default_is_written_in_the_files_own_layout_and_nothing_else_changes(
    openclaw: Openclaw, layout: str
) -> None:
    path = write_config("https://fal.run")
    before = "{\n  // mine\n  meta: { lastTouchedVersion: '" + layout + "' },\n}\n"
    path.write_text(before, encoding="utf-8")

    done = openclaw("models", "default", "image", "fal/fal-ai/nano-banana-2", "--json")

    assert (done.status, done.json["changed"]) == (0, True)
    text = path.read_text(encoding="utf-8")
    key = "imageGenerationModel" if layout == "2026.7.35" else "mediaModels"
    assert key in text
    assert "// mine" in text
    shown = openclaw("models", "default", "image", "--json").json["defaults"]["image"]
    assert (shown["model"], shown["origin"]) == ("fal/fal-ai/nano-banana-2", "config")
    assert openclaw("models", "default", "image", "--unset").status == 0
    assert openclaw("models", "status", "--plain").lines[0] == "image fal/fal-ai/flux/dev"
    assert "// mine" in path.read_text(encoding="utf-8")


def test_fallbacks_replace_the_list_and_may_be_of_other_providers(openclaw: Openclaw) -> None:
    first = ("--fallback", "fal/fal-ai/flux/dev", "--fallback", "google/gemini-image")
    assert openclaw("models", "default", "image", "fal/fal-ai/nano-banana-2", *first).status == 0
    defaults = openclaw("models", "status", "--json").json["defaults"]
    assert defaults["image"]["fallbacks"] == ["fal/fal-ai/flux/dev", "google/gemini-image"]
    assert defaults["video"]["origin"] == "built in"
    openclaw("models", "default", "image", "--fallback", "fal/fal-ai/flux/schnell")
    shown = openclaw("models", "default", "image", "--json").json["defaults"]["image"]
    assert (shown["model"], shown["fallbacks"]) == (
        "fal/fal-ai/nano-banana-2",
        ["fal/fal-ai/flux/schnell"],
    )
    assert openclaw("models", "default", "video", "--fallback", "fal/fal-ai/flux/dev").status == 2


def test_an_alias_is_what_model_takes_and_the_config_gets_the_whole_ref(openclaw: Openclaw) -> None:
    assert openclaw("models", "alias", "fast", "fal/fal-ai/flux/schnell").status == 0
    assert openclaw("models", "alias", "--json").json["aliases"] == {
        "fast": "fal/fal-ai/flux/schnell"
    }
    dry = openclaw("image", "a cat", "--model", "fast", "--dry-run", "--json")
    assert dry.json["model"] == "fal-ai/flux/schnell"
    assert openclaw("models", "show", "fast", "--json").json["aliases"] == ["fast"]
    openclaw("models", "default", "image", "fast")
    assert "fast" not in paths.config_path().read_text(encoding="utf-8")
    assert openclaw("models", "alias", "--remove", "fast").status == 0
    gone = openclaw("image", "a cat", "--model", "fast", "--dry-run")
    assert (gone.status, gone.out) == (2, "")


@pytest.mark.parametrize("content", [b"not toml", b"\xff", b"aliases = 3", b"[aliases]\na = 1\n"])
def test_a_damaged_file_of_aliases_is_named_and_stays(openclaw: Openclaw, content: bytes) -> None:
    path = paths.aliases_path()
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    for argv in (
        ("models", "alias", "fast", "fal/fal-ai/flux/dev"),
        ("image", "a cat", "--model", "fast", "--dry-run"),
    ):
        outcome = openclaw(*argv)
        assert outcome.status == 3
        assert str(path) in outcome.err
    assert path.read_bytes() == content
    whole = openclaw("image", "a cat", "--model", "fal/fal-ai/flux/dev", "--dry-run")
    assert whole.status == 0


KEYS = {
    ("list",): {"models", "catalogue"},
    ("search", "flux"): {"models", "catalogue"},
    ("show", RECRAFT): {"model", "fields", "siblings", "price", "aliases"},
    ("status",): {"defaults", "aliases", "catalogue"},
    ("default", "image"): {"defaults"},
    ("default", "image", "fal/fal-ai/flux/dev", "--dry-run"): {
        *("path", "changed", "dryRun", "diff", "notes")
    },
    ("alias",): {"aliases", "path"},
    ("refresh", "--no-prices"): {"endpoints", "skipped", "resumed", "prices", "path"},
    ("check",): {"contradicted", "differences", "shipped", "fresh"},
}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("argv", "keys"), KEYS.items(), ids=[" ".join(a) for a in KEYS])
def test_the_documents(
    openclaw: Openclaw, fal: Hooked, argv: tuple[str, ...], keys: set[str]
) -> None:
    document = openclaw("models", *argv, "--json").json
    assert document["capability"] == f"models.{argv[0]}"
    assert set(document) == {"ok", "capability", *keys}
    assert json.dumps(document)
    if "models" in keys:
        assert {tuple(row) for row in document["models"]} == {
            ("model", "kind", "family", "source", "configured")
        }


def test_the_files_of_the_noun_are_the_users_own(openclaw: Openclaw, isolated: Path) -> None:
    openclaw("models", "alias", "fast", "fal/fal-ai/flux/schnell")
    assert paths.aliases_path().is_relative_to(isolated)
    assert paths.aliases_path().stat().st_mode & 0o077 == 0


def test_help_tells_the_fields_of_the_model_that_is_named(openclaw: Openclaw) -> None:
    shown = openclaw("image", "--model", "fal/fal-ai/recraft/v3/text-to-image", "--help")
    assert shown.status == 0
    assert "Fields of fal/fal-ai/recraft/v3/text-to-image:" in shown.out
    assert "vector_illustration" in shown.out
    assert "Fields of" not in openclaw("image", "generate", "--help").out
    assert openclaw("image", "--model", "nope", "--help").status == 2


def test_a_changed_default_says_what_it_was_and_what_it_is(openclaw: Openclaw) -> None:
    chosen = openclaw("models", "default", "image", "fal/fal-ai/nano-banana-2")
    place = "agents.defaults.imageGenerationModel"
    assert chosen.out == f"{paths.config_path()}\n"
    assert (
        "the default image model: fal/fal-ai/flux/dev (built in) → fal/fal-ai/nano-banana-2, "
        f"at {place}" in chosen.err
    )
    back = openclaw("models", "default", "image", "--unset")
    assert "fal/fal-ai/nano-banana-2 → fal/fal-ai/flux/dev (built in)\n" in back.err


@pytest.mark.parametrize(
    ("ref", "says", "fix"),
    [
        ("fal/fal-ai/nano-bananna-2", "did you mean fal/fal-ai/nano-banana-2?", "nano-banana-2"),
        ("fal/fal ai/flux", "is malformed", "REF"),
    ],
)
def test_a_default_that_cannot_be_meant_is_told_with_its_line_and_the_command_that_sets_another(
    openclaw: Openclaw, ref: str, says: str, fix: str
) -> None:
    path = write_config("https://fal.run")
    model = f'{{\n  timeoutMs: 5000,\n  primary: "{ref}"\n}}'
    path.write_text(f"{{ agents: {{ defaults: {{ imageGenerationModel: {model} }} }} }}\n")

    outcome = openclaw("image", "a cat", "--dry-run", "--json")

    assert outcome.status == 3
    error = outcome.json["error"]
    assert error["message"].startswith(f"{path}:3: agents.defaults.imageGenerationModel: ")
    assert says in error["message"]
    assert error["hint"].splitlines()[0].endswith(fix)
