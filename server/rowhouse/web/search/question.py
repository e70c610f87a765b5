"""Interpret the text typed into the search box."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

_CONTAINER: Final = re.compile(r"(?:[a-z-]+://)?([0-9a-f]{6,64})")
"""A container id as crictl shows it, or with the runtime's prefix as in a pod's status."""
_POD: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,62})/(\S{1,253})")
_MAX_CHARACTERS: Final = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a text can stand for. An address or a prefix stands for nothing else."""

    text: str
    address: str | None = None
    prefix: str | None = None
    namespace: str | None = None
    name: str | None = None
    container_id: str | None = None


def question(text: str) -> Question:
    """Parse the search text. It ignores surrounding blanks and a leading pod/ or node/."""
    text = text.strip()[:_MAX_CHARACTERS].replace("\0", "")
    bare = re.sub(r"^(?:pods?|nodes?)/(?=[^/]+$)", "", text)
    try:
        return Question(text=text, address=str(ip_address(bare)))
    except ValueError:
        pass
    if "/" in bare:
        try:
            return Question(text=text, prefix=str(ip_network(bare, strict=False)))
        except ValueError:
            pass
    container = _CONTAINER.fullmatch(bare)
    pod = _POD.fullmatch(bare)
    return Question(
        text=text,
        namespace=pod[1] if pod else None,
        name=pod[2] if pod else bare or None,
        container_id=container[1] if container else None,
    )
