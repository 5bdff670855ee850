"""What the cases need around them: sandboxes in processes of their own, and homes that use them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")
CONFIG = {
    "meta": {"lastTouchedVersion": "2026.7.1"},
    "agents": {
        "defaults": {
            "workspace": "~/.openclaw/workspace",
            "imageGenerationModel": {"primary": "fal/fal-ai/flux/dev"},
        }
    },
    "models": {"providers": {"fal": {"baseUrl": ""}}},
}
SANDBOX_AUTHORITY = "2bad58bb.0"  # the file in which OpenSSL looks for it: a hash of its name
TLS_SERVER = """\
import json, sys
from openclaw_fal.sandbox import Sandbox
with Sandbox(tls=True) as fal:
    print(json.dumps({"url": fal.url.replace("http:", "https:"), "ca": str(fal.ca_file)}))
    sys.stdout.flush()
    sys.stdin.read()
"""


def program() -> list[str]:
    """The console script beside this Python, as users call it; the module where there is none."""
    script = shutil.which("openclaw", path=str(Path(sys.executable).parent))
    return [script] if script else [sys.executable, "-m", "openclaw_fal"]


class Server:
    """A sandbox in a process of its own, and when it answered which request."""

    def __init__(self, home: Home, argv: Sequence[str], log: bool) -> None:
        self._process = subprocess.Popen(
            argv,
            env=home.env,
            cwd=home.path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if log else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self.answers: list[tuple[float, str]] = []
        document = self._document()
        self.url = str(document["url"])
        self.ca = document.get("ca")
        if log:
            threading.Thread(target=self._listen, daemon=True).start()

    def _document(self) -> dict[str, object]:
        assert self._process.stdout is not None
        text = ""
        for line in self._process.stdout:
            text += line
            try:
                document = json.loads(text)
            except ValueError:
                continue
            assert isinstance(document, dict)
            return document
        raise RuntimeError("the sandbox did not start")

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.answers.append((time.monotonic(), line.strip()))

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate()


class Home:
    """An empty home; with `use`, one whose config leads to a server. Commands run in it."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.path = path
        self.env = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env |= {
            "HOME": str(path),
            "USERPROFILE": str(path),
            "OPENCLAW_FAL_HOME": str(path / "openclaw-fal"),
            "FAL_KEY": "sandbox",
        }

    def use(self, server: Server, authorities: str) -> Home:
        config = json.loads(json.dumps(CONFIG))
        config["models"]["providers"]["fal"]["baseUrl"] = server.url
        folder = self.path / ".openclaw"
        folder.mkdir()
        text = json.dumps(config, indent=2)
        (folder / "openclaw.json").write_text(text, encoding="utf-8")
        if server.ca:
            place = server.url.partition("://")[2]
            self._trust(Path(str(server.ca)), authorities)
            self.env["FAL_RUN_HOST"] = f"{place}/~run"
            self.env["FAL_QUEUE_RUN_HOST"] = f"{place}/~queue"
        return self

    def _trust(self, own: Path, authorities: str) -> None:
        """Trust the sandbox's certificate, in a "folder" with a file for each authority, as Linux
        systems have it; or in a "bundle" of all of them, which is what takes time to load."""
        import certifi

        text = own.read_text(encoding="utf-8")
        if authorities == "folder":
            folder = self.path / "authorities"
            folder.mkdir()
            (folder / SANDBOX_AUTHORITY).write_text(text, encoding="utf-8")
            self.env["SSL_CERT_DIR"] = str(folder)
            return
        bundle = self.path / "authorities.pem"
        world = Path(certifi.where()).read_text(encoding="utf-8")
        bundle.write_text(text + world, encoding="utf-8")
        self.env["SSL_CERT_FILE"] = str(bundle)


class Stage:
    """Servers and homes by name, made when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: dict[str, Server] = {}
        self._homes: dict[str, Home] = {}

    def server(self, dials: str = "", *, tls: bool = False, log: bool = False) -> Server:
        name = f"{dials} {tls} {log}"
        if name not in self._servers:
            home = Home(self._folder / f"server-{len(self._servers)}")
            argv = [*program(), "sandbox", "serve", "--port", "0", "--json", "--dials", dials]
            if tls:
                argv = [sys.executable, "-c", TLS_SERVER]
            elif not log:
                argv.append("--quiet")
            self._servers[name] = Server(home, argv, log)
        return self._servers[name]

    def home(self, server: Server, authorities: str = "bundle") -> Home:
        name = f"{server.url} {authorities}"
        if name not in self._homes:
            home = Home(self._folder / f"home-{len(self._homes)}")
            self._homes[name] = home.use(server, authorities)
        return self._homes[name]

    def close(self) -> None:
        for server in self._servers.values():
            server.stop()
