"""Endpoints of the catalogue through the command line."""

from __future__ import annotations

import random
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from openclaw_fal.catalogue import read
from openclaw_fal.catalogue.pack import pack
from openclaw_fal.media import Endpoint
from openclaw_fal.store import paths
from tests.cli.test_vectors import REFERENCES
from tests.provider.support import describe
from tests.provider.test_declared_properties import KINDS, SEED, outside_the_table
from tests.support.effort import effort
from tests.support.program import Openclaw

FILES = {"photo.png": "images", "clip.mp4": "videos", "sound.mp3": "audios"}
RECRAFT = "fal/fal-ai/recraft/v3/text-to-image"


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_an_endpoint_is_a_request_that_its_schema_takes(
    kind: str, openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, reference in FILES.items():
        (tmp_path / name).write_bytes(REFERENCES[reference][2])
    names = outside_the_table(kind)
    for name in random.Random(SEED).sample(names, effort(12, 100)):
        words = shlex.split(describe(kind, name)["example"])[1:]  # type: ignore[arg-type]
        outcome = openclaw(*words, "--dry-run", "--json")
        assert outcome.status == 0, (words, outcome.err)
        sent = outcome.json["request"]
        endpoint = read.endpoint(urlsplit(sent["url"]).path.removeprefix("/"))
        assert endpoint is not None
        Draft202012Validator(dict(endpoint.input)).validate(sent["body"])


def test_the_new_options_become_declared_fields(openclaw: Openclaw) -> None:
    words = "--width 800 --height 600 --style anime --negative-prompt fog --steps 9 --guidance 2.5"
    model = "fal/fal-ai/fast-sdxl"
    done = openclaw("image", "p", "--model", model, *words.split(), "--dry-run", "--json").json
    body = done["request"]["body"]
    assert body["image_size"] == {"width": 800, "height": 600}
    assert (body["negative_prompt"], body["num_inference_steps"]) == ("fog", 9)
    assert body["guidance_scale"] == 2.5
    assert [entry["key"] for entry in done["ignoredOverrides"]] == ["style"]


def test_a_model_with_a_row_is_sent_what_its_endpoint_declares(openclaw: Openclaw) -> None:
    model = "fal/fal-ai/wan/v2.2-a14b/text-to-video"
    words = ["--negative-prompt", "fog", "--steps", "9", "--dry-run", "--json"]
    body = openclaw("video", "p", "--model", model, *words).json["request"]["body"]
    assert (body["negative_prompt"], body["num_inference_steps"]) == ("fog", 9)
    flux = openclaw("image", "p", *words)
    assert flux.json["ignoredOverrides"] == [
        {
            "key": "negativePrompt",
            "value": "fog",
            "reason": "fal-ai/flux/dev takes no negative prompt",
        }
    ]
    assert openclaw("image", "p", "--strict", *words).status == 5


@pytest.mark.parametrize("words", ["--width 800", "--height 9", "--width 8 --height 8 --size 8x8"])
def test_half_a_size_and_two_sizes_are_wrong_usage(words: str, openclaw: Openclaw) -> None:
    assert openclaw("image", "p", *words.split(), "--dry-run").status == 2


def test_a_param_is_checked_and_unchecked_sends_it(openclaw: Openclaw) -> None:
    words = ["image", "p", "--model", RECRAFT, "--param", "style=baroque", "--dry-run", "--json"]
    refused = openclaw(*words)
    assert refused.status == 5
    assert "realistic_image" in refused.json["error"]["violations"][0]["supported"]
    sent = openclaw(*words, "--unchecked")
    assert sent.json["request"]["body"]["style"] == "baroque"
    assert "--unchecked" in sent.err


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["video", "p", "--model", RECRAFT], 5, "use openclaw image"),
        (["image", "p", "--model", "fal/fal-ai/kling-video/create-voice"], 5, "makes no image"),
        (["image", "p", "--model", "nano-banana"], 2, "fal/fal-ai/nano-banana-2"),
        (["image", "p", "--model", "fal/flux/dev"], 2, "did you mean fal/fal-ai/flux/dev?"),
        (["image", "p", "--model", "fal/fal-ai/flux/schnell", "--image", "URL"], 5, "/redux"),
    ],
)
def test_a_wrong_model_leads_to_the_right_one(
    words: list[str], status: int, says: str, openclaw: Openclaw
) -> None:
    words = ["https://example.com/a.png" if word == "URL" else word for word in words]
    outcome = openclaw(*words, "--dry-run")
    assert outcome.status == status
    assert says in outcome.err


def test_a_refreshed_catalogue_outranks_the_shipped_one(openclaw: Openclaw) -> None:
    known = read.endpoint(RECRAFT.removeprefix("fal/"))
    assert known is not None
    fields = {**known.properties, "aspect_ratio": {"enum": ["16:9"]}}
    fresh = Endpoint(known.id, "image", {**known.input, "properties": fields}, known.outputs)
    folder = paths.catalogue_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / read.CACHED).write_bytes(pack([fresh], "2099-01-01"))
    words = ["image", "p", "--model", RECRAFT, "--aspect-ratio", "16:9", "--dry-run", "--json"]
    assert openclaw(*words).json["request"]["body"]["aspect_ratio"] == "16:9"
    (folder / read.CACHED).write_bytes(b"damaged")
    outcome = openclaw(*words)
    assert outcome.json["request"]["body"]["image_size"] == "landscape_16_9"
    assert "openclaw models refresh" in outcome.err
