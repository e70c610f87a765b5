"""All plays on a dry cluster (cluster.dry): `make cluster-dry`; not part of `make test`, since it takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cluster.dry.playing import files_on_hosts, leftovers, play
from cluster.dry.running import dry_cluster

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(3600)

# What a dry cluster cannot show, and why: docs/how-to/try-in-a-cluster.md.
SKIPPED = (
    "API_SERVER_STOP",
    "the cluster has no",
    "its database is another one",
    "no node has",
    "there is no namespace",
    "it names all objects",
    "PostgreSQL would restart",
)


def test_all_plays_pass_and_leave_nothing(plugin: Path, tmp_path: Path) -> None:
    with dry_cluster(tmp_path, plugin.parent) as dry:
        played = play(dry, tmp_path, "")
        bad = {
            name: outcome
            for name, outcome in played.items()
            if outcome != "passed" and not any(one in outcome for one in SKIPPED)
        }
        assert bad == {}
        assert leftovers(dry) == []
        assert files_on_hosts(dry) == []
    assert dry.problems == []
