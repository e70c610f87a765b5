"""docs/dba.md: the twenty questions give the answers that it prints, and it names every object there is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from fixtures.databases import Database

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/dba.md"
QUESTION = re.compile(r"```sql\n(?P<query>.*?)```\n(?:\n```text\n(?P<answer>.*?)```\n)?", re.DOTALL)

OBJECTS = """
SELECT relname FROM pg_class WHERE relnamespace = 'rowhouse'::regnamespace AND relkind IN ('r', 'v', 'i')
UNION
SELECT proname FROM pg_proc WHERE pronamespace = 'rowhouse'::regnamespace
EXCEPT
SELECT unnest(ARRAY['alembic_version', 'alembic_version_pkc'])
"""


def table(cursor: psycopg.Cursor[tuple[object, ...]]) -> str:
    """The rows as psql would print them, aligned."""
    assert cursor.description
    rows = [[column.name for column in cursor.description]]
    rows += [["" if value is None else shown(value) for value in row] for row in cursor.fetchall()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(lines) + f"\n({len(rows) - 1} row{'s' * (len(rows) != 2)})\n"


def shown(value: object) -> str:
    if isinstance(value, list):
        return "{" + ", ".join(map(str, value)) + "}"
    return str(value)


def test_the_twenty_questions_have_the_answers_that_the_guide_prints(database: Database) -> None:
    text = GUIDE.read_text()
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute((ROOT / "docs/dba/sample.sql").read_bytes())
        connection.execute("RESET search_path")
        answers = [
            table(connection.execute(found["query"].encode())) for found in QUESTION.finditer(text)
        ]
        assert connection.execute("SELECT * FROM rowhouse.integrity_problems").fetchall() == []
    remaining = iter(answers)
    written = QUESTION.sub(
        lambda found: f"```sql\n{found['query']}```\n\n```text\n{next(remaining)}```\n", text
    )
    if os.environ.get("UPDATE_DOCS"):
        GUIDE.write_text(written)
    assert len(answers) == 20
    assert written == text, "run with UPDATE_DOCS=1 and look at what changed"


def test_the_guide_names_every_table_view_function_and_index(database: Database) -> None:
    text = GUIDE.read_text()
    with psycopg.connect(database.conninfo) as connection:
        names = [name for (name,) in connection.execute(OBJECTS)]
    assert [name for name in names if f"`{name}" not in text] == []
