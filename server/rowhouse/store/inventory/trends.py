"""The fill of pools over time: samples that servers take, and trends from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Integer, any_, cast, func, select

from rowhouse.store.connection.models import FillSample, PoolTrend
from rowhouse.store.connection.reads import row, rows

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime, timedelta

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

SAMPLE = "SELECT rowhouse.sample_fill_v1()"


def sample(database: Database) -> bool:
    """Take the sample of this quarter of an hour; False if it was already taken."""
    return bool(database.call(SAMPLE)[0][0])


def of_pools(database: Database, pool_ids: Collection[int]) -> dict[int, Record]:
    """Return the last day and week of pools, by id: rows (pool_id, day, week)."""
    statement = select(PoolTrend.pool_id, PoolTrend.day, PoolTrend.week).where(
        PoolTrend.pool_id == any_(cast(list(pool_ids), ARRAY(Integer)))
    )
    return {found.pool_id: found for found in rows(database, statement)}


def of_pool(database: Database, pool_id: int) -> Record | None:
    """Return a pool's trend; None if there is no sample yet."""
    return row(database, select(PoolTrend).where(PoolTrend.pool_id == pool_id))


def samples(
    database: Database,
    pool_id: int,
    since: datetime,
    every: timedelta,
    *,
    until: datetime | None = None,
) -> Sequence[Record]:
    """Return rows (at, used): the maximum in use in each interval of length `every`, which begins at `at`.

    `until` is the last moment; None: now.
    """
    at = func.date_bin(every, FillSample.at, since).label("at")
    statement = (
        select(at, func.max(FillSample.used).label("used"))
        .where(FillSample.pool_id == pool_id, FillSample.at >= since)
        .group_by(at)
        .order_by(at)
    )
    if until is not None:
        statement = statement.where(FillSample.at <= until)
    return rows(database, statement)
