"""Whatever a superuser damages with triggers disabled: a repair leaves no problem and changes no reservation."""

from __future__ import annotations

import contextlib
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from psycopg import errors

from fixtures import databases
from fixtures.clock import jump
from fixtures.crowds import until_waiting
from fixtures.examples import seeds
from fixtures.pods import Pods, subnet
from rowhouse.domain.administration import Actor
from rowhouse.store.history.repair import repair

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store

    Dba = psycopg.Connection[TupleRow]

ME = Actor(name="alice")
RANGES = (
    subnet("10.0.0.0/26"),
    subnet("10.0.0.0/28"),
    subnet("10.0.0.64/28"),
    subnet("10.1.0.0/29", isolated=True),
    subnet("255.255.255.248/29", ("255.255.255.249", "255.255.255.255")),
    subnet("fd00::/120"),
    subnet("::/126", ("::", "::3")),
)
DAMAGE = (
    "DELETE FROM free_ranges WHERE random() < 0.5",
    "DELETE FROM free_ranges",
    "DELETE FROM tenures WHERE random() < 0.3",
    "UPDATE tenures SET during = tstzrange(lower(during), now()) WHERE upper_inf(during) AND random() < 0.3",
    "UPDATE tenures SET owner_name = 'framed' WHERE random() < 0.2",
    "UPDATE tenures SET pool_id = 4711 WHERE random() < 0.2",
    "UPDATE tenures SET during = tstzrange(lower(during) + interval '1 day', NULL) WHERE upper_inf(during)",
    "UPDATE tenures SET during = tstzrange(lower(during), now() + interval '1 day') WHERE random() < 0.3",
    "UPDATE tenures SET address = '10.9.9.9' WHERE id = (SELECT max(id) FROM tenures)",
    "UPDATE reservations SET tenure_id = (SELECT max(id) FROM tenures) WHERE random() < 0.2",
    "UPDATE free_ranges SET first = host(first)::inet - 1 WHERE host(first) <> '::' AND random() < 0.3",
    "UPDATE free_ranges SET first = last WHERE random() < 0.3",
    "UPDATE free_ranges SET first = '10.0.0.0' WHERE family(first) = 4 AND last > '10.0.0.0' AND random() < 0.3",
    "UPDATE free_ranges SET first = last + 1 WHERE family(first) = 4 AND last < '255.255.255.255' AND random() < 0.2",
    "UPDATE free_ranges SET first = '10.0.0.1' WHERE family(first) = 6 AND random() < 0.5",
    "UPDATE free_ranges SET quarantined = true, free_from = now() + interval '1 hour' WHERE random() < 0.3",
    """INSERT INTO free_ranges (network_id, first, last, free_from)
       SELECT id, '11.0.0.0', '11.0.0.9', now() FROM networks""",
    """INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
       SELECT id, true, '10.0.0.0', '10.0.0.60', now() + interval '1 hour' FROM networks""",
    """INSERT INTO free_ranges (network_id, first, last, free_from)
       SELECT id, 'fd00::1', 'fd00::5', now() FROM networks ON CONFLICT DO NOTHING""",
    "DELETE FROM exclusions",
    "DELETE FROM gateways",
    """INSERT INTO exclusions (network_id, first, last)
       SELECT id, '10.0.0.30', '10.0.0.40' FROM networks ON CONFLICT DO NOTHING""",
)  # fmt: skip
RESERVATIONS = """
SELECT network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name, owner_interface, owner_uid,
       slot, sticky, node, container_id, description, reserved_at FROM reservations ORDER BY 1, 2
"""
PROBLEMS = "SELECT problem, host(address), repair FROM integrity_problems"
OPEN = """
SELECT count(*) FILTER (WHERE w.name = r.owner_name), count(*) FROM reservations r
  LEFT JOIN LATERAL (SELECT * FROM who_had(r.address) h WHERE h.network_id = r.network_id) AS w ON true
"""


def populate(pods: Pods, dba: Dba, chance: random.Random) -> None:
    """Pods that run and pods that ran, a gateway, an exclusion and a quarantine."""
    for number in range(60):
        pods.add(f"web-{number}", chance.choice((RANGES[0], RANGES[5])))
    for wanted in RANGES[2:]:
        pods.add(f"of-{wanted.cidr}", wanted)
    dba.execute("UPDATE pools SET gateway = '10.0.0.62' WHERE cidr = '10.0.0.0/26'")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) SELECT network_id, '10.0.0.50', '10.0.0.55' FROM pools"
        " WHERE cidr = '10.0.0.0/26'"
    )
    dba.execute("UPDATE pools SET reuse_delay = '1 hour' WHERE cidr = '10.0.0.0/26'")
    for number in chance.sample(range(60), 25):
        pods.delete(f"web-{number}")


@pytest.mark.parametrize("seed", seeds(range(12)))
def test_random_damage_is_repaired_and_reservations_stay(
    pods: Pods, store: Store, dba: Dba, seed: int
) -> None:
    chance = random.Random(seed)
    dba.execute("SELECT setseed(%s)", (chance.random(),))
    populate(pods, dba, chance)
    assert dba.execute(PROBLEMS).fetchall() == []
    before = dba.execute(RESERVATIONS).fetchall()
    dba.execute("SET session_replication_role = replica")
    for statement in chance.sample(DAMAGE, 4):
        # What a key or the exclusion constraint refuses is no damage.
        with contextlib.suppress(errors.IntegrityError):
            dba.execute(statement)
    dba.execute("SET session_replication_role = origin")
    found = dba.execute(PROBLEMS).fetchall()
    planned, _ = repair(store, ME, dry_run=True)
    assert sorted(dba.execute(PROBLEMS).fetchall()) == sorted(found)
    made, left = repair(store, ME)
    assert left == []
    assert {one.change for one in made} == {one.change for one in planned}
    assert bool(made) == bool(found)
    assert dba.execute(PROBLEMS).fetchall() == []
    assert dba.execute(RESERVATIONS).fetchall() == before
    [(right, all_of_them)] = dba.execute(OPEN)
    assert right == all_of_them
    audited = dba.execute("SELECT DISTINCT actor FROM audit_log WHERE action LIKE '%%.correct'")
    assert set(audited) <= {("alice",)}
    assert repair(store, ME) == ([], [])
    for wanted in RANGES[5:]:
        pods.add("afterwards", wanted)
    pods.delete("afterwards")
    assert dba.execute(PROBLEMS).fetchall() == []


def test_a_lost_quarantine_comes_back(pods: Pods, store: Store, dba: Dba) -> None:
    pods.add("web-0", RANGES[0])
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.delete("web-0")
    quarantine = "SELECT host(first), host(last), free_from FROM free_ranges WHERE quarantined"
    before = dba.execute(quarantine).fetchall()
    dba.execute("DELETE FROM free_ranges")
    made, _ = repair(store, ME)
    assert ("quarantine added", "10.0.0.1") in {(one.change, one.first) for one in made}
    assert dba.execute(quarantine).fetchall() == before
    assert pods.add("web-1", RANGES[0]) == "10.0.0.2"


def test_what_a_clock_that_went_back_left_is_repaired(pods: Pods, store: Store, dba: Dba) -> None:
    pods.add("web-0", RANGES[0])
    pods.add("web-1", RANGES[0])
    pods.delete("web-0")
    jump(dba, -3600)
    assert {problem for problem, _, _ in dba.execute(PROBLEMS)} == {
        "tenure begins or ends in the future"
    }
    made, left = repair(store, ME)
    assert {(one.change, one.first) for one in made} == {
        ("tenure corrected", "10.0.0.1"), ("tenure corrected", "10.0.0.2"),
    }  # fmt: skip
    assert left == []


def test_what_only_a_person_can_solve_is_left_and_says_how(
    pods: Pods, store: Store, dba: Dba
) -> None:
    pods.add("web-0", RANGES[0])
    dba.execute("SET session_replication_role = replica")
    dba.execute("DELETE FROM pools")
    dba.execute("SET session_replication_role = origin")
    _, [left] = repair(store, ME)
    assert (left.problem, left.address) == ("reservation in no pool", "10.0.0.1")
    assert left.repair == "Make a pool that holds the address, or release it."


def test_it_waits_for_allocations_and_they_for_it(
    database: Database, store: Store, pods: Pods, dba: Dba
) -> None:
    pods.add("web-0", RANGES[0])
    dba.execute("DELETE FROM free_ranges WHERE first > '10.0.0.1'")
    with ThreadPoolExecutor(2) as threads:
        with databases.session(database) as other, other.transaction():
            other.execute(
                """INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
                   SELECT network_id, '10.0.0.0', id, 'static', 'printer' FROM pools"""
            )
            repairing = threads.submit(repair, store, ME)
            until_waiting(dba)
            adding: Callable[..., str] = Pods(store).add
            added = threads.submit(adding, "web-1", RANGES[0])
        assert repairing.result()[1] == []
        assert added.result() == "10.0.0.2"
    assert dba.execute(PROBLEMS).fetchall() == []
