"""Writes bits and Exp-Golomb codes (H.264), most significant bit first."""

from __future__ import annotations


class Bits:
    """A growing string of bits."""

    def __init__(self) -> None:
        self._value = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, value: int, width: int) -> Bits:
        """Append an unsigned value in `width` bits."""
        self._value = (self._value << width) | value
        self._count += width
        return self

    def ue(self, *values: int) -> Bits:
        """Append unsigned Exp-Golomb codes (H.264 9.1)."""
        for value in values:
            width = (value + 1).bit_length()
            self.put(value + 1, 2 * width - 1)
        return self

    def align(self) -> Bits:
        """Append zeros up to the next whole byte."""
        return self.put(0, -self._count % 8)

    def trailing(self) -> Bits:
        """Append a one, and zeros up to the next whole byte (H.264 7.3.2.11)."""
        return self.put(1, 1).align()

    def to_bytes(self) -> bytes:
        """The bytes; the bits must be aligned."""
        assert self._count % 8 == 0
        return self._value.to_bytes(self._count // 8, "big")
