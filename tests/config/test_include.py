"""`$include` and templates against a plain reference, and edits where a value stands."""

from __future__ import annotations

import json
import os
import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw_fal.config.edit import edit_config
from openclaw_fal.config.read import read_config
from openclaw_fal.config.rules import Set, Unset
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.json5.path import MISSING, get_at
from openclaw_fal.json5.read import loads, same
from tests.support.effort import effort
from tests.support.systems import links

ENVIRON = {"A": "one", "B_2": "two words", "EMPTY": ""}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "openclaw.json"


def texts(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.json*")
        if not path.name.endswith(".bak")
    }


def test_what_is_included_counts(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "openclaw.json": """{
              $include: ["./one.json5", "./parts/two.json5"],
              agents: { defaults: { mediaMaxMb: 7 } },
            }""",
            "one.json5": "{agents: {defaults: {imageGenerationModel: 'fal/a/b', mediaMaxMb: 1}}}",
            "parts/two.json5": """{
              agents: { defaults: { imageGenerationModel: { $include: "deep.json5" } } },
            }""",
            "parts/deep.json5": "{primary: 'fal/c/d', fallbacks: ['fal/e/f']}",
        },
    )
    config = read_config(path)
    default = config.default_model("image")
    assert default is not None
    assert (default.primary, default.fallbacks) == ("fal/c/d", ("fal/e/f",))
    assert config.media_max_mb() == 7
    assert [file.path.name for file in config.files] == [
        "openclaw.json", "one.json5", "two.json5", "deep.json5"
    ]  # fmt: skip


def test_lists_are_appended(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "openclaw.json": "{a: {$include: ['./1.json', './2.json'], l: [3]}}",
            "1.json": "{l: [1]}",
            "2.json": "{l: [2]}",
        },
    )
    assert read_config(path).data == {"a": {"l": [1, 2, 3]}}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"openclaw.json": "{$include: './none.json'}"}, "none.json, which does not exist"),
        ({"openclaw.json": "{$include: '../x.json'}"}, "outside the folder of the config"),
        ({"openclaw.json": "{$include: '/etc/hosts'}"}, "outside the folder of the config"),
        ({"openclaw.json": "{$include: 5}"}, "not a number"),
        ({"openclaw.json": "{$include: ['a.json', null]}", "a.json": "{}"}, "not null"),
        ({"openclaw.json": "{$include: './a.json'}", "a.json": "{$include: './openclaw.json'}"},
         "includes itself"),
        ({"openclaw.json": "{$include: './a.json'}", "a.json": "{,}"}, "a.json:1:2: "),
        ({"openclaw.json": "{$include: './a.json'}", "a.json": "[]"}, "includes a list"),
        ({"openclaw.json": "{a: {$include: './a.json', b: 1}}", "a.json": "[]"}, "not a list"),
        ({"openclaw.json": "{$include: './0.json'}",
          **{f"{n}.json": f"{{$include: './{n + 1}.json'}}" for n in range(12)}}, "more than 10"),
    ],
)  # fmt: skip
def test_what_cannot_be_included(tmp_path: Path, files: dict[str, str], message: str) -> None:
    path = write(tmp_path / "home", files)
    with pytest.raises(LocalError, match=message):
        read_config(path)


@links
def test_a_link_out_of_the_folder_is_no_way_round(tmp_path: Path) -> None:
    write(tmp_path, {"outside.json": "{}"})
    path = write(tmp_path / "home", {"openclaw.json": "{$include: './in.json'}"})
    (tmp_path / "home" / "in.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(LocalError, match="outside the folder"):
        read_config(path)
    allowed = {"OPENCLAW_INCLUDE_ROOTS": str(tmp_path)}
    assert read_config(path, allowed).data == {}


SECTION = {
    "openclaw.json": '{\n  agents: { $include: "./agents.json5" }, // mine\n}\n',
    "agents.json5": "{\n  // media\n  defaults: { mediaMaxMb: 5 },\n}\n",
}


@pytest.mark.parametrize(
    ("edit", "file", "text"),
    [
        (Set("agents.defaults.mediaMaxMb", 6), "agents.json5",
         "{\n  // media\n  defaults: { mediaMaxMb: 6 },\n}\n"),
        (Set("agents.defaults.imageGenerationModel", "fal/a/b"), "agents.json5",
         "{\n  // media\n  defaults: { mediaMaxMb: 5, imageGenerationModel: \"fal/a/b\" },\n}\n"),
        (Unset("agents.defaults.mediaMaxMb"), "agents.json5",
         "{\n  // media\n  defaults: {},\n}\n"),
        (Set("models.providers.fal.baseUrl", "https://x.example"), "openclaw.json",
         '{\n  agents: { $include: "./agents.json5" }, // mine\n  models: {\n    providers: {\n'
         '      fal: {\n        baseUrl: "https://x.example",\n      },\n    },\n  },\n}\n'),
    ],
)  # fmt: skip
def test_an_edit_goes_where_the_value_stands(
    tmp_path: Path, edit: Set | Unset, file: str, text: str
) -> None:
    path = write(tmp_path, SECTION)
    result = edit_config(path, [edit])
    assert texts(tmp_path) == {**SECTION, file: text}
    assert [change.path.name for change in result.changes] == [file]
    assert result.backup is not None
    assert result.backup.read_text(encoding="utf-8") == SECTION[file]


@pytest.mark.parametrize(
    ("files", "edit"),
    [
        # the section is nothing but an include: there is no place beside it
        (SECTION, Set("agents", {"defaults": {}})),
        # a list of files, and a key that is in none of them
        ({"openclaw.json": "{agents: {$include: ['./a.json', './b.json']}}", "a.json": "{}",
          "b.json": "{}"}, Set("agents.defaults.mediaMaxMb", 1)),
        # the value would come back from the file under it
        ({"openclaw.json": "{a: {$include: './a.json', b: 1}}", "a.json": "{b: 2}"}, Unset("a.b")),
        # an object of two files cannot lose a key by being replaced in one of them
        ({"openclaw.json": "{a: {$include: './a.json', b: {c: 1}}}", "a.json": "{b: {d: 2}}"},
         Set("a.b", {"e": 1})),
        # a list that two files append to
        ({"openclaw.json": "{a: {$include: './a.json', l: [1]}}", "a.json": "{l: [2]}"},
         Set("a.l[0]", 5)),
    ],
)  # fmt: skip
def test_an_edit_that_would_flatten_is_refused(
    tmp_path: Path, files: dict[str, str], edit: Set | Unset
) -> None:
    path = write(tmp_path, files)
    with pytest.raises(LocalError) as caught:
        edit_config(path, [edit])
    assert caught.value.hint is not None
    assert "by hand" in caught.value.hint
    assert texts(tmp_path) == files


def test_both_layouts_in_two_files_are_seen(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "openclaw.json": "{agents: {$include: './a.json', defaults: {mediaModels: {image: "
            "'fal/a/b'}}}}",
            "a.json": "{defaults: {videoGenerationModel: 'fal/v/w'}}",
        },
    )
    edit_config(path, [Set("agents.defaults.mediaMaxMb", 5)])
    after = read_config(path)
    assert get_at(after.data, ("agents", "defaults", "mediaModels")) is MISSING
    assert after.default_model("image") is not None
    assert after.default_model("video") is not None


# ---- the property: our resolution is the straightforward one


def reference(folder: Path, name: str) -> object:
    """`$include` and templates as OpenClaw's documentation tells them, written down plainly."""

    def merge(under: object, over: object) -> object:
        if isinstance(under, dict) and isinstance(over, dict):
            keys = [*under, *(key for key in over if key not in under)]
            return {
                key: merge(under[key], over[key])
                if key in under and key in over
                else over.get(key, under.get(key))
                for key in keys
            }
        if isinstance(under, list) and isinstance(over, list):
            return under + over
        return over

    def walk(value: object, base: Path) -> object:
        if isinstance(value, list):
            return [walk(inner, base) for inner in value]
        if not isinstance(value, dict):
            return value
        own = {key: walk(inner, base) for key, inner in value.items() if key != "$include"}
        if "$include" not in value:
            return own
        names = value["$include"]
        total: object = {}
        for name in names if isinstance(names, list) else [names]:
            file = base / name
            total = merge(total, walk(loads(file.read_text(encoding="utf-8")), file.parent))
        return merge(total, own)

    return walk(loads((folder / name).read_text(encoding="utf-8")), folder)


def fill(value: object) -> object:
    if isinstance(value, dict):
        return {key: fill(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner) for inner in value]
    if not isinstance(value, str):
        return value
    out, at = "", 0
    while at < len(value):
        for name, filled in (("A", "one"), ("B_2", "two words")):
            if value.startswith("$${" + name + "}", at):
                out, at = out + "${" + name + "}", at + len(name) + 4
                break
            if value.startswith("${" + name + "}", at):
                out, at = out + filled, at + len(name) + 3
                break
        else:
            out, at = out + value[at], at + 1
    return out


SCALARS = [1, True, None, "x", "${A}", "$${A}", "a${A}b${B_2}", "$$${A}", "${a}", "$A", ""]


def random_value(chance: random.Random, depth: int) -> object:
    kind = chance.random()
    if depth == 0 or kind < 0.4:
        return chance.choice(SCALARS)
    if kind < 0.55:
        return [random_value(chance, depth - 1) for _ in range(chance.randrange(3))]
    return random_object(chance, depth)


def random_object(chance: random.Random, depth: int) -> dict[str, object]:
    keys = chance.sample(["a", "b", "c", "d.e"], chance.randrange(1, 4))
    return {key: random_value(chance, depth - 1) for key in keys}


def random_files(chance: random.Random) -> dict[str, object]:
    """Files that include each other without a circle: only later ones are included."""
    names = ["openclaw.json", "1.json", "2.json", "sub/3.json"][: chance.randrange(1, 5)]
    files: dict[str, object] = {}
    for number, name in enumerate(names):
        root = random_object(chance, 3)
        later = names[number + 1 :]
        objects = list(objects_in(root))
        for target in chance.sample(objects, min(len(objects), chance.randrange(3))):
            if later:
                some = chance.sample(later, chance.randrange(1, len(later) + 1))
                relative = [os.path.relpath(path, Path(name).parent) for path in some]
                target["$include"] = relative[0] if chance.random() < 0.5 else relative
                if chance.random() < 0.3:
                    for key in [key for key in target if key != "$include"]:
                        del target[key]
        files[name] = root
    return files


def objects_in(value: object) -> list[dict[str, object]]:
    if isinstance(value, dict):
        return [value, *(inner for key in value for inner in objects_in(value[key]))]
    if isinstance(value, list):
        return [found for inner in value for found in objects_in(inner)]
    return []


def paths_in(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = [
        deeper
        for key, below in (
            value.items()
            if isinstance(value, dict)
            else enumerate(value) if isinstance(value, list) else ()
        )
        for deeper in paths_in(below, (*path, key))
    ]  # fmt: skip
    return [path, *inner] if path else inner


@settings(max_examples=effort(20, 1_000))
@given(seed=st.integers(0, 2**32))
def test_random_files_resolve_as_the_reference_does(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("files")
    files = random_files(chance)
    path = write(folder, {name: json.dumps(value, indent=2) for name, value in files.items()})
    config = read_config(path, ENVIRON)
    expected = reference(folder, "openclaw.json")
    assert same(config.data, expected)
    assert same(config.filled(config.data, ()), fill(expected))

    before = texts(folder)
    places = paths_in(expected)
    where = (*chance.choice([(), *places]), "new") if chance.random() < 0.4 or not places else (
        chance.choice(places)
    )  # fmt: skip
    edit: Set | Unset = Set(where, "NEW ${A}") if chance.random() < 0.7 else Unset(where)
    try:
        result = edit_config(path, [edit], environ=ENVIRON, force=True)
    except (LocalError, UsageError):
        assert texts(folder) == before
        return
    after = read_config(path, ENVIRON)
    if isinstance(edit, Set):
        assert get_at(after.data, where) == "NEW ${A}"
    else:
        assert same(after.data, without(expected, where))
    changed = [name for name, text in texts(folder).items() if text != before[name]]
    assert len(changed) == len(result.changes) <= 1
    for name in changed:
        assert_one_change(before[name], texts(folder)[name])


def without(value: object, path: tuple[str | int, ...]) -> object:
    copy = deepcopy(value)
    holder: Any = copy
    for segment in path[:-1]:
        holder = holder[segment]
    last = path[-1]
    if isinstance(holder, dict):
        holder.pop(last, None)
    elif isinstance(holder, list) and isinstance(last, int):
        del holder[last]
    return copy


def assert_one_change(before: str, after: str) -> None:
    """What is the same at both ends stays: one value, its key, and a comma may differ."""
    start = common(before, after)
    end = common(before[start:][::-1], after[start:][::-1])
    gone, new = before[start : len(before) - end], after[start : len(after) - end]
    assert "$include" not in new
    assert "$include" not in gone or "NEW" not in new
    assert new.count("NEW") == after.count("NEW") <= 1


def common(one: str, other: str) -> int:
    """How many characters two texts have in common at the front."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def test_a_template_can_be_a_default_whether_it_is_set_or_not(tmp_path: Path) -> None:
    path = write(tmp_path, {"openclaw.json": "{}"})
    seen: list[str] = []

    def check(kind: str, ref: str) -> None:
        seen.append(ref)

    for name in ("A", "UNSET"):
        edit = Set("agents.defaults.imageGenerationModel.primary", f"fal/${{{name}}}")
        edit_config(path, [edit], environ=ENVIRON, check_model=check)
    assert seen == ["fal/one"]
    config = read_config(path, ENVIRON)
    assert "fal/${UNSET}" in config.text
    with pytest.raises(LocalError, match=r"primary needs the environment variable UNSET"):
        config.default_model("image")


def test_keys_of_the_prototype_are_not_merged(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "openclaw.json": '{"$include": "more.json", "agents": {"__proto__": {"a": 1}, "b": 2}}',
            "more.json": '{"agents": {"defaults": {}}}',
        },
    )
    assert read_config(path).data == {"agents": {"defaults": {}, "b": 2}}
