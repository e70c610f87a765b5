"""A test that cannot fail shows nothing: bugs that others had are put back, and each must be found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults.callers import OnDatabase
from faults.conftest import CLIENTS
from faults.experiment import Load, Nemesis, run
from faults.museum import (
    EXPIRED,
    FULL_AFTER_SKIPPING,
    ListsPodsFirst,
    OneRangeAfterTheOther,
    Pods,
    ReleasesByPodName,
    ReleasesWithOthersLeft,
    Remembers,
    Watched,
    change,
)
from faults.pools import HOT, POOLS, Pool
from rowhouse.ipam.reconcile import Reconciler

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from faults.callers import Caller
    from faults.experiment import Report
    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]
    Experiment = Callable[..., Report]

FEW = Pool(name="few", cidrs=("10.5.0.0/28",))
"""So few addresses that the next one is often the one that a bug has just freed."""

DUAL = Pool(name="dual", cidrs=("10.4.0.0/27", "10.6.0.0/28"))
"""The second range is full long before the first one."""


@pytest.fixture
def experiment(database: Database, tmp_path: Path, seed: str) -> Experiment:
    def ran(caller: Callable[[int], Caller], load: Load, *nemeses: Nemesis) -> Report:
        report = run(
            tmp_path,
            caller,
            seed=seed,
            load=load,
            nemeses=nemeses,
            rest=lambda: database.conninfo,
        )
        print(report)  # noqa: T201 - the seed, to reproduce a failure
        return report

    return ran


def test_without_a_bug_and_without_a_fault_all_is_in_order(
    experiment: Experiment, crowd: Store
) -> None:
    report = experiment(
        lambda number: OnDatabase(crowd, f"node{number}"), Load(clients=CLIENTS, calls=600)
    )
    assert not report.verdict.found, report


@pytest.mark.parametrize(
    ("museum_piece", "pool", "shows"),
    [
        (ReleasesByPodName, FEW, {"two owners", "acknowledged and lost"}),
        (ReleasesWithOthersLeft, FEW, {"two owners", "acknowledged and lost"}),
        (Remembers, FEW, {"two owners", "acknowledged and lost"}),
        (OneRangeAfterTheOther, DUAL, {"released and back"}),
    ],
)
def test_a_client_with_a_bug_is_found(
    experiment: Experiment,
    crowd: Store,
    museum_piece: type[OnDatabase],
    pool: Pool,
    shows: set[str],
) -> None:
    report = experiment(
        lambda number: museum_piece(crowd, f"node{number}"),
        Load(clients=CLIENTS, calls=600, pools=(pool,), fill=1.5),
    )
    assert shows & set(report.verdict.found), report


def test_a_lease_that_ends_by_the_clock_alone_is_found(
    experiment: Experiment, crowd: Store, dba: Session
) -> None:
    def expire(_dice: object) -> None:
        dba.execute(EXPIRED)

    report = experiment(
        lambda number: OnDatabase(crowd, f"node{number}"),
        Load(clients=CLIENTS, calls=300, pools=(FEW,)),
        Nemesis(name="leases over", strike=expire, times=10, calls_between=10),
    )
    assert {"two owners", "acknowledged and lost"} & set(report.verdict.found), report


@pytest.mark.parametrize("museum_piece", [False, True])
def test_full_said_of_a_pool_that_is_only_busy_is_found(
    experiment: Experiment, crowd: Store, dba: Session, *, museum_piece: bool
) -> None:
    """Another session locks the only free run for a moment, again and again."""
    if museum_piece:
        change(dba, FULL_AFTER_SKIPPING)

    def hold(_dice: object) -> None:
        with dba.transaction():
            dba.execute("SELECT FROM rowhouse.free_ranges FOR UPDATE SKIP LOCKED")
            dba.execute("SELECT pg_sleep(0.1)")

    report = experiment(
        lambda number: OnDatabase(crowd, f"node{number}"),
        Load(clients=CLIENTS, calls=300, pools=(HOT,), fill=0.6),
        Nemesis(name="locks held for a moment", strike=hold, times=10, calls_between=10),
    )
    assert set(report.verdict.found) == ({"exhausted though free"} if museum_piece else set())


@pytest.mark.parametrize("museum_piece", [False, True])
def test_a_reconciler_that_lists_pods_first_is_found(
    experiment: Experiment, crowd: Store, dba: Session, *, museum_piece: bool
) -> None:
    pods = Pods()
    kind = ListsPodsFirst if museum_piece else Reconciler
    reconciler = kind(dba, "", pods, grace=0.0)

    def look(_dice: object) -> None:
        reconciler.look()

    report = experiment(
        lambda number: Watched(crowd, f"node{number}", pods),
        Load(clients=CLIENTS, calls=600, pools=POOLS),
        Nemesis(
            name="passes of the reconciler",
            strike=look,
            times=60,
            calls_between=5,
        ),
    )
    assert bool(report.verdict.found) == museum_piece, report
