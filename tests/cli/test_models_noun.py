"""`openclaw models`: find, show, choose, name, refresh, check. fal is a sandbox over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.catalogue.pack import pack
from openclaw_fal.catalogue.read import CACHED
from openclaw_fal.catalogue.refresh import PARTIAL
from openclaw_fal.media import Endpoint
from openclaw_fal.sandbox import models
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.store import paths
from tests.cli.queueing import Hooked
from tests.program import Openclaw, write_config
from tests.support.effort import effort
from tests.support.models import few_models

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


@pytest.fixture
def few() -> Iterator[None]:
    with few_models(RECRAFT.removeprefix("fal/")):
        yield


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
    for command in ("refresh", "check"):
        assert openclaw("models", command).status == 2


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
