"""Variables of the `.env` file beside the config, as OpenClaw reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.config.variables import parse_dotenv
from tests.support.program import KEY, Openclaw, write_config


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=x", "x"),
        ("export A = x  # why", "x"),
        ("A: x", "x"),
        ("A='x # y'", "x # y"),
        ('A="x\\ny"', "x\ny"),
        ("A='x\\ny'", "x\\ny"),
        ("A=`x`\r\nB=2", "x"),
        ("A=", ""),
        ("A=1\nA=2", "2"),
        ("# A=1", None),
    ],
)
def test_lines(text: str, value: str | None) -> None:
    assert parse_dotenv(text).get("A") == value


def test_the_config_may_name_one_as_its_key(openclaw: Openclaw) -> None:
    path = write_config("http://127.0.0.1:1")
    text = '{models: {providers: {fal: {apiKey: "${MINE}"}}}}'
    path.write_text(text, encoding="utf-8")
    path.with_name(".env").write_text(f"MINE='{KEY}'\n", encoding="utf-8")
    said = openclaw("auth", "status", "--json")
    assert (said.status, KEY[-4:] in said.out, KEY in said.out) == (0, True, False)
    Path(path.with_name(".env")).unlink()
    assert KEY[-4:] not in openclaw("auth", "status", "--json").out
