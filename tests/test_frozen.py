"""The base of the frozen values."""

from __future__ import annotations

import inspect
import pydoc
from typing import TYPE_CHECKING, ClassVar

import pytest

from openclaw_fal.frozen import Frozen
from openclaw_fal.media import ImageRequest

if TYPE_CHECKING:
    from decimal import Decimal


class Point(Frozen):
    """Two coordinates and a name."""

    x: int
    y: int = 0
    name: str | None = None
    origin: ClassVar[str] = "left"

    def moved(self, by: int) -> Point:
        return Point(self.x + by, self.y, self.name)


class Solid(Point):
    z: int = 0


class Named(Frozen, kw_only=True):
    title: str = ""
    number: int


class Numbered(Named, kw_only=True):
    page: int


def test_fields_are_given_by_place_or_name_and_have_defaults() -> None:
    point = Point(1, name="a")

    assert (point.x, point.y, point.name) == (1, 0, "a")
    assert point.as_dict() == {"x": 1, "y": 0, "name": "a"}
    assert point.moved(2) == Point(3, name="a")
    assert Point.fields() == ("x", "y", "name")


def test_a_subclass_adds_fields() -> None:
    assert Solid.fields() == ("x", "y", "name", "z")
    assert Solid(1, z=3).as_dict() == {"x": 1, "y": 0, "name": None, "z": 3}


def test_with_kw_only_fields_come_in_any_order() -> None:
    assert Numbered(page=3, number=1).as_dict() == {"title": "", "number": 1, "page": 3}
    with pytest.raises(TypeError, match="positional"):
        Named("a")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("places", "names", "reason"),
    [
        ((), {}, "needs x"),
        ((1, 2, "a", 4), {}, "positional"),
        ((1,), {"x": 2}, "x twice"),
        ((1,), {"w": 2}, "no field w"),
        ((1,), {"origin": "right"}, "no field origin"),
    ],
)
def test_wrong_fields_are_a_type_error(
    places: tuple[object, ...], names: dict[str, object], reason: str
) -> None:
    with pytest.raises(TypeError, match=reason):
        Point(*places, **names)  # type: ignore[arg-type]


def test_nothing_can_be_changed() -> None:
    point = Point(1)

    with pytest.raises(AttributeError, match="Point is frozen"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="Point is frozen"):
        del point.x
    with pytest.raises(AttributeError, match="Point is frozen"):
        point.w = 2  # type: ignore[attr-defined]
    assert point == Point(1)


def test_values_with_equal_fields_are_equal_and_hash_alike() -> None:
    assert Point(1) == Point(1, 0, None)
    assert hash(Point(1)) == hash(Point(x=1, y=0))
    assert Point(1) != Point(2)
    assert Point(1) != Solid(1)
    assert Point(1) != (1, 0, None)
    assert len({Point(1), Point(1), Point(2)}) == 2


def test_a_value_shows_its_fields() -> None:
    assert repr(Point(1, name="a")) == "Point(x=1, y=0, name='a')"


class Priced(Frozen):
    amount: Decimal
    currency: str = "USD"


def test_the_signature_shows_the_fields_with_their_types_and_defaults() -> None:
    assert str(inspect.signature(Solid)) == (
        "(x: int, y: int = 0, name: str | None = None, z: int = 0)"
    )
    assert str(inspect.signature(Numbered)) == "(*, title: str = '', number: int, page: int)"
    assert str(inspect.signature(Priced)) == "(amount: 'Decimal', currency: 'str' = 'USD')"
    assert list(inspect.signature(ImageRequest).parameters) == list(ImageRequest.fields())


def test_help_shows_the_fields() -> None:
    text = pydoc.plain(pydoc.render_doc(ImageRequest))

    assert "ImageRequest(model: str, prompt: str, count: int | None = None" in text


def test_a_changed_copy() -> None:
    assert Point(1, name="a").replaced(x=2) == Point(2, name="a")
    with pytest.raises(TypeError, match="no field w; it has x, y, name"):
        Point(1).replaced(w=2)
