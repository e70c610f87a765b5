"""Bugs that other systems had, put back: the checker must find each of them.

Nothing in the product knows of them. They are clients and reconcilers of their own, or a stored function
that is changed in the database of one test.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, LiteralString

import psycopg

from faults.callers import INTERFACE, Answer, OnDatabase
from rowhouse.domain.errors import RowhouseError
from rowhouse.domain.liveness import ClusterView, Pod, judge
from rowhouse.domain.requests import Owner
from rowhouse.ipam.attach import attach
from rowhouse.ipam.reconcile import Finding, Pass, Reconciler
from rowhouse.store.cluster import sandboxes
from rowhouse.store.connection.data_source import resolve

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from faults.pools import Pool
    from rowhouse.store.connection.database import Database


SENDS_LATE = """
from rowhouse_node.agent.call import PluginCall
PluginCall.is_wanted = lambda self: True
"""
"""An agent that sends what it has, though its plugin gave up and went its own way."""


class ReleasesByPodName(OnDatabase):
    """whereabouts 176: a DEL frees what the pod's name holds, though the name has come back meanwhile."""

    def delete(self, pool: Pool, pod: str, container: str) -> Answer:
        """DEL, by name."""
        with psycopg.connect(resolve(self._store.source), autocommit=True) as connection:
            connection.execute(
                "DELETE FROM rowhouse.reservations WHERE owner_namespace = %s AND owner_name = %s",
                (pool.name, pod),
            )
        return super().delete(pool, pod, container)


class ReleasesWithOthersLeft(OnDatabase):
    """kubevirt 13709: a migration's old sandbox goes, and with it the address of the new one."""

    def delete(self, pool: Pool, pod: str, container: str) -> Answer:
        """DEL of the whole reservation, even if others use it."""
        with psycopg.connect(resolve(self._store.source), autocommit=True) as connection:
            connection.execute(
                "DELETE FROM rowhouse.reservations r USING rowhouse.attachments a"
                " WHERE a.container_id = %s AND (a.network_id, a.address) = (r.network_id, r.address)",
                (container,),
            )
        return super().delete(pool, pod, container)


class Remembers(OnDatabase):
    """kube-ovn 4304: what a pod had is known from memory, and the store is not asked again."""

    def __init__(self, store: Database, node: str) -> None:
        super().__init__(store, node)
        self._known: dict[tuple[str, str], Answer] = {}

    def add(self, pool: Pool, pod: str, container: str) -> Answer:
        """ADD, from memory if that has it."""
        answer = self._known.get((pool.name, pod)) or super().add(pool, pod, container)
        if answer.phase == "ok":
            self._known[pool.name, pod] = answer
        return answer


class OneRangeAfterTheOther(OnDatabase):
    """spiderpool 412: the ranges of a call are taken one by one, and what was taken stays if one is full."""

    def add(self, pool: Pool, pod: str, container: str) -> Answer:
        """ADD, a transaction for each range."""
        owner = Owner(cluster="", namespace=pool.name, name=pod, interface=INTERFACE)
        addresses: list[str] = []
        try:
            for wanted in pool.requests():
                [given] = attach(self._store, owner, self._sandbox(container), [wanted])
                addresses.append(given.address)
        except RowhouseError as error:
            return Answer(phase="failed", code=error.cni_code)
        return Answer(phase="ok", addresses=tuple(addresses))


FULL_AFTER_SKIPPING: tuple[tuple[LiteralString, str, str], ...] = (
    # Where the allocator waits for what it has skipped, it does not.
    ("rowhouse.claim_addresses(integer,inet[],inet[],integer)", "FOR UPDATE OF f;", "FOR UPDATE OF f SKIP LOCKED;"),
    ("rowhouse.claim_addresses(integer,inet[],inet[],integer)", "AND NOT has_free(wanted_network, firsts, lasts)", ""),
    ("rowhouse.await_due(integer,inet[],inet[])", "IF NOT free_or_due(wanted_network, firsts, lasts)", "IF true"),
)  # fmt: skip
"""FreeRADIUS 3544: "full" is said after a look that skipped locked rows."""


def change(dba: psycopg.Connection[TupleRow], changes: tuple[tuple[str, str, str], ...]) -> None:
    """Change stored functions of one database: in each function one text for another."""
    for function, old, new in changes:
        row = dba.execute("SELECT pg_get_functiondef(%s::regprocedure)", (function,)).fetchone()
        assert row is not None
        definition: str = row[0]
        assert old in definition, f"{function} has changed: {old!r} is not in it any more"
        dba.execute(definition.replace(old, new).encode())


EXPIRED: LiteralString = """
DELETE FROM rowhouse.reservations WHERE (network_id, address) IN (
    SELECT network_id, address FROM rowhouse.reservations ORDER BY reserved_at LIMIT 3)
"""
"""infra-controller 2916: a lease is over by the clock alone, though its address is in use."""


class Pods:
    """The pods of a cluster as its API tells of them; each is there before its ADD and gone with its DEL."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._sandboxes: dict[tuple[str, str], set[str]] = {}
        self._viewed: set[tuple[str, str]] = set()
        self._new = 0

    def begin(self, namespace: str, name: str, container: str) -> None:
        """A sandbox of a pod is being made."""
        with self._lock:
            self._sandboxes.setdefault((namespace, name), set()).add(container)

    def started(self, namespace: str, name: str) -> None:
        """A sandbox of a pod has its addresses."""
        with self._lock:
            if (namespace, name) not in self._viewed:
                self._new += 1
                self._lock.notify_all()

    def wait_for_new_pod(self, seconds: float) -> None:
        """Returns when a pod that the last view does not show has got its addresses, or after `seconds`."""
        with self._lock:
            before = self._new
            self._lock.wait_for(lambda: self._new > before, seconds)

    def end(self, namespace: str, name: str, container: str) -> None:
        """A sandbox of a pod is gone, and with the last one the pod."""
        with self._lock:
            containers = self._sandboxes.get((namespace, name), set())
            containers.discard(container)
            if not containers:
                self._sandboxes.pop((namespace, name), None)

    def view(self) -> ClusterView:
        """All pods now, and one that never goes: an empty list would be no list."""
        view = ClusterView()
        view.add(Pod(namespace="kube-system", name="dns", uids=("dns",), phase="Running"))
        with self._lock:
            self._viewed = set(self._sandboxes)
            for namespace, name in self._sandboxes:
                uid = f"{namespace}/{name}"
                view.add(Pod(namespace=namespace, name=name, uids=(uid,), phase="Running"))
        return view

    def view_of(self, _namespace: str, _pod: str, _nodes: set[str]) -> ClusterView:
        """As `view`."""
        return self.view()


class Watched(OnDatabase):
    """A client whose pods a cluster knows."""

    def __init__(self, store: Database, node: str, pods: Pods) -> None:
        super().__init__(store, node)
        self._pods = pods

    def add(self, pool: Pool, pod: str, container: str) -> Answer:
        """ADD of a pod that is there."""
        self._pods.begin(pool.name, pod, container)
        answer = super().add(pool, pod, container)
        if answer.phase == "ok":
            self._pods.started(pool.name, pod)
        return answer

    def delete(self, pool: Pool, pod: str, container: str) -> Answer:
        """DEL, when the pod is gone."""
        self._pods.end(pool.name, pod, container)
        return super().delete(pool, pod, container)


class ListsPodsFirst(Reconciler):
    """whereabouts 162 and 207: pods are listed before the addresses, and one look is enough."""

    def look(self) -> Pass:
        """Releases each sandbox that starts between the two lists; one does, however fast or slow the machine is."""
        assert isinstance(self._pods, Pods)
        view = self._pods.view()
        self._pods.wait_for_new_pod(10.0)
        found = Pass()
        for held in list(sandboxes.held_sandboxes(self._session, self._cluster)):
            verdict = judge(held, view, grace=0.0)
            if verdict.gone:
                finding = Finding(held=held, verdict=verdict, second_look=True)
                found.findings.append(self._release(finding))
        return found
