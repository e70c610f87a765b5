"""Choices that are read from bytes: Hypothesis draws and shrinks the bytes, the grammar is Python.

To draw each choice from Hypothesis would cost more than the call that is tested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")

ODD: tuple[Any, ...] = (
    "",
    "x",
    None,
    True,
    False,
    0,
    -1,
    2**63,
    2**64,
    1.5,
    1e308,
    [],
    {},
    ["x"],
    {"a": [None]},
)
ODD_ONE_IN = 25


class Dice:
    """Bytes, read one after the other; after the last one every choice is the first."""

    def __init__(self, entropy: bytes) -> None:
        self._entropy = entropy
        self._next = 0

    def number(self, below: int) -> int:
        """A number from 0 to `below` less 1."""
        size = 1 if below <= 256 else 2
        piece = self._entropy[self._next : self._next + size]
        self._next += size
        return int.from_bytes(piece, "big") % below

    def one_in(self, number: int) -> bool:
        """Rarely true; never once the bytes are used up."""
        return self.number(number) == number - 1

    def of(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.number(len(items))]

    def mostly(self, good: Sequence[Item], odd: Sequence[Item], *, one_in: int) -> Item:
        """A good one, and once in a while an odd one."""
        return self.of(odd) if self.one_in(one_in) else self.of(good)

    def rest(self) -> bytes:
        """The bytes that are left."""
        return self._entropy[self._next :]

    def listed(self, make: Callable[[Dice], Item], *, at_most: int = 2) -> list[Item]:
        """Some of what `make` makes."""
        return [make(self) for _ in range(self.number(at_most + 1))]

    def some(self, keys: dict[str, Callable[[Dice], Any]], *, at_most: int) -> dict[str, Any]:
        """Some of the keys with a value; rarely the value is any JSON."""
        names = list(keys)
        found = {}
        for _ in range(self.number(at_most + 1)):
            name = self.of(names)
            found[name] = self.of(ODD) if self.one_in(ODD_ONE_IN) else keys[name](self)
        return found
