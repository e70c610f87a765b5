"""The filters of the audit page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from flask import request
from pydantic import TypeAdapter

from rowhouse.api.audit import AuditQuery
from rowhouse.api.calls import read_strings
from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.networks import DEFAULT_NETWORK
from rowhouse.store.history import audit

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY: Final[TypeAdapter[tuple[datetime, int]]] = TypeAdapter(tuple[datetime, int])
"""The key of the last entry of a page, as stored in its cursor."""

FILTERS: Final = ("actor", "action", "object", "network", "cluster", "request_id", "since", "until")
_MOMENTS: Final = ("since", "until")


def filled() -> dict[str, str]:
    """Return the filters that have a value."""
    return {name: text for name in FILTERS if (text := request.args.get(name, "").strip())}


def asked(values: Mapping[str, str]) -> AuditQuery:
    """Return the filters as an API query. Raises InvalidRequest."""
    wanted: dict[str, Any] = {
        name: _rfc3339(name, text) if name in _MOMENTS else text for name, text in values.items()
    }
    if wanted.get("network") == DEFAULT_NETWORK:
        wanted["network"] = ""
    if cursor := request.args.get("cursor"):
        wanted["cursor"] = cursor
    return read_strings(AuditQuery, wanted)


def shown(values: Mapping[str, str]) -> dict[str, str]:
    """Return the filters as form values: times in UTC without an offset."""
    return {name: _local(text) if name in _MOMENTS else text for name, text in values.items()}


def search_of(query: AuditQuery) -> audit.Search:
    """Return the query as a search of the database."""
    return audit.Search(**query.model_dump(exclude={"limit", "cursor"}))


def _local(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    in_utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return in_utc.replace(tzinfo=None, microsecond=0).isoformat()


def _rfc3339(name: str, text: str) -> str:
    """Convert a browser's local date and time, taken as UTC, or an RFC 3339 text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(
            f"{text!r} is not a date and time",
            errors=[(f"/{name}", f"{text!r} is not a date and time, such as 2026-03-01 09:30")],
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
