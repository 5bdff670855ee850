"""The canary: a key that the runs of the program get, and a watch for where it turns up again.

Every captured output goes through `WATCH`, and a test that runs last searches all files that the
tests have left. The key may be in the credentials file, and in a config that holds it as `apiKey`.
"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

KEY = "canary-key-id:canary-key-secret-0123456789"
SECRET = KEY.partition(":")[2]

_CHUNK = 4 * 1024 * 1024
_ESCAPE = re.compile(rb"\\u00([2-7][0-9a-fA-F])|\\([\"\\/])")
_API_KEY = re.compile(rf"(apiKey\"?'?\s*:\s*)[\"']{re.escape(KEY)}[\"']".encode())
_CONFIG = re.compile(r"openclaw\.json5?(\.bak)?")


def _base64_forms(data: bytes) -> Iterator[bytes]:
    """What stands in base64 for `data`, wherever in the encoded bytes it begins."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        yield encoded[(0, 2, 3)[before] : -4]


FORMS: dict[str, bytes] = {
    "as it is": KEY.encode(),
    "its secret half": SECRET.encode(),
    "percent-encoded": quote(KEY, safe="").encode(),
    "in hexadecimal": KEY.encode().hex().encode(),
    "in UTF-16": KEY.encode("utf-16-le"),
    "backwards": KEY[::-1].encode(),
    **{f"in base64 ({i})": form for i, form in enumerate(_base64_forms(KEY.encode()))},
    **{f"half in base64 ({i})": form for i, form in enumerate(_base64_forms(SECRET.encode()))},
}
LONGEST = max(map(len, FORMS.values()))
_CLEAN: set[int] = set()  # hashes of data without a trace: most files of tests are alike


def traces(data: bytes) -> list[str]:
    """The forms in which the key stands in `data`."""
    if hash(data) in _CLEAN:
        return []
    found = [name for name, form in FORMS.items() if form in data]
    if b"\\" in data and not found:
        plain, escapes = _ESCAPE.subn(lambda m: bytes([int(m[1], 16)]) if m[1] else m[2], data)
        if escapes:
            found = [f"{name}, in JSON escapes" for name, form in FORMS.items() if form in plain]
    if not found:
        _CLEAN.add(hash(data))
    return found


def traces_in_file(path: Path) -> list[str]:
    """The same for a file, read piece by piece."""
    if path.name in ("credentials.toml", "keyring.json"):  # the file, and the keyring, of a test
        return []
    if _CONFIG.fullmatch(path.name) and path.stat().st_size < _CHUNK:
        return traces(_API_KEY.sub(rb"\1null", path.read_bytes()))
    found: dict[str, None] = {}
    rest = b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            found.update(dict.fromkeys(traces(rest + piece)))
            rest = piece[-LONGEST * 6 :]
    return list(found)


def traces_in_folder(folder: Path) -> tuple[list[str], int]:
    """Every file, name and link below `folder` that holds the key, and how many were looked at."""
    found, count = [], 0
    for path in sorted(folder.rglob("*")):
        if form := traces(str(path.relative_to(folder)).encode("utf-8", "surrogateescape")):
            found.append(f"the name {path}: {', '.join(form)}")
        if path.is_symlink() or not path.is_file():
            continue
        count += 1
        if form := traces_in_file(path):
            found.append(f"{path}: {', '.join(form)}")
    return found, count


class Watch:
    """What was seen of the outputs, and the traces of the key in them."""

    def __init__(self) -> None:
        self.outputs = 0
        self.found: list[str] = []
        self._running = 0

    def seen(self, source: str, *texts: str | bytes) -> None:
        """Look at the captured output of one run."""
        for text in texts:
            data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
            self.outputs += 1
            if form := traces(data):
                self.found.append(f"{source}: {', '.join(form)}: {data[:2000]!r}")

    @contextmanager
    def children(self, source: str) -> Iterator[None]:
        """While the block runs, look at the arguments of every process that is started."""
        _install_hook()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def started(self, event: str, args: tuple[object, ...]) -> None:
        if self._running and (form := traces(repr(args[:2]).encode())):
            self.found.append(f"the arguments of a child process ({event}): {', '.join(form)}")


WATCH = Watch()
_STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile")
_hooked = False


def _install_hook() -> None:
    global _hooked
    if not _hooked:
        _hooked = True
        sys.addaudithook(
            lambda event, args: WATCH.started(event, args) if event in _STARTS else None
        )
