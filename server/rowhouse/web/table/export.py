"""A table as CSV or JSON: the columns that are shown, with the same filter and order, streamed."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from flask import Response

from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.spreadsheets import harmless
from rowhouse.web.table.asked import asked
from rowhouse.web.table.views import lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rowhouse.web.table.columns import Column, Table

_AT_ONCE: Final = 250
"""The rows that are sent at once: about 64 KiB of text, as much as the server buffers for a client."""


def exported(table: Table, suffix: str) -> Response:
    """Return a table as a file; the first rows are read before, so that an error becomes an error page.

    Raises InvalidRequest: what the URL of a saved view (`view`) asks for is gone, so that the rows would be others.
    """
    wanted = asked(table)
    if wanted.view and (gone := list(lost(wanted))):
        raise InvalidRequest(
            f"the view asks for what this table does not have: {', '.join(gone)}",
            hint="Change the view, or export without it.",
        )
    parts = table.rows.parts(table.columns, wanted.wanted)
    first = next(parts)
    slices = (
        part[start : start + _AT_ONCE]
        for part in itertools.chain([first], parts)
        for start in range(0, len(part), _AT_ONCE)
    )
    write = _csv if suffix == "csv" else _json
    kind = "text/csv; charset=utf-8" if suffix == "csv" else "application/json"
    name = f"rowhouse-{table.name}-{datetime.now(UTC):%Y%m%d-%H%M}.{suffix}"
    return Response(
        write(wanted.columns, slices),
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _csv(columns: Sequence[Column], slices: Iterator[Sequence[Any]]) -> Iterator[str]:
    yield _lines([[column.name for column in columns]])
    for rows in slices:
        yield _lines([[harmless(_text(column.value(row))) for column in columns] for row in rows])


def _json(columns: Sequence[Column], slices: Iterator[Sequence[Any]]) -> Iterator[str]:
    yield "["
    between = "\n"
    for rows in slices:
        items = ({column.name: _plain(column.value(row)) for column in columns} for row in rows)
        yield between + ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)
        between = ",\n"
    yield "\n]\n"


def _lines(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def _text(value: Any) -> str:
    value = _plain(value)
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | bool) else str(value)


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
