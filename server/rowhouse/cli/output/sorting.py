"""`--sort`: the order of a list."""

from __future__ import annotations

import json
import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli.output.columns import value_of
from rowhouse.domain.echo import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.cli.client.client import Document
    from rowhouse.cli.output.columns import Column

_PARTS: Final = re.compile(r"(\d+)")


def ordered(found: Sequence[Document], columns: Sequence[Column], wanted: str) -> list[Document]:
    """Sort by a column: its heading or its path, with a leading `-` for descending. Missing values come last.

    Raises click.UsageError if there is no such column.
    """
    descending = wanted.startswith("-")
    column = _column(columns, wanted.removeprefix("-"))
    values = [(value_of(one, column), one) for one in found]
    known = [(value, one) for value, one in values if value not in (None, "")]
    known.sort(key=lambda pair: _key(pair[0]), reverse=descending)
    return [one for _, one in known] + [one for value, one in values if value in (None, "")]


def _column(columns: Sequence[Column], wanted: str) -> Column:
    for column in columns:
        if _folded(wanted) in {_folded(column.title), _folded(column.path)}:
            return column
    titles = ", ".join(_folded(column.title) for column in columns if column.title)
    raise click.UsageError(f"--sort: there is no column {shown(wanted)}; the columns are {titles}")


def _folded(title: str) -> str:
    return title.casefold().replace(" ", "-").replace("_", "-")


def _key(value: Any) -> tuple[Any, ...]:
    """Numbers by value, addresses and CIDRs in the order of their networks, text as a person would: pod-2, pod-10."""
    if isinstance(value, (bool, int, float)):
        return 0, value
    if not isinstance(value, str):
        return 3, json.dumps(value, sort_keys=True)
    try:
        block = ip_network(value, strict=False)
    except ValueError:
        parts = _PARTS.split(value.casefold())
        return 2, [int(part) if i % 2 else part for i, part in enumerate(parts)], value
    return 1, block.version, int(block.network_address), block.prefixlen
