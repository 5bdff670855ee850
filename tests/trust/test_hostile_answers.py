"""Numbers, texts and lists that no fal would send: they cost neither the job nor its files."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from openclaw_fal.sandbox.http1 import Request, Response
from openclaw_fal.store import paths
from tests.support.effort import effort
from tests.support.program import Openclaw
from tests.support.queueing import MP4, SOON, Hooked

LONG = 300_000
RAW = {"@digits": "7" * 5000, "@huge": "1e999", "@nan": "NaN"}
"""What stands in the JSON in the place of these texts, since `json.dumps` does not write it."""

HOSTILE: tuple[object, ...] = (
    *RAW, -1, 0, 2**53, 2**63, -(2**63) - 1, 2**64, 10**400, 1e308, 0.1, True, None, "", "\0", " ",
    "\ud800", "\x1b[2J\x1b]0;x\x07", "../../x", "x" * LONG, "\n" * 1000, [], {}, [[]] * 1000,
    [0] * LONG, [{"message": "m" * 100}] * 1000, {"a": {"b": ["c"]}}, ["x" * LONG],
    {"message": "x" * LONG, "type": 5}, "http://" + "x" * LONG, "NaN", "1e400", "-0",
)  # fmt: skip

FACTS = {
    "submit": ("status", "queue_position", "cancel_url"),
    "status": ("queue_position", "logs", "metrics", "error", "error_type", "detail"),
    "result": (
        "seed", "prompt", "timings", "has_nsfw_concepts", "description", "error", "detail",
        "content_type", "file_name", "file_size", "width", "height", "duration",
    ),
}  # fmt: skip
"""What may be anything, by the answer that it stands in: what is needed is true all the same."""

HEADERS = ("x-fal-billable-units", "x-fal-error-type", "etag", "last-modified", "retry-after")


class Liar:
    """A fal that tells the truth about where the job and its file are, and lies about the rest."""

    def __init__(self, dice: random.Random, fal: Hooked) -> None:
        self.lies: dict[str, object] = {}
        for phase, names in FACTS.items():
            for name in dice.sample(names, dice.randint(0, 3)):
                self.lies[f"{phase}.{name}"] = dice.choice(HOSTILE)
        if self.lies.get("result.has_nsfw_concepts") is True:  # which would be no lie
            del self.lies["result.has_nsfw_concepts"]
        for name in dice.sample(HEADERS, 2):
            text = str(dice.choice([value for value in HOSTILE if isinstance(value, (int, str))]))
            if text.isprintable() and text.isascii():
                self.lies[f"header.{name}"] = text[:20_000]
        self.fal = fal

    def __call__(self, request: Request) -> Response:
        base = f"{request.base}/fal-ai/minimax/requests/r-1"
        phase = self.fal.requests[-1].phase
        if phase == "media":
            return Response(200, MP4, self._headers())
        if phase == "submit":
            urls = {"status_url": f"{base}/status", "response_url": base}
            return self._answer("submit", {"request_id": "r-1", **urls})
        if phase == "status":
            return self._answer("status", {"status": "COMPLETED"})
        if phase == "result":
            return self._answer("result", {"video": {"url": f"{request.base}/files/a/b.mp4"}})
        return Response(404, b"")

    def _answer(self, phase: str, value: dict[str, Any]) -> Response:
        for name in FACTS[phase]:
            if (lie := self.lies.get(f"{phase}.{name}", self)) is not self:
                value[name] = lie
                if phase == "result":
                    value["video"][name] = lie
        text = json.dumps(value)
        for mark, raw in RAW.items():
            text = text.replace(f'"{mark}"', raw)
        return Response(200, text.encode(), self._headers())

    def _headers(self) -> list[tuple[str, str]]:
        lies = self.lies.items()
        return [(name[7:], str(lie)) for name, lie in lies if name.startswith("header.")]


def check(openclaw: Openclaw, fal: Hooked, seed: int) -> None:
    """A job with four lies or so ends in a file, and in rows and tables of a bounded size."""
    fal.answer = liar = Liar(random.Random(seed), fal)
    shown = {name: repr(lie)[:80] for name, lie in liar.lies.items()}
    outcome = openclaw(
        "video", "p", "-o", f"{seed}-{{seed}}", *SOON, "--timeout-ms", "20000", "--json"
    )
    assert outcome.status == 0, (seed, shown, outcome.out[:2000])
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]).read_bytes() == MP4
    for argv in (
        ["jobs", "list"],
        ["jobs", "list", "--json"],
        ["jobs", "show", outcome.json["jobId"], "--json"],
    ):
        listed = openclaw(*argv)
        assert listed.status == 0, (seed, shown, listed.err)
        assert len(listed.out) < 60_000, (seed, shown)
        assert "\x1b" not in listed.out
    assert len(fal.posts()) == 1


def test_lies_beside_the_result_cost_nothing(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    first = random.randrange(10**6)
    for seed in range(first, first + effort(4, 1_000)):
        check(openclaw, fal, seed)
        paths.jobs_path().unlink()
        fal.clear()
