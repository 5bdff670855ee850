"""What must hold after a command was killed, or one of its calls failed.

- fal has taken at most one request, and what it has taken is in the journal.
- A request is given up as uncertain only if nothing was asked for after it.
- A file that has a final name is whole.
- The exit status is true: 0 only when the files are there; anything else with an error in words.
- `jobs wait` brings what can be had without another request, and a second one changes nothing.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from openclaw_fal.sandbox import Sandbox
from tests.support.program import KEY, Outcome
from tests.syscalls.scenarios import SOON, Place, Run
from tests.syscalls.tracing import Ended


def held(place: Place, ended: Ended, run: Run) -> str:
    """Check the invariants of a job; returns what has become of it. Raises AssertionError."""
    assert "Traceback" not in ended.err, ended.err
    assert ended.status != 1, f"an error without words of its own: {ended}"
    _settled(place.fal)
    assert place.fal.accepted <= 1, "fal has taken more than one request"
    _whole(place)
    if ended.status == 0:
        _brought(place.fal, Outcome(0, ended.out, ended.err))
    elif ended.status > 0:
        assert _says_why(ended), ended
    found = run("jobs", "list", "--all", "--json")
    assert found.status == 0, found.err
    if not found.json["jobs"]:
        assert place.fal.accepted == 0, "fal has taken a request that is not in the journal"
        return "no job"
    (job,) = found.json["jobs"]
    outcome = run("jobs", "wait", job["jobId"], *SOON, "--json")
    end = _recovered(place, job, outcome, ended)
    _whole(place)
    before = _everything(place, run)
    again = run("jobs", "wait", job["jobId"], *SOON, "--json")
    assert again.status == outcome.status, again.out
    assert _everything(place, run) == before, "a second recovery has changed something"
    assert place.fal.accepted <= 1
    return f"{_short(ended)}, then {end}"


def _settled(fal: Sandbox) -> None:
    """Wait until fal has acted on what a killed process had sent, if it is going to."""
    for _ in range(50):
        time.sleep(0.02)
        if all(item.status for item in fal.requests):
            return


def onboarded(place: Place, ended: Ended, run: Run) -> str:
    """Check what must hold of a key and a config that were to be stored."""
    assert "Traceback" not in ended.err, ended.err
    assert ended.status != 1, f"an error without words of its own: {ended}"
    config = place.home / ".openclaw" / "openclaw.json"
    assert isinstance(json.loads(config.read_text("utf-8")), dict), "the config is not whole"
    if ended.status == 0:
        assert _is_onboarded(place), "it says that the key is stored, and it is not"
    elif ended.status > 0:
        assert _says_why(ended), ended
    again = run("onboard", "--non-interactive", "--fal-api-key", KEY, "--json")
    assert again.status == 0, again.out + again.err
    assert _is_onboarded(place)
    return f"{_short(ended)}, then onboarded"


def _recovered(place: Place, job: dict[str, Any], outcome: Outcome, ended: Ended) -> str:
    """What `jobs wait` has brought of a job that was left in some state."""
    if outcome.status == 0:
        paths = _brought(place.fal, outcome)
        kept = {str(path) for path in place.out.iterdir() if path.name[0] != "."}
        named = {path for path in kept if path in ended.out}  # an answer that no journal took
        assert paths <= kept <= paths | named, "there is a file too many"
        left = [path.name for path in place.out.glob(".*.part") if ".openclaw-" not in path.name]
        assert left == [], "a part file was left"
        return "all files"
    assert outcome.json["error"]["message"]
    if job["state"] == "not_sent":
        assert place.fal.accepted == 0, "fal has taken a request that counts as not sent"
        return "not sent"
    assert job["state"] == "uncertain", f"{job['state']}, and not to be had: {outcome.out}"
    asked = [item for item in place.fal.requests if item.phase in ("status", "stream", "result")]
    assert not asked, "the id of a job was known, and is lost"
    if ended.status > 0 and place.fal.accepted and "its result will be at" in ended.out:
        return "uncertain, with the address of the result"
    return "uncertain"


def _brought(fal: Sandbox, outcome: Outcome) -> set[str]:
    """The paths of a success, each of which holds what fal serves."""
    outputs = outcome.json["outputs"]
    assert outputs
    for output in outputs:
        assert Path(output["path"]).read_bytes() == fal.media(output["url"]), output["path"]
    return {str(output["path"]) for output in outputs}


def _whole(place: Place) -> None:
    """Every file with a final name holds one of the files that fal serves."""
    served = {place.fal.media(item.path) for item in place.fal.requests if item.phase == "media"}
    for path in place.out.iterdir():
        if path.name[0] != "." and path.suffix != ".json":
            assert path.read_bytes() in served, f"{path.name} is not whole"


def _says_why(ended: Ended) -> bool:
    """Whether a failure is in words: as the document, or where stdout cannot be written, on
    stderr."""
    try:
        return bool(json.loads(ended.out)["error"]["message"])
    except (ValueError, KeyError):
        return "cannot be written" in ended.err or "error:" in ended.err


def _everything(place: Place, run: Run) -> tuple[object, ...]:
    """The files with their times, and the journal."""
    files = sorted((path.name, path.stat().st_mtime_ns) for path in place.out.iterdir())
    rows = run("jobs", "list", "--all", "--json").json["jobs"]
    times = ("updated", "updatedAt")
    return files, [{name: row[name] for name in row if name not in times} for row in rows]


def _is_onboarded(place: Place) -> bool:
    credentials = list(place.home.rglob("credentials.toml"))
    config = json.loads((place.home / ".openclaw" / "openclaw.json").read_text("utf-8"))
    stored = any(KEY in path.read_text("utf-8") for path in credentials)
    return stored and "auth" in config


def _short(ended: Ended) -> str:
    return "killed" if ended.status == -9 else f"exit {ended.status}"
