"""The types of the rows of model facts, and which endpoint ids a row is for.

An option named in a row's `rejects` is an error. One that the row has no field or values for is
ignored and reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from openclaw_fal.frozen import Frozen

Fate = Literal["sent", "ignored", "rejected"]
NOTHING: Mapping[Any, Any] = MappingProxyType({})  # for fields with different keys and values


class Row(Frozen, kw_only=True):
    """One family of models.

    `match` holds patterns of endpoint ids; `*` stands for any text, slashes included. `models` are
    the ids that listings show. `sources` says for each fact where it was read.
    """

    family: str
    match: tuple[str, ...]
    models: tuple[str, ...]
    rejects: frozenset[str] = frozenset()
    sources: Mapping[str, str] = NOTHING

    @property
    def is_catch_all(self) -> bool:
        return "*" in self.match

    def matches(self, endpoint: str) -> bool:
        return any(matches_pattern(pattern, endpoint) for pattern in self.match)

    def fate(self, key: str, references: bool = False) -> Fate:
        """What becomes of an option (by its key, `aspectRatio`) in a request to these models.

        `references`: whether the request has reference images, or edits one.
        """
        if key in self.rejects:
            return "rejected"
        return "sent" if self.takes(key, references) else "ignored"

    def takes(self, key: str, references: bool) -> bool:
        """Whether the row has a field or values for the option."""
        return True


class ImageSize(Frozen, kw_only=True):
    """How an aspect ratio or a resolution becomes `image_size`, and which dimensions are allowed.

    Edges are in pixels. `edges` maps a resolution to its long edge, `presets` a ratio to the
    endpoint's name for it. `ratio_edge` is the long edge of a ratio that has no preset and is given
    without a resolution. Computed edges are multiples of `multiple`.
    """

    edges: Mapping[str, int]
    presets: Mapping[str, str] = NOTHING
    ratio_edge: int = 1024
    multiple: int = 1
    max_edge: int | None = None
    min_pixels: int | None = None
    max_pixels: int | None = None
    max_ratio: int | None = None
    references_ignore_resolution: bool = False


class ImageRow(Row, kw_only=True):
    """A family of image models.

    With references a request goes to the model's edit endpoint: the id itself if it contains one
    of `edit_paths`, else the id with the first of them added (in place of `text_path`). Without
    `edit_paths` references go to the same endpoint. `text_aliases` maps an id to the endpoint that
    it stands for when there is no reference.

    `image_size` is set for models that take dimensions; the others take an aspect ratio.
    `any_size` takes every WIDTHxHEIGHT, `sizes` only those. `edit_geometry` is false where the
    edit endpoint takes neither size nor resolution.
    """

    reference_field: str
    max_references: int
    aspect_ratios: tuple[str, ...]
    edit_paths: tuple[str, ...] = ("/edit",)
    text_path: str = ""
    text_aliases: Mapping[str, str] = NOTHING
    image_size: ImageSize | None = None
    edit_aspect_ratios: tuple[str, ...] | None = None
    edit_geometry: bool = True
    sizes: tuple[str, ...] = ()
    any_size: bool = False
    resolutions: tuple[str, ...] = ()
    lower_case_resolution: bool = False
    formats: tuple[str, ...] = ()
    max_count: int = 4
    count_field: str | None = "num_images"
    qualities: tuple[str, ...] = ()
    backgrounds: tuple[str, ...] = ()
    transparent_formats: tuple[str, ...] = ()
    creativities: tuple[str, ...] = ()
    default_creativity: str | None = None

    def fate(self, key: str, references: bool = False) -> Fate:
        if key == "aspectRatio" and not self.ratios(references):
            return "rejected"
        return super().fate(key, references)

    def takes(self, key: str, references: bool) -> bool:
        if key in ("size", "resolution"):
            return self.edit_geometry or not references
        words = {
            "quality": self.qualities,
            "background": self.backgrounds,
            "creativity": self.creativities,
        }
        return bool(words.get(key, True))

    def ratios(self, editing: bool) -> tuple[str, ...]:
        if editing and self.edit_aspect_ratios is not None:
            return self.edit_aspect_ratios
        return self.aspect_ratios

    def is_edit(self, endpoint: str) -> bool:
        below = IMAGE_TO_IMAGE in self.edit_paths and f"{IMAGE_TO_IMAGE}/" in endpoint
        return below or endpoint.endswith(self.edit_paths)

    def edit_endpoint(self, model: str) -> str:
        """Where a request with reference images goes."""
        if not self.edit_paths or self.is_edit(model):
            return model
        return model.removesuffix(self.text_path) + self.edit_paths[0]

    def text_endpoint(self, model: str) -> str:
        """Where a request without reference images goes."""
        return self.text_aliases.get(model, model)


class Duration(Frozen, kw_only=True):
    """The whole seconds that a model takes, and the form that its field wants."""

    field: str
    seconds: range | tuple[int, ...]
    form: Literal["number", "string", "frames"] = "number"
    frames_per_second: int = 16

    def sent(self, seconds: int) -> object:
        """The value of `field` for a duration."""
        if self.form == "frames":
            return self.frames_per_second * seconds + 1
        return str(seconds) if self.form == "string" else seconds


class VideoRow(Row, kw_only=True):
    """A family of video models.

    `image_field` takes one image, as a string, or with `image_list` a list of up to `max_images`.
    `image_suffix` is added to the id when there is an image. `short_edges` maps the short edge of a
    size, in pixels, to a resolution. `as_given` sends aspect ratio, resolution and duration
    unchanged: for endpoints of which nothing is known.
    """

    image_field: str = "image_url"
    image_list: bool = False
    max_images: int = 1
    image_suffix: str = ""
    video_field: str | None = None
    max_videos: int = 0
    audio_ref_field: str | None = None
    max_audio_refs: int = 0
    max_files: int | None = None
    duration: Duration | None = None
    aspect_ratios: tuple[str, ...] = ()
    image_ignores_ratio: bool = False
    resolutions: tuple[str, ...] = ()
    short_edges: Mapping[int, str] = NOTHING
    audio_field: str | None = None
    as_given: bool = False

    def takes(self, key: str, references: bool) -> bool:
        ratios = self.aspect_ratios and not (references and self.image_ignores_ratio)
        fields = {
            "durationSeconds": self.duration or self.as_given,
            "aspectRatio": ratios or self.as_given,
            "resolution": self.resolutions or self.as_given,
            "size": self.short_edges,
            "audio": self.audio_field,
            "watermark": False,
            "outputFormat": False,
        }
        return bool(fields.get(key, True))

    def endpoint(self, model: str, images: int) -> str:
        """Where a request with this number of reference images goes."""
        if not images or self.image_list or needs_image(model):
            return model
        if model.endswith(TEXT_TO_VIDEO):
            return model.removesuffix(TEXT_TO_VIDEO) + IMAGE_TO_VIDEO
        return model + self.image_suffix


class MusicRow(Row, kw_only=True):
    """A family of music models. `constants` are always in the body.

    `writes_lyrics` is the field that lets the model write the lyrics; it is set when none are given
    and the track is not instrumental.
    """

    format: str | None = None
    lyrics_field: str | None = None
    instrumental_field: str | None = None
    writes_lyrics: str | None = None
    duration: Duration | None = None
    constants: Mapping[str, object] = NOTHING

    def takes(self, key: str, references: bool) -> bool:
        fields = {
            "lyrics": self.lyrics_field,
            "instrumental": self.instrumental_field,
            "durationSeconds": self.duration,
            "format": self.format,
        }
        return bool(fields.get(key, True))


IMAGE_TO_IMAGE = "/image-to-image"
TEXT_TO_VIDEO = "/text-to-video"
IMAGE_TO_VIDEO = "/image-to-video"


def needs_image(endpoint: str) -> bool:
    """Whether a video endpoint requires a reference image, by its name."""
    return endpoint.endswith(IMAGE_TO_VIDEO)


def matches_pattern(pattern: str, text: str) -> bool:
    """Whether `text` equals `pattern`, in which one `*` may stand for any text."""
    head, star, tail = pattern.partition("*")
    if not star:
        return text == pattern
    return len(text) >= len(head) + len(tail) and text.startswith(head) and text.endswith(tail)


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())
