"""Addresses of a form: "10.0.0.4", a run "10.0.0.4-10.0.0.9", a CIDR "10.0.0.4/30".

A row that was selected in a table of all networks has the id of its network: "3/10.0.0.4".
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from flask import current_app

from rowhouse.domain.echo import shown
from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.runs import joined, length
from rowhouse.web.actions.addresses import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rowhouse.domain.runs import Run
    from rowhouse.store.allocation.reservations import Key

_MAX_ID: Final = 2**31
TENURE: Final = re.compile(r"[0-9]{1,18}")


def most() -> int:
    """Return how many addresses a request may change."""
    return int(current_app.extensions["rowhouse"].settings.api_bulk_limit)


def single(text: str) -> list[str]:
    """Return addresses one by one; what is no run stays as it is, for validation to report.

    Raises InvalidRequest for more than a request may change.
    """
    found: list[str] = []
    for word in text.replace(",", " ").split():
        run = _run(word)
        if run is None:
            found.append(word)
            continue
        count = length(run)
        if len(found) + count > most():
            raise _too_many(f"{word} has {count} addresses")
        first = ip_address(run[0])
        found += [str(first + i) for i in range(count)]
    return found


def runs(text: str) -> list[Run]:
    """Return addresses as runs, joined and in order. Raises InvalidRequest."""
    found = []
    for word in text.replace(",", " ").split():
        run = _run(word if set("-/") & set(word) else f"{word}-{word}")
        if run is None:
            wrong = f"{shown(word)} is not an address, a range such as 10.0.0.4-10.0.0.9, or a CIDR without host bits"
            raise InvalidRequest(wrong, errors=[("/addresses", wrong)])
        found.append(run)
    if not found:
        raise nothing()
    if len({ip_address(first).version for first, _ in found}) > 1:
        raise InvalidRequest("IPv4 and IPv6 addresses cannot be changed together")
    merged = joined(found)
    if len(merged) > most():
        raise _too_many(f"{len(merged)} runs of addresses")
    return merged


def keys(words: Sequence[str], network_id: int | None) -> list[Key]:
    """Return the selected addresses with their networks, in order; runs are left out, as no run is reserved.

    `network_id` is the network of all of them; None: each has its own. Raises NotFound, InvalidRequest.
    """
    found = set()
    for word in words:
        if "-" in word:
            continue
        network, _, address = word.rpartition("/")
        if network_id is not None:
            found.add((network_id, canonical(word)))
        elif network.isdecimal() and len(network) < 11 and 0 < int(network) < _MAX_ID:  # noqa: PLR2004 - int4
            found.add((int(network), canonical(address)))
        else:
            raise InvalidRequest(
                f"{shown(word)} is not an address with the id of its network, such as 1/10.0.0.4"
            )
    if len(found) > most():
        raise _too_many(f"{len(found)} addresses")
    return sorted(
        found, key=lambda key: (key[0], ip_address(key[1]).version, int(ip_address(key[1])))
    )


def tenures(text: str) -> dict[Key, int]:
    """Return the tenures that the user saw, as `tenures_text` wrote them. Raises NotFound, InvalidRequest."""
    found = {}
    for word in text.split():
        key, _, tenure = word.partition("=")
        for one in keys([key], None):
            found[one] = int(tenure) if TENURE.fullmatch(tenure) else 0
    return found


def tenures_text(found: Mapping[Key, int]) -> str:
    """Return tenures as a field of a form."""
    return " ".join(f"{network}/{address}={tenure}" for (network, address), tenure in found.items())


def unseen() -> InvalidRequest:
    """Return the error for a form without the tenures that the user saw."""
    return InvalidRequest(
        "the form does not say which reservations to change", hint="Select the addresses again."
    )


def nothing() -> InvalidRequest:
    """Return the error for an empty selection."""
    return InvalidRequest(
        "no address is selected",
        hint="Go back, select rows of the table, and choose the action again.",
    )


def _run(word: str) -> Run | None:
    if "/" in word:
        return _run_of_cidr(word)
    first, hyphen, last = word.partition("-")
    try:
        low, high = ip_address(first), ip_address(last)
    except ValueError:
        return None
    if not hyphen or low.version != high.version or int(low) > int(high):
        return None
    return str(low), str(high)


def _run_of_cidr(word: str) -> Run | None:
    try:
        network = ip_network(word)
    except ValueError:
        return None
    return str(network[0]), str(network[-1])


def _too_many(what: str) -> InvalidRequest:
    limit = most()
    return InvalidRequest(
        f"{what} in one request, but at most {limit} are allowed",
        errors=[("/addresses", f"more than {limit}")],
    )
