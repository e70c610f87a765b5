"""What `rowhouse doctor` asks a database about itself; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, LiteralString

import psycopg

from rowhouse.store.connection.database import connect
from rowhouse.store.connection.errors import domain_error

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

_FACTS: Final = """
SELECT current_setting('server_version'), current_setting('server_version_num')::int / 10000,
       pg_encoding_to_char(d.encoding), pg_is_in_recovery(), current_database()::text, current_user::text,
       r.rolsuper, extract(epoch FROM clock_timestamp())::float8
  FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user"""

# The functions with a version in their name are those that the server calls, but for three that are the owner's.
_MISSING: Final = """
SELECT 'USAGE on schema rowhouse' WHERE NOT has_schema_privilege('rowhouse', 'USAGE')
UNION ALL
SELECT 'EXECUTE on ' || p.oid::regprocedure FROM pg_proc p
 WHERE p.pronamespace = 'rowhouse'::regnamespace AND p.proname ~ '_v[0-9]+$'
   AND p.proname NOT IN ('prune_v1', 'record_v1', 'repair_v1') AND NOT has_function_privilege(p.oid, 'EXECUTE')
UNION ALL
SELECT 'SELECT on ' || c.oid::regclass FROM pg_class c
 WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind IN ('r', 'v', 'p')
   AND NOT has_table_privilege(c.oid, 'SELECT')
UNION ALL
SELECT p.privilege || ' on rowhouse.' || t.name
  FROM unnest(ARRAY['networks', 'pools', 'exclusions', 'quotas', 'tokens', 'sessions']) AS t (name),
       unnest(ARRAY['INSERT', 'DELETE']) AS p (privilege)
 WHERE to_regclass('rowhouse.' || t.name) IS NOT NULL
   AND NOT has_table_privilege('rowhouse.' || t.name, p.privilege)
 ORDER BY 1"""

_HAS_LEADER: Final = """
WITH key AS (SELECT hashtextextended('rowhouse controller of ' || %s, 0) AS value)
SELECT EXISTS (
    SELECT FROM pg_locks l, key
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.classid::bigint << 32 | l.objid::bigint) = key.value)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A database; `clock` is its time in seconds since 1970."""

    version: str
    major: int
    encoding: str
    is_standby: bool
    name: str
    user: str
    is_superuser: bool
    clock: float


def facts(url: str) -> Facts:
    """What the database is. Raises TryAgain when it cannot be reached."""
    row = _rows(url, _FACTS)[0]
    names = ("version", "major", "encoding", "is_standby", "name", "user", "is_superuser", "clock")
    return Facts(**dict(zip(names, row, strict=True)))


def missing_privileges(url: str) -> list[str]:
    """What the login role lacks of what the server needs, as `EXECUTE on rowhouse.attach_v1(…)`."""
    return [str(row[0]) for row in _rows(url, _MISSING)]


def pool_names(url: str) -> frozenset[str]:
    """The names by which configurations may refer to pools."""
    rows = _rows(url, "SELECT name FROM rowhouse.pools WHERE name IS NOT NULL")
    return frozenset(str(row[0]) for row in rows)


def has_leader(url: str, cluster: str) -> bool:
    """Whether a controller holds the leader's lock of a cluster (`leader.py`)."""
    return bool(_rows(url, _HAS_LEADER, (cluster,))[0][0])


def _rows(url: str, query: LiteralString, parameters: tuple[object, ...] = ()) -> list[TupleRow]:
    with connect(url) as connection:
        try:
            return connection.execute(query, parameters or None).fetchall()
        except psycopg.Error as error:
            raise domain_error(error) from error
