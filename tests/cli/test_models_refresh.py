"""`openclaw models refresh` and `check`: what fal lists now, beside what is known here."""

from __future__ import annotations

from itertools import islice

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.catalogue.pack import pack
from openclaw_fal.catalogue.read import CACHED
from openclaw_fal.catalogue.refresh import PARTIAL
from openclaw_fal.media import Endpoint
from openclaw_fal.sandbox import models
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.store import paths
from tests.support.effort import effort
from tests.support.program import Openclaw
from tests.support.queueing import Hooked

RECRAFT = "fal/fal-ai/recraft/v3/text-to-image"


@pytest.mark.exhaustive
@pytest.mark.usefixtures("few")
def test_a_refresh_brings_what_fal_lists_and_its_prices(openclaw: Openclaw, fal: Hooked) -> None:
    asked: list[Request] = []
    fal.answer = lambda request: asked.append(request)

    done = openclaw("models", "refresh", "--json")

    assert done.status == 0, done.err
    catalogue = read.Catalogue((paths.catalogue_folder() / CACHED).read_bytes())
    assert done.json["endpoints"] == len(catalogue.ids()) == len(models.ids())
    assert done.json["prices"] > effort(200, 1000)
    calls = [one for one in asked if one.path == "/v1/models/pricing"]
    assert all(len(one.query["endpoint_id"].split(",")) <= 50 for one in calls)
    assert not (paths.catalogue_folder() / PARTIAL).exists()
    shown = openclaw("models", "show", RECRAFT, "--json").json
    assert shown["price"]["currency"] == "USD"
    status = openclaw("models", "status", "--json").json
    assert status["catalogue"]["source"] == "refreshed"
    asked.clear()
    assert openclaw("models", "refresh", "--json").json["prices"] > effort(200, 1000)
    assert "/v1/models/pricing" not in {one.path for one in asked}  # they are fresh


@pytest.mark.usefixtures("few")
def test_without_a_key_there_are_models_and_no_prices(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAL_KEY")
    done = openclaw("models", "refresh", "--json")
    assert (done.status, done.json["prices"]) == (0, None)
    assert "fal wants a key" in done.err


@pytest.mark.usefixtures("few")
def test_a_key_that_may_not_ask_for_prices_still_gets_the_models(
    openclaw: Openclaw, fal: Hooked
) -> None:
    fal.answer = lambda request: refused() if request.path.endswith("/pricing") else None
    done = openclaw("models", "refresh", "--json")
    assert (done.status, done.json["prices"]) == (0, None)


def refused() -> Response:
    return Response.of({"error": {"type": "forbidden", "message": "not with this key"}}, 403)


@pytest.mark.usefixtures("few")
def test_a_refresh_that_is_cut_off_goes_on_from_there(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    cursors: list[str] = []

    def cut(request: Request) -> Response | None:
        if request.path == "/v1/models":
            cursors.append(request.query.get("cursor", ""))
            if request.query.get("cursor") == "100" and len(cursors) < 8:
                return Response.of({"detail": "gone"}, 400)
        return None

    fal.answer = cut
    before = paths.catalogue_folder() / CACHED
    first = openclaw("models", "refresh", "--no-prices", "--json")
    assert first.status == 7
    assert "--restart" in first.json["error"]["hint"]
    assert not before.exists()
    fal.answer = lambda request: cursors.append(request.query.get("cursor", "")) and None  # type: ignore[func-returns-value]
    cursors.clear()
    done = openclaw("models", "refresh", "--no-prices", "--json")
    assert (done.status, done.json["resumed"]) == (0, True)
    assert cursors[0] == "100"
    assert done.json["endpoints"] == len(models.ids())


FOREIGN = [b"<html>", b"[]", b"{}", b'{"models": []}', b'{"models": [1, {"endpoint_id": "a"}]}']


@pytest.mark.parametrize("body", FOREIGN)
def test_a_foreign_document_changes_nothing(
    openclaw: Openclaw, fal: Hooked, pauses: list[float], body: bytes
) -> None:
    path = paths.catalogue_folder() / CACHED
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack(islice(read.shipped().endpoints(), 20), "2099-01-01"))
    before = path.read_bytes()
    fal.answer = lambda request: Response(200, body, [("content-type", "application/json")])
    outcome = openclaw("models", "refresh", "--json")
    assert outcome.status == 7
    assert path.read_bytes() == before


def test_live_limits_count(openclaw: Openclaw) -> None:
    refreshed(RECRAFT, prompt={"type": "string", "maxLength": 3})
    assert openclaw("image", "a cat", "--model", RECRAFT, "--dry-run").status == 5
    shown = openclaw("models", "show", RECRAFT, "--json").json
    assert next(f for f in shown["fields"] if f["name"] == "prompt")["maxLength"] == 3


def refreshed(ref: str, **fields: object) -> None:
    """A refreshed catalogue in which an endpoint has these fields."""
    name = ref.removeprefix("fal/")
    known = {endpoint.id: endpoint for endpoint in read.shipped().endpoints()}
    old = known[name]
    schema = {**old.input, "properties": {**old.properties, **fields}}
    known[name] = Endpoint(name, old.kind, schema, old.outputs)
    folder = paths.catalogue_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CACHED).write_bytes(pack(known.values(), "2099-01-01"))


def test_a_damaged_cache_is_a_warning_and_the_shipped_catalogue(openclaw: Openclaw) -> None:
    folder = paths.catalogue_folder()
    folder.mkdir(parents=True)
    (folder / CACHED).write_bytes(b"damaged")
    outcome = openclaw("models", "status")
    assert outcome.status == 0
    assert "shipped" in outcome.out
    assert "openclaw models refresh" in outcome.err
    assert openclaw("models", "search", "recraft").status == 0


@pytest.mark.exhaustive
@pytest.mark.usefixtures("few")
def test_fal_that_agrees_with_the_table_is_no_drift(openclaw: Openclaw, fal: Hooked) -> None:
    outcome = openclaw("models", "check", "--json")
    assert outcome.status == 0, outcome.json["differences"][:3]
    assert outcome.json["contradicted"] is False
    assert not (paths.catalogue_folder() / CACHED).exists()


def test_a_row_that_fal_contradicts_is_status_6(openclaw: Openclaw) -> None:
    refreshed("fal/fal-ai/flux/dev", output_format={"enum": ["jpeg"]})
    outcome = openclaw("models", "check", "--cached", "--json")
    assert outcome.status == 6
    document = outcome.json
    assert (document["ok"], document["contradicted"]) == (False, True)
    assert document["error"]["code"] == "job_failed"
    wrong = [one for one in document["differences"] if one["sort"] == "contradicts the table"]
    assert [(one["model"], one["field"]) for one in wrong] == [
        ("fal/fal-ai/flux/dev", "output_format")
    ]
    assert (
        "fal contradicts the table on fal-ai/flux/dev"
        in openclaw("models", "check", "--cached").err
    )


def test_without_a_refresh_there_is_nothing_to_compare(openclaw: Openclaw) -> None:
    outcome = openclaw("models", "check", "--cached")
    assert outcome.status == 3
    assert "openclaw models refresh" in outcome.err


def test_the_sandbox_is_not_asked_for_newer_models(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCLAW_FAL_SANDBOX", "1")
    assert openclaw("models", "check").status == 2
    outcome = openclaw("models", "refresh")  # a pipeline can be tried with all its steps
    assert outcome.status == 0
    assert "nothing to refresh" in outcome.err
