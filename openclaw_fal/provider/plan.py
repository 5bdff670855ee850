"""Turns a media request into the exact request body, or into all its violations.

Reads nothing but the package's own data.

The rules are those of the row that names the model; else of the endpoint's schema in the catalogue;
else of the row that takes any other id.
"""

from __future__ import annotations

from openclaw_fal.media import ImageRequest, MediaRequest, Plan, VideoRequest
from openclaw_fal.provider.common import check_kind
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.specs import kind_by_name, kind_of_row


def plan(request: MediaRequest, lookup: Lookup) -> Plan:
    """The exact request for the model. Raises `CapabilityError` with every violation, `UsageError`
    for a misspelt model."""
    made = kind_of_row(request.model)
    known = None if made else lookup.endpoint(request.model)
    if known is not None:
        check_kind(request.kind, request.model, known.kind)
        from openclaw_fal.provider.declared import plan_declared

        return plan_declared(request, known, lookup)
    check_kind(request.kind, request.model, made or kind_by_name(request.model))
    if isinstance(request, ImageRequest):
        from openclaw_fal.provider.image import plan_image

        return plan_image(request, lookup)
    if isinstance(request, VideoRequest):
        from openclaw_fal.provider.video import plan_video

        return plan_video(request, lookup)
    from openclaw_fal.provider.music import plan_music

    return plan_music(request, lookup)
