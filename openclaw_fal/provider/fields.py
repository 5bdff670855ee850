"""The field that each option becomes at an endpoint without a row. Data only.

An option becomes the first of its fields that the endpoint declares in a form that can hold it.
"""

from __future__ import annotations

from collections.abc import Mapping

from openclaw_fal.provider.rows import words

PROMPT = words("prompt text_prompt text input gen_text")
COUNT = words("num_images num_samples number_of_images num_outputs num_videos max_images")

# Fields of text, a number, a flag or an enum. The keys are fields of the request.
PLAIN: Mapping[str, tuple[str, ...]] = {
    "quality": ("quality",),
    "background": ("background",),
    "creativity": ("creativity",),
    "style": ("style",),
    "negative_prompt": ("negative_prompt",),
    "seed": ("seed",),
    "steps": words("num_inference_steps steps"),
    "guidance": words("guidance_scale guidance cfg_scale"),
    "audio": words("generate_audio enable_audio with_audio sound audio generate_audio_switch"),
    "watermark": ("watermark",),
    "lyrics": words("lyrics lyrics_prompt"),
    "instrumental": words("instrumental is_instrumental make_instrumental force_instrumental"),
}
# Options that are rejected, not ignored, where no field takes them.
NEEDED = frozenset({"lyrics", "instrumental"})

FORMAT = words("output_format format image_format video_output_type audio_format")
# A field of FORMAT counts if its enum names at least one of these.
MEDIA_FORMATS = frozenset(
    words("png jpeg jpg webp gif avif svg mp4 webm mov mp3 wav flac ogg opus m4a aac pcm")
)

DIMENSIONS = words("image_size video_size resolution")  # `{width, height}` or the name of a size
ASPECT_RATIO = words("aspect_ratio ratio")

SECONDS = words("duration duration_seconds seconds seconds_total")
MILLISECONDS = words("music_length_ms")
FRAMES = words("num_frames")
FRAME_RATE = words("fps frames_per_second frame_rate")

# For each kind of reference: the fields of one file, then those of a list.
ONE_FILE: Mapping[str, tuple[str, ...]] = {
    "images": words(
        "image_url start_image_url first_frame_url first_frame_image_url input_image_url "
        "reference_image_url image"
    ),
    "videos": words("video_url input_video_url"),
    "audio_refs": ("audio_url",),
}
FILES: Mapping[str, tuple[str, ...]] = {
    "images": words(
        "image_urls input_image_urls reference_image_urls images image_style_references"
    ),
    "videos": words("video_urls reference_video_urls"),
    "audio_refs": words("audio_urls reference_audio_urls"),
}
# Where references go if the endpoint declares no field for them: the first sibling endpoint that
# exists and takes images. Its id has one of these words in place of its last part, if that is one
# of REPLACED, or added to the id.
REPLACED = words("text-to-image text-to-video generate create")
SIBLINGS: Mapping[str, tuple[str, ...]] = {
    "image": words("edit image-to-image edit-image remix"),
    "video": words("image-to-video reference-to-video edit-image remix"),
}
