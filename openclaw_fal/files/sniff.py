"""Recognises the type of a file by its first bytes. Pure.

The signatures are from the specifications: PNG (ISO 15948), JPEG (T.81), RIFF, the ISO base media
file format (`ftyp` brands, ISO 14496-12), Matroska (RFC 9559), MPEG audio (ISO 11172-3).
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

HEAD = 4096
"""The number of bytes at the start of a file that `sniff` uses."""


class FileType(NamedTuple):
    """A file type. `extensions` are without the dot; the first one is given to new files."""

    mime_type: str
    extensions: tuple[str, ...]

    @property
    def extension(self) -> str:
        return self.extensions[0]

    @property
    def media(self) -> str:
        """The part of the MIME type before the slash: `image`, `video`, `audio` or another."""
        return self.mime_type.partition("/")[0]


PNG = FileType("image/png", ("png", "apng"))
JPEG = FileType("image/jpeg", ("jpg", "jpeg", "jpe", "jfif"))
WEBP = FileType("image/webp", ("webp",))
GIF = FileType("image/gif", ("gif",))
AVIF = FileType("image/avif", ("avif",))
HEIC = FileType("image/heic", ("heic", "heif", "hif"))
BMP = FileType("image/bmp", ("bmp", "dib"))
TIFF = FileType("image/tiff", ("tiff", "tif"))
SVG = FileType("image/svg+xml", ("svg",))
MP4 = FileType("video/mp4", ("mp4", "m4v"))
MOV = FileType("video/quicktime", ("mov", "qt"))
M4A = FileType("audio/mp4", ("m4a", "m4b", "mp4"))
WEBM = FileType("video/webm", ("webm",))
WEBM_AUDIO = FileType("audio/webm", ("webm", "weba"))
MKV = FileType("video/x-matroska", ("mkv",))
AVI = FileType("video/x-msvideo", ("avi",))
MP3 = FileType("audio/mpeg", ("mp3", "mpga"))
WAV = FileType("audio/wav", ("wav", "wave"))
FLAC = FileType("audio/flac", ("flac",))
OGG = FileType("audio/ogg", ("ogg", "oga", "opus"))
AAC = FileType("audio/aac", ("aac",))
AIFF = FileType("audio/aiff", ("aiff", "aif"))

MEDIA_TYPES = (
    *(PNG, JPEG, WEBP, GIF, AVIF, HEIC, BMP, TIFF, SVG),
    *(MP4, MOV, M4A, WEBM, WEBM_AUDIO, MKV, AVI),
    *(MP3, WAV, FLAC, OGG, AAC, AIFF),
)

ALWAYS_RECOGNISED = frozenset(
    {PNG, JPEG, WEBP, GIF, AVIF, HEIC, TIFF, WEBM, WEBM_AUDIO, MKV, AVI, WAV, FLAC, OGG, AIFF}
)
"""Types whose files all begin with a signature that `sniff` knows. An MP4 may begin with any box,
an MP3 with any bytes."""

PDF = FileType("application/pdf", ("pdf",))
ZIP = FileType("application/zip", ("zip",))
GZIP = FileType("application/gzip", ("gz",))
HTML = FileType("text/html", ("html", "htm"))
JSON = FileType("application/json", ("json",))
XML = FileType("application/xml", ("xml",))

MEDIA_EXTENSIONS = frozenset(name for kind in MEDIA_TYPES for name in kind.extensions)

_SYNONYMS = {
    "image/jpg": JPEG,
    "image/pjpeg": JPEG,
    "image/x-png": PNG,
    "image/apng": PNG,
    "image/heif": HEIC,
    "image/x-ms-bmp": BMP,
    "audio/mp3": MP3,
    "audio/x-mp3": MP3,
    "audio/x-wav": WAV,
    "audio/wave": WAV,
    "audio/vnd.wave": WAV,
    "audio/x-flac": FLAC,
    "audio/opus": OGG,
    "audio/x-m4a": M4A,
    "audio/x-aac": AAC,
    "audio/x-aiff": AIFF,
    "video/x-m4v": MP4,
    "application/mp4": MP4,
}

_MAGIC: tuple[tuple[bytes, FileType], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"fLaC", FLAC),
    (b"OggS", OGG),
    (b"ID3", MP3),
    (b"%PDF-", PDF),
    (b"PK\x03\x04", ZIP),
    (b"\x1f\x8b\x08", GZIP),
)

_IMAGE_BRANDS = {
    b"avif": AVIF,
    b"avis": AVIF,
    b"heic": HEIC,
    b"heix": HEIC,
    b"hevc": HEIC,
    b"heim": HEIC,
    b"mif1": HEIC,
    b"msf1": HEIC,
}
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}


def sniff(head: bytes) -> FileType | None:
    """The type of a file whose first bytes are `head` (up to `HEAD` of them); None if unknown."""
    head = head[:HEAD]
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return (
        _riff(head) or _boxes(head) or _matroska(head) or _bmp(head) or _mpeg(head) or _text(head)
    )


def by_mime_type(mime_type: str | None) -> FileType | None:
    """The file type of a Content-Type header; its parameters and letter case are ignored."""
    name = (mime_type or "").partition(";")[0].strip().lower()
    for kind in MEDIA_TYPES:
        if kind.mime_type == name:
            return kind
    return _SYNONYMS.get(name)


def by_extension(name: str) -> FileType | None:
    """The media file type that the extension of a name stands for."""
    _, dot, extension = name.rpartition(".")
    extension = extension.lower()
    for kind in MEDIA_TYPES:
        if dot and extension in kind.extensions:
            return kind
    return None


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are UTF-8 text; the last character may be incomplete."""
    head = head[:HEAD].removeprefix(b"\xef\xbb\xbf")
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as cut:
        if cut.start < len(head) - 3 or cut.reason != "unexpected end of data":
            return False
        text = head[: cut.start].decode("utf-8")
    return bool(text) and not any(char < " " and char not in "\t\n\r\f" for char in text)


def _riff(head: bytes) -> FileType | None:
    if head[:4] in (b"RIFF", b"RF64"):
        return {b"WEBP": WEBP, b"WAVE": WAV, b"AVI ": AVI}.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    return None


def _boxes(head: bytes) -> FileType | None:
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return MOV  # QuickTime from before `ftyp`
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
    if head[8:12] in _IMAGE_BRANDS:
        kinds = [_IMAGE_BRANDS[brand] for brand in brands if brand in _IMAGE_BRANDS]
        return AVIF if AVIF in kinds else HEIC
    if head[8:12] in _AUDIO_BRANDS:
        return M4A
    return MOV if head[8:12] == b"qt  " else MP4


def _matroska(head: bytes) -> FileType | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    if b"webm" not in head[:64]:
        return MKV
    return WEBM_AUDIO if b"A_" in head and b"V_" not in head else WEBM


def _bmp(head: bytes) -> FileType | None:
    header = int.from_bytes(head[14:18], "little")
    return BMP if head.startswith(b"BM") and header in _BMP_HEADERS else None


def _mpeg(head: bytes) -> FileType | None:
    """MPEG audio without an ID3 tag: AAC in ADTS frames (layer bits 00), or layer III (01)."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return AAC if (head[2] >> 2) & 15 < 13 else None
    sync = head[1] & 0xE6 == 0xE2 and head[1] & 0x18 != 0x08
    rates = head[2] >> 4 not in (0, 15) and (head[2] >> 2) & 3 != 3
    return MP3 if sync and rates else None


def _text(head: bytes) -> FileType | None:
    if not is_text(head):
        return None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"{", b"[")):
        return JSON if _is_json(head) else None
    if not start.startswith(b"<"):
        return None
    start = re.sub(rb"<!--.*?-->|<\?xml[^>]*>", b"", start, flags=re.DOTALL).lstrip()
    if re.match(rb"(<!doctype svg[^>]*>\s*)?<svg\b", start):
        return SVG
    if re.match(rb"<(!doctype html|html|head|body|title|meta|script|h1)\b", start):
        return HTML
    return XML if head.lstrip().startswith(b"<?xml") else None


def _is_json(head: bytes) -> bool:
    """Whether text is JSON; if it fills `head`, it is only the beginning of a longer text."""
    if len(head) < HEAD:
        try:
            json.loads(head)
        except (ValueError, RecursionError):
            return False
        return True
    return re.match(rb'(\xef\xbb\xbf)?\s*[{\[]\s*["{\[\d-]', head) is not None
