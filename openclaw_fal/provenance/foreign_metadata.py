"""Recognises the metadata of other programs in media files. It is named, never interpreted.

AUTOMATIC1111's web UI writes a PNG text `parameters`, or the same text as EXIF user comment;
ComfyUI writes its `prompt` and `workflow` as PNG texts, in EXIF fields of WebP, or as MP4 metadata;
InvokeAI writes `invokeai_metadata` (in old versions `sd-metadata` or `Dream`).
"""

from __future__ import annotations

A1111 = "A1111"
COMFYUI = "ComfyUI"
INVOKEAI = "InvokeAI"
IPTC = "IPTC"
EXIF = "Exif"
XMP = "XMP"

_PNG_TEXTS = {
    "parameters": A1111,
    "prompt": COMFYUI,
    "workflow": COMFYUI,
    "invokeai_metadata": INVOKEAI,
    "invokeai_graph": INVOKEAI,
    "invokeai_workflow": INVOKEAI,
    "sd-metadata": INVOKEAI,
    "Dream": INVOKEAI,
    "Raw profile type iptc": IPTC,
    "Raw profile type exif": EXIF,
}


def program_of_png_text(keyword: str) -> str | None:
    """The program that writes PNG texts under this keyword."""
    return _PNG_TEXTS.get(keyword)


def programs_in(data: bytes) -> list[str]:
    """The programs whose keywords are in some bytes of EXIF, comments or MP4 metadata."""
    plain = data.replace(b"\0", b"")  # also finds text in UTF-16
    names = []
    if b"Steps: " in plain and b"Sampler: " in plain:
        names.append(A1111)
    if b"workflow:{" in plain or b'"class_type"' in plain or b'"last_node_id"' in plain:
        names.append(COMFYUI)
    if b"invokeai_metadata" in plain:
        names.append(INVOKEAI)
    return names


def standards_in(packet: bytes) -> list[str]:
    """The metadata standards that an XMP packet of another program uses."""
    return [XMP, IPTC] if b"iptc.org/std/Iptc4xmp" in packet else [XMP]
