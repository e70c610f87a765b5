"""The audit log as CSV and JSON: all entries that match the filters, streamed."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from flask import Response

from rowhouse.api.audit import AuditEntry
from rowhouse.auth.guard import least_role
from rowhouse.store.history import audit as rows
from rowhouse.web.audit import query
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.store.connection.reads import Record

_PAGE_SIZE: Final = 500
_COLUMNS: Final = (
    "id",
    "at",
    "actor",
    "database_user",
    "action",
    "object",
    "object_type",
    "object_key",
    "network",
    "cluster",
    "row_count",
    "before",
    "after",
    "request_id",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@blueprint.get("/audit.csv")
@least_role("viewer")
def audit_csv() -> Response:
    """Export as CSV (RFC 4180), for spreadsheets."""
    return _download(_table(_entries()), "csv", "text/csv; charset=utf-8")


@blueprint.get("/audit.json")
@least_role("viewer")
def audit_json() -> Response:
    """Export as a JSON array of the API's entries."""
    return _download(_array(_entries()), "json", "application/json")


def harmless(text: str) -> str:
    """Prefix text that a spreadsheet would run as a formula with an apostrophe (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _entries() -> Iterator[Record]:
    """Return all entries, read in batches: a slow client does not hold a statement open.

    The first batch is read immediately, so that an invalid query becomes an error page.
    """
    wanted = query.search_of(query.asked(query.filled()))
    database = store()
    first = rows.search(database, wanted, after=None, limit=_PAGE_SIZE)

    def following() -> Iterator[Record]:
        part = first
        while len(part) == _PAGE_SIZE:
            last = part[-1]
            part = rows.search(database, wanted, after=(last.at, last.id), limit=_PAGE_SIZE)
            yield from part

    return itertools.chain(first, following())


def _table(entries: Iterator[Record]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(_COLUMNS)
    for entry in entries:
        writer.writerow([harmless(_cell(getattr(entry, column))) for column in _COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _array(entries: Iterator[Record]) -> Iterator[str]:
    yield "["
    for number, entry in enumerate(entries):
        text = AuditEntry.model_validate(entry).model_dump_json()
        yield f",\n{text}" if number else f"\n{text}"
    yield "\n]\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _download(parts: Iterator[str], suffix: str, content_type: str) -> Response:
    name = f"rowhouse-audit-{datetime.now(UTC):%Y%m%d-%H%M}.{suffix}"
    return Response(
        parts,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
