"""What a test needs of the system that it runs on: each mark says why the test is left out."""

from __future__ import annotations

import os
import sys

import pytest

POSIX = os.name == "posix"
ROOT = POSIX and os.geteuid() == 0


def not_on_windows(reason: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not POSIX, reason=reason)


permissions = not_on_windows("Windows has no permission bits")
links = not_on_windows("symbolic links need a right of their own on Windows")
special_files = not_on_windows("Windows has no pipes and devices among its files")
signals = not_on_windows("Windows sends no signal to a single process or thread")
limits = not_on_windows("Windows has no limits of a process")
posix_shell = not_on_windows("needs a POSIX shell")
terminals = not_on_windows("needs pseudo-terminals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, /dev/full or RLIMIT_AS")
held_back = pytest.mark.skipif(not POSIX or ROOT, reason="permissions do not hold root back")
as_root = pytest.mark.skipif(not ROOT, reason="only root can give files away")
