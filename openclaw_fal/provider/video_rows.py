"""The families of video models, as data. The first row that matches an endpoint id decides.

A new model is a new row above the last one, which takes any other id.
"""

from __future__ import annotations

from openclaw_fal.provider.rows import IMAGE_TO_VIDEO, Duration, VideoRow, words

THREE_RATIOS = words("16:9 9:16 1:1")
SEEDANCE_RATIOS = words("21:9 16:9 4:3 1:1 3:4 9:16 auto")
SEEDANCE_SECONDS = Duration(field="duration", seconds=range(4, 16), form="string")
FAST_EDGES = {480: "480p", 720: "720p"}
FULL_EDGES = {**FAST_EDGES, 1080: "1080p", 2160: "4k"}

ONE_IMAGE = {"maxReferenceImages": "specification, video table: single-image reference"}
PROMPT_ONLY_SOURCES = {
    **ONE_IMAGE,
    "ignoredOptions": "specification, video models: only the prompt and one image are sent",
}
SEEDANCE_SOURCES = {
    **ONE_IMAGE,
    "aspectRatios": "fal schema bytedance/seedance-2.0/text-to-video",
    "resolutions": "fal schema of the endpoint",
    "durations": "specification, video models: 4-15 seconds",
    "sizes": "specification, video models: size; sent as ratio and resolution",
    "audio": "specification, video models: an audio toggle",
}
REFERENCE_SOURCES = {
    **SEEDANCE_SOURCES,
    "maxReferenceImages": "specification, Seedance reference-to-video",
    "maxReferenceVideos": "specification, Seedance reference-to-video",
    "maxReferenceAudios": "specification, Seedance reference-to-video",
    "maxReferenceFiles": "specification, Seedance reference-to-video",
}


def _seedance(path: str, edges: dict[int, str]) -> tuple[VideoRow, VideoRow]:
    """The row of reference-to-video, and that of the other endpoints below `path`."""
    return (
        VideoRow(
            family="Seedance 2.0 reference-to-video",
            match=(f"{path}/reference-to-video",),
            models=(f"{path}/reference-to-video",),
            image_field="image_urls",
            image_list=True,
            max_images=9,
            video_field="video_urls",
            max_videos=3,
            audio_ref_field="audio_urls",
            max_audio_refs=3,
            max_files=12,
            duration=SEEDANCE_SECONDS,
            aspect_ratios=SEEDANCE_RATIOS,
            resolutions=tuple(edges.values()),
            short_edges=edges,
            audio_field="generate_audio",
            sources=REFERENCE_SOURCES,
        ),
        VideoRow(
            family="Seedance 2.0",
            match=(f"{path}/*",),
            models=(f"{path}/text-to-video", f"{path}/image-to-video"),
            duration=SEEDANCE_SECONDS,
            aspect_ratios=SEEDANCE_RATIOS,
            resolutions=tuple(edges.values()),
            short_edges=edges,
            audio_field="generate_audio",
            sources=SEEDANCE_SOURCES,
        ),
    )


VIDEO_ROWS: tuple[VideoRow, ...] = (
    VideoRow(
        family="MiniMax",
        match=("fal-ai/minimax/video-01-live", "fal-ai/minimax/video-01-live/*"),
        models=("fal-ai/minimax/video-01-live",),
        image_suffix=IMAGE_TO_VIDEO,
        sources=PROMPT_ONLY_SOURCES,
    ),
    VideoRow(
        family="HeyGen video-agent",
        match=("fal-ai/heygen/v2/video-agent",),
        models=("fal-ai/heygen/v2/video-agent",),
        sources={
            **PROMPT_ONLY_SOURCES,
            "referenceField": "specification, video models; fal's schema does not declare it",
        },
    ),
    VideoRow(
        family="Kling",
        match=("fal-ai/kling-video/v2.1/master/*",),
        models=(
            "fal-ai/kling-video/v2.1/master/text-to-video",
            "fal-ai/kling-video/v2.1/master/image-to-video",
        ),
        duration=Duration(field="duration", seconds=(5, 10), form="string"),
        aspect_ratios=THREE_RATIOS,
        image_ignores_ratio=True,
        sources={
            **ONE_IMAGE,
            "durations": "fal schema fal-ai/kling-video/v2.1/master/text-to-video",
            "aspectRatios": "fal schema fal-ai/kling-video/v2.1/master/text-to-video",
            "ignoredOptions": "fal schema fal-ai/kling-video/v2.1/master/image-to-video",
        },
    ),
    VideoRow(
        family="Wan",
        # The others below this path declare other fields: the catalogue knows them.
        match=("fal-ai/wan/v2.2-a14b/text-to-video", "fal-ai/wan/v2.2-a14b/image-to-video"),
        models=("fal-ai/wan/v2.2-a14b/text-to-video", "fal-ai/wan/v2.2-a14b/image-to-video"),
        duration=Duration(field="num_frames", seconds=range(1, 11), form="frames"),
        aspect_ratios=THREE_RATIOS,
        resolutions=words("480p 580p 720p"),
        sources={
            **ONE_IMAGE,
            "durations": "model page fal-ai/wan/v2.2-a14b: 17-161 frames, 16 a second",
            "aspectRatios": "fal schema fal-ai/wan/v2.2-a14b/text-to-video",
            "resolutions": "fal schema fal-ai/wan/v2.2-a14b/text-to-video",
        },
    ),
    *_seedance("bytedance/seedance-2.0/fast", FAST_EDGES),
    *_seedance("bytedance/seedance-2.0/mini", FAST_EDGES),
    *_seedance("bytedance/seedance-2.0", FULL_EDGES),
    VideoRow(
        family="Other fal video models",
        match=("*",),
        models=(),
        as_given=True,
        sources={
            **ONE_IMAGE,
            "any other id": "OpenClaw's generic video request; options are sent as given",
        },
    ),
)
