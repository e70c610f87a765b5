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
from rowhouse.domain.spreadsheets import harmless
from rowhouse.web.audit.page import log
from rowhouse.web.blueprint import blueprint
from rowhouse.web.table.asked import asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rowhouse.store.connection.reads import Record

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


@blueprint.get("/audit.csv")
@least_role("viewer")
def audit_csv() -> Response:
    """Export as CSV (RFC 4180), for spreadsheets."""
    lines = itertools.chain([_line(_COLUMNS)], map(_table, _pages()))
    return _download(lines, "csv", "text/csv; charset=utf-8")


@blueprint.get("/audit.json")
@least_role("viewer")
def audit_json() -> Response:
    """Export as a JSON array of the API's entries."""
    items = map(_items, itertools.count(), _pages())
    return _download(itertools.chain(["["], items, ["\n]\n"]), "json", "application/json")


def _pages() -> Iterator[Sequence[Record]]:
    """Return all entries that match, a page at a time.

    The first page is read before, so that an invalid query becomes an error page.
    """
    table = log()
    pages = table.rows.parts(table.columns, asked(table).wanted)
    return itertools.chain([next(pages)], pages)


def _table(page: Sequence[Record]) -> str:
    return "".join(
        _line([harmless(_cell(getattr(entry, column))) for column in _COLUMNS]) for entry in page
    )


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _items(number: int, page: Sequence[Record]) -> str:
    """Return a page as items of an array. `number`: how many pages precede it."""
    items = ["\n" + AuditEntry.model_validate(entry).model_dump_json() for entry in page]
    return ",".join(["", *items] if number and items else items)


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
