"""docs/dba.md: psql answers as it prints, its picture is the catalog's, and it names every object."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from docs import picture
from fixtures import databases

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from fixtures.databases import Database, PostgresServer

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/dba.md"
DRAWING = ROOT / "docs/dba/tables.svg"
QUESTION = re.compile(r"```sql\n(?P<query>.*?)```\n(?:\n```text\n(?P<answer>.*?)```\n)?", re.DOTALL)

OBJECTS = """
SELECT relname FROM pg_class WHERE relnamespace = 'rowhouse'::regnamespace AND relkind IN ('r', 'v', 'i')
UNION
SELECT proname FROM pg_proc WHERE pronamespace = 'rowhouse'::regnamespace
EXCEPT
SELECT unnest(ARRAY['alembic_version', 'alembic_version_pkc'])
"""


def psql(postgres: PostgresServer, database: Database, query: str) -> str:
    """What psql prints to a login of rowhouse_auditor, without the blanks at the ends of lines.

    That role is what the guide gives to those who ask: each question has to be within its rights.
    """
    ran = subprocess.run(
        [
            postgres.server.bindir / "psql",
            "--no-psqlrc",
            "-v",
            "ON_ERROR_STOP=1",
            database.conninfo,
        ],
        input=query,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env=os.environ
        | {"PGTZ": "UTC", "PGDATESTYLE": "ISO", "PGCLIENTENCODING": "UTF8"}
        | {"PGOPTIONS": "-c role=rowhouse_auditor"},
    )
    assert ran.returncode == 0, ran.stderr
    return re.sub(r" +$", "", ran.stdout, flags=re.MULTILINE).rstrip("\n") + "\n"


def unchanged(file: Path, wanted: str) -> None:
    """Compares a generated text with its file; UPDATE_DOCS (`make dba`) writes it."""
    if os.environ.get("UPDATE_DOCS"):
        file.write_text(wanted)
    assert file.read_text() == wanted, "run `make dba` and look at what changed"


def test_psql_answers_the_questions_as_the_guide_prints(
    postgres: PostgresServer, database: Database
) -> None:
    text = GUIDE.read_text()
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute((ROOT / "docs/dba/sample.sql").read_bytes())
    answers = [psql(postgres, database, found["query"]) for found in QUESTION.finditer(text)]
    assert len(answers) >= 20
    with databases.session(database) as session:
        assert session.execute("SELECT * FROM integrity_problems").fetchall() == []
    remaining = iter(answers)
    written = QUESTION.sub(
        lambda found: f"```sql\n{found['query']}```\n\n```text\n{next(remaining)}```\n", text
    )
    unchanged(GUIDE, written)


def test_the_picture_is_the_catalogs(dba: psycopg.Connection[TupleRow]) -> None:
    schema = picture.read(dba)
    assert {one.to_table for one in schema.references} >= {"networks", "pools", "reservations"}
    unchanged(DRAWING, picture.svg(schema))


def test_the_guide_names_every_table_view_function_and_index(database: Database) -> None:
    text = GUIDE.read_text()
    with psycopg.connect(database.conninfo) as connection:
        names = [name for (name,) in connection.execute(OBJECTS)]
    missing = [name for name in names if f"`{name}" not in text]
    assert not missing, f"name these in docs/dba.md: {missing}"
