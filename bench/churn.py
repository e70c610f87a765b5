"""Pods come and go in a pool that is nearly full; IPv4, IPv6, both at once."""

from __future__ import annotations

import random
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.database import fresh, server
from bench.http_load import load, paced
from bench.report import Measured
from bench.service import latency, requests, served, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROUNDS = 3
SECONDS = 3
CONNECTIONS = 32
FILL = 0.95
ADDRESSES = 2046
SEED = 20240517
EMPTY = {
    "IPv4": ("10.0.0.0/8",),
    "IPv6": ("fd00::/64",),
    "dual-stack": ("10.0.0.0/8", "fd00::/64"),
}
NEARLY_FULL = {
    "IPv4": ("10.9.0.0/21",),
    "IPv6": ("fd00:9::/117",),
    "dual-stack": ("10.9.0.0/21", "fd00:9::/117"),
}


class Churn:
    """The calls of a node whose pods come and go: ADD 45, DEL 45, CHECK 10 of a hundred."""

    def __init__(self, cidrs: Sequence[str]) -> None:
        self._call = partial(requests, name="churn", cidrs=cidrs, pods="churn")
        self.add, self._delete = self._call("ADD"), self._call("DEL")
        self.pods = int(ADDRESSES * FILL)
        self._next = self.pods
        self._adding: dict[bytes, int] = {}
        self._results: dict[int, bytes] = {}
        self._random = random.Random(SEED)  # noqa: S311 - the same calls in every run

    def fill(self, number: int) -> bytes:
        """The ADD of one of the pods that are there before the churn."""
        return self._remembered(number)

    def __call__(self, _number: int) -> bytes:
        """The next call. Only pods whose ADD was answered are deleted or checked."""
        kind = self._random.choices("adc", (45, 45, 10))[0]
        if kind == "c":
            newest = next(reversed(self._results))
            return self._call("CHECK", previous=self._results[newest])(newest)
        if kind == "a" and len(self._results) + len(self._adding) < self.pods + CONNECTIONS:
            self._next += 1
            return self._remembered(self._next)
        oldest = next(iter(self._results))
        del self._results[oldest]
        return self._delete(oldest)

    def answered(self, request: bytes, answer: bytes) -> None:
        """Keep the result of an ADD: a CHECK brings it along."""
        if (pod := self._adding.pop(request, None)) is not None:
            self._results[pod] = answer.partition(b"\r\n\r\n")[2]

    def _remembered(self, pod: int) -> bytes:
        request = self.add(pod)
        self._adding[request] = pod
        return request


def run() -> Iterator[Measured]:
    """Plain ADDs into an empty pool, then the churn in a pool that stays 95 % full."""
    with tempfile.TemporaryDirectory() as folder:
        for family, cidrs in EMPTY.items():
            with server() as postgres:
                database = fresh(postgres)
                with serving(Path(folder), database.conninfo) as url:
                    adds = partial(requests, cidrs=cidrs)
                    load(url, adds(), connections=CONNECTIONS, seconds=1)  # warm
                    yield from _measured(f"ADD, {family}", url, adds)
                    churn = Churn(NEARLY_FULL[family])
                    served(
                        paced(
                            url,
                            churn.fill,
                            rate=churn.pods / 10,
                            connections=CONNECTIONS,
                            seconds=10,
                            on_answer=churn.answered,
                        )
                    )
                    yield from _measured(
                        f"ADD 45, DEL 45, CHECK 10 at {FILL:.0%} fill, {family}",
                        url,
                        lambda churn=churn: churn,  # type: ignore[misc]
                        churn.answered,
                    )


def _measured(
    what: str,
    url: str,
    calls: Callable[[], Callable[[int], bytes]],
    on_answer: Callable[[bytes, bytes], None] | None = None,
) -> Iterator[Measured]:
    answered = [
        served(load(url, calls(), connections=CONNECTIONS, seconds=SECONDS, on_answer=on_answer))
        for _ in range(ROUNDS)
    ]
    yield Measured(
        part="churn",
        what=f"{what}, {CONNECTIONS} connections",
        unit="/s",
        runs=tuple(one.rate for one in answered),
    )
    yield latency("  its p99", answered)
