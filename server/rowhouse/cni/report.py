"""The report of a node's agent: `POST /cni/report`. It is no CNI call, but comes from the same nodes and tokens."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rowhouse.domain.errors import InputTooLarge, InvalidEnvironment, Undecodable
from rowhouse.domain.invalid_values import explained
from rowhouse.domain.limits import MAX_NAME
from rowhouse.domain.names import VERSION
from rowhouse.domain.nodes import NodeReport

if TYPE_CHECKING:
    from rowhouse.cni.call import Headers

MAX_REPORT: Final = 4096
"""Maximum size of a report in bytes."""

_MAX_COUNT: Final = 2**53 - 1  # what every JSON parser reads exactly
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_RFC3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _moment(value: Any) -> datetime:
    """Read RFC 3339 only. Times that no clock shows would not survive a change of the time zone."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("must be a date and time as in RFC 3339, such as 2026-03-01T09:30:00Z")
    moment = datetime.fromisoformat(value.upper())
    if not _FIRST <= moment < _LAST:
        raise ValueError("must be between the years 1970 and 2200")
    return moment


_Version = Annotated[str, Field(max_length=64, pattern=VERSION)]
_Count = Annotated[int, Field(ge=0, le=_MAX_COUNT)]


class _Document(BaseModel):
    """The body. Unknown fields are ignored: an agent may be newer than the server."""

    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)

    plugin_version: _Version
    agent_version: _Version
    kept_dels: _Count
    kept_bytes: _Count
    started_at: Annotated[datetime, BeforeValidator(_moment)]


def node_name(headers: Headers, header: str) -> str:
    """Return the name in a header, "" if it is absent. Raises InvalidEnvironment."""
    value = headers.get(header) or ""
    try:
        value = value if value.isascii() else value.encode("latin-1").decode()
    except UnicodeError:
        raise InvalidEnvironment(f"{header} is not UTF-8") from None
    if len(value) > MAX_NAME or _UNPRINTABLE.search(value):
        raise InvalidEnvironment(f"{header} is not the name of a node or a cluster")
    return value


def parse_report(cluster: str, node: str, body: bytes | None) -> NodeReport:
    """Parse the report of a node. `body` is None if it was too large.

    Raises InvalidEnvironment, InputTooLarge, Undecodable, and no other exception for any input.
    """
    if not node:
        raise InvalidEnvironment(
            "the report names no node",
            hint="Send the header Rowhouse-Node, or a token bound to a node.",
        )
    if body is None or len(body) > MAX_REPORT:
        raise InputTooLarge(f"the report has more than {MAX_REPORT} bytes")
    try:
        document = _Document.model_validate_json(body)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Undecodable(
            f"the report is not valid: {f'{where}: ' if where else ''}{explained(first)}"
        ) from None
    return NodeReport(cluster=cluster, node=node, **document.model_dump())
