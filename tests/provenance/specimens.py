"""Ten or more media files a format: what the sandbox makes, and odd ones made by hand."""

from __future__ import annotations

import functools
import io
import struct
import zlib

from PIL import Image, PngImagePlugin

from openclaw_fal.sandbox.media.render import render
from openclaw_fal.sandbox.media.spec import Spec
from tests.config import samples

A1111 = "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"
COMFYUI = '{"3": {"class_type": "KSampler", "inputs": {"seed": 1}}}'


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def after_ihdr(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def png_text(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    return _saved(Image.new("RGB", (9, 7), (1, 2, 3)), "PNG", pnginfo=info)


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def after_soi(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def without_app0(jpeg: bytes) -> bytes:
    assert jpeg[2:4] == b"\xff\xe0"
    return jpeg[:2] + jpeg[4 + struct.unpack(">H", jpeg[4:6])[0] :]


def riff(form: bytes, *chunks: bytes, size: int | None = None, after: bytes = b"") -> bytes:
    body = form + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body + after


def chunk(name: bytes, data: bytes, *, pad: bool = True) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2 if pad else 0)


def chunks_of(data: bytes) -> list[bytes]:
    """The chunks of a RIFF file, with their padding."""
    parts, at = [], 12
    while at < len(data):
        length = struct.unpack("<I", data[at + 4 : at + 8])[0]
        end = at + 8 + length + length % 2
        parts.append(data[at:end])
        at = end
    return parts


def exif() -> bytes:
    tags = Image.Exif()
    tags[0x010E] = "a description"
    return tags.tobytes()


def id3(version: int, *frames: bytes, padding: int = 0, flags: int = 0) -> bytes:
    size = sum(map(len, frames)) + padding
    head = b"ID3" + bytes([version, 0, flags]) + synchsafe(size)
    return head + b"".join(frames) + bytes(padding)


def synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def frame(name: bytes, data: bytes, version: int = 3) -> bytes:
    size = synchsafe(len(data)) if version == 4 else struct.pack(">I", len(data))
    return name + size + b"\0\0" + data


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _gradient(mode: str, size: tuple[int, int] = (33, 21)) -> Image.Image:
    image = Image.new("RGBA", size)
    image.putdata([(x * 7 % 256, x * 3 % 256, x % 256, x % 256) for x in range(size[0] * size[1])])
    return image.convert(mode)


def _pngs() -> dict[str, bytes]:
    plain = samples.png()
    return {
        "sandbox": render(Spec("png", "a cat", 1, 64, 48)),
        "one pixel": render(Spec("png", "", 2, 1, 1)),
        "alpha": _saved(_gradient("RGBA"), "PNG"),
        "16 bits": _saved(Image.new("I;16", (5, 5), 4000), "PNG"),
        "palette": _saved(_gradient("RGB").convert("P"), "PNG", transparency=0),
        "animation": _saved(
            _gradient("RGB"), "PNG", save_all=True, append_images=[Image.new("RGB", (33, 21))]
        ),
        "several iTXt": after_ihdr(
            plain,
            png_chunk(b"iTXt", b"Description\0\0\0en\0\0" + "größer".encode()),
            png_chunk(b"iTXt", b"Comment\0\x01\0\0\0" + zlib.compress(b"compressed")),
        ),
        "A1111": png_text(parameters=A1111),
        "ComfyUI": png_text(prompt=COMFYUI, workflow="{}"),
        "InvokeAI": png_text(invokeai_metadata="{}"),
        "Exif": _saved(_gradient("RGB"), "PNG", exif=exif()),
        "bytes after the end": plain + b"trailing bytes",
    }


def _jpegs() -> dict[str, bytes]:
    plain = render(Spec("jpeg", "a cat", 1, 64, 48))
    comment = exif().replace(b"a description\0", b"Steps: 1, Sampler: x\0"[:14])
    return {
        "sandbox": plain,
        "no APP0": without_app0(plain),
        "Exif": _saved(_gradient("RGB"), "JPEG", exif=exif()),
        "Exif and no APP0": without_app0(_saved(_gradient("RGB"), "JPEG", exif=comment)),
        "progressive": _saved(_gradient("RGB"), "JPEG", progressive=True),
        "gray": _saved(_gradient("L"), "JPEG"),
        "CMYK": _saved(_gradient("RGB").convert("CMYK"), "JPEG"),
        "comment": _saved(_gradient("RGB"), "JPEG", comment=A1111.encode()),
        "IPTC": after_soi(
            plain,
            segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x05\0\x03cat"),
        ),
        "profile": _saved(_gradient("RGB"), "JPEG", icc_profile=bytes(300)),
        "fill bytes": plain[:2] + b"\xff\xff" + plain[2:],
        "bytes after the end": plain + b"trailing bytes",
    }


def _webps() -> dict[str, bytes]:
    plain = render(Spec("webp", "a cat", 1, 64, 48))
    lossless = _saved(_gradient("RGB"), "WEBP", lossless=True)
    frames = {"save_all": True, "append_images": [Image.new("RGB", (33, 21))]}
    header = chunk(b"VP8X", b"\x04\0\0\0" + b"\x20\0\0" + b"\x14\0\0")
    return {
        "sandbox": plain,
        "one pixel": render(Spec("webp", "", 2, 1, 1)),
        "lossless": lossless,
        "lossless with alpha": _saved(_gradient("RGBA"), "WEBP", lossless=True),
        "alpha": _saved(_gradient("RGBA"), "WEBP"),
        "animation": _saved(_gradient("RGB"), "WEBP", **frames),
        "Exif": _saved(_gradient("RGB"), "WEBP", exif=exif()),
        "profile": _saved(_gradient("RGB"), "WEBP", icc_profile=bytes(301)),
        "flag without its chunk": riff(b"WEBP", header, *chunks_of(lossless)),
        "header without need": riff(
            b"WEBP", header.replace(b"\x04\0\0\0", bytes(4)), *chunks_of(lossless)
        ),
        "unknown chunk": riff(b"WEBP", header, *chunks_of(lossless), chunk(b"abcd", b"odd")),
        "bytes after the end": plain + b"trailing bytes",
    }


def _mp4s() -> dict[str, bytes]:
    plain = render(Spec("mp4", "waves", 1, 64, 48, 0.5, 24))
    box = samples.box
    return {
        "sandbox": plain,
        "tiny": render(Spec("mp4", "", 3, 2, 2, 0.25, 24)),
        "tall": render(Spec("mp4", "tall", 2, 48, 86, 0.5, 16)),
        "free at the end": plain + box(b"free", bytes(100)),
        "two free boxes": plain + box(b"free") + box(b"skip", b"\xff" * 9),
        "another uuid": plain + box(b"uuid", bytes(range(16)), b"vendor"),
        "ComfyUI": plain + box(b"moov", box(b"udta", COMFYUI.encode())),
        "random access box": plain + box(b"mfra", box(b"mfro", bytes(4) + struct.pack(">I", 24))),
        "64-bit length": plain + struct.pack(">I4sQ", 1, b"free", 16 + 30) + bytes(30),
        "sound only": samples.mp4(2.0, (0, 0), brand=b"M4A "),
        "boxes in another order": samples.mp4(2.0, moov_last=False),
        "large header": samples.mp4(2.0, large=True),
    }


def _mp3s() -> dict[str, bytes]:
    plain = render(Spec("mp3", seed=1, seconds=1, rate=44100, bitrate=128000))
    title = frame(b"TIT2", b"\0a song")
    return {
        "sandbox": plain,
        "MPEG 2": render(Spec("mp3", seed=2, seconds=1, rate=16000, bitrate=32000)),
        "Xing": samples.mp3(20, xing=20),
        "ID3v1 at the end": plain + b"TAG" + bytes(125),
        "ID3v2.3": id3(3, title) + plain,
        "ID3v2.3 with padding": id3(3, title, padding=500) + plain,
        "ID3v2.4": id3(4, frame(b"TIT2", b"\3" + "größer".encode(), 4), padding=7) + plain,
        "ID3v2.4 with a long frame": id3(4, frame(b"COMM", b"\0engx\0" + b"y" * 300, 4)) + plain,
        "picture": id3(3, title, frame(b"APIC", b"\0image/png\0\3\0" + samples.png())) + plain,
        "private frame": id3(3, frame(b"PRIV", b"other\0data")) + plain,
        "tag without frames": id3(3) + plain,
        "tag of padding": id3(3, padding=64) + plain,
    }


def _wavs() -> dict[str, bytes]:
    plain = render(Spec("wav", seed=1, seconds=0.5, rate=8000))
    fmt8 = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8))
    fmt24 = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 8000, 48000, 6, 24))
    odd = bytes(range(101))
    without_pad = chunk(b"data", odd, pad=False)
    return {
        "sandbox": plain,
        "eight bits": riff(b"WAVE", fmt8, chunk(b"data", bytes(100))),
        "24 bits stereo": riff(b"WAVE", fmt24, chunk(b"data", bytes(range(240)))),
        "odd": riff(b"WAVE", fmt8, chunk(b"data", odd)),
        "odd without padding": riff(b"WAVE", fmt8, without_pad),
        "odd with padding not counted": riff(b"WAVE", fmt8, without_pad, after=b"\0"),
        "LIST": riff(
            b"WAVE", fmt8, chunk(b"LIST", b"INFOICMT\x02\0\0\0ab"), chunk(b"data", bytes(64))
        ),
        "LIST after the sound": riff(
            b"WAVE", fmt8, chunk(b"data", bytes(64)), chunk(b"LIST", b"INFOISFT\x04\0\0\0abc\0")
        ),
        "odd LIST": riff(
            b"WAVE", fmt8, chunk(b"LIST", b"INFOISFT\x03\0\0\0abc"), chunk(b"data", bytes(64))
        ),
        "broadcast": riff(b"WAVE", chunk(b"bext", bytes(602)), fmt8, chunk(b"data", bytes(64))),
        "bytes after the end": plain + b"trailing bytes",
        "empty chunk": riff(b"WAVE", fmt8, chunk(b"data", bytes(64)), chunk(b"junk", b"")),
    }


@functools.cache
def specimens(mime_type: str) -> dict[str, bytes]:
    """Name and bytes of the specimens of a type."""
    return {
        "image/png": _pngs,
        "image/jpeg": _jpegs,
        "image/webp": _webps,
        "video/mp4": _mp4s,
        "audio/mpeg": _mp3s,
        "audio/wav": _wavs,
    }[mime_type]()


NAMES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
}

ALL = [(mime_type, name) for mime_type in NAMES for name in specimens(mime_type)]
