"""How people read the name of a network, which is empty for the default one.

Machines (documents, labels of metrics, SQL) get the name as it is.
"""

from __future__ import annotations

from typing import Final

DEFAULT_NETWORK: Final = "default network"


def as_shown(name: str) -> str:
    """The name by itself, where it is clear that it is a network's: in a column, in a title."""
    return name or DEFAULT_NETWORK


def quoted(name: str) -> str:
    """The name in quotation marks, in a list of several."""
    return f'"{name}"' if name else DEFAULT_NETWORK


def named(name: str) -> str:
    """The network in a sentence: `network "storage"`, `the default network`."""
    return f'network "{name}"' if name else f"the {DEFAULT_NETWORK}"
