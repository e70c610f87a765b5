"""The node's own checks, in a node's pod."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from rowhouse.doctor.finding import Finding, failed, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.surroundings import Surroundings

_SECONDS: Final = 25.0


def node(where: Surroundings) -> Iterator[Finding]:
    """Run `rowhouse-node doctor`: settings, token, spool, CNI folder, plugin, and a STATUS through it."""
    if where.part != "node":
        yield skipped(
            "this is not a node's pod",
            "kubectl exec ds/rowhouse-node -- rowhouse-node doctor",
        )
        return
    done = subprocess.run(
        [sys.executable, "-m", "rowhouse_node", "doctor", "-o", "json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
        env=dict(where.environment),
    )
    try:
        listed = json.loads(done.stdout)["items"]
    except (ValueError, KeyError):
        yield failed(
            f"rowhouse-node doctor: {done.stderr.strip()}", "Check the variables ROWHOUSE_NODE_…"
        )
        return
    for one in listed:
        yield Finding(
            about=one["check"], state=one["state"], found=one["found"], remedy=one["remedy"]
        )
