"""Names of output files: they stay where they belong and are valid everywhere."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openclaw_fal.errors import UsageError
from openclaw_fal.files import naming, sniff
from tests.files.output_support import JOB, target
from tests.support.effort import effort

WINDOWS_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?")


def is_portable(name: str) -> bool:
    """Whether a name is valid on Linux, macOS and Windows, and neither hidden nor an option."""
    return (
        0 < len(name) <= 255
        and not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
        and name[-1] not in " ."
        and name[0] not in ".-"
        and not WINDOWS_DEVICES.fullmatch(name)
    )


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("A lighthouse, at dawn!", "a-lighthouse-at-dawn"),
        ("the cat's café — Øre & Ærø, straße", "the-cats-cafe-ore-aero-strasse"),
        ("🦊🦊", "image"),
        ("🦊 in the snow", "in-the-snow"),
        ("منارة عند الفجر", "image"),
        ("灯台 at dawn", "at-dawn"),
        ("", "image"),
        ("../../etc/passwd", "etc-passwd"),
        ("--rm -rf", "rm-rf"),
        (".bashrc", "bashrc"),
        ("CON", "con_"),
        ("com1", "com1_"),
        ("console", "console"),
        ("a\nb\x1b[31mc\0d", "a-b-31mc-d"),
        ("word " * 40, "-".join(["word"] * 12)),
        ("x" * 1_000_000, "x" * 60),
        ("a" * 50 + " " + "b" * 50, "a" * 50),
    ],
)
def test_names_from_prompts(prompt: str, slug: str) -> None:
    assert naming.slug(prompt, "image") == slug


@settings(max_examples=effort(60, 5_000))
@given(
    prompt=st.text(st.characters(exclude_categories=()), max_size=200)
    | st.sampled_from(["con", "AUX ", "com¹", "nul.png", "..", "~", "-n", "lpt9" * 40]),
    model=st.text(max_size=40),
    seed=st.none() | st.integers(),
    template=st.sampled_from(
        [
            None,
            "{prompt}",
            "{prompt}.png",
            "{n}",
            "{seed}",
            "{model}",
            "{prompt}.{ext}",
            "{id}-{kind}",
        ]
    ),
    count=st.integers(1, 4),
    kind=st.sampled_from([*sniff.MEDIA_TYPES, None]),
)
@example("con", "", None, "{prompt}.{ext}", 1, sniff.PNG)
@example("x", "", -1, "{seed}", 1, sniff.PNG)
def test_no_prompt_leaves_the_folder_or_makes_an_invalid_name(
    prompt: str,
    model: str,
    seed: int | None,
    template: str | None,
    count: int,
    kind: sniff.FileType | None,
) -> None:
    where = target(template, Path("/base"), prompt=prompt, model=model, count=count)
    folder, name, number = where.place(
        job_id=JOB, index=0, count=count, seed=seed, extension=kind.extension if kind else "bin"
    )
    assert folder == Path("/base")
    stem, extension = naming.split_extension(name, kind)
    if kind is not None:
        assert extension[1:].lower() in kind.extensions
    for candidate in islice(naming.candidates(stem, extension, number, JOB), 3):
        assert is_portable(candidate), candidate


@pytest.mark.exhaustive(only=True)
@pytest.mark.parametrize("stem", ["x", "x" * 300, "ü" * 200])
def test_there_are_ten_thousand_names_and_then_a_last_one(stem: str) -> None:
    found = list(naming.candidates(stem, ".png", 3, JOB))
    assert len(found) == len(set(found)) == 10_000
    assert found[0].endswith("-3.png")
    assert found[1].endswith("-3-2.png")
    assert found[-1].endswith(f"-3-{JOB}.png")


@settings(max_examples=effort(40, 3_000))
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_an_escaped_text_stands_for_itself(text: str) -> None:
    assert naming.fields(naming.escaped(text)) == set()
    assert naming.render(naming.escaped(text), {}) == text


@settings(max_examples=effort(40, 3_000))
@given(stem=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400))
@example("a" * 400)
def test_names_are_cut_to_what_file_systems_take(stem: str) -> None:
    name = naming.fit_length(stem, "-12-2.webp")
    assert name.endswith("-12-2.webp")
    assert len(os.fsencode(name)) <= 255 or os.name == "nt"


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("out.png", sniff.PNG, ("out", ".png")),
        ("out.PNG", sniff.PNG, ("out", ".PNG")),
        ("out.png", sniff.JPEG, ("out", ".jpg")),
        ("out.jpeg", sniff.JPEG, ("out", ".jpeg")),
        ("out.tif", sniff.TIFF, ("out", ".tif")),
        ("out", sniff.PNG, ("out", ".png")),
        ("v1.2", sniff.PNG, ("v1.2", ".png")),
        ("out.txt", sniff.PNG, ("out.txt", ".png")),
        (".png", sniff.PNG, (".png", ".png")),
        ("out.", sniff.PNG, ("out", ".png")),
        ("out.mp4", sniff.M4A, ("out", ".mp4")),
        ("out.png", sniff.ZIP, ("out", ".zip")),
        ("out.xyz", None, ("out.xyz", ".bin")),
        ("out.png", None, ("out", ".png")),
    ],
)
def test_extensions_follow_the_bytes(
    name: str, kind: sniff.FileType | None, expected: tuple[str, str]
) -> None:
    assert naming.split_extension(name, kind) == expected


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\{promt\} is not a field"):
        naming.fields("{promt}.png")
