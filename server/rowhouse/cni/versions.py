"""The supported CNI versions, and the verbs of each version.

The checks and their messages are those of the CNI project's `pkg/skel` and `pkg/version` (v1.3.0).
"""

from __future__ import annotations

import json
import re

from rowhouse.domain.errors import Undecodable, UnsupportedVersion

SUPPORTED = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
CURRENT = SUPPORTED[-1]

_SINCE = {"CHECK": "0.4.0", "STATUS": "1.1.0", "GC": "1.1.0"}
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_PARTS = 3


def require(command: str, version: str) -> None:
    """Refuse an unsupported version, or one without this verb.

    Raises UnsupportedVersion (code 1), or Undecodable (6) if the version cannot be parsed.
    """
    since = _SINCE.get(command)
    if since is not None:
        wanted = _numbers(version)
        if wanted < _numbers(since):
            raise UnsupportedVersion(
                f"config version does not allow {command}", hint=_details(version)
            )
        if wanted > _numbers(CURRENT):
            raise UnsupportedVersion(
                f"plugin version does not allow {command}", hint=_details(version)
            )
    if version not in SUPPORTED:
        raise UnsupportedVersion("incompatible CNI versions", hint=_details(version))


def _details(version: str) -> str:
    supported = " ".join(f'"{known}"' for known in SUPPORTED)
    return f"config is {json.dumps(version)}, plugin supports [{supported}]"


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    if len(parts) > _PARTS:
        raise Undecodable(f"invalid version {json.dumps(version)}: too many parts")
    for part in parts:
        if not _NUMBER.fullmatch(part):
            raise Undecodable(
                f"failed to convert version part {json.dumps(part)} of {json.dumps(version)}"
            )
    return tuple(int(part) for part in (*parts, "0", "0")[:_PARTS])
