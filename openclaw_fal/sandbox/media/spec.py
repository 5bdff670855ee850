"""The description of a generated file, from which its bytes can be rendered at any time."""

from __future__ import annotations

from dataclasses import dataclass

CONTENT_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_EXTENSIONS = {"jpeg": "jpg"}


@dataclass(frozen=True, slots=True)
class Spec:
    """One file. `form` is png, jpeg, webp, mp4, mp3, wav or pcm; `seconds` is for video and
    audio."""

    form: str
    text: str = ""
    seed: int = 0
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    rate: int = 0  # frames per second of video, samples per second of audio
    bitrate: int = 0
    black: bool = False

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.form]

    @property
    def extension(self) -> str:
        return _EXTENSIONS.get(self.form, self.form)
