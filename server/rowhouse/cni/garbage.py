"""GC: which attachments the runtime says are alive (CNI SPEC 1.1.0 section 2, GC).

A list that cannot be read as a whole is refused as a whole: to skip an entry would release the
address of a running pod.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.cni import fields
from rowhouse.domain.errors import InvalidConfig

if TYPE_CHECKING:
    from rowhouse.cni.fields import Fields

VALID_ATTACHMENTS = "cni.dev/valid-attachments"
ATTACHMENTS = "cni.dev/attachments"
"""The name that SPEC 1.1.0 used by mistake (containernetworking/cni#1101); libcni sends both."""


def has_valid_attachments(config: Fields) -> bool:
    """Whether the runtime says at all which attachments are alive."""
    return VALID_ATTACHMENTS in config or ATTACHMENTS in config


def valid_attachments(config: Fields) -> set[tuple[str, str]]:
    """Pairs of container id and interface that must be kept. Raises InvalidConfig.

    `null` is what Go makes of an empty list; a config without the key names nothing and is refused.
    """
    if not has_valid_attachments(config):
        raise InvalidConfig(
            f"{VALID_ATTACHMENTS} missing: nothing is released",
            hint="the runtime must list the valid attachments",
        )
    return {
        (_required(entry, "containerID", where), _required(entry, "ifname", where))
        for key in (VALID_ATTACHMENTS, ATTACHMENTS)
        for entry, where in fields.sections(config, key, "netconf")
    }


def _required(entry: Fields, key: str, where: str) -> str:
    value = fields.text(entry, key, where)
    if not value:
        raise InvalidConfig(f"{where}.{key} missing: nothing is released")
    return value
