"""Every object explains itself in the catalog: psql's \\d+ and \\df+ print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

EXPLAINED = """
SELECT CASE c.relkind WHEN 'i' THEN 'index' WHEN 'v' THEN 'view' ELSE 'table' END AS kind,
       c.relname::text AS name, false AS may_be_null, false AS may_be_empty,
       obj_description(c.oid, 'pg_class') AS comment
  FROM pg_class c WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'i', 'I')
UNION ALL
SELECT CASE c.relkind WHEN 'v' THEN 'view column' ELSE 'column' END, c.relname || '.' || a.attname,
       c.relkind = 'r' AND NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid) IS NOT DISTINCT FROM $$''::text$$,
       col_description(c.oid, a.attnum)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT 'function', p.oid::regprocedure::text, false, false, obj_description(p.oid, 'pg_proc')
  FROM pg_proc p WHERE p.pronamespace = 'rowhouse'::regnamespace
   -- (The constructors of a range type are PostgreSQL's own.)
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
UNION ALL
SELECT 'type', t.typname::text, false, false, obj_description(t.oid, 'pg_type')
  FROM pg_type t WHERE t.typnamespace = 'rowhouse'::regnamespace AND t.typtype <> 'c' AND t.typelem = 0
"""


def test_every_object_has_a_comment(dba: psycopg.Connection[TupleRow]) -> None:
    rows = dba.execute(EXPLAINED.encode()).fetchall()
    kinds = {kind for kind, *_ in rows}
    assert kinds == {"table", "view", "column", "view column", "function", "index", "type"}
    assert len(rows) > 470
    unexplained = [
        f"{kind} {name}" for kind, name, *_, comment in rows if not (comment or "").endswith(".")
    ]
    assert not unexplained, f"{len(unexplained)} of {len(rows)} have no sentence as a comment"


def test_a_comment_tells_what_null_and_the_empty_text_mean(
    dba: psycopg.Connection[TupleRow],
) -> None:
    rows = dba.execute(EXPLAINED.encode()).fetchall()
    silent = [name for _, name, null, _, comment in rows if null and "NULL" not in comment]
    assert not silent, silent
    silent = [name for _, name, _, empty, comment in rows if empty and "''" not in comment]
    assert not silent, silent
