"""All that PostgreSQL knows of the schema, as lines to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

LINES = """
WITH home AS (SELECT oid FROM pg_namespace WHERE nspname = 'rowhouse')
SELECT concat_ws(' ', 'relation', c.relname, c.relkind, c.reloptions::text, c.relacl::text,
                 obj_description(c.oid, 'pg_class'))
  FROM pg_class c, home WHERE c.relnamespace = home.oid
UNION ALL
SELECT concat_ws(' ', 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                 a.attidentity, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
  FROM pg_class c
  JOIN home ON c.relnamespace = home.oid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
UNION ALL
SELECT concat_ws(' ', 'constraint', conrelid::regclass, contypid::regtype, conname, pg_get_constraintdef(c.oid))
  FROM pg_constraint c, home WHERE c.connamespace = home.oid
UNION ALL
SELECT concat_ws(' ', 'index', indexdef) FROM pg_indexes WHERE schemaname = 'rowhouse'
UNION ALL
SELECT concat_ws(' ', 'view', viewname, definition) FROM pg_views WHERE schemaname = 'rowhouse'
UNION ALL
SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid))
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid, home
 WHERE c.relnamespace = home.oid AND NOT t.tgisinternal
UNION ALL
SELECT concat_ws(' ', 'function', pg_get_functiondef(p.oid), p.proacl::text, obj_description(p.oid, 'pg_proc'))
  FROM pg_proc p, home WHERE p.pronamespace = home.oid
UNION ALL
SELECT concat_ws(' ', 'type', typname, typtype, obj_description(t.oid, 'pg_type'),
                 (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
  FROM pg_type t, home WHERE t.typnamespace = home.oid AND typtype IN ('d', 'e')
ORDER BY 1
"""


def catalogue(session: psycopg.Connection[TupleRow]) -> list[str]:
    """One line for each object, with its definition, its comment and who may use it."""
    return [line for (line,) in session.execute(LINES)]
