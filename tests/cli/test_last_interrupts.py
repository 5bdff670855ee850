"""A stop signal that comes when the result is printed already: the exit status agrees with it."""

from __future__ import annotations

import json

import pytest

from tests.support.program import python
from tests.support.queueing import ended
from tests.support.systems import signals

pytestmark = signals

CODE = """
import atexit, os, signal, sys
from openclaw_fal import __main__ as program
from openclaw_fal.ui.render import Renderer

moment, name = sys.argv[1:]
sys.argv[1:] = ["config", "file", "--json"]

def stop():
    os.kill(os.getpid(), getattr(signal, name))

def patch(owner, attribute):
    original = getattr(owner, attribute)
    def patched(*arguments, **named):
        if moment == "before":
            stop()
        value = original(*arguments, **named)
        stop()
        if moment == "twice":
            stop()
        return value
    setattr(owner, attribute, patched)

if moment == "exit":
    atexit.register(stop)
elif moment == "twice":
    patch(program, "_print_result")
elif moment == "end":
    patch(program, "_main")
else:
    patch(Renderer, "result")
program.run()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("moment", ["before", "printed", "twice", "end", "exit"])
def test_the_status_agrees_with_the_document(moment: str, name: str) -> None:
    status, out, err = ended(python(CODE, moment, name))
    assert json.loads(out)["ok"] is True
    assert (status, err) == (0, "note: there is no such file yet\n")
