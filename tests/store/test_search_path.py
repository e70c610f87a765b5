"""The server's sessions do not search the schema, so a function that they call says where it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

# It qualifies the names of its tables: a SET would cost every release.
QUALIFIES = {"is_withheld"}
# PostgreSQL looks names up in PL/pgSQL when it runs; in BEGIN ATOMIC, when the function is made.
LOST = """
SELECT p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE p.pronamespace = 'rowhouse'::regnamespace AND l.lanname = 'plpgsql'
   AND has_function_privilege('rowhouse_server', p.oid, 'EXECUTE')
   AND NOT 'search_path=rowhouse, pg_temp' = ANY (coalesce(p.proconfig, '{}'))
 ORDER BY 1
"""


def test_every_function_that_the_server_calls_sets_its_search_path(
    dba: psycopg.Connection[TupleRow],
) -> None:
    lost = {name for (name,) in dba.execute(LOST)} - QUALIFIES
    assert not lost, f"write SET search_path = rowhouse, pg_temp into these functions: {lost}"
