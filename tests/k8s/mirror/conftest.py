"""A mirror whose rounds the test makes, on a database and a cluster of its own."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.k8s.mirror.mirror import Mirror, Pacing
from rowhouse.store.cluster.mirror import MirrorStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures.apiserver import ApiServer
    from fixtures.databases import Database
    from rowhouse.k8s.client import KubernetesClient

MAX_WAIT_SECONDS = 30.0


class Mirroring:
    """A mirror, and the cluster as it sees it."""

    def __init__(
        self, store: MirrorStore, client: KubernetesClient, kube: ApiServer, stop: threading.Event
    ) -> None:
        self.store = store
        self.client = client
        self.kube = kube
        self.stop = stop
        self.mirror = self.another()

    def another(
        self,
        *,
        overwrite: bool = False,
        window: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> Mirror:
        """As after a restart: it knows nothing. Without a window each round writes what changed before it."""
        pacing = Pacing(rate=10_000, resync=3600, window=window)
        return Mirror(
            self.store,
            self.client,
            "kube-system",
            self.stop,
            pacing,
            overwrite=overwrite,
            clock=clock,
        )

    def restart(self, *, overwrite: bool = False) -> None:
        self.mirror = self.another(overwrite=overwrite)

    def round(self) -> None:
        self.mirror.round()

    def pools(self) -> dict[str, Any]:
        """Name → allocations."""
        return {name: spec["allocations"] for name, spec in self.kube.specs("ippools").items()}

    def holders(self, pool: str) -> dict[str, str]:
        """Key → podref of an IPPool."""
        return {key: holder["podref"] for key, holder in self.pools()[pool].items()}

    def reservations(self) -> dict[str, str]:
        """Name → podref."""
        specs = self.kube.specs("overlappingrangeipreservations")
        return {name: spec["podref"] for name, spec in specs.items()}

    def until(self, condition: Callable[[], object]) -> None:
        """Rounds, until it is so."""
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "it did not come to pass"
            self.round()
            self.stop.wait(0.02)


@pytest.fixture
def mirroring(database: Database, client: KubernetesClient, kube: ApiServer) -> Iterator[Mirroring]:
    """A mirror that is on and has looked once."""
    stop = threading.Event()
    with MirrorStore(database.url, "") as store:
        assert store.is_ours()
        store.turn_on("kube-system")
        made = Mirroring(store, client, kube, stop)
        made.round()
        yield made
        stop.set()
