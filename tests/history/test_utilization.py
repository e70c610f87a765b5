"""The utilization report counts what reading the whole history would count."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.periods import Period, period
from rowhouse.domain.usage_periods import summed
from rowhouse.ipam.utilization import report
from rowhouse.store.connection.reads import rows_of
from rowhouse.store.history import utilization as history

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.domain.reports import By
    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
POOLS = """
INSERT INTO networks (id, name) OVERRIDING SYSTEM VALUE VALUES (101, 'storage'), (102, 'video');
INSERT INTO pools (id, network_id, network_name, cidr, labels) OVERRIDING SYSTEM VALUE
VALUES (101, 101, 'storage', '10.1.0.0/24', '{"site": "berlin"}'),
       (102, 102, 'video', '10.2.0.0/24', '{"site": "berlin"}'), (103, 102, 'video', '10.3.0.0/28', '{}');
"""
INSERT = """
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason)
VALUES (%s, %s, %s, tstzrange(%s, %s), 'pod', %s, %s, 'old', 'net1', 'n1', 'c1', 'test', 'SQL')
"""

Held = tuple[int, int, str, str, datetime, datetime | None]
"""Network, pool, cluster, namespace, and the period."""


@pytest.fixture
def held(dba: Session) -> list[Held]:
    """Tenures of every length around the day after BEGIN: on its borders, at the same time, without an end."""
    chance = random.Random(11)
    dba.execute(POOLS.encode())
    made: list[Held] = []
    for network, pool, prefix in ((101, 101, "10.1.0"), (102, 102, "10.2.0"), (102, 103, "10.3.0")):
        for host in range(1, 13):
            at = BEGIN + chance.choice((-30, -1, 0, 1)) * HOUR
            for turn in range(6):
                until: datetime | None = at + chance.choice((0.25, 1, 2, 7.5)) * HOUR
                if turn == 5 and host % 3 == 0:
                    until = None
                cluster, namespace = chance.choice("ab"), chance.choice(("web", "batch", ""))
                row = (network, f"{prefix}.{host}", pool, at, until, cluster, namespace)
                dba.execute(INSERT, row)
                made.append((network, pool, cluster, namespace, at, until))
                if until is None:
                    break
                at = until + chance.choice((0, 0, 1, 5)) * HOUR
    return made


DAY = Period(since=BEGIN, until=BEGIN + 24 * HOUR, steps=12)
KEYS: dict[str, Callable[[Held], str]] = {
    "namespace": lambda one: one[3],
    "cluster": lambda one: one[2],
    "network": lambda one: {101: "storage", 102: "video"}[one[0]],
    "pool": lambda one: {101: "10.1.0.0/24", 102: "10.2.0.0/24", 103: "10.3.0.0/28"}[one[1]],
    "label": lambda one: "" if one[1] == 103 else "berlin",
}


@pytest.mark.parametrize("by", KEYS)
def test_each_group_has_the_counts_of_the_history(store: Store, held: list[Held], by: str) -> None:
    label = "site" if by == "label" else ""
    found = report(store, by, DAY, label=label)  # type: ignore[arg-type]
    expected: dict[str, list[Held]] = {}
    for one in held:
        if one[4] < DAY.until and (one[5] is None or one[5] > DAY.since):
            expected.setdefault(KEYS[by](one), []).append(one)
    assert {group.name for group in found.groups} == set(expected)
    for group in found.groups:
        of_group = expected[group.name]
        used = [
            sum(start <= at and (end is None or at < end) for *_, start, end in of_group)
            for at in DAY.moments
        ]
        assert group.used == used
        seconds = sum(
            (min(end or DAY.until, DAY.until) - max(start, DAY.since)).total_seconds()
            for *_, start, end in of_group
        )
        assert group.average == round(seconds / 86_400, 1)
        assert group.begun == sum(start >= DAY.since for *_, start, _ in of_group)
        assert group.ended == sum(end is not None and end <= DAY.until for *_, end in of_group)
    assert found.groups == sorted(found.groups, key=lambda group: -group.used[-1])


@pytest.mark.parametrize("by", KEYS)
def test_the_report_of_a_team_counts_its_namespaces_only(
    store: Store, held: list[Held], dba: Session, by: str
) -> None:
    # It uses the pool of the quota; the labels of others are not shown to it.
    dba.execute("INSERT INTO quotas (namespace, pool_id, addresses) VALUES ('web', 102, 7)")
    dba.execute("INSERT INTO quotas (namespace, addresses) VALUES ('web', 40), ('batch', 50)")
    label = "site" if by == "label" else ""
    found = report(store, by, DAY, label=label, namespaces=("web",))  # type: ignore[arg-type]
    used: dict[str, int] = {}
    for one in held:
        if one[3] == "web" and one[4] < DAY.until and (one[5] is None or one[5] > DAY.since):
            name = KEYS[by](one) if by != "label" or one[1] == 102 else ""
            used[name] = used.get(name, 0) + (one[5] is None or DAY.until < one[5])
    assert {group.name: group.used[-1] for group in found.groups} == used
    limits = {group.limit for group in found.groups}
    assert limits == ({40} if by == "namespace" else {None})


@pytest.fixture
def summed_up(store: Store, dba: Session, pods: Pods, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Tenures of the last 22 hours, and pods that run; summed up from 20 hours ago until the time that is returned."""
    chance = random.Random(23)
    dba.execute(POOLS.encode())
    [[slot]] = dba.execute(
        "SELECT date_bin('15 minutes', clock_timestamp(), timestamptz 'epoch')"
    ).fetchall()
    for network, pool, prefix in ((101, 101, "10.1.0"), (102, 102, "10.2.0"), (102, 103, "10.3.0")):
        for host in range(1, 13):
            # Not on the hour: what begins at the very end of a period is in its sum, but not in a report.
            at = slot - 22 * HOUR + timedelta(seconds=1)
            while (until := at + chance.choice((0.25, 0.4, 1, 3, 7)) * HOUR) < slot:
                who = (chance.choice("ab"), chance.choice(("web", "batch", "")))
                dba.execute(INSERT, (network, f"{prefix}.{host}", pool, at, until, *who))
                at = until + chance.choice((0, 0, 0.1, 1)) * HOUR
    for number in range(3):
        pods.add(f"web-{number}", subnet("10.4.0.0/24", network="storage"), node=f"n{number}")
    dba.execute(
        "INSERT INTO usage_periods VALUES ('all', '15 minutes', %s, '', 0, 0, 0, 0)",
        [slot - 20 * HOUR],
    )
    assert history.sum_up(store)
    assert not history.sum_up(store)
    [[until]] = dba.execute("SELECT max(ends_at) FROM usage_periods").fetchall()
    # As if the history were large.
    monkeypatch.setattr(history, "_STATE", history._STATE.replace("32 * 1024", "0 * 1024"))
    return until  # type: ignore[no-any-return]


@pytest.mark.parametrize("by", ["namespace", "cluster", "node", "network", "pool", "label"])
def test_sums_of_periods_are_those_of_the_history(
    store: Store, summed_up: datetime, by: By
) -> None:
    label = "site" if by == "label" else ""
    for step, steps in ((HOUR, 16), (6 * HOUR, 1)):
        until = summed_up - (summed_up - BEGIN) % step
        span = Period(since=until - steps * step, until=until, steps=steps)
        parts = summed(span, summed_up)
        assert parts is not None
        assert [part.span for part in parts.parts] == [step]
        found = history.of_groups(store, by, span, label=label)
        exact = rows_of(
            store,
            history._UTILIZATION,
            {
                "by": by, "label": label, "network": None,
                "since": span.since, "until": span.until, "steps": steps, "namespaces": None,
            },
        )  # fmt: skip
        assert exact
        assert {one.key: (one.used, one.begun, one.ended) for one in found} == {
            one.key: (one.used, one.begun, one.ended) for one in exact
        }
        averages = {one.key: pytest.approx(one.average) for one in exact}
        assert {one.key: one.average for one in found} == averages
        assert sum(one.begun for one in found) > 9
        if by == "namespace":
            [team] = history.of_groups(store, by, span, namespaces=["batch"])
            assert team == {one.key: one for one in found}["batch"]


def test_a_report_of_a_large_history_ends_with_what_is_held_now(
    store: Store, summed_up: datetime
) -> None:
    found = report(store, "network", period(None, None, default=12 * HOUR, steps=12))
    assert len(found.groups[0].used) == 13
    assert found.groups[0].average > 0
    earlier = summed(Period(since=summed_up - 30 * HOUR, until=summed_up, steps=5), summed_up)
    assert earlier is not None
    assert history._of_periods(store, "pool", "", earlier) is None, "begins before the first sum"


def test_a_network_narrows_the_report(store: Store, held: list[Held]) -> None:
    assert held
    found = report(store, "pool", DAY, network="video")
    assert {group.name for group in found.groups} == {"10.2.0.0/24", "10.3.0.0/28"}
    assert not report(store, "pool", DAY, network="nothing").groups


def test_limits_are_those_of_the_pools_or_of_the_quota(
    store: Store, held: list[Held], dba: Session
) -> None:
    assert held
    dba.execute("INSERT INTO quotas (namespace, addresses) VALUES ('web', 40)")
    dba.execute("INSERT INTO quotas (namespace, pool_id, addresses) VALUES ('batch', 101, 7)")
    limits = {one.name: one.limit for one in report(store, "namespace", DAY).groups}
    assert limits == {"web": 40, "batch": None, "": None}
    [network] = report(store, "network", DAY, network="video").groups
    assert network.limit == 254 + 14
    by_site = {one.name: one.limit for one in report(store, "label", DAY, label="site").groups}
    assert by_site == {"berlin": 2 * 254, "": 14}


def test_a_steady_rise_is_forecast_and_only_until_now(store: Store, dba: Session) -> None:
    dba.execute(POOLS.encode())
    now = datetime.now(UTC)
    for host in range(1, 9):  # one more each hour
        row = (102, f"10.3.0.{host}", 103, now - (8 - host) * HOUR, None, "", "web")
        dba.execute(INSERT, row)
    # The forecast counts free addresses by the reservations, and there are none.
    span = period(None, None, default=8 * HOUR, steps=8)
    [rising] = report(store, "pool", span).groups
    assert rising.full_at is not None
    assert timedelta(hours=10) < rising.full_at - span.until < timedelta(hours=20)
    past = period(None, now - HOUR, default=7 * HOUR, steps=7)
    assert [one.full_at for one in report(store, "pool", past).groups] == [None]


def test_a_label_is_named_when_and_only_when_it_groups(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="label"):
        report(store, "label", DAY)
    with pytest.raises(InvalidRequest, match="label"):
        report(store, "pool", DAY, label="site")
