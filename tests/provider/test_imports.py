"""Importing the package reads nothing, and pulls in the standard library and our own modules."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

from openclaw_fal import provider

SCRIPT = """
import builtins, io, os, socket, sys
opened = []
def noting(event, args):
    if event in ("open", "socket.connect", "os.listdir", "os.putenv", "subprocess.Popen"):
        opened.append((event, str(args[0])))
class Env(dict):
    def __getitem__(self, key):
        opened.append(("environ", key))
        return super().__getitem__(key)
    def get(self, key, default=None):
        opened.append(("environ", key))
        return super().get(key, default)
before = set(sys.modules)
import openclaw_fal.media, openclaw_fal.errors, dataclasses, difflib
os.environ = Env(os.environ)
sys.addaudithook(noting)
for name in sys.argv[1:]:
    __import__(name)
print([entry for entry in opened if entry[0] != "os.listdir" and ".py" not in entry[1]])
ours = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(ours - set(sys.stdlib_module_names)))
print("openclaw_fal.provider.schemas" in sys.modules)
"""


def modules() -> list[str]:
    names = [entry.name for entry in pkgutil.iter_modules(provider.__path__)]
    assert {"plan", "schemas", "descriptions", "specs"} <= set(names)
    return [f"openclaw_fal.provider.{name}" for name in names]


def run(*names: str) -> list[str]:
    command = [sys.executable, "-B", "-c", SCRIPT, *names]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_importing_does_no_io_and_needs_no_library() -> None:
    io, foreign, _ = run(*modules())
    assert io == "[]"
    assert foreign == "['openclaw_fal']"


def test_a_plan_loads_no_schemas_until_they_are_needed() -> None:
    assert run("openclaw_fal.provider.plan")[2] == "False"
    assert run("openclaw_fal.provider.descriptions")[2] == "False"
