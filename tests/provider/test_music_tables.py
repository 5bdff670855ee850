"""A test for each row of the specification's music table, and for its text."""

from __future__ import annotations

import pytest

from openclaw_fal.provider.specs import DEFAULT_MODELS, DEFAULT_TIMEOUT_S
from tests.provider.asking import only, planned, refused, sent
from tests.provider.support import keys

# Music generation: the table and the notes

MINIMAX, ACE, STABLE = (
    "fal-ai/minimax-music/v2.6",
    "fal-ai/ace-step/prompt-to-audio",
    "fal-ai/stable-audio-25/text-to-audio",
)
MP3 = {"audio_setting": {"sample_rate": 44100, "bitrate": 256000, "format": "mp3"}}


def test_music_row_default_model() -> None:
    assert DEFAULT_MODELS["music"] == MINIMAX
    assert sent("music", MINIMAX) == {"lyrics_optimizer": True, **MP3}


@pytest.mark.parametrize(
    ("model", "makes", "other"),
    [(MINIMAX, "mp3", "wav"), (ACE, "wav", "mp3"), (STABLE, "wav", "mp3")],
)
def test_music_row_models_and_their_formats(model: str, makes: str, other: str) -> None:
    made = planned("music", model, format=makes)
    assert keys(made.ignored) == []
    assert only(refused("music", model, format=other)).closest == makes


def test_music_row_max_duration() -> None:
    for model, most in ((MINIMAX, 240), (ACE, 240), (STABLE, 190)):
        assert planned("music", model, durationSeconds=most)
        assert only(refused("music", model, durationSeconds=most + 1)).closest == most
        assert only(refused("music", model, durationSeconds=12.5)).closest == 12
    assert keys(planned("music", MINIMAX, durationSeconds=30).ignored) == ["durationSeconds"]
    assert sent("music", ACE, durationSeconds=5) == {"duration": 5}
    assert only(refused("music", ACE, durationSeconds=4)).closest == 5
    assert sent("music", STABLE, durationSeconds=190) == {"seconds_total": 190}


def test_music_row_runtime_is_one_request_to_the_model() -> None:
    assert planned("music", MINIMAX).endpoint == MINIMAX
    assert DEFAULT_TIMEOUT_S["music"] == 180


def test_minimax_takes_lyrics_or_instrumental() -> None:
    assert sent("music", MINIMAX, lyrics="la la") == {"lyrics": "la la", **MP3}
    assert sent("music", MINIMAX, instrumental=True) == {"is_instrumental": True, **MP3}
    assert refused("music", MINIMAX, lyrics="la la", instrumental=True)
    assert sent("music", MINIMAX, lyrics=" \n", instrumental=True) == {
        "is_instrumental": True,
        **MP3,
    }


def test_ace_step_rejects_lyrics() -> None:
    assert only(refused("music", ACE, lyrics="la la")).key == "lyrics"
    assert sent("music", ACE, instrumental=True, seed=3) == {"instrumental": True, "seed": 3}


def test_stable_audio_rejects_lyrics_and_instrumental() -> None:
    assert only(refused("music", STABLE, lyrics="la la")).key == "lyrics"
    assert only(refused("music", STABLE, instrumental=True)).key == "instrumental"
    assert sent("music", STABLE, lyrics="  ", instrumental=False) == {}


def test_any_other_music_endpoint_gets_the_prompt() -> None:
    made = planned(
        "music",
        "fal-ai/some-other/music",
        lyrics="la",
        instrumental=True,
        durationSeconds=30,
        format="wav",
    )
    assert made.body == {"prompt": "p"}
    assert keys(made.ignored) == ["durationSeconds", "format", "instrumental", "lyrics"]
    assert all("--param" in entry.reason for entry in made.ignored)
