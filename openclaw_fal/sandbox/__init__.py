"""A local stand-in for fal on loopback, for trying the tool without cost, for CI and for tests."""

from openclaw_fal.sandbox.dials import Dials, explain
from openclaw_fal.sandbox.faults import Fault
from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.sandbox.server import Sandbox
from openclaw_fal.sandbox.state import Limits, Recorded
from openclaw_fal.store.key_format import SANDBOX_KEY

__all__ = [
    "SANDBOX_KEY",
    "Dials",
    "Fault",
    "Limits",
    "Recorded",
    "Request",
    "Response",
    "Sandbox",
    "explain",
]
