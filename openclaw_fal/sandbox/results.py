"""Builds results: from an endpoint and its input to the output that fal would give.

A `Recipe` is small and always gives the same result, so that jobs need not hold media or their
(possibly large) input.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace

from openclaw_fal.sandbox import geometry, models
from openclaw_fal.sandbox.dials import Dials
from openclaw_fal.sandbox.media.library import Library
from openclaw_fal.sandbox.media.spec import Spec
from openclaw_fal.sandbox.models import Body

_TEXTS = ("prompt", "text", "lyrics", "script", "input")
_ECHOED = 100_000  # characters of the prompt that results repeat
_DRAWN = 400  # characters of the prompt that media show
_LISTS = ("images", "videos", "audios")
_MEDIA_FIELDS: dict[models.OutputKind, tuple[str, ...]] = {
    "image": ("images", "image"),
    "video": ("video", "videos", "video_url"),
    "audio": ("audio", "audios", "audio_file", "audio_url"),
    "other": (),
}
_COUNTS = ("num_images", "max_images", "num_samples", "n")
_AUDIO_FORMATS = ("output_format", "audio_format", "format", "response_format")
_SECONDS = ("duration", "seconds_total", "duration_seconds", "audio_duration")
_MAX_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that determines the output of one request."""

    endpoint: str
    prompt: str
    seed: int
    specs: tuple[Spec, ...]
    inline: bool
    fields: tuple[str, ...]
    lyrics: str

    @property
    def weight(self) -> int:
        """Its approximate size in bytes."""
        return 500 + len(self.prompt) + len(self.lyrics)


def recipe_for(endpoint: str, body: Body, seed: int) -> Recipe:
    """The recipe for a valid input. `seed` is used if the input has none."""
    input_seed = body.get("seed")
    if isinstance(input_seed, int) and not isinstance(input_seed, bool):
        seed = input_seed
    texts = (body.get(name) for name in _TEXTS)
    text = next((value for value in texts if isinstance(value, str)), "")
    kind = models.output_kind(endpoint)
    if kind == "image":
        specs = _images(body, text, seed)
    elif kind == "video":
        specs = (_video(body, text, seed),)
    elif kind == "audio":
        specs = (_audio(endpoint, body, text, seed),)
    else:
        specs = ()
    lyrics = body.get("lyrics")
    return Recipe(
        endpoint,
        text[:_ECHOED],
        seed,
        specs,
        body.get("sync_mode") is True,
        tuple(models.output_fields(endpoint)),
        lyrics[:_ECHOED] if isinstance(lyrics, str) else "",
    )


def payload(
    recipe: Recipe,
    request_id: str,
    *,
    media_url: str,
    dials: Dials,
    own_dials: Dials | None,
    library: Library,
) -> dict[str, object]:
    """The output as JSON. Puts its media into the library, with the dials in the request's
    header."""
    files: list[dict[str, object]] = []
    for number, spec in enumerate(recipe.specs):
        spec = replace(spec, black=True, text="") if dials.nsfw else spec
        suffix = f"_{number}" if len(recipe.specs) > 1 else ""
        path = f"/files/{request_id}{suffix}.{spec.extension}"
        library.put(path, spec, own_dials)
        url = media_url + path.removeprefix("/files")
        files.append(_file(recipe, spec, url, dials, library))
    kind = models.output_kind(recipe.endpoint)
    known: dict[str, object] = {
        "seed": recipe.seed if dials.seed is None else dials.seed,
        "prompt": recipe.prompt,
        "has_nsfw_concepts": [dials.nsfw] * len(files),
        "timings": {"inference": run_seconds(dials)},
        "description": "",
        "revised_prompt": recipe.prompt,
        "lyrics": recipe.lyrics or "[inst]",
        "tags": recipe.prompt,
        "actual_prompt": recipe.prompt,
        "used_seed": recipe.seed,
        "duration": recipe.specs[0].seconds if recipe.specs else 0.0,
        "output": f"{recipe.endpoint} answers: {recipe.prompt}",
        "text": recipe.prompt,
    }
    result: dict[str, object] = {}
    for name in recipe.fields:
        if name in _MEDIA_FIELDS[kind]:
            result.update(_media_keys(name, files, dials.media_form))
        else:
            result[name] = known.get(name)
    if dials.nsfw and kind != "image":
        result["has_nsfw_concepts"] = [True]
    return result if dials.wrap == "plain" else {dials.wrap: result}


def run_seconds(dials: Dials) -> float:
    """The run time in seconds that results report."""
    return dials.run_time if dials.clock == "time" else 0.0


def _media_keys(name: str, files: list[dict[str, object]], form: str) -> dict[str, object]:
    """The media under their key, in one of the forms that models have been seen to use.

    object: as declared. bare: objects with only the URL. null: objects in which all other values
    are null. string: only the URL. list: a list instead of an object and an object instead of a
    list. flat: under another key, such as `video_url`, `image` or `audio_file`.
    """
    if form == "bare":
        files = [{"url": file["url"]} for file in files]
    elif form == "null":
        files = [{key: file[key] if key == "url" else None for key in file} for file in files]
    if name in _LISTS:
        if form == "list":
            return {name: files[0]}
        if form == "flat":
            return {name[:-1]: files[0]} if len(files) == 1 else {name: files}
        return {name: [file["url"] for file in files] if form == "string" else files}
    if form == "string" or name.endswith("_url"):
        return {name: files[0]["url"]}
    if form == "list":
        return {f"{name}s" if name == "video" else name: files}
    if form == "flat":
        return {"video_url": files[0]["url"]} if name == "video" else {"audio_file": files[0]}
    return {name: files[0]}


def _file(
    recipe: Recipe, spec: Spec, url: str, dials: Dials, library: Library
) -> dict[str, object]:
    content_type = dials.media_type or spec.content_type
    if recipe.inline:
        encoded = base64.b64encode(library.render(spec)).decode()
        file_url = f"data:{content_type};base64,{encoded}"
    else:
        file_url = dials.media_url or url
    file: dict[str, object] = {
        "url": file_url,
        "content_type": content_type,
        "file_name": dials.file_name or url.rpartition("/")[2],
        "file_size": dials.media_bytes or len(library.render(spec)),
    }
    if models.output_kind(recipe.endpoint) == "image":
        file |= {"width": spec.width, "height": spec.height}
    return file


def _images(body: Body, text: str, seed: int) -> tuple[Spec, ...]:
    width, height = geometry.image_size(body)
    form = str(body.get("output_format", "png")).replace("jpg", "jpeg")
    if form not in ("png", "jpeg", "webp"):
        form = "png"
    counts = [value for name in _COUNTS if isinstance(value := body.get(name), int)]
    count = min(max(counts[0], 1), 16) if counts else 1
    return tuple(Spec(form, text[:_DRAWN], seed + number, width, height) for number in range(count))


def _video(body: Body, text: str, seed: int) -> Spec:
    width, height = geometry.video_size(body)
    rates = (int(_number(body.get(name), 0)) for name in ("frames_per_second", "fps"))
    input_rate = next((rate for rate in rates if rate), 0)
    rate = input_rate or 24
    seconds = _number(body.get("duration"), 5.0)
    config = body.get("config")
    if isinstance(config, dict):
        seconds = _number(config.get("duration"), seconds)
    if "num_frames" in body:
        rate = input_rate or 16
        seconds = _number(body["num_frames"], 80.0) / rate
    return Spec("mp4", text[:_DRAWN], seed, width, height, _limited(seconds), min(rate, 60))


def _audio(endpoint: str, body: Body, text: str, seed: int) -> Spec:
    setting = body.get("audio_setting")
    if isinstance(setting, dict) or "minimax" in endpoint:
        setting = setting if isinstance(setting, dict) else {}
        form = str(setting.get("format", "mp3"))
        return Spec(
            form if form in ("mp3", "wav", "pcm") else "mp3",
            seed=seed,
            seconds=30.0,
            rate=int(_number(setting.get("sample_rate"), 44100)),
            bitrate=int(_number(setting.get("bitrate"), 256000)),
        )
    lengths = [_number(body.get(name), 0.0) for name in _SECONDS]
    lengths.append(_number(body.get("music_length_ms"), 0.0) / 1000)
    seconds = next(filter(None, lengths), 0.0)
    if not seconds:
        seconds = 190.0 if "stable-audio" in endpoint else 60.0 if "ace-step" in endpoint else 10.0
    forms = " ".join(str(body.get(name, "")) for name in _AUDIO_FORMATS)
    form = "mp3" if "mp3" in forms else "wav"
    return Spec(form, seed=seed, seconds=_limited(seconds))


def _number(value: object, default: float) -> float:
    """A positive number, also from text such as "5" or "8s"; else `default`."""
    if isinstance(value, str):
        value = value.removesuffix("s")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return default
    return number if 0 < number < 1e9 else default


def _limited(seconds: float) -> float:
    return min(max(seconds, 0.1), _MAX_SECONDS)
