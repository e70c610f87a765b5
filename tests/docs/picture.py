"""The tables as a picture, drawn from the catalog: docs/dba/tables.svg.

A solid line is a foreign key. A dashed line is a reference without one: the comment of the column ends in it, as in
"The pool: pools.id."
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

COLUMNS: Final = """
SELECT c.relname, a.attname, replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz'),
       coalesce(a.attnum = ANY (p.indkey), false) AS is_primary, NOT a.attnotnull AS is_optional
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_index p ON p.indrelid = c.oid AND p.indisprimary
 WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
 ORDER BY c.relname, a.attnum
"""
REFERENCES: Final = """
WITH keys AS (
    SELECT conrelid, confrelid, conkey, confkey FROM pg_constraint
     WHERE contype = 'f' AND connamespace = 'rowhouse'::regnamespace),
told AS (
    SELECT a.attrelid, a.attnum, found[1] AS relname, found[2] AS attname
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = 'rowhouse'::regnamespace
      CROSS JOIN LATERAL regexp_match(col_description(c.oid, a.attnum), ': ([a-z_]+)\\.([a-z_]+)[.;]') AS found
     WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND found IS NOT NULL)
SELECT k.conrelid::regclass::text, a.attname, k.confrelid::regclass::text, b.attname, true AS is_enforced
  FROM keys k
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
UNION ALL
SELECT t.attrelid::regclass::text, a.attname, t.relname, t.attname, false
  FROM told t JOIN pg_attribute a ON a.attrelid = t.attrelid AND a.attnum = t.attnum
  JOIN pg_attribute b ON b.attrelid = to_regclass(t.relname) AND b.attname = t.attname
 WHERE NOT EXISTS (SELECT FROM keys k WHERE k.conrelid = t.attrelid AND k.conkey[1] = t.attnum
                      AND k.confrelid = to_regclass(t.relname))
 ORDER BY 1, 2, 3
"""
_ROW, _HEAD, _WIDTH, _GAP, _CHANNEL = 16, 22, 210, 18, 110


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    type: str
    is_primary: bool
    is_optional: bool


@dataclass(frozen=True)
class Reference:
    """A column of a table that refers to a column of another one."""

    table: str
    column: str
    to_table: str
    to_column: str
    is_enforced: bool


@dataclass
class Schema:
    """All tables with their columns, and what refers to what."""

    tables: dict[str, dict[str, Column]] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)


def read(session: psycopg.Connection[TupleRow]) -> Schema:
    """The schema of a session whose search path it is in."""
    schema = Schema()
    for table, *column in session.execute(COLUMNS):
        schema.tables.setdefault(table, {})[column[0]] = Column(*column)
    schema.references = [Reference(*row) for row in session.execute(REFERENCES)]
    return schema


def svg(schema: Schema) -> str:
    """The tables as an SVG; a table stands to the left of those that refer to it."""
    places, width, height = _places(schema)
    shapes = [_line(schema, places, one) for one in schema.references]
    shapes += [_box(schema, table, *places[table]) for table in schema.tables]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="11">\n'
        "<title>The tables of the schema rowhouse</title>\n"
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "".join(shapes) + "</svg>\n"
    )


def _places(schema: Schema) -> tuple[dict[str, tuple[int, int]], int, int]:
    @cache
    def rank(table: str) -> int:
        behind = [one.to_table for one in schema.references if one.table == table]
        return max((rank(other) + 1 for other in behind if other != table), default=0)

    places: dict[str, tuple[int, int]] = {}
    ends: dict[int, int] = {}
    for table, columns in sorted(schema.tables.items(), key=lambda item: _order(schema, item[0])):
        top = ends.get(rank(table), _GAP)
        places[table] = (_GAP + rank(table) * (_WIDTH + _CHANNEL), top)
        ends[rank(table)] = top + _HEAD + _ROW * len(columns) + 6 + _GAP
    return places, len(ends) * (_WIDTH + _CHANNEL) - _CHANNEL + 2 * _GAP, max(ends.values())


def _order(schema: Schema, table: str) -> tuple[int, str]:
    """Those with the most lines first."""
    lines = sum(table in (one.table, one.to_table) for one in schema.references)
    return -lines, table


def _line(schema: Schema, places: dict[str, tuple[int, int]], one: Reference) -> str:
    def middle(table: str, column: str) -> int:
        row = list(schema.tables[table]).index(column)
        return places[table][1] + _HEAD + _ROW * row + _ROW // 2 + 2

    start = places[one.table][0], middle(one.table, one.column)
    end = places[one.to_table][0] + _WIDTH, middle(one.to_table, one.to_column)
    bend = max(40, (start[0] - end[0]) // 2)
    dashes = "" if one.is_enforced else ' stroke-dasharray="5 3"'
    return (
        f'<path d="M{start[0]} {start[1]}C{start[0] - bend} {start[1]} {end[0] + bend} {end[1]} {end[0]} {end[1]}"'
        f' fill="none" stroke="#5b7a99"{dashes}/>\n'
    )


def _box(schema: Schema, table: str, left: int, top: int) -> str:
    columns = schema.tables[table].values()
    height = _HEAD + _ROW * len(columns) + 6
    parts = [
        (
            f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{height}" rx="4" fill="#fff" stroke="#33475b"/>\n'
            f'<path d="M{left} {top + _HEAD}h{_WIDTH}" stroke="#33475b"/>\n'
            f'<text x="{left + 8}" y="{top + 15}" font-weight="bold" font-size="12">{escape(table)}</text>\n'
        )
    ]
    for number, column in enumerate(columns):
        y = top + _HEAD + _ROW * number + 14
        weight = ' text-decoration="underline"' if column.is_primary else ""
        kind = escape(column.type) + ("?" if column.is_optional else "")
        parts.append(
            f'<text x="{left + 8}" y="{y}"{weight}>{escape(column.name)}</text>'
            f'<text x="{left + _WIDTH - 8}" y="{y}" text-anchor="end" fill="#68788a">{kind}</text>\n'
        )
    return "".join(parts)
