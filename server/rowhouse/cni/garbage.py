"""GC: the attachments that the runtime lists as valid (CNI SPEC 1.1.0 section 2, GC).

If any entry is unreadable, the whole list is refused: skipping an entry would release the
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
"""The name in SPEC 1.1.0, a mistake (containernetworking/cni#1101); libcni sends both names."""


def has_valid_attachments(config: Fields) -> bool:
    """Whether the runtime sent a list of valid attachments at all."""
    return VALID_ATTACHMENTS in config or ATTACHMENTS in config


def valid_attachments(config: Fields) -> set[tuple[str, str]]:
    """Return the pairs of container id and interface to keep. Raises InvalidConfig.

    Go writes an empty list as `null`. A config without the key is refused.
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
