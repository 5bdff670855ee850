"""A cache of endpoint prices: a small SQLite file in the user's cache folder.

A price is stored with the platform API that it came from: a sandbox's price is never used for fal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.money.amount import Money, parse_decimal, product
from openclaw_fal.money.units import Unit, parse_unit

if TYPE_CHECKING:
    import sqlite3
    from decimal import Decimal

BUSY_S = 5.0

_TABLE = """
    CREATE TABLE IF NOT EXISTS prices (
        api TEXT NOT NULL,
        endpoint_id TEXT NOT NULL,
        unit_price TEXT NOT NULL,
        unit TEXT NOT NULL,
        currency TEXT NOT NULL,
        fetched_at REAL NOT NULL,
        PRIMARY KEY (api, endpoint_id)
    ) WITHOUT ROWID
"""


class Price(Frozen):
    """The price of one unit at an endpoint.

    `unit_price` is a decimal text, because prices per character or token are below a millionth.
    `unit` is fal's free text; `fetched_at` is in seconds since 1970.
    """

    endpoint_id: str
    unit_price: str
    unit: str
    currency: str = "USD"
    fetched_at: float = 0.0

    @property
    def meaning(self) -> Unit | None:
        """The meaning of the unit; None if the number of units does not follow from a request."""
        return parse_unit(self.unit)

    def cost_of(self, units: Decimal) -> Money | None:
        """The cost of this many units; None if the price or the sum is out of range, or if fal's
        figures for the unit are not reliable (see `units`)."""
        price = parse_decimal(self.unit_price)
        if price is None or self.meaning is None:
            return None
        return product(units, price, self.currency)

    def __str__(self) -> str:
        sign = "$" if self.currency == "USD" else ""
        code = "" if sign else f" {self.currency}"
        return f"{sign}{self.unit_price}{code} per {singular(self.unit)}"


def parse_price(
    endpoint_id: str, unit_price: object, unit: object, currency: object, now: float
) -> Price | None:
    """A price from the answer of fal's pricing endpoint; None if it is invalid."""
    price = parse_decimal(unit_price)
    if price is None or not isinstance(unit, str) or not unit.strip():
        return None
    code = currency.upper() if isinstance(currency, str) else "USD"
    if not re.fullmatch("[A-Z]{3}", code):
        return None
    return Price(endpoint_id, format(price, "f"), unit.strip()[:80], code, now)


class PriceCache:
    """The prices in the file `path` that come from the platform API at `api` (its base URL).

    A cache that cannot be read counts as empty: prices can be fetched again.
    """

    def __init__(self, path: Path, api: str) -> None:
        self.path, self.api = path, api

    def get(self, endpoint_id: str) -> Price | None:
        """The price of one endpoint, if it is known."""
        return self.get_many([endpoint_id]).get(endpoint_id)

    def get_many(self, endpoint_ids: Iterable[str]) -> dict[str, Price]:
        """The known prices among these endpoints."""
        wanted = set(endpoint_ids)
        known = self.all() if len(wanted) > 1 else self._read(wanted)
        return {name: price for name, price in known.items() if name in wanted}

    def all(self) -> dict[str, Price]:
        """Every known price, by endpoint id."""
        return self._read(None)

    def store(self, prices: Sequence[Price]) -> None:
        """Stores these prices; those of other endpoints stay. A damaged cache is replaced."""
        import sqlite3

        try:
            try:
                self._write(prices)
            except sqlite3.DatabaseError as failure:
                if isinstance(failure, sqlite3.OperationalError):
                    raise
                self.path.unlink()
                self._write(prices)
        except (OSError, sqlite3.Error) as failure:
            raise LocalError(
                f"the prices cannot be stored in {self.path}: {failure}",
                hint="make the folder writable, or set OPENCLAW_FAL_HOME to a writable folder",
            ) from failure

    def _write(self, prices: Sequence[Price]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            (self.api, each.endpoint_id, each.unit_price, each.unit, each.currency, each.fetched_at)
            for each in prices
        ]
        with _opened(self.path) as db, db:
            db.execute(_TABLE)
            db.executemany("INSERT OR REPLACE INTO prices VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _read(self, wanted: set[str] | None) -> dict[str, Price]:
        prices: dict[str, Price] = {}
        if not self.path.exists():
            return prices
        import sqlite3

        query = "SELECT endpoint_id, unit_price, unit, currency, fetched_at FROM prices"
        query += " WHERE api = ?" if wanted is None else " WHERE api = ? AND endpoint_id = ?"
        with suppress(sqlite3.Error), _opened(self.path) as db:
            for values in [()] if wanted is None else [(name,) for name in wanted]:
                for row in db.execute(query, (self.api, *values)):
                    prices[row[0]] = Price(*row)
        return prices


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    import sqlite3

    with closing(sqlite3.connect(path, timeout=BUSY_S)) as db:
        yield db


def singular(unit: str) -> str:
    return unit if unit[:1].isdigit() else re.sub(r"s$", "", unit)
