"""Renders a spec to bytes. Pillow and the encoders are imported when they are used."""

from __future__ import annotations

from openclaw_fal.sandbox.media.spec import Spec


def render(spec: Spec) -> bytes:
    """The file's bytes, which depend on the spec alone."""
    if spec.form in ("png", "jpeg", "webp"):
        from openclaw_fal.sandbox.media.image import image_bytes

        return image_bytes(spec)
    if spec.form == "mp4":
        from openclaw_fal.sandbox.media.mp4 import mp4_bytes

        return mp4_bytes(spec)
    from openclaw_fal.sandbox.media.audio import audio_bytes

    return audio_bytes(spec)
