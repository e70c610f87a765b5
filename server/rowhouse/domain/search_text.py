"""Interpret the text of a search: an address, the beginning of one, a prefix, or a part of a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from rowhouse.domain.mac import parse_mac

MAX_CHARACTERS: Final = 320
_CONTAINER: Final = re.compile(r"(?:[a-z-]+://)?([0-9a-f]{6,64})")
"""A container id as crictl shows it, or with the runtime's prefix as in a pod's status."""
_POD: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,62})/(\S{0,253})")
_KIND: Final = re.compile(r"^(?:pods?|nodes?|ns|namespaces?)/(?=[^/]+$)")
"""The kind before a name, as `kubectl get -o name` prints it."""
_BEGINS_IPV4: Final = re.compile(r"(?:\d{1,3}\.){1,3}\d{0,3}", re.ASCII)
_BEGINS_IPV6: Final = re.compile(r"[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){1,7}", re.ASCII)

Span = tuple[str, str]
"""First and last address, inclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a text can stand for. An address or a prefix stands for nothing else.

    `spans`: the addresses that begin with the text, or that the prefix contains.
    """

    text: str
    address: str | None = None
    prefix: str | None = None
    spans: tuple[Span, ...] = ()
    namespace: str | None = None
    name: str | None = None
    container_id: str | None = None
    mac: str | None = None


def question(text: str) -> Question:
    """Parse the search text. It ignores surrounding blanks and a leading pod/, node/ or namespace/."""
    text = text.strip()[:MAX_CHARACTERS].replace("\0", "")
    bare = _KIND.sub("", text)
    if ":" in bare:
        bare = bare.partition("%")[0]  # the zone of a link-local address, as `ip address` prints it
    spans = _beginning(bare)
    try:
        address = str(ip_address(bare))
    except ValueError:
        pass
    else:
        # "fd00:1::" is an address, and the beginning of many.
        return Question(text=text, address=address, spans=spans)
    if "/" in bare:
        try:
            prefix = ip_network(bare, strict=False)
        except ValueError:
            pass
        else:
            return Question(
                text=text, prefix=str(prefix), spans=((str(prefix[0]), str(prefix[-1])),)
            )
    container = _CONTAINER.fullmatch(bare)
    pod = _POD.fullmatch(bare)
    return Question(
        text=text,
        spans=spans,
        namespace=pod[1] if pod else None,
        name=pod[2] if pod else bare or None,
        container_id=container[1] if container else None,
        mac=_mac(bare),
    )


def _mac(text: str) -> str | None:
    try:
        return parse_mac(text)
    except ValueError:
        return None


def _beginning(text: str) -> tuple[Span, ...]:
    """Return the addresses whose text begins with `text`, as spans in order."""
    if _BEGINS_IPV4.fullmatch(text):
        groups = text.split(".")
        return _spans(groups, base=10, size=8, count=4)
    if text.endswith("::") and _BEGINS_IPV6.fullmatch(text):
        return _spans([*text.removesuffix("::").split(":"), ""], base=16, size=16, count=8)
    if "::" in text:
        try:
            groups = IPv6Address(text).exploded.split(":")
        except ValueError:
            return ()
        return _spans([*groups[:-1], f"{int(groups[-1], 16):x}"], base=16, size=16, count=8)
    if _BEGINS_IPV6.fullmatch(text):
        return _spans(text.split(":"), base=16, size=16, count=8)
    return ()


def _spans(groups: list[str], *, base: int, size: int, count: int) -> tuple[Span, ...]:
    """Return what begins with whole groups and the beginning of another one, which may be empty."""
    most = 2**size - 1
    *whole, partial = (int(group, base) if group else None for group in groups)
    if any(group is None or group > most for group in whole):
        return ()
    start = 0
    for group in whole:
        start = (start << size) | (group or 0)
    rest = size * (count - len(groups))
    make = IPv4Address if size == 8 else IPv6Address  # noqa: PLR2004 - an octet
    return tuple(
        (
            str(make(((start << size) | first) << rest)),
            str(make((((start << size) | last) << rest) | ((1 << rest) - 1))),
        )
        for first, last in _values(partial, base, most)
    )


def _values(partial: int | None, base: int, most: int) -> list[tuple[int, int]]:
    """Return the numbers whose digits begin with those of `partial`: 2, 20 to 29, 200 to 255."""
    if partial is None:
        return [(0, most)]
    found = []
    first = last = partial
    while first <= most:
        found.append((first, min(last, most)))
        if not partial:  # no number begins with a zero
            break
        first, last = first * base, last * base + base - 1
    return found
