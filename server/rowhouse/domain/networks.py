"""Format the name of a network, which is empty for the default network, for people.

Programs (documents, metric labels, SQL) get the name unchanged.
"""

from __future__ import annotations

from typing import Final

DEFAULT_NETWORK: Final = "default network"


def as_shown(name: str) -> str:
    """The bare name, for columns and titles about networks."""
    return name or DEFAULT_NETWORK


def quoted(name: str) -> str:
    """The name in quotation marks, for lists."""
    return f'"{name}"' if name else DEFAULT_NETWORK


def named(name: str) -> str:
    """The name for sentences: `network "storage"`, `the default network`."""
    return f'network "{name}"' if name else f"the {DEFAULT_NETWORK}"
