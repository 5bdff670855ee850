"""Writing the config file from several runs, killed runs, and runs that may not write much."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from openclaw_fal.json5.read import loads
from tests.support.folders import names
from tests.support.program import python
from tests.support.systems import limits, signals

TEXT = "{\r\n  // mine\r\n  a: 1,\r\n  apiKey: 'abc',\r\n}\r\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "openclaw.json"
    path.write_bytes(TEXT.encode())
    return path


def run(script: str, *args: object) -> str:
    """What a process prints that ends well."""
    with python(textwrap.dedent(script), *args) as process:
        out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return out.decode()


@limits
@pytest.mark.parametrize("large", ["old", "new"])
def test_content_that_does_not_fit_leaves_the_old_file(file: Path, large: str) -> None:
    script = """
        import resource, sys
        from pathlib import Path
        from openclaw_fal.errors import LocalError
        from openclaw_fal.config.edit import edit_config
        from openclaw_fal.config.rules import Set
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            edit_config(Path(sys.argv[1]), [Set("long", "x" * int(sys.argv[2]))], force=True)
        except LocalError as error:
            print(error.message)
    """
    old = TEXT.replace("a: 1", "long: '" + "y" * 10_000 + "'") if large == "old" else TEXT
    file.write_bytes(old.encode())
    assert "cannot write" in run(script, file, 10_000 if large == "new" else 1)
    assert file.read_bytes() == old.encode()
    assert names(file.parent) == ["openclaw.json"]


EIGHT = """
    import sys
    from pathlib import Path
    from openclaw_fal.config.edit import edit_config
    from openclaw_fal.config.rules import Set
    number = sys.argv[2]
    sys.stdin.readline()
    for turn in range(4):
        edit_config(Path(sys.argv[1]), [Set(f"k{number}.t{turn}", int(number))], force=True)
"""


def test_eight_processes_at_once(file: Path) -> None:
    runs = [python(textwrap.dedent(EIGHT), file, number, talks=True) for number in range(8)]
    for process in runs:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in runs:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    expected = {f"k{n}": {f"t{turn}": n for turn in range(4)} for n in range(8)}
    text = file.read_bytes().decode()
    assert loads(text) == {"a": 1, "apiKey": "abc", **expected}
    assert "// mine\r\n" in text
    assert names(file.parent) == ["openclaw.json", "openclaw.json.bak"]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from openclaw_fal.config.edit import edit_config
    from openclaw_fal.config.rules import Set
    import filelock  # not in each child
    path, old, new = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    seen = set()
    for moment in range(400):
        path.write_text(old, encoding="utf-8")
        child = os.fork()
        if not child:
            count = -1
            def hook(event, args):
                global count
                if count < 0:
                    return
                if event == "open" or event.startswith("os."):
                    count += 1
                    if count > moment:
                        count = -1
                        os.kill(os.getpid(), signal.SIGKILL)
            sys.addaudithook(hook)
            count = 0
            edit_config(path, [Set("b", "y" * 5000)], force=True)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        found = path.read_text(encoding="utf-8")
        assert found in (old, new), found[:50]
        backup = path.with_name(path.name + ".bak")
        assert not backup.exists() or backup.read_text(encoding="utf-8") == old
        seen.add(found == new)
        for left in path.parent.iterdir():
            if left.name.endswith(".tmp"):
                assert left.stat().st_mode & 0o077 == 0
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0 and found == new
            print("moments", moment, sorted(seen))
            break
    else:
        raise AssertionError("the edit never came to its end")
"""


@signals
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_file(file: Path) -> None:
    """A child is killed before its first, second, third … call that opens or changes a file."""
    old = "{\n  a: 1,\n  pad: '" + "x" * 5000 + "',\n}\n"
    new = old.replace("}", "  b: '" + "y" * 5000 + "',\n}")
    file.chmod(0o600)
    words = run(KILLED, file, old, new).split()
    assert int(words[1]) >= 12
    assert words[2:] == ["[False,", "True]"]
