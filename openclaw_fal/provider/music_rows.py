"""The families of music models, as data. The first row that matches an endpoint id decides.

A new model is a new row above the last one, which takes any other id.
"""

from __future__ import annotations

from openclaw_fal.provider.rows import Duration, MusicRow

MAX_SECONDS = 240

MUSIC_TABLE = {
    "formats": "specification, music table: models",
    "durations": "specification, music table: max duration",
}

MUSIC_ROWS: tuple[MusicRow, ...] = (
    MusicRow(
        family="MiniMax Music",
        match=("fal-ai/minimax-music/v2.6",),
        models=("fal-ai/minimax-music/v2.6",),
        format="mp3",
        lyrics_field="lyrics",
        instrumental_field="is_instrumental",
        writes_lyrics="lyrics_optimizer",
        constants={"audio_setting": {"sample_rate": 44100, "bitrate": 256000, "format": "mp3"}},
        sources={
            **MUSIC_TABLE,
            "lyrics": "specification, music: lyrics or instrumental, not both",
            "instrumental": "specification, music: lyrics or instrumental, not both",
            "ignoredOptions": "fal schema fal-ai/minimax-music/v2.6: no duration",
        },
    ),
    MusicRow(
        family="ACE-Step",
        match=("fal-ai/ace-step/prompt-to-audio",),
        models=("fal-ai/ace-step/prompt-to-audio",),
        rejects=frozenset({"lyrics"}),
        format="wav",
        instrumental_field="instrumental",
        duration=Duration(field="duration", seconds=range(5, MAX_SECONDS + 1)),
        sources={
            **MUSIC_TABLE,
            "lyrics": "specification, music: ACE-Step rejects lyrics",
            "instrumental": "fal schema fal-ai/ace-step/prompt-to-audio",
            "durations": "model page fal-ai/ace-step/prompt-to-audio",
        },
    ),
    MusicRow(
        family="Stable Audio",
        match=("fal-ai/stable-audio-25/text-to-audio",),
        models=("fal-ai/stable-audio-25/text-to-audio",),
        rejects=frozenset({"lyrics", "instrumental"}),
        format="wav",
        duration=Duration(field="seconds_total", seconds=range(1, 191)),
        sources={
            **MUSIC_TABLE,
            "lyrics": "specification, music: Stable Audio rejects lyrics",
            "instrumental": "specification, music: Stable Audio rejects instrumental mode",
            "durations": "model page fal-ai/stable-audio-25/text-to-audio",
        },
    ),
    MusicRow(
        family="Other fal music models",
        match=("*",),
        models=(),
        sources={
            **MUSIC_TABLE,
            "any other id": "no schema is known: only the prompt and --param fields are sent",
        },
    ),
)
