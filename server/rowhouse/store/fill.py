"""The fill of all pools at once, for metrics: one statement that ends after some time, done or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg

from rowhouse.domain.errors import TryAgain

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from rowhouse.store.database import Database

LONGEST_MILLISECONDS: Final = 3000
_LIMIT: Final = "SELECT set_config('statement_timeout', %s, true), set_config('jit', 'off', true)"

# What the view pool_usage shows, in one pass over the reservations instead of one for each pool: a row for
# each pool, and one for each network (pool NULL) with the number of rows of the view stale_reservations.
# Where pools overlap, an address counts in each of them, whichever gave it out. Free is what the pool can
# still give out: what is reserved or quarantined outside its window takes nothing of that.
FILL: Final = """
WITH spans AS MATERIALIZED (
    SELECT p.id, p.network_id, p.network_name, p.cidr, rowhouse.usable_addresses(p) AS total,
           rowhouse.first_address(p.cidr) AS low, rowhouse.last_address(p.cidr) AS high
      FROM rowhouse.pools p),
nested AS MATERIALIZED (
    SELECT larger.id AS outer_id, s.id AS inner_id, s.network_id, s.low, s.high
      FROM spans s JOIN rowhouse.pools larger ON larger.network_id = s.network_id AND larger.cidr >> s.cidr),
given AS MATERIALIZED (
    SELECT r.pool_id, count(*) AS reserved FROM rowhouse.reservations r GROUP BY r.pool_id),
stale AS (
    SELECT r.network_id, count(*) AS reservations
      FROM rowhouse.reservations r
     WHERE r.owner_kind = 'pod' AND (NOT r.sticky OR r.expires_at <= now())
       AND NOT EXISTS (SELECT FROM rowhouse.attachments a WHERE a.network_id = r.network_id AND a.address = r.address)
     GROUP BY r.network_id),
reserved AS (
    SELECT id, sum(reserved) AS addresses
      FROM (SELECT pool_id AS id, reserved FROM given
            UNION ALL
            SELECT n.outer_id, g.reserved FROM nested n JOIN given g ON g.pool_id = n.inner_id
            UNION ALL
            SELECT n.inner_id, (SELECT count(*) FROM rowhouse.reservations r
                                 WHERE r.network_id = n.network_id AND r.pool_id = n.outer_id
                                   AND r.address BETWEEN n.low AND n.high)
              FROM nested n) AS parts
     GROUP BY id),
quarantined AS (
    SELECT s.id, sum(least(f.last, s.high) - greatest(f.first, s.low) + 1) AS addresses
      FROM rowhouse.free_ranges f
      JOIN spans s ON s.network_id = f.network_id AND f.last >= s.low AND f.first <= s.high
     WHERE f.quarantined
     GROUP BY s.id),
excluded AS (
    SELECT p.id, sum(rowhouse.address_number(least(e.last, w.last_address))
                     - rowhouse.address_number(greatest(e.first, w.first_address)) + 1
                     - (SELECT count(*) FROM rowhouse.reservations r
                         WHERE r.network_id = e.network_id
                           AND r.address BETWEEN greatest(e.first, w.first_address)
                                             AND least(e.last, w.last_address))) AS addresses
      FROM rowhouse.exclusions e
      JOIN rowhouse.pools p ON p.network_id = e.network_id
     CROSS JOIN LATERAL rowhouse.pool_window(p) w
     WHERE e.last >= w.first_address AND e.first <= w.last_address
     GROUP BY p.id),
bounds AS (
    SELECT s.id, s.network_id, s.low, s.high, min(w.first_address) AS first, max(w.last_address) AS last,
           host(p.gateway)::inet AS gateway
      FROM spans s JOIN rowhouse.pools p ON p.id = s.id
     CROSS JOIN LATERAL rowhouse.pool_window(p) w
     GROUP BY s.id, s.network_id, s.low, s.high, p.gateway),
outside AS (
    SELECT b.id, sum(part.addresses) AS addresses
      FROM bounds b
     CROSS JOIN LATERAL (
           SELECT count(*) AS addresses FROM rowhouse.reservations r
            WHERE r.network_id = b.network_id AND r.address >= b.low AND r.address < b.first
           UNION ALL
           SELECT count(*) FROM rowhouse.reservations r
            WHERE r.network_id = b.network_id AND r.address > b.last AND r.address <= b.high
           UNION ALL
           SELECT count(*) FROM rowhouse.reservations r
            WHERE r.network_id = b.network_id AND r.address = b.gateway AND b.gateway BETWEEN b.first AND b.last
           UNION ALL
           SELECT sum(least(f.last, b.high) - greatest(f.first, b.low) + 1
                      - CASE WHEN f.last >= b.first AND f.first <= b.last
                             THEN least(f.last, b.last) - greatest(f.first, b.first) + 1 ELSE 0 END
                      + coalesce((b.gateway BETWEEN greatest(f.first, b.first) AND least(f.last, b.last))::integer, 0))
             FROM rowhouse.free_ranges f
            WHERE f.network_id = b.network_id AND f.quarantined AND f.last >= b.low AND f.first <= b.high) AS part
     GROUP BY b.id)
SELECT s.id, s.network_name, s.cidr::text, s.total::float8, coalesce(r.addresses, 0)::float8,
       greatest(s.total - coalesce(r.addresses, 0) - coalesce(q.addresses, 0) - coalesce(e.addresses, 0)
                + coalesce(o.addresses, 0), 0)::float8,
       coalesce(q.addresses, 0)::float8, coalesce(e.addresses, 0)::float8
  FROM spans s
  LEFT JOIN reserved r ON r.id = s.id
  LEFT JOIN quarantined q ON q.id = s.id
  LEFT JOIN excluded e ON e.id = s.id
  LEFT JOIN outside o ON o.id = s.id
UNION ALL
SELECT NULL, n.name, NULL, coalesce(sum(t.reservations), 0)::float8, NULL, NULL, NULL, NULL
  FROM rowhouse.networks n
  LEFT JOIN stale t ON t.network_id = n.id
 GROUP BY n.name
"""


class TookTooLong(TryAgain):
    """The database is busy: the fill of the pools took too long to find out."""


@dataclass(frozen=True, slots=True)
class PoolFill:
    """How many addresses of a pool are in each state; floats, as an IPv6 pool has many."""

    pool_id: int
    network: str
    cidr: str
    total: float
    reserved: float
    free: float
    quarantined: float
    excluded: float


@dataclass(frozen=True, slots=True)
class Fill:
    """All pools, and the number of stale reservations of each network by its name."""

    pools: tuple[PoolFill, ...]
    stale: dict[str, float]


def of_pools(database: Database) -> Fill:
    """The fill of all pools now.

    Errors: TookTooLong, TryAgain, NotReady.
    """

    def work(connection: psycopg.Connection[TupleRow]) -> list[TupleRow]:
        try:
            with connection.pipeline(), connection.transaction():
                connection.execute(_LIMIT, (str(LONGEST_MILLISECONDS),))
                cursor = connection.execute(FILL)
            return cursor.fetchall()
        except psycopg.errors.QueryCanceled as error:
            # Not a lost connection: trying again at once would take as long again.
            raise TookTooLong("the fill of the pools took too long to find out") from error

    found = database.run(work, function="pool_usage")
    return Fill(
        pools=tuple(PoolFill(*row) for row in found if row[0] is not None),
        stale={network: count for pool, network, _, count, *_ in found if pool is None},
    )
