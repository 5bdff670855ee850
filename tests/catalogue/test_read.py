"""The shipped catalogue: in step with its document, read one endpoint at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.catalogue import build, read
from openclaw_fal.catalogue.pack import pack
from openclaw_fal.media import EndpointKind
from tests.support.program import python

DOCUMENT = Path(__file__).parents[1] / "data" / "catalogue.json"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(json.loads(DOCUMENT.read_text(encoding="utf-8")))


def test_the_shipped_catalogue_is_in_step_with_its_document(document: dict[str, Any]) -> None:
    shipped = read.shipped()
    assert shipped.as_of == document["asOf"]
    assert list(shipped.endpoints()) == sorted(
        build.endpoints_of(document), key=lambda endpoint: endpoint.id
    )


def test_one_endpoint_is_read_without_the_rest(document: dict[str, Any]) -> None:
    for name, declared in document["endpoints"].items():
        endpoint = read.endpoint(name)
        assert endpoint is not None
        assert endpoint.input == declared["input"]
        assert list(endpoint.outputs) == declared["outputs"]
        assert build.KINDS[declared["kind"]] == endpoint.kind


@pytest.mark.parametrize("name", ["", "fal-ai", "fal-ai/recraft/v3", "fal-ai/flux/de", "dev", "\n"])
def test_an_unknown_id_has_no_endpoint(name: str) -> None:
    assert read.endpoint(name) is None


def test_ids_by_kind(document: dict[str, Any]) -> None:
    assert read.ids() == sorted(document["endpoints"])
    by_kind = [name for kind in get_args(EndpointKind) for name in read.ids(kind)]
    assert sorted(by_kind) == read.ids()
    assert "fal-ai/recraft/v3/text-to-image" in read.ids("image")


def test_siblings_are_the_same_family_the_closest_first() -> None:
    siblings = read.siblings("fal-ai/kling-video/v2.1/master/text-to-video")
    assert siblings[0] == "fal-ai/kling-video/v2.1/master/image-to-video"
    assert "fal-ai/kling-video/v2.1/master/text-to-video" not in siblings
    assert {read.family(name) for name in siblings} == {"fal-ai/kling-video"}
    assert "fal-ai/nano-banana-2" not in read.siblings("fal-ai/nano-banana")
    assert read.siblings("nobody/nothing") == []


def test_the_file_is_small() -> None:
    assert read.SHIPPED.stat().st_size < MEGABYTE


def test_the_build_command_writes_a_catalogue(tmp_path: Path) -> None:
    target = tmp_path / "endpoints.bin"
    module = "import runpy; runpy.run_module('openclaw_fal.catalogue.build', run_name='__main__')"
    with python(module, DOCUMENT, target) as building:
        _, said = building.communicate(timeout=60)
    assert building.returncode == 0, said
    built = read.Catalogue(target.read_bytes())
    assert list(built.endpoints()) == list(read.shipped().endpoints())


@pytest.mark.parametrize("raw", [b"", b"\n", b"{}\n", b"[]\nrest", b"\xff\xfe", b'{"format": 1}\n'])
def test_foreign_bytes_are_not_a_catalogue(raw: bytes) -> None:
    with pytest.raises(read.Damaged):
        read.Catalogue(raw)


@given(st.data())
def test_a_changed_or_cut_file_is_noticed(data: st.DataObject) -> None:
    endpoint = read.endpoint("fal-ai/flux/dev")
    assert endpoint is not None
    raw = pack([endpoint], "2026-08-02")
    place = data.draw(st.integers(0, len(raw) - 1))
    changed = bytearray(raw)
    changed[place] ^= data.draw(st.integers(1, 255))
    for damaged in (bytes(changed), raw[:place]):
        with pytest.raises(read.Damaged):
            read.Catalogue(damaged)
