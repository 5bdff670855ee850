"""Reading the config: the values that concern fal, in either layout."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from openclaw_fal.config.layouts import layout_of, parse_version
from openclaw_fal.config.read import (
    Config,
    ModelDefault,
    read_config,
)
from openclaw_fal.errors import LocalError
from openclaw_fal.json5.path import MISSING, parse_path
from openclaw_fal.store.key_format import EnvKey, PlainKey
from tests.support.configs import config_from
from tests.support.systems import special_files

LEGACY = "agents.defaults.imageGenerationModel"
CURRENT = "agents.defaults.mediaModels.image"


def config(text: str) -> Config:
    return config_from(text)


def defaults(inner: str, rest: str = "") -> Config:
    return config(f"{{agents: {{defaults: {{{inner}}}}}, {rest}}}")


def test_a_missing_and_an_empty_file_are_an_empty_config(tmp_path: Path) -> None:
    path = tmp_path / "openclaw.json"
    read = read_config(path)
    assert (read.exists, read.data, read.layout) == (False, {}, "legacy")
    assert read.default_model("image") is None
    assert (read.base_url(), read.media_max_mb(), read.api_key()) == (None, None, None)
    for content in (b"", b" \r\n", b"\xef\xbb\xbf"):
        path.write_bytes(content)
        read = read_config(path)
        assert (read.exists, read.data) == (True, {})
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("inner", "path"),
    [
        ('imageGenerationModel: "fal/a/b"', LEGACY),
        ('mediaModels: {image: "fal/a/b"}', CURRENT),
    ],
)
def test_a_default_as_a_bare_ref(inner: str, path: str) -> None:
    assert defaults(inner).default_model("image") == ModelDefault(
        "fal/a/b", (), None, path, "string"
    )
    assert defaults(inner).default_model("video") is None


def test_a_default_as_an_object() -> None:
    read = defaults(
        "mediaModels: {video: {primary: 'google/x', fallbacks: ['fal/b'], timeoutMs: 9e3}}"
    )
    assert read.default_model("video") == ModelDefault(
        "google/x", ("fal/b",), 9000, "agents.defaults.mediaModels.video", "object"
    )


@pytest.mark.parametrize(
    ("inner", "place"),
    [
        ("imageGenerationModel: 5", LEGACY),
        ("imageGenerationModel: ''", LEGACY),
        ("imageGenerationModel: null", LEGACY),
        ("mediaModels: {image: []}", CURRENT),
        ("mediaModels: {image: {}}", CURRENT),
        ("mediaModels: {image: {fallbacks: ['fal/x']}}", CURRENT),
        ("mediaModels: {image: {primary: 5}}", CURRENT + ".primary"),
        ("mediaModels: {image: {primary: 'fal/x', fallbacks: 'fal/y'}}", CURRENT + ".fallbacks"),
        (
            "mediaModels: {image: {primary: 'fal/x', fallbacks: ['a/b', 5]}}",
            CURRENT + ".fallbacks[1]",
        ),
        ("mediaModels: {image: {primary: 'fal/x', timeoutMs: '5'}}", CURRENT + ".timeoutMs"),
        ("mediaModels: {image: {primary: 'fal/x', timeoutMs: true}}", CURRENT + ".timeoutMs"),
        ("mediaModels: {image: {primary: 'fal/x', timeoutMs: 0.5}}", CURRENT + ".timeoutMs"),
        ("mediaModels: {image: {primary: 'fal/x', timeoutMs: Infinity}}", CURRENT + ".timeoutMs"),
    ],
)
def test_a_wrong_default_is_named(inner: str, place: str) -> None:
    with pytest.raises(LocalError) as caught:
        defaults(inner).default_model("image")
    assert caught.value.message.startswith(f"/x/openclaw.json:1: {place} ")


@pytest.mark.parametrize(("inner", "line"), [
    ("primary: 5", 3),
    ("primary: 'fal/x',\nfallbacks: 'fal/y'", 4),
    ("primary: 'fal/x',\nfallbacks: ['a/b',\n5]", 5),
    ("primary: 'fal/x',\ntimeoutMs: 0", 4),
    ("primary: '${NOT_SET_ANYWHERE}'", 3),
    ("fallbacks: []", 2),
])  # fmt: skip
def test_a_wrong_default_has_the_line_of_its_own_key(inner: str, line: int) -> None:
    text = "{agents: {defaults: {\nimageGenerationModel: {\n" + inner + "\n}\n}}}"
    with pytest.raises(LocalError) as caught:
        config(text).default_model("image")
    assert caught.value.message.startswith(f"/x/openclaw.json:{line}: {LEGACY}")


def test_both_layouts_at_once_the_release_decides() -> None:
    older = "imageGenerationModel: 'fal/old', videoGenerationModel: 'fal/v'"
    both = older + ", mediaModels: {image: 'fal/new'}"
    for rest, expected in [
        ("", "fal/old"),
        ("meta: {lastTouchedVersion: '2026.9.6'}", "fal/new"),
        ("meta: {lastTouchedVersion: '2026.7.35'}", "fal/old"),
    ]:
        read = defaults(both, rest)
        image, video = read.default_model("image"), read.default_model("video")
        assert image is not None
        assert video is not None
        assert (image.primary, video.primary) == (expected, "fal/v")


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("{}", "legacy"),
        ("{meta: {lastTouchedVersion: '2026.9.6'}}", "current"),
        ("{meta: {lastTouchedVersion: '2026.8.1'}}", "current"),
        ("{meta: {lastTouchedVersion: '2026.8.1-beta.2'}}", "current"),
        ("{meta: {lastTouchedVersion: '2026.10.0'}}", "current"),
        ("{meta: {lastTouchedVersion: 'v2027.1'}}", "current"),
        ("{meta: {lastTouchedVersion: '2026.7.35'}}", "legacy"),
        ("{meta: {lastTouchedVersion: '2026.7.35-1'}}", "legacy"),
        ("{meta: {lastTouchedVersion: '2025.12.31'}}", "legacy"),
        ("{meta: {lastTouchedVersion: 'newest'}}", "legacy"),
        ("{meta: {lastTouchedVersion: 2027}}", "legacy"),
        ("{meta: [], agents: 5}", "legacy"),
    ],
)
def test_the_layout(text: str, layout: str) -> None:
    assert config(text).layout == layout


def test_the_keys_of_the_file_come_before_its_release() -> None:
    newer, older = (
        "meta: {lastTouchedVersion: '2026.9.6'}",
        "meta: {lastTouchedVersion: '2026.7.1'}",
    )
    assert defaults("imageGenerationModel: 'a/b'", newer).layout == "legacy"
    assert defaults("musicGenerationModel: 'a/b'", newer).layout == "legacy"
    assert defaults("mediaModels: {}", older).layout == "current"


def test_the_reason_is_in_words() -> None:
    assert "specification" in layout_of({}).reason
    assert "lastTouchedVersion" in layout_of({"meta": {"lastTouchedVersion": "2026.9.6"}}).reason


@pytest.mark.parametrize(
    "version", ["", "1", "2026", "x.y.z", "2026.8.1 or later", None, [1], "1" * 99]
)
def test_what_is_no_version(version: object) -> None:
    assert parse_version(version) is None


def provider(inner: str) -> Config:
    return config(f"{{models: {{providers: {{fal: {{{inner}}}}}}}}}")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("'abc:def'", PlainKey("abc:def")),
        ("'${FAL_KEY}'", EnvKey("FAL_KEY")),
        ("' ${my_key} '", EnvKey("my_key")),
        ("{source: 'env', provider: 'default', id: 'NAME'}", EnvKey("NAME")),
        ("''", None),
    ],
)
def test_the_key_or_where_it_is(value: str, expected: object) -> None:
    assert provider(f"apiKey: {value}").api_key() == expected


@pytest.mark.parametrize("source", ["file", "exec", "store"])
def test_other_sources_are_openclaws(source: str) -> None:
    with pytest.raises(LocalError, match=source) as caught:
        provider(f"apiKey: {{source: '{source}', provider: 'default', id: 'x'}}").api_key()
    assert caught.value.hint is not None
    assert "env" in caught.value.hint


@pytest.mark.parametrize(
    "value",
    ["5", "null", "[]", "true", "{}", "{source: 'env'}", "{source: 'env', id: 'a b'}",
     "'x${NAME}'", "'${NAME}${NAME}'"],
)  # fmt: skip
def test_a_wrong_key_is_named(value: str) -> None:
    with pytest.raises(LocalError, match=r"^models\.providers\.fal\.apiKey"):
        provider(f"apiKey: {value}").api_key()


def test_a_key_is_in_no_repr() -> None:
    read = provider("apiKey: 'abc-secret'")
    assert "secret" not in repr(read) + repr(read.api_key())


def test_other_settings() -> None:
    assert provider("baseUrl: ' http://127.0.0.1:9 '").base_url() == "http://127.0.0.1:9"
    assert defaults("mediaMaxMb: 0x10").media_max_mb() == 16
    for value in ("5", "''", "null", "{}"):
        with pytest.raises(LocalError, match=r"models\.providers\.fal\.baseUrl"):
            provider(f"baseUrl: {value}").base_url()
    for value in ("'5'", "0", "-1", "true", "NaN", "null"):
        with pytest.raises(LocalError, match=r"agents\.defaults\.mediaMaxMb"):
            defaults(f"mediaMaxMb: {value}").media_max_mb()


def test_get_finds_a_default_in_either_layout_and_form() -> None:
    legacy, current = (
        defaults("imageGenerationModel: 'fal/a'"),
        defaults("mediaModels: {image: {primary: 'fal/a'}}"),
    )
    for read in (legacy, current):
        for path in (LEGACY, CURRENT):
            assert read.get(parse_path(path + ".primary")).value == "fal/a"
            assert read.get(parse_path(path + ".timeoutMs")).value is MISSING
    found = legacy.get(parse_path(CURRENT))
    assert found.path == parse_path(LEGACY)
    assert found.note is not None
    assert LEGACY in found.note
    assert current.get(parse_path(CURRENT)).note is None
    assert current.get(("agents", "x")).value is MISSING
    assert config("{a: null}").get(("a",)).value is None


@pytest.mark.parametrize("text", ["[]", "5", "'x'", "null"])
def test_a_file_that_is_no_object(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LocalError, match="not an object"):
        read_config(path)


def test_a_malformed_file_has_a_place(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("{\n  a: ,\n}", encoding="utf-8")
    with pytest.raises(LocalError, match=f"^{path}:2:6: "):
        read_config(path)


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes('{"a": 1}'.encode("utf-16"))
    with pytest.raises(LocalError, match="UTF-16"):
        read_config(path)
    path.write_bytes(b'{\n "a": "\xe9"}')
    with pytest.raises(LocalError, match=r":2:8: .*UTF-8"):
        read_config(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="folder"):
        read_config(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LocalError):
        read_config(tmp_path / "file" / "c.json")
    with pytest.raises(LocalError):
        read_config(Path("a\0b"))


@special_files
def test_a_pipe_a_socket_or_a_loop_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket"))
        for name in ("pipe", "socket", "loop"):
            with pytest.raises(LocalError):
                read_config(tmp_path / name)
    with pytest.raises(LocalError, match="not a regular file"):
        read_config(Path("/dev/null"))
