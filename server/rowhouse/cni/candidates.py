"""Candidates: a list of addresses of which each pod takes one that is free. `args.cni.candidates`, `ipam.candidates`.

The first of the two that is not empty counts. An entry is an address, `first-last` or a CIDR; or all entries are names
of ranges for requests (exclusions). multus sends the `cni-args` of a pod's annotation as `args.cni`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress

from rowhouse.cni import fields
from rowhouse.domain.addresses import format_address, parse_address, parse_cidr
from rowhouse.domain.errors import AddressOutsideRanges, InvalidConfig
from rowhouse.domain.names import RANGE_NAME
from rowhouse.domain.runs import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.cni.fields import Fields
    from rowhouse.cni.plan import Plan
    from rowhouse.domain.requests import RangeRequest, Segment

MAX_CANDIDATES: Final = 256
"""The maximum number of entries; an entry may be a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The entries: addresses, or names of ranges for requests."""

    runs: tuple[Candidate, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entry: its first and last address, and the entry as written with its key."""

    first: IPAddress
    last: IPAddress
    source: str


def candidates_of(config: Fields) -> Candidates:
    """Return the candidates of a configuration. Raises InvalidConfig, which names key and value."""
    cni = fields.section(fields.section(config, "args", "netconf"), "cni", "args")
    ipam = fields.section(config, "ipam", "netconf")
    for key, values in (
        ("args.cni.candidates", fields.texts(cni, "candidates", "args.cni")),
        ("ipam.candidates", fields.texts(ipam, "candidates")),
    ):
        if len(values) > MAX_CANDIDATES:
            raise InvalidConfig(f"{key} has {len(values)} entries, more than {MAX_CANDIDATES}")
        if values:
            return _candidates(values, key)
    return Candidates()


def _candidates(texts: Sequence[str], key: str) -> Candidates:
    names = tuple(text.strip() for text in texts if RANGE_NAME.fullmatch(text.strip()))
    if not names:
        return Candidates(runs=tuple(_candidate(text, key) for text in texts))
    if len(names) < len(texts):
        raise InvalidConfig(
            f"{key} has names and addresses",
            hint="List addresses, or names of ranges for requests (rowhouse exclusion list).",
        )
    return Candidates(names=names)


def limited_to(wanted: Candidates, plan: Plan) -> Plan:
    """Limit each range that has candidates to these; a range with a requested address stays as it is.

    Which addresses a name has is known to the database only.

    Raises AddressOutsideRanges for a candidate that no range can assign, unless a pool by name may contain it.
    """
    if wanted.names:
        return replace(plan, requests=tuple(_named(one, wanted.names) for one in plan.requests))
    candidates = wanted.runs
    if not candidates:
        return plan
    spans = tuple(
        joined((format_address(one.first), format_address(one.last)) for one in candidates)
    )
    requests = []
    for asked in plan.requests:
        if asked.requested is not None:
            requests.append(asked)
            continue
        segments = spans if asked.pool is not None else _both(asked.segments, spans)
        requests.append(
            replace(asked, segments=segments, has_candidates=True) if segments else asked
        )
    if not any(asked.pool is not None for asked in plan.requests):
        offered = [segment for asked in plan.requests for segment in asked.segments]
        for one in candidates:
            if not _both(offered, [(format_address(one.first), format_address(one.last))]):
                raise AddressOutsideRanges(
                    f"no range can assign candidate {one.source}",
                    hint="check the ranges, exclude, gateway and addresses in the configuration",
                )
    return replace(plan, requests=tuple(requests))


def _named(asked: RangeRequest, names: tuple[str, ...]) -> RangeRequest:
    if asked.requested is not None:
        return asked
    return replace(asked, has_candidates=True, candidate_names=names)


def _candidate(text: str, key: str) -> Candidate:
    source = f"{fields.shown(text)} ({key})"
    try:
        if "/" in text:
            network = parse_cidr(text.strip()).cidr
            first, last = (
                IPAddress(network.first, network.version),
                IPAddress(network.last, network.version),
            )
        else:
            low, dash, high = text.partition("-")
            first = parse_address(low.strip())
            last = parse_address(high.strip()) if dash else first
    except ValueError as error:
        raise InvalidConfig(f"invalid candidate {source}: {error}") from None
    if first.version != last.version or first > last:
        raise InvalidConfig(f"invalid candidate {source}: the last address is before the first")
    return Candidate(first=first, last=last, source=source)


def _both(segments: Sequence[Segment], others: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the addresses that both lists have, in order."""
    found = []
    for segment in segments:
        low, high = map(IPAddress, segment)
        for other in others:
            first, last = map(IPAddress, other)
            if first.version == low.version and first <= high and last >= low:
                found.append((format_address(max(first, low)), format_address(min(last, high))))
    return tuple(found)
