"""From what was asked to the exact request, or to all that stands in its way. Pure: no I/O."""

from __future__ import annotations

from openclaw_fal.media import ImageRequest, MediaRequest, Plan, VideoRequest
from openclaw_fal.provider.common import check_kind


def plan(request: MediaRequest) -> Plan:
    """The exact request for the model. Raises `CapabilityError` with every violation."""
    check_kind(request.kind, request.model)
    if isinstance(request, ImageRequest):
        from openclaw_fal.provider.image import plan_image

        return plan_image(request)
    if isinstance(request, VideoRequest):
        from openclaw_fal.provider.video import plan_video

        return plan_video(request)
    from openclaw_fal.provider.music import plan_music

    return plan_music(request)
