"""What clients asked and what they were told, in the order in which it happened.

Two lines for each call: one before it is sent, one after its answer has been read. One lock and one
monotonic clock for all clients, so the order of the lines is an order of time: of two calls, one was over
before the other began exactly if its second line comes before the other's first.

A line is nine fields between tabs, so a million calls are read in seconds and need no memory.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

Phase = Literal["begin", "ok", "failed", "unknown"]
"""The beginning of a call, or how it ended: `failed` certainly changed nothing; of one that is `unknown`
it is unknown whether it happened, will happen, or never will."""

Verb = Literal["ADD", "DEL", "LOST"]
"""LOST: the sandbox is gone and its DEL never comes, so from here on the address may be reclaimed."""

EXHAUSTED: Final = 100
"""The CNI code of "no free address"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line. `at` in nanoseconds of the monotonic clock; `pool` is the group of ranges asked for.

    `owner` and `container` name the pod and its sandbox; `addresses` and `code` are of the answer.
    """

    at: int
    call: int
    phase: Phase
    verb: Verb
    pool: str
    owner: str
    container: str
    addresses: tuple[str, ...] = ()
    code: int = 0

    def line(self) -> str:
        """As it stands in the file."""
        return (
            f"{self.at}\t{self.call}\t{self.phase}\t{self.verb}\t{self.pool}\t{self.owner}"
            f"\t{self.container}\t{','.join(self.addresses)}\t{self.code}\n"
        )


class Journal:
    """Appends events to a file. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", encoding="ascii")
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def begin(self, verb: Verb, pool: str, owner: str, container: str) -> Event:
        """Note that a call is about to be sent."""
        with self._lock:
            event = Event(
                at=time.monotonic_ns(),
                call=next(self._numbers),
                phase="begin",
                verb=verb,
                pool=pool,
                owner=owner,
                container=container,
            )
            self._file.write(event.line())
        return event

    def end(
        self, begun: Event, phase: Phase, addresses: tuple[str, ...] = (), code: int = 0
    ) -> None:
        """Note how a call ended."""
        with self._lock:
            self._file.write(
                f"{time.monotonic_ns()}\t{begun.call}\t{phase}\t{begun.verb}\t{begun.pool}"
                f"\t{begun.owner}\t{begun.container}\t{','.join(addresses)}\t{code}\n"
            )


def read(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a journal's lines; the last line of a writer that was killed may be cut off."""
    for line in lines:
        if not line.endswith("\n"):
            return
        at, call, phase, verb, pool, owner, container, addresses, code = line[:-1].split("\t")
        yield Event(
            at=int(at),
            call=int(call),
            phase=phase,  # type: ignore[arg-type] # written by us
            verb=verb,  # type: ignore[arg-type]
            pool=pool,
            owner=owner,
            container=container,
            addresses=tuple(addresses.split(",")) if addresses else (),
            code=int(code),
        )
