"""`openclaw image|video|music models`: the table that planning enforces."""

from __future__ import annotations

import json

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.media import Kind
from openclaw_fal.provider import descriptions
from tests.support.program import Openclaw, write_config

KINDS: tuple[Kind, ...] = ("image", "video", "music")


@pytest.mark.parametrize("kind", KINDS)
def test_every_known_model_has_a_line_and_the_default_is_marked(
    openclaw: Openclaw, kind: Kind
) -> None:
    outcome = openclaw(kind, "models")
    assert outcome.status == 0
    head, *lines = outcome.lines
    assert head.split() == ["MODEL", "TAKES"]
    models = [line[2:].split()[0] for line in lines]
    assert models == [row["model"] for row in descriptions.listing(kind, read)]
    assert [line[0] for line in lines].count("*") == 1
    assert lines[0].startswith("* ")
    assert all(line[2:].split(maxsplit=1)[1] for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_the_document_is_what_planning_enforces(openclaw: Openclaw, kind: Kind) -> None:
    document = openclaw(kind, "models", "--json").json
    assert document["capability"] == f"{kind}.models"
    listed = json.loads(json.dumps(descriptions.listing(kind, read)))
    assert [{**row, "configured": None} for row in document["models"]] == [
        {**row, "configured": None} for row in listed
    ]
    assert [row["model"] for row in document["models"] if row["configured"]] == [
        document["default"]
    ]


def test_the_configured_default_is_marked_also_when_it_is_not_known(openclaw: Openclaw) -> None:
    write_config("https://fal.run", imageGenerationModel="fal/fal-ai/nano-banana-2")
    lines = openclaw("image", "models").lines
    assert [line.split()[1] for line in lines if line[0] == "*"] == ["fal/fal-ai/nano-banana-2"]
    write_config("https://fal.run", imageGenerationModel="fal/fal-ai/new-model")
    first = openclaw("image", "models").lines[1]
    assert first.startswith("* fal/fal-ai/new-model ")


def test_a_default_of_another_provider_or_a_broken_config_does_not_hide_the_list(
    openclaw: Openclaw,
) -> None:
    path = write_config("https://fal.run", imageGenerationModel="google/gemini-image")
    assert openclaw("image", "models").status == 0
    path.write_text("{ broken", encoding="utf-8")
    outcome = openclaw("image", "models", "--json")
    assert outcome.status == 0
    assert outcome.json["default"] == "fal/fal-ai/flux/dev"


def test_one_model_in_full(openclaw: Openclaw) -> None:
    outcome = openclaw("video", "models", "fal/bytedance/seedance-2.0/reference-to-video")
    facts = dict(line.split("  ", 1) for line in outcome.lines if line[0] != " ")
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    assert facts["durations"] == "4-15 s"
    assert facts["max reference images"] == "9"
    assert facts["max reference audios"] == "3"
    assert facts["aspect ratios"].split() == ["21:9", "16:9", "4:3", "1:1", "3:4", "9:16", "auto"]
    assert facts["configured"] == "no"
    assert facts["example"].startswith("openclaw video ")
    assert "sources" not in facts
    assert "--json" in outcome.err


def test_the_document_of_one_model_has_the_sources(openclaw: Openclaw) -> None:
    row = openclaw("image", "models", "fal/openai/gpt-image-2", "--json").json["model"]
    assert row["known"] is True
    assert row["sources"]["qualities"] == "fal schema openai/gpt-image-2"


def test_an_unknown_model_is_described_as_far_as_it_goes(openclaw: Openclaw) -> None:
    outcome = openclaw("image", "models", "fal/fal-ai/flux/dve")
    assert outcome.status == 0
    assert "is not known here" in outcome.err
    assert "did you mean fal/fal-ai/flux/dev?" in outcome.err


@pytest.mark.parametrize("ref", ["google/gemini", "fal/../x", "flux"])
def test_what_is_no_ref_of_fals_is_refused(openclaw: Openclaw, ref: str) -> None:
    assert openclaw("image", "models", ref, "--json").status == 2
