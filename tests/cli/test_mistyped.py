"""A word that may be a command is never a paid request, and wrong usage is answered in the words of
the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.sandbox import Sandbox
from tests.docs.test_examples import COMMANDS
from tests.support.program import Openclaw


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (("image", "help"), "openclaw image --help"),
        (("image", "modles"), "openclaw image models"),
        (("image", "Models", "--count", "2"), "openclaw image models"),
        (("image", "list"), "openclaw image models"),
        (("image", "genrate"), "openclaw image generate"),
        (("image", "edti"), "openclaw image edit"),
        (("video", "modles"), "openclaw video models"),
        (("music", "help"), "openclaw music --help"),
        (("image", "--model", "fal/fal-ai/flux/dev", "models"), "openclaw image models"),
        (("--quiet", "image", "--seed", "3", "modells"), "openclaw image models"),
    ],
    ids=" ".join,
)
def test_a_mistyped_command_is_not_a_prompt(
    openclaw: Openclaw, fal: Sandbox, argv: tuple[str, ...], meant: str
) -> None:
    outcome = openclaw(*argv, "--json")

    word = next(word for word in reversed(argv) if word[0] not in "-f0123456789")
    assert outcome.status == 2
    assert fal.requests == []
    hint = outcome.json["error"]["hint"]
    assert (
        hint == f"as a command: {meant}\nas a prompt: openclaw {hint.split()[-3]} generate {word}"
    )


@pytest.mark.parametrize("word", ["noodles", "cat", "modern", "audit", "exile", "Herbst"])
def test_other_words_are_prompts(openclaw: Openclaw, word: str) -> None:
    assert openclaw("image", word, "--dry-run").status == 0


@pytest.mark.parametrize("argv", [("image", "generate", "modles"), ("image", "--prompt", "models")])
def test_the_explicit_way_takes_any_word(openclaw: Openclaw, argv: tuple[str, ...]) -> None:
    assert openclaw(*argv, "--dry-run", "--json").json["request"]["body"]["prompt"] == argv[-1]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("prompt.txt", "to use its text: openclaw image --prompt-file prompt.txt\n"),
        ("Notes.txt", "to use its text: openclaw image --prompt-file Notes.txt\n"),
        ("photo.png", 'to edit it: openclaw image edit --file photo.png "…"\n'),
    ],
)
def test_a_file_is_not_a_prompt(openclaw: Openclaw, fal: Sandbox, name: str, hint: str) -> None:
    Path(name).write_bytes(b"a cat")
    outcome = openclaw("image", name, "--json")

    assert outcome.status == 2
    assert outcome.json["error"]["message"].startswith(f"{name} is a file")
    assert outcome.json["error"]["hint"].startswith(hint)
    assert fal.requests == []
    assert (
        openclaw("image", "--prompt-file", name, "--dry-run", "--json").json["request"]["body"][
            "prompt"
        ]
        == "a cat"
    )


def test_a_path_that_the_shell_has_cut_is_put_together(openclaw: Openclaw) -> None:
    Path("My Photos").mkdir()
    Path("My Photos/summer shot 1.png").write_bytes(b"x")
    words = ["image", "edit", "--file", "My", "Photos/summer", "shot", "1.png"]
    error = openclaw(*words, "make it rain", "--json").json["error"]

    assert error["message"] == "a path with spaces needs quotes around it"
    assert error["hint"] == (
        "openclaw image edit --file 'My Photos/summer shot 1.png' 'make it rain' --json"
    )


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (
            ("image", "a", "lighthouse", "at", "dawn"),
            "a prompt of several words needs quotes around it",
            'openclaw image "a lighthouse at dawn"',
        ),
        (
            ("infer", "image", "generate", "a", "cat"),
            "a prompt of several words needs quotes around it",
            'openclaw infer image generate "a cat"',
        ),
        (
            ("image", "edit", "photo.png", "night"),
            "photo.png is given with --file",
            'openclaw image edit --file photo.png "night"',
        ),
        (
            ("video", "photo.png", "it moves"),
            "photo.png is given with --image",
            'openclaw video --image photo.png "it moves"',
        ),
        (
            ("image", "edit", "make it rain", "My Photos/shot 1.png"),
            "My Photos/shot 1.png is given with --file",
            "openclaw image edit --file 'My Photos/shot 1.png' \"make it rain\"",
        ),
        (
            ("video", "zoom", "--audio", "rain.mp3"),
            "rain.mp3 is given with --audio-ref",
            'openclaw video --audio-ref rain.mp3 "zoom"',
        ),
        (
            ("video", "slower", "waves.mp4"),
            "waves.mp4 is given with --video",
            'openclaw video --video waves.mp4 "slower"',
        ),
        (
            ("image", "a", "cat", "for", "song.mp3"),
            "a prompt of several words needs quotes around it",
            'openclaw image "a cat for song.mp3"',
        ),
        (
            ("image", "modles", "fal/fal-ai/flux/dev"),
            "there is no command openclaw image modles",
            "openclaw image models fal/fal-ai/flux/dev",
        ),
        (("video", "generate"), "there is no prompt", 'openclaw video "waves under a lighthouse"'),
        (("music", "--seed", "3"), "there is no prompt", None),
        (
            ("image", "p", "--modle", "x"),
            "openclaw image generate has no option --modle",
            "openclaw image generate --model",
        ),
        (
            ("image", "p", "--sise", "x"),
            "openclaw image generate has no option --sise",
            "openclaw image generate --size",
        ),
        (
            ("image", "p", "-o", "a\n.png"),
            "--output 'a\\n.png': a path with line ends or other control characters would break "
            "the list of paths on standard output",
            None,
        ),
        (
            ("replay", "gone.png"),
            "there is no job 'gone.png' in the journal, and no file here has that name",
            "openclaw jobs list",
        ),
        (
            ("gallery", "gone"),
            "there is no job 'gone' in the journal, and no folder here has that name",
            "openclaw jobs list",
        ),
        (("image", "p", "--seed", "abc"), "--seed abc: must be a whole number", None),
        (("image", "p", "--timeout-ms", "0"), "--timeout-ms 0: must be at least 1", None),
        (("sandbox", "serve", "--port", "70000"), "--port 70000: must be 0 to 65535", None),
        (("jobs", "wait", "x", "--poll-interval", "nan"), None, None),
        (("jobs", "show"), "ID is missing", "openclaw jobs show 7k2m"),
        (("jobs", "show", "a", "b"), "openclaw jobs show takes no further argument: b", None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_says_what_is_right(
    openclaw: Openclaw, argv: tuple[str, ...], message: str | None, hint: str | None
) -> None:
    outcome = openclaw(*argv, "--json")

    assert outcome.status == 2
    assert message is None or outcome.json["error"]["message"] == message
    assert hint is None or outcome.json["error"]["hint"] == hint


def test_an_option_without_its_value(openclaw: Openclaw) -> None:
    assert openclaw("image", "p", "--model").err.startswith("error: --model needs a value\n")


@pytest.mark.parametrize(
    ("argv", "allowed"),
    [
        (("video", "p", "--duration", "abc"), "a number of seconds"),
        (("video", "p", "--resolution", "big"), "1080P"),
        (("image", "p", "--size", "banana"), "1024x1536"),
        (("image", "p", "--aspect-ratio", "wide"), "16:9"),
        (("image", "p", "--output-format", "doc"), "png, jpeg or webp"),
        (("music", "p", "--format", "midi"), "mp3, wav"),
    ],
    ids=" ".join,
)
def test_a_value_that_no_model_takes_is_wrong_usage(
    openclaw: Openclaw, fal: Sandbox, argv: tuple[str, ...], allowed: str
) -> None:
    outcome = openclaw(*argv, "--json")

    assert (outcome.status, outcome.json["error"]["code"]) == (2, "usage")
    assert outcome.json["error"]["message"].startswith(f"{argv[2]} {argv[3]}: must be ")
    assert allowed in outcome.json["error"]["message"]
    assert fal.requests == []


def test_people_read_options_and_programs_read_parameters(openclaw: Openclaw) -> None:
    argv = ("image", "p", "--aspect-ratio", "7:5", "--count", "9", "--dry-run")
    outcome = openclaw(*argv)
    assert "(--count, --aspect-ratio)" in outcome.err
    assert "  - --aspect-ratio 7:5: " in outcome.err
    assert "aspectRatio" not in outcome.err
    violations = openclaw(*argv, "--json").json["error"]["violations"]
    assert [violation["key"] for violation in violations] == ["count", "aspectRatio"]


@pytest.mark.parametrize("argv", [("--version",), ("-V",), ("--no-color", "-V")], ids=" ".join)
def test_the_version_before_any_command(openclaw: Openclaw, argv: tuple[str, ...]) -> None:
    from openclaw_fal import __version__

    assert openclaw(*argv).out == f"openclaw-fal {__version__}\n"
    assert openclaw(*argv, "--json").json["version"] == __version__


def test_an_option_of_another_kind_is_named_with_the_commands_that_have_it(
    openclaw: Openclaw,
) -> None:
    error = openclaw("image", "p", "--duration", "5").err
    assert "no option --duration; openclaw video and openclaw music have it" in error
    assert "openclaw music has it" in openclaw("video", "p", "--lyrics", "la").err


def test_an_unknown_option_is_wrong_usage_of_every_command(openclaw: Openclaw) -> None:
    for path in ("openclaw", *COMMANDS):
        outcome = openclaw(*path.split()[1:], "--nonsense")
        assert outcome.status == 2, path
        assert "has no option --nonsense" in outcome.err, path


def test_an_empty_prompt_and_a_param_are_named_as_they_were_given(openclaw: Openclaw) -> None:
    assert "error: the prompt is empty\n" in openclaw("image", "", "--dry-run").err
    steps = openclaw("image", "p", "--param", "num_inference_steps=abc", "--dry-run").err
    assert "error: --param num_inference_steps=abc: " in steps
    wrong = openclaw("image", "p", "--model", "fal/fal-ai/veo3.1", "--dry-run").err
    assert "closest" not in wrong
    bare = openclaw("infer", "image", "generate").err
    assert 'hint: openclaw infer image generate "a lighthouse at dawn"' in bare


def test_a_model_without_a_prompt_is_asked_with_an_empty_one(openclaw: Openclaw) -> None:
    model = "fal/fal-ai/bria/background/remove"
    error = openclaw("image", "edit", "--file", "a.png", "--model", model, "--json").json["error"]

    assert error["message"] == "there is no prompt"
    assert error["hint"].endswith(f'openclaw image edit --file photo.png --model {model} ""')


@pytest.mark.parametrize("size", ["1024 x 1536", "1024×1536", "1024X1536"])
def test_a_size_as_people_write_it(openclaw: Openclaw, size: str) -> None:
    outcome = openclaw("image", "p", "--size", size, "--dry-run", "--json")

    assert outcome.json["request"]["body"]["image_size"] == {"width": 1024, "height": 1536}


def test_prompts_that_are_taken_for_a_manifest(openclaw: Openclaw) -> None:
    Path("prompts.txt").write_text("a cat\na dog\n", encoding="utf-8")
    error = openclaw("batch", "plan", "prompts.txt", "--json").json["error"]

    assert error["message"] == "prompts.txt is not JSON Lines: no line begins with {"
    assert error["hint"] == "if each line is a prompt: openclaw image --prompts prompts.txt"


def test_an_empty_key_is_named(openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", "")
    error = openclaw("image", "a cat", "--json").json["error"]

    assert error["code"] == "auth"
    assert error["hint"].startswith("FAL_KEY is set, and empty")
