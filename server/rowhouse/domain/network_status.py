"""The annotation in which multus records a pod's attachments (multi-network specification v1.3, section 4.2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS: Final = ("k8s.v1.cni.cncf.io/network-status", "k8s.v1.cni.cncf.io/networks-status")
"""The current key and the older one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedInterface:
    """An interface that multus attached: `network` is NAMESPACE/NAME of its NAD, `addresses` as multus writes them."""

    network: str
    interface: str
    addresses: tuple[str, ...]
    mac: str = ""


def attached_interfaces(annotations: Mapping[str, Any]) -> tuple[AttachedInterface, ...]:
    """Return the interfaces of a pod with addresses, without the cluster network's; empty without the annotation.

    Raises ValueError if it is unreadable.
    """
    written = next((annotations[key] for key in _KEYS if annotations.get(key)), "[]")
    try:
        entries = json.loads(written)
    except (RecursionError, TypeError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(entries, list):
        raise ValueError("not a list")  # noqa: TRY004 - one kind of error for what cannot be read
    return tuple(
        AttachedInterface(
            network=_text(entry, "name"),
            interface=_text(entry, "interface"),
            addresses=tuple(map(str, entry["ips"])),
            mac=_text(entry, "mac"),
        )
        for entry in entries
        if isinstance(entry, dict)
        and not entry.get("default")
        and isinstance(entry.get("ips"), list)
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    found = entry.get(key)
    return found if isinstance(found, str) else ""
