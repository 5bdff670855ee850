"""Which candidates stand where: the part of completion that all shells share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.catalogue.id_prefix import shipped_ids
from openclaw_fal.catalogue.pack import pack
from openclaw_fal.catalogue.read import CACHED
from openclaw_fal.completion.answers import candidates, split_line
from openclaw_fal.completion.table import MODELS
from openclaw_fal.journal.record import STATES
from openclaw_fal.media import Endpoint
from openclaw_fal.provider import descriptions
from openclaw_fal.sandbox import Sandbox
from openclaw_fal.store import paths
from openclaw_fal.store.aliases import set_alias
from tests.support.program import KEY, in_process, write_config


def values(*words: str) -> list[str]:
    return [value for value, _ in candidates(words)]


def test_commands_and_options_have_their_explanation() -> None:
    assert dict(candidates([""]))["image"] == "Generate and edit images"
    assert dict(candidates(["image", "--qual"])) == {"--quality": "For models that take one"}


def test_every_known_model_is_offered_where_a_model_belongs() -> None:
    for kind in ("image", "video", "music"):
        models = [row["model"] for row in descriptions.listing(kind, read)]
        assert values(kind, "p", "--model", "") == models
        assert values("infer", kind, "generate", "-m", "") == models
        assert values(kind, "models", "") == models


def test_an_option_before_the_prompt_is_one_of_generate() -> None:
    assert "--aspect-ratio" in values("image", "--as")
    assert "--aspect-ratio" in values("--quiet", "image", "--config", "x.json", "--as")
    assert values("image", "--creativity", "") == ["raw", "low", "medium", "high"]
    assert "--lyrics-file" not in values("image", "--")
    assert "--file" in values("image", "edit", "--")
    assert "--file" not in values("image", "generate", "--")


def test_global_options_are_offered_everywhere() -> None:
    for words in ([], ["image"], ["jobs", "list"], ["infer", "video", "generate"], ["onboard"]):
        assert {"--json", "--quiet", "--config", "--help"} <= set(values(*words, "--"))


def test_arguments_in_their_order() -> None:
    assert values("jobs", "list", "--state", "") == list(STATES)
    assert values("help", "jo") == ["jobs"]
    assert values("help", "jobs", "") == []
    assert values("completion", "--json", "fi") == ["fish"]
    assert values("completion", "ins") == ["install"]
    assert values("completion", "install", "z") == ["zsh"]
    assert values("config", "set", "agents.defaults.mediaMaxMb", "") == []
    assert values(
        "config", "set", "agents.defaults.mediaModels.music.primary", "fal/fal-ai/mini"
    ) == ["fal/fal-ai/minimax-music/v2.6"]
    assert values("config", "get", "models.providers.fal.b") == ["models.providers.fal.baseUrl"]


def test_files_are_left_to_the_shell() -> None:
    for words in (("image", "--prompt-file", ""), ("image", "p", "--output=sh"), ("--config", "x")):
        assert candidates(words) == [("@file", "")]


def test_only_media_of_the_right_kind_are_offered_as_references() -> None:
    for words, ending in (
        (("image", "-i", ""), "png"),
        (("image", "edit", "--file=ph"), "webp"),
        (("video", "--video", ""), "mp4"),
        (("video", "--audio-ref", ""), "wav"),
    ):
        ((answer, endings),) = candidates(words)
        assert answer == "@file"
        assert ending in endings.split("|")


def test_options_that_the_model_does_not_take_are_not_offered() -> None:
    live = ("video", "--model", "fal/fal-ai/minimax/video-01-live")
    assert values(*live, "--dur") == values(*live, "--res") == []
    assert values(*live, "--ima") == ["--image"]
    assert values("video", "--dur") == ["--duration"]
    tts = ("music", "-m", "fal/fal-ai/stable-audio-25/text-to-audio")
    assert values(*tts, "--lyr") == []


def test_values_are_those_of_the_default_model(isolated: Path) -> None:
    assert values("image", "--resolution", "") == ["1K", "2K", "4K"]
    write_config("http://127.0.0.1:9", imageGenerationModel="fal/openai/gpt-image-2")
    assert values("image", "--resolution", "") == ["1K", "2K"]


def test_further_models_of_fal_are_offered_once_a_word_says_which() -> None:
    assert "fal/fal-ai/recraft/v3/text-to-image" in values("image", "-m", "fal/fal-ai/recraft")
    assert values("image", "-m", "fal/") == list(MODELS["image"])


def test_any_kind_of_model_is_offered_where_any_is_taken() -> None:
    assert values("models", "show", "fal/fal-ai/veo3.1/li")[0] == "fal/fal-ai/veo3.1/lite"
    lite = values("models", "default", "video", "fal/fal-ai/veo3.1/li")
    assert lite == values("video", "-m", "fal/fal-ai/veo3.1/li")
    assert values("models", "default", "image", "fal/fal-ai/veo3.1/li") == []
    assert values("models", "default", "") == ["image", "video", "music"]


def test_models_that_only_a_refresh_knows_are_offered() -> None:
    folder = paths.catalogue_folder()
    folder.mkdir(parents=True, exist_ok=True)
    new = Endpoint("new-lab/painter/v1", "image", {"type": "object"})
    (folder / CACHED).write_bytes(pack([new], "2099-01-01"))
    assert values("image", "-m", "fal/new-l") == ["fal/new-lab/painter/v1"]
    assert values("video", "-m", "fal/new-l") == []
    (folder / CACHED).write_bytes(b"damaged")
    assert values("image", "-m", "fal/new-l") == []


def test_short_names_of_models_are_offered() -> None:
    set_alias("quick", "fal/fal-ai/flux/schnell")
    assert values("image", "-m", "qu") == ["quick"]
    assert values("models", "alias", "--remove", "") == ["quick"]


def test_the_names_are_those_of_the_catalogue() -> None:
    for kind in ("image", "video", "music"):
        assert shipped_ids(kind, "") == read.ids(kind)
    assert set(shipped_ids(None, "")) == set(read.ids()) - set(read.ids("other"))


def test_short_names_of_options_are_offered() -> None:
    assert {"-o", "-n", "-q", "-h"} <= set(values("image", "-"))
    assert {"-V", "--version"} <= set(values("-"))


def test_nothing_is_offered_where_only_the_user_knows() -> None:
    assert values("image", "a cat", "") == []
    assert values("image", "--prompt", "") == []
    assert values("image", "p", "--", "--") == []
    assert values("no-such-command", "") == []


def test_hidden_options_are_not_offered() -> None:
    assert "--watermark" not in values("video", "--w")
    assert values("onboard", "--skip") == []
    assert values("infer", "image", "generate", "--agent") == []


def test_job_ids_newest_first_and_only_those_that_can_still_be_waited_for(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    openclaw = in_process(capfd)
    monkeypatch.setenv("FAL_KEY", KEY)
    with Sandbox() as sandbox:
        write_config(sandbox.url)
        done = openclaw("image", "p", "--json").json["jobId"]
        waiting = openclaw("video", "wa\x1b[31m\nves", "--async").out.strip()
    assert values("jobs", "show", "") == [waiting, done]
    ((offered, text),) = candidates(["jobs", "wait", ""])
    assert offered == waiting
    assert text.isprintable()
    assert values("jobs", "wait", waiting, "") == [waiting]


def test_a_broken_journal_disturbs_nobody(isolated: Path) -> None:
    folder = isolated / "openclaw-fal"
    folder.mkdir()
    (folder / "jobs.sqlite3").write_bytes(b"no database" * 1000)
    assert values("jobs", "show", "") == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("openclaw ", ["openclaw", ""]),
        ("openclaw  image", ["openclaw", "image"]),
        ('openclaw "a b', ["openclaw", "a b"]),
        ("openclaw 'a \"b' c", ["openclaw", 'a "b', "c"]),
        ('openclaw "a \\" b" ', ["openclaw", 'a " b', ""]),
        ("openclaw a\\ b", ["openclaw", "a b"]),
        ("", [""]),
    ],
)
def test_a_line_is_split_as_a_shell_does(line: str, words: list[str]) -> None:
    assert split_line(line) == words


def test_the_line_may_come_in_the_environment(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCLAW_FAL_COMPLETE_LINE", 'openclaw image "a cat" --size 1024x15')
    assert in_process(capfd)("__complete", "line").lines == ["1024x1536"]


def test_a_completion_loads_no_command_line() -> None:
    program = (
        "import sys; from openclaw_fal.__main__ import main; "
        "main(['__complete', 'words', 'image', '--model', '']); "
        "print([name for name in ('typer', 'rich', 'typing', 'dataclasses', 'sqlite3') "
        "if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=True)
    assert done.stderr.strip() == b"[]"
