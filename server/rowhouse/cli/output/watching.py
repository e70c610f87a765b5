"""`--watch`: print a list, then its changes as they happen."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli.exits import NOT_READY, Failure
from rowhouse.cli.output.columns import Column, naming, value_of
from rowhouse.cli.output.formats import as_csv
from rowhouse.cli.output.printer import Printer
from rowhouse.cli.output.sorting import ordered
from rowhouse.cli.terminal import plain, plain_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rowhouse.cli.client.client import Document
    from rowhouse.cli.output.formats import Format

_EVENT: Final = Column("EVENT", "event")
_LISTED, _ADDED, _CHANGED, _REMOVED = "LISTED", "ADDED", "CHANGED", "REMOVED"


class WatchingPrinter(Printer):
    """Prints each time only what changed since the last time."""

    def __init__(self, form: Format, sort: str = "") -> None:
        super().__init__(form, sort)
        self._known: dict[Any, Document] | None = None
        self._widths: list[int] | None = None

    def rows_to_read(self, limit: int | None) -> int | None:  # noqa: ARG002 - as in Printer
        """All: a row that another one pushes out of the first `limit` has not been removed."""
        return None

    def items(
        self,
        found: Sequence[Document],
        columns: Sequence[Column],
        *,
        nothing: str,
        limit: int | None = None,
    ) -> None:
        """Print a list the first time, then its changes; `limit` holds for the first time."""
        self._now = datetime.now(UTC)
        if self._sort:
            found = ordered(found, columns, self._sort)
        now = {_key(one, columns): one for one in found}
        if self._known is None:
            if not found and self.for_people:
                click.echo(nothing, err=True)
            self._events([(_LISTED, one) for one in found[:limit]], columns)
        else:
            before = self._known
            gone = [(_REMOVED, one) for key, one in before.items() if key not in now]
            new = [
                (_CHANGED if key in before else _ADDED, one)
                for key, one in now.items()
                if before.get(key) != one
            ]
            self._events(gone + new, columns)
        self._known = now

    def _events(self, events: Sequence[tuple[str, Document]], columns: Sequence[Column]) -> None:
        if not events:
            return
        rows: list[Document] = [{**one, "event": event} for event, one in events]
        if self.for_people:
            # Later values may be longer than the columns of the first table: those lines are then longer.
            self._widths = self.table(rows, [_EVENT, *self.shown(columns)], self._widths)
        elif self.form.kind == "csv":
            heading = self._known is None
            click.echo(as_csv(rows, [_EVENT, *columns], heading=heading), nl=False)
        elif self.form.kind == "name":
            for event, one in events:
                click.echo(plain(f"{event} {value_of(one, naming(columns))}"))
        elif self.form.kind == "json":
            for event, one in events:
                document = {"event": event, "item": one}
                click.echo(plain_json(json.dumps(document, ensure_ascii=False)))
        else:
            for event, one in events:
                document = {"event": event, "item": one}
                text = self.form.documents([document], document, columns)
                click.echo(f"---\n{text}" if self.form.kind == "yaml" else text, nl=False)


def watch(show: Callable[[], None], interval: float) -> None:
    """Call `show` every `interval` seconds until it is interrupted; a server that stops answering is tried again."""
    show()
    is_away = False
    while True:
        time.sleep(interval)
        try:
            show()
        except Failure as failure:
            if failure.exit_code != NOT_READY:
                raise
            if not is_away:
                click.echo(plain(f"{failure.message}; trying again"), err=True)
            is_away = True
        else:
            is_away = False


def _key(document: Document, columns: Sequence[Column]) -> Any:
    return document.get("id") or (
        document.get("network_id"),
        document.get("cluster"),
        json.dumps(value_of(document, naming(columns))),
    )
