"""Prompts, options and settings that nobody means well with."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support.effort import some
from tests.support.program import Openclaw, jobs, process, write_config
from tests.support.queueing import Hooked
from tests.trust.checks import HOSTILE, refused, strict

MEGABYTE = "a lighthouse, " * 75_000
PROMPTS = {
    "controls": HOSTILE,
    "a NUL": "a\0b",
    "a megabyte": MEGABYTE,
    "right to left": "منارة عند الفجر \u202e nwad",
    "Hebrew": "מגדלור בזריחה",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈🇨🇭 at 🌅",
    "combining": "Z̸̢a̷l̶g̵o̸" * 20,
    "line ends": "one\r\ntwo\rthree\u2028four\u2029five\x85six",
    "only white space inside": "a\t\v\f b",
    "a path": "../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "a device": "con",
    "a hidden file": ".bashrc",
    "a template": "{prompt}{seed}{{}}%s%n$HOME`id`$(id)",
    "quotes": "\"'`\\",
    "an option": "--json",
    "a dash and more": "-o x",
    "JSON": '{"a": "b\\u0000"}',
    "markup": "[bold red]x[/] :smile: <b>&amp;</b>",
    "astral": "\U0001f3f4\U000e0067\U000e0062\U0010ffff\ufeff\ufffe",
    "not normalised": "e\u0301 é ﬁ ①",
}


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_is_sent_exactly_and_names_its_file_sanely(
    name: str, openclaw: Openclaw, fal: Hooked
) -> None:
    prompt = PROMPTS[name]
    outcome = openclaw("image", "--prompt", prompt, "--json")
    assert outcome.status == 0, outcome.err[:2000]
    assert fal.posts()[0].json["prompt"] == prompt
    path = Path(strict(outcome.out)["outputs"][0]["path"])
    assert path.parent == Path.cwd()
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,60}\.png", path.name)
    assert os.listdir() == [path.name]
    (job,) = jobs(openclaw)
    assert job["prompt"] == prompt or (
        len(prompt) > 2000 and prompt.startswith(job["prompt"][:1999])
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", some(["controls", "a NUL", "a megabyte", "emoji", "line ends"], 2))
def test_a_prompt_from_standard_input(name: str, fal: Hooked) -> None:
    outcome = process("image", "-", "--json", stdin=PROMPTS[name].encode())
    assert outcome.status == 0, outcome.err[:2000]
    assert fal.posts()[0].json["prompt"] == PROMPTS[name]


@pytest.mark.parametrize(
    "argv",
    [
        ["image", "a\udcffb"],
        ["image", "p", "--param", "style=\udcff"],
        ["image", "p", "--model", "fal/x/\udcff"],
        ["image", "p", "--quality", "\udcff", "--model", "fal/openai/gpt-image-2"],
        ["image", "p", "--size", "\udcff"],
        ["image", "p", "--image", "\udcff.png"],
        ["image", "p", "--image", "https://x/\udcff.png"],
        ["video", "p", "--duration", "\udcff"],
        ["music", "p", "--lyrics", "\udcff"],
        ["music", "p", "--lyrics-file", "\udcff"],
        ["music", "p", "--format", "\udcff"],
        ["jobs", "show", "\udcff"],
        ["jobs", "wait", "\udcff"],
        ["config", "set", "agents.defaults.mediaMaxMb", "\udcff"],
        ["config", "set", "agents.\udcff", "1"],
        ["\udcff"],
    ],
)
def test_arguments_that_are_no_text(argv: list[str], openclaw: Openclaw, fal: Hooked) -> None:
    refused(openclaw(*argv, "--json"), {2, 3, 5})
    assert fal.posts() == []


def test_a_prompt_that_is_no_text_or_too_long_is_refused(fal: Hooked) -> None:
    for data in (b"\xff\xfe", b"a" * (8 * 1024 * 1024 + 1)):
        outcome = process("image", "-", "--json", stdin=data)
        refused(outcome, 2)
    assert fal.requests == []


# Options


@pytest.mark.parametrize(
    ("argv", "field", "value"),
    [
        (["--prompt=--json"], "prompt", "--json"),
        (["--prompt", "-o"], "prompt", "-o"),
        (["--", "--help"], "prompt", "--help"),
        (["p", "--seed=-5"], "seed", -5),
        (["p", "--seed", "-5"], "seed", -5),
        (["p", "--param", "x=--json"], "x", "--json"),
        (["p", "--param=--x=-1"], "--x", -1),
    ],
)
def test_values_that_look_like_flags(
    argv: list[str], field: str, value: object, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials.validate = False
    outcome = openclaw("image", *argv)
    assert outcome.status == 0, outcome.err
    assert fal.posts()[0].json[field] == value


@pytest.mark.parametrize(
    "output",
    ["-x.png", "--json", "-", "--", "x y.png", "a\nb.png", "ü\u202e.png", "~.png", "%41.png"],
)
def test_output_names_that_look_like_something_else(
    output: str, openclaw: Openclaw, fal: Hooked
) -> None:
    outcome = openclaw("image", "p", f"--output={output}", "--json")
    if output in ("-", "a\nb.png"):
        refused(outcome, 2)
        assert fal.posts() == []
        return
    assert outcome.status == 0, outcome.out
    (saved,) = Path.cwd().iterdir()
    assert saved.name == (output if output.endswith(".png") else f"{output}.png")


@pytest.mark.parametrize(
    "ref",
    [
        "fal/../secrets", "fal/fal-ai/../../x", "fal/fal-ai/flux/dev/..", "fal/a b/c", "fal/a//b",
        "fal/a/b?x=1", "fal/a/b#x", "fal//a", "fal/", "fal", "/fal/a/b", "fal/a/%2e%2e/b",
        "fal/a\\..\\b", "fal/a\n/b", "fal/a/b\r\nX-Evil: 1", "fal/\0/b", "fal/a/\u202e", "fal/a/.",
        "https://fal.run/a/b", "fal/https://evil.example/a", "fal/@evil.example/a",
        "fal/a/" + "b" * 5000, "", " ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("noun", ["image", "video", "music"])
def test_refs_that_lead_elsewhere(noun: str, ref: str, openclaw: Openclaw, fal: Hooked) -> None:
    refused(openclaw(noun, "p", "--model", ref, "--json"), {2, 5})
    write_config(fal.url, **{f"{noun}GenerationModel": {"primary": ref}})
    refused(openclaw(noun, "p", "--json"), {2, 3})
    assert fal.requests == []
    assert jobs(openclaw) == []


@pytest.mark.parametrize(
    "argv",
    [
        ["--timeout-ms", "1" + "0" * 400],
        ["--timeout-ms", "9" * 5000],
        ["--seed", "9" * 400],
        ["--count", "9" * 400],
        ["--poll-interval", "1e9"],
        ["--poll-interval", "nan"],
        ["--poll-interval", "inf"],
        ["--size", "9" * 400 + "x1"],
        ["--aspect-ratio", "1:" + "9" * 5000],
        ["--param", "x=" + "[" * 5000],
        ["--param", "x=" + "[" * 90 + "]" * 90],
        *(["--param", f"x={'[' * depth}{']' * depth}"] for depth in (150, 500, 700, 900, 980)),
        *(["--param", "x=" + '{"a":' * depth + "1" + "}" * depth] for depth in (150, 500, 900)),
        ["--param", "x=" + "9" * 5000],
        ["--param", "x=1e999"],
        ["--param", "x=NaN"],
        ["--param", "=1"],
    ],
)  # fmt: skip
def test_numbers_and_values_beyond_all_bounds(
    argv: list[str], openclaw: Openclaw, fal: Hooked
) -> None:
    for more in ([], ["--dry-run"], ["--queue"]):
        outcome = openclaw("image", "p", *argv, *more, "--json")
        assert outcome.status in (0, 2, 5, 6), outcome.out[-2000:]
        strict(outcome.out)
        assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "value", ["1e400", "Infinity", "NaN", "-1", "9" * 400, "true", '"5"', "[]"]
)
def test_config_values_beyond_all_bounds(value: str, openclaw: Openclaw, fal: Hooked) -> None:
    path = write_config(fal.url)
    for defaults in (
        f'{{"mediaMaxMb": {value}}}',
        f'{{"imageGenerationModel": {{"primary": "fal/fal-ai/flux/dev", "timeoutMs": {value}}}}}',
        f'{{"imageGenerationModel": {value}}}',
        f'{{"imageGenerationModel": {{"primary": {value}, "fallbacks": {value}}}}}',
    ):
        base = f'"models": {{"providers": {{"fal": {{"baseUrl": "{fal.url}"}}}}}}'
        path.write_text(f'{{{base}, "agents": {{"defaults": {defaults}}}}}')
        for argv in (
            ["image", "p"],
            ["config", "show"],
            ["config", "validate"],
            ["config", "get", "agents"],
        ):
            outcome = openclaw(*argv, "--json")
            assert outcome.status in (0, 3), outcome.out
            strict(outcome.out)
