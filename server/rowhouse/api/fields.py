"""The values in requests and responses: their format, validation and OpenAPI schema."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from rowhouse.domain.addresses import (
    AddressSyntaxError,
    MappedAddressError,
    format_address,
    format_cidr,
    parse_address,
    parse_cidr,
)
from rowhouse.domain.echo import shown
from rowhouse.domain.limits import MAX_INTERFACE, MAX_LABEL, MAX_NAME, MAX_TTL
from rowhouse.domain.mac import parse_mac
from rowhouse.domain.names import LINE, RANGE_NAME, TEXT

MAX_ID: Final = 2**31 - 1
_RFC3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


class Request(BaseModel):
    """A request body: unknown fields and wrong types are rejected."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class Rehearsed(Request):
    """The parameter that every change accepts."""

    dry_run: Annotated[
        bool,
        Field(
            description="Answer as the request would be answered now, but change nothing:"
            " the header `Dry-Run: true` says so"
        ),
    ] = False


class Answer(BaseModel):
    """A response body."""

    model_config = ConfigDict(extra="ignore", frozen=True, from_attributes=True)


def _canonical_address(text: str) -> str:
    try:
        return format_address(parse_address(text))
    except AddressSyntaxError:
        raise ValueError(f"{shown(text)} is not an address, such as 10.0.0.7 or fd00::7") from None
    except MappedAddressError as error:
        raise ValueError(str(error)) from None


def _canonical_cidr(text: str) -> str:
    try:
        network = parse_cidr(text)
    except AddressSyntaxError:
        raise ValueError(f"{shown(text)} is not a CIDR, such as 10.0.0.0/24 or fd00::/64") from None
    except MappedAddressError as error:
        raise ValueError(str(error)) from None
    if network.ip != network.network:
        raise ValueError(f"{text} has host bits set; the network is {format_cidr(network.cidr)}")
    return format_cidr(network)


def _read_moment(value: Any) -> Any:
    """Accept only RFC 3339: no seconds since 1970, and no other forms of ISO 8601."""
    if not isinstance(value, str):
        return value
    if not _RFC3339.fullmatch(value):
        raise ValueError("must be a date and time as in RFC 3339, such as 2026-03-01T09:30:00Z")
    return datetime.fromisoformat(value.upper())


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the date is out of range") from None


def _as_rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_ADDRESS = {"type": "string", "maxLength": 45, "examples": ["10.0.0.7"]}
_PREFIX = {"type": "string", "maxLength": 49, "examples": ["10.0.0.0/24"]}

Address = Annotated[
    str,
    AfterValidator(_canonical_address),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}],
            "description": "An address without prefix length",
            "examples": ["10.0.0.7"],
        },
        mode="validation",
    ),
    WithJsonSchema(_ADDRESS, mode="serialization"),
]
Cidr = Annotated[
    str,
    AfterValidator(_canonical_cidr),
    WithJsonSchema(
        {
            **_PREFIX,
            "pattern": r"^[0-9a-fA-F.:]{2,45}/[0-9]{1,3}$",
            "description": "A CIDR whose host bits are zero",
        },
        mode="validation",
    ),
    WithJsonSchema(_PREFIX, mode="serialization"),
]
Mac = Annotated[
    str,
    AfterValidator(parse_mac),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 17,
            "pattern": r"^([0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}"
            r"|[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2}|[0-9A-Fa-f]{12})$",
            "description": "A MAC address in any spelling",
            "examples": ["02:00:5e:00:53:01"],
        },
        mode="validation",
    ),
    WithJsonSchema(
        {"type": "string", "maxLength": 17, "examples": ["02:00:5e:00:53:01"]}, mode="serialization"
    ),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_read_moment),
    AfterValidator(_utc),
    PlainSerializer(_as_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-01T09:30:00Z"]}),
]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Seconds = Annotated[float, Field(ge=0, le=MAX_TTL, description="Seconds")]

# Begins with the first letter, after digits at most: an all-digit name would be read as the ID of a pool.
_POOL_NAME: Final = r"^([0-9][-0-9._]*)?[A-Za-z]([-A-Za-z0-9._]*[A-Za-z0-9])?$"


def _pool_name(text: str) -> str:
    """Accept one word that a command line cannot mistake for a CIDR or an ID."""
    if len(text) > MAX_NAME or not re.fullmatch(_POOL_NAME, text):
        raise ValueError(
            f"{shown(text)} is not a valid pool name: use letters (at least one), digits, '-', '_' and '.',"
            " and begin and end with a letter or digit"
        )
    return text


def _range_name(text: str) -> str:
    """Accept a DNS label that begins with a letter."""
    if not RANGE_NAME.fullmatch(text):
        raise ValueError(
            f"{shown(text)} is not a valid range name: use at most {MAX_LABEL} lowercase letters, digits and '-',"
            " and begin with a letter"
        )
    return text


def _filled(text: str) -> str:
    """Accept a text that is not only spaces and line breaks."""
    if not re.search(r"[^\x00-\x20\x7f]", text):
        raise ValueError("it must not be empty")
    return text


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=LINE)]
PoolName = Annotated[
    str,
    AfterValidator(_pool_name),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": MAX_NAME, "pattern": _POOL_NAME},
        mode="validation",
    ),
]
PoolText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_NAME,
        pattern=LINE,
        description="A pool: its name or an alias, its CIDR, or its id",
    ),
]
RangeName = Annotated[
    str,
    AfterValidator(_range_name),
    WithJsonSchema(
        {"type": "string", "maxLength": MAX_LABEL, "pattern": f"^{RANGE_NAME.pattern}$"},
        mode="validation",
    ),
]
NetworkName = Annotated[str, Field(max_length=MAX_NAME, pattern=LINE)]
Text = Annotated[str, Field(max_length=4096, pattern=TEXT)]
FilledText = Annotated[
    Text,
    Field(min_length=1),
    AfterValidator(_filled),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": 4096,
            "pattern": r"^[^\x00-\x08\x0b-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x08\x0b-\x1f\x7f]*$",
        },
        mode="validation",
    ),
]
Namespace = Annotated[str, Field(max_length=MAX_LABEL, pattern=LINE)]
Cluster = Annotated[str, Field(max_length=MAX_NAME, pattern=LINE)]
Interface = Annotated[str, Field(max_length=MAX_INTERFACE, pattern=LINE)]
LabelKey = Annotated[str, Field(min_length=1, max_length=MAX_LABEL + 1 + MAX_NAME, pattern=LINE)]
LabelValue = Annotated[str, Field(max_length=MAX_NAME, pattern=LINE)]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=64)]
# A DBA may have written other values than strings.
StoredLabels = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]
LabelChanges = Annotated[dict[LabelKey, LabelValue | None], Field(max_length=64)]
