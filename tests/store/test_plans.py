"""However large the tables, one call touches a few pages and a few rows.

Counted by PostgreSQL itself for the transaction under way: pages (of tables and indexes) that were
looked at, and rows and index entries that were read. With no statistics at all, and with fresh ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, LiteralString, cast

import psycopg
import pytest

from fixtures.pods import subnet
from rowhouse.domain.requests import LastingOwner, Owner, Sandbox
from rowhouse.store.allocation import allocator
from rowhouse.store.connection.combining import CombiningQueue
from rowhouse.store.connection.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg.rows import TupleRow

    from rowhouse.domain.requests import RangeRequest
    from rowhouse.store.connection.database import Database as Store
    from rowhouse.store.connection.database import Parameters

    Session = psycopg.Connection[TupleRow]

COST = """
SELECT sum(pg_stat_get_xact_blocks_fetched(oid)), sum(pg_stat_get_xact_tuples_returned(oid)),
       sum(pg_stat_get_xact_numscans(oid)) FILTER (WHERE relkind = 'r' AND relname IN
           ('reservations', 'attachments', 'tenures', 'free_ranges', 'pools', 'node_slices'))
  FROM pg_class WHERE relnamespace = 'rowhouse'::regnamespace AND relkind IN ('r', 'i')
"""


@dataclass(frozen=True)
class Cost:
    """What a call touched."""

    pages: int
    rows: int
    whole_tables: int


class Client:
    """Stands where the server's connection pool would: all calls in one session, each undone."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def call(self, query: LiteralString, parameters: Parameters = ()) -> list[TupleRow]:
        return self.session.execute(query, parameters).fetchall()

    def call_waiting(self, query: LiteralString, parameters: dict[str, Any]) -> list[TupleRow]:
        return self.call(query, {**parameters, "max_wait": 3000})

    def queue(
        self, _kind: str, one: Callable[[Any], Any], many: Callable[[Any], Any]
    ) -> CombiningQueue[Any, Any]:
        return CombiningQueue(one, many)

    @property
    def store(self) -> Store:
        return cast("Store", self)

    def cost(self, work: Callable[[], object]) -> Cost:
        """The larger cost of two: with no statistics, and with fresh ones."""
        self.session.execute("SET default_statistics_target = 1")
        with self.session.transaction(force_rollback=True):
            bare = self._cost(work)
            self.session.execute("ANALYZE")
            analysed = self._cost(work)
        return max(bare, analysed, key=lambda cost: (cost.whole_tables, cost.pages))

    def _cost(self, work: Callable[[], object]) -> Cost:
        self._undone(work)  # plans are made, the catalogue is read
        before = self._counters()
        self._undone(work)
        after = self._counters()
        return Cost(*(b - a for a, b in zip(before, after, strict=True)))

    def _undone(self, work: Callable[[], object]) -> None:
        with self.session.transaction(force_rollback=True):
            work()

    def _counters(self) -> tuple[int, ...]:
        row = self.session.execute(COST).fetchone()
        assert row
        return tuple(int(value) for value in row)


@pytest.fixture
def client(large: Session) -> Client:
    return Client(large)


def attaching(
    client: Client,
    *wanted: RangeRequest,
    pod: str = "new",
    node: str = "node1",
    strict: bool = False,
    lasting: LastingOwner | None = None,
) -> Callable[[], object]:
    owner = Owner(
        cluster="prod-a", namespace="default", name=pod, interface="net1", lasting=lasting
    )
    sandbox = Sandbox(cluster="prod-a", node=node, container_id="new", interface="net1")
    return lambda: allocator.attach(client.store, owner, sandbox, wanted, strict=strict)


def refused(work: Callable[[], object], state: str) -> Callable[[], object]:
    def call() -> None:
        with pytest.raises(psycopg.Error) as caught:
            work()
        assert caught.value.sqlstate == state

    return call


HOLES = subnet("10.0.0.0/8", network="holes")
FULL_SEGMENTS = [(f"10.{i // 250}.{i % 250}.2",) * 2 for i in range(500)]
WISHES = {
    "the first of 100,000 holes": HOLES,
    "a window in the middle of the holes": replace(HOLES, segments=(("10.1.0.0", "10.1.0.255"),)),
    "the last hole": replace(HOLES, segments=(("10.3.13.0", "10.255.255.254"),)),
    "one of 501 segments": replace(
        HOLES, segments=(*FULL_SEGMENTS, ("10.2.0.1", "10.2.0.1"))
    ),
    "a hole that was asked for": replace(HOLES, requested="10.1.0.1"),
    "what is behind the quarantined": subnet("10.0.0.0/15", network="quarantine"),
    "what is behind the sticky": subnet("10.0.0.0/15", network="sticky"),
    "one of 10,000 pools": subnet("10.0.250.16/28", network="pools"),
    "a slice of 5,000": subnet("fd00::/64", network="nodes", slice_size=120),
}  # fmt: skip
REFUSALS = {
    "a full window before 100,000 holes": replace(HOLES, segments=(("10.0.0.2", "10.0.0.2"),)),
    "a full window among the holes": replace(HOLES, segments=(("10.1.0.2", "10.1.0.2"),)),
    "a full pool": subnet("10.0.0.0/20", network="full"),
    "a quarantined window": subnet("10.0.0.0/15", ("10.0.0.1", "10.0.78.31"), network="quarantine"),
    "a sticky window": subnet("10.0.0.0/15", ("10.0.0.1", "10.0.78.31"), network="sticky"),
}


@pytest.mark.parametrize("wanted", WISHES.values(), ids=WISHES)
def test_an_add_stays_on_its_indexes(client: Client, wanted: RangeRequest) -> None:
    cost = client.cost(attaching(client, wanted))
    segments = len(wanted.segments)
    assert cost.whole_tables == 0
    assert cost.pages < 200 + 15 * segments
    assert cost.rows < 100 + 2 * segments


@pytest.mark.parametrize("wish", ["the first of 100,000 holes", "one of 10,000 pools"])
def test_the_first_add_of_a_claim_costs_little_more(client: Client, wish: str) -> None:
    """The row of its object, and a look for addresses that it holds already."""
    wanted = WISHES[wish]
    claim = LastingOwner(
        kind="claim", name="new", interface="", object_kind="IPAMClaim", object_name="new"
    )
    plain, claimed = (
        client.cost(attaching(client, wanted, lasting=owner)) for owner in (None, claim)
    )
    assert claimed.whole_tables == 0
    assert claimed.pages < plain.pages + 60
    assert claimed.rows < plain.rows + 10


@pytest.mark.parametrize("wanted", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_costs_no_more(client: Client, wanted: RangeRequest) -> None:
    cost = client.cost(refused(attaching(client, wanted), Refusal.POOL_EXHAUSTED))
    # What is in quarantine is counted for the message, up to a thousand.
    counted = 1001 if wanted.network == "quarantine" else 0
    assert cost.whole_tables == 0
    assert cost.pages < 130 + counted // 5  # 15 reads a page or two more than 18
    assert cost.rows < 100 + 2 * counted


def test_an_add_that_finds_its_address_stays_on_its_indexes(client: Client) -> None:
    for pod in ("holes0", "holes50000", "holes99995"):
        cost = client.cost(attaching(client, HOLES, pod=pod))
        assert cost.whole_tables == 0
        assert cost.pages < 200
        assert cost.rows < 50


@pytest.mark.parametrize("container", ["holes0", "holes50000", "holes99995", "nobody"])
def test_a_del_stays_on_its_indexes(client: Client, container: str) -> None:
    """Of holes50000 both neighbours are free: the three become one run."""
    sandbox = Sandbox(cluster="prod-a", node="", container_id=container, interface="net1")
    cost = client.cost(partial(allocator.detach, client.store, sandbox))
    assert cost.whole_tables == 0
    assert cost.pages < 200
    assert cost.rows < 50


@pytest.mark.parametrize("wish", ["the first of 100,000 holes", "one of 10,000 pools"])
def test_a_batch_stays_on_its_indexes(client: Client, wish: str) -> None:
    """Of 10 calls, each costs as a single one does, or less."""
    wanted = WISHES[wish]
    calls = [
        allocator._Attach(
            Owner(cluster="prod-a", namespace="default", name=f"new-{i}", interface="net1"),
            Sandbox(cluster="prod-a", node="", container_id=f"new-{i}", interface="net1"),
            [wanted],
            strict=False,
        )
        for i in range(10)
    ]
    cost = client.cost(partial(allocator._attach_many, client.store, calls))
    assert cost.whole_tables == 0
    assert cost.pages < 10 * 200
    assert cost.rows < 10 * 100


def test_a_batch_of_dels_stays_on_its_indexes(client: Client) -> None:
    calls = [
        allocator._Detach(
            Sandbox(cluster="prod-a", node="", container_id=f"holes{i}", interface="net1"),
            "DEL",
            None,
        )
        for i in (*range(0, 25, 5), 50_000, 70_000, 80_000, 99_995)
    ]
    cost = client.cost(partial(allocator._detach_many, client.store, calls))
    assert cost.whole_tables == 0
    assert cost.pages < 10 * 200
    assert cost.rows < 10 * 50


def test_a_check_and_a_garbage_list_stay_on_their_indexes(client: Client) -> None:
    sandbox = Sandbox(cluster="prod-a", node="", container_id="holes5", interface="net1")
    check = client.cost(partial(allocator.reserved, client.store, sandbox))
    assert check.whole_tables == 0
    assert check.pages < 100
    listing = client.cost(
        partial(allocator.sandboxes_of_node, client.store, "prod-a", "node5", "other")
    )
    assert listing.whole_tables == 0
    assert listing.rows < 2000  # the 1,000 attachments of this node, not all 20,000


def test_status_stays_on_its_indexes(client: Client) -> None:
    for wanted in (*WISHES.values(), *REFUSALS.values()):
        cost = client.cost(partial(allocator.exhausted, client.store, [wanted]))
        assert cost.whole_tables == 0
        assert cost.pages < 50 + 10 * len(wanted.segments), wanted


def test_what_came_due_is_freed_in_portions(client: Client) -> None:
    """3,000 reservations are over: the first ADD releases 1,000, none waits for all."""
    add = attaching(client, subnet("10.0.0.0/20", network="due"))
    with client.session.transaction(force_rollback=True):
        before = count(client)
        add()
        assert before - count(client) == 999


def test_a_new_pool_among_10_000_is_created_by_looking_at_its_neighbors(client: Client) -> None:
    beside = client.cost(attaching(client, subnet("10.200.0.0/28", network="pools")))
    inside = client.cost(attaching(client, subnet("10.0.1.16/29", network="pools")))
    for cost in (beside, inside):
        assert cost.pages < 600
        assert cost.rows < 100


def test_a_new_node_reads_the_slices_of_its_pool_once(client: Client) -> None:
    wanted = subnet("fd00::/64", network="nodes", slice_size=120)
    cost = client.cost(attaching(client, wanted, node="new"))
    assert cost.rows < 5000 + 100
    assert cost.pages < 500


def count(client: Client) -> int:
    row = client.session.execute(
        "SELECT count(*) FROM reservations r JOIN networks n ON n.id = r.network_id WHERE n.name = 'due'"
    ).fetchone()
    assert row
    return int(row[0])


def test_forbidding_a_plan_forbids_the_compiler_too(large: Session) -> None:
    """Before PostgreSQL 18 a forbidden plan costs 1e10, for which the JIT compiler is started."""
    rows = large.execute(
        """SELECT proname FROM pg_proc
            WHERE pronamespace = 'rowhouse'::regnamespace AND array_to_string(proconfig, ' ') ~ 'enable_'
              AND NOT 'jit=off' = ANY(proconfig)"""
    )
    assert rows.fetchall() == []
