"""What the renderer prints where: results to stdout, the rest to stderr, each in its form."""

from __future__ import annotations

import io
import json
import sys

import pytest

from openclaw_fal.errors import CapabilityError, JobFailed, LocalError, Violation
from openclaw_fal.session import Session
from openclaw_fal.text import lower_start, safe, split_words, write_safely
from openclaw_fal.ui.render import Renderer
from openclaw_fal.ui.result import Facts, Prose, Result, Table

RESULT = Result(
    {"ok": True, "capability": "x"},
    out=("/path", Facts((("key", "value"),)), Table(("a", "b"), [("1", "2\n3")])),
    notes=("something to know",),
    closing=(Facts((("file", "x.png"),), "done", framed=True),),
)


def printed(
    capsys: pytest.CaptureFixture[str], result: Result = RESULT, **settings: bool
) -> tuple[str, str]:
    session = Session()
    for name, value in settings.items():
        setattr(session, name, value)
    Renderer(session).result(result)
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_results_go_to_stdout_and_talk_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = printed(capsys)
    assert out == "/path\nkey  value\n\nA  B\n1  2 3\n"
    assert err == "done\nfile  x.png\nnote: something to know\n"


def test_quiet_leaves_the_talk_out(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = printed(capsys, quiet=True)
    assert out.startswith("/path\n")
    assert err == ""


def test_json_is_one_document_and_notes_stay_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, err = printed(capsys, json=True)
    assert json.loads(out) == {"ok": True, "capability": "x"}
    assert err == "note: something to know\n"
    assert printed(capsys, json=True, quiet=True)[1] == ""


def test_prose_in_a_pipe_fits_the_width_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "x" * 30 + " " + "y" * 30
    assert printed(capsys, Result({}, out=(Prose(text),)))[0] == text + "\n"
    monkeypatch.setenv("COLUMNS", "40")
    assert printed(capsys, Result({}, out=(Prose(text),)))[0].splitlines() == text.split()


def test_a_failure_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    violations = (
        Violation("count", 9, "count 9: takes 1 to 4", "1 to 4", 4),
        Violation("size", "x", "size x: takes WxH"),
    )
    error = CapabilityError("model m does not take this", violations=violations, hint="see models")
    Renderer(Session()).failure(error)
    assert capsys.readouterr().err.splitlines() == [
        "error: model m does not take this",
        "  - --count 9: takes 1 to 4",
        "    closest: 4",
        "  - --size x: takes WxH",
        "hint: see models",
    ]
    Renderer(Session()).failure(JobFailed("it failed", request_id="r-1", job_id="7k2m"))
    assert capsys.readouterr().err.splitlines() == [
        "error: it failed",
        "  request  r-1",
        "  job      7k2m",
    ]


def test_a_failure_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session()
    session.capability = "config.show"
    session.json = True
    Renderer(session).failure(LocalError("Photo.png is broken", hint="Mend it"))
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out)["error"] == {
        "code": "config",
        "message": "Photo.png is broken",
        "hint": "Mend it",
    }


def test_secrets_and_control_characters_never_come_out(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session()
    session.secrets.add("a-key-that-is-secret")
    hostile = "a\x1b[2J\u202eb a-key-that-is-secret"
    result = Result(
        {"text": hostile},
        out=(hostile, Facts(((hostile, hostile),)), Table(("h",), [(hostile,)]), Prose(hostile)),
        notes=(hostile,),
        closing=(Facts((("x", hostile),), framed=True),),
    )
    for session.json in (False, True):
        Renderer(session).result(result)
        captured = capsys.readouterr()
        for text in (captured.out, captured.err):
            assert "a-key-that-is-secret" not in text
            assert "\x1b" not in text
            assert "\u202e" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The file", "the file"),
        ("A value", "a value"),
        ("OpenClaw wrote it", "OpenClaw wrote it"),
        ("FAL_KEY is empty", "FAL_KEY is empty"),
        ("Krea 2 takes none", "Krea 2 takes none"),
        ("URL is wrong", "URL is wrong"),
        ("I/O error", "I/O error"),
        ("", ""),
        ("fal answered", "fal answered"),
    ],
)
def test_messages_begin_alike(text: str, shown: str) -> None:
    assert lower_start(text) == shown


def test_keys_in_words() -> None:
    assert split_words("maxReferenceImages") == "max reference images"
    assert split_words("baseUrl") == "base url"


def test_control_characters_are_shown_as_escapes() -> None:
    assert safe("a\x1bb\x9bc\td\ne") == "a\\x1bb\\x9bc    d\ne"
    assert safe("a\nb", keep_newlines=False) == "a\\x0ab"
    assert safe("naïve 界") == "naïve 界"


def test_a_stream_that_does_not_know_every_character(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="cp1252")
    write_safely(stream, "ä → 界\n")
    stream.flush()
    assert written.getvalue().decode("cp1252").strip() == "ä \\u2192 \\u754c"
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii"))
    session = Session()
    session.json = True
    Renderer(session).result(Result({"text": "界"}))
    sys.stdout.flush()
    assert json.loads(printed.getvalue())["text"] == "界"
