"""All plays on a dry cluster (cluster.dry): `make cluster-dry`; not part of `make test`, since it takes long."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

import pytest

from cluster.dry.playing import files_on_hosts, leftovers, play, told
from cluster.dry.running import dry_cluster

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.dry.playing import Played

pytestmark = pytest.mark.timeout(3600)

# What a dry cluster cannot show, and why. Every other test has to pass: one that is skipped is a failure here.
_UPGRADE: Final = "test_the_release_is_upgraded_and_serves"
SKIPPED: Final = {
    f"{_UPGRADE}[cloudnativepg-values.yaml]": "its database is another one",
    f"{_UPGRADE}[customised-values.yaml]": "it names all objects differently",
    f"{_UPGRADE}[existing-tls-values.yaml]": "the cluster has no (PodMonitor|ServiceMonitor) of",
    f"{_UPGRADE}[external-hosts-values.yaml]": "its database is another one",
    f"{_UPGRADE}[external-values.yaml]": "its database is another one",
    f"{_UPGRADE}[ha-values.yaml]": "the cluster has no (PodMonitor|HorizontalPodAutoscaler) of",
    f"{_UPGRADE}[tls-values.yaml]": "the cluster has no (BackendTLSPolicy|Certificate) of",
}


def test_all_plays_pass_and_leave_nothing(
    plugin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with dry_cluster(tmp_path, plugin.parent) as dry:
        played = play(dry, tmp_path, "")
        with capsys.disabled():
            sys.stdout.write(f"\n{told(played)}\n")
        if bad := [one for one in played if not is_as_expected(one)]:
            told_of_bad = "\n\n".join(f"{one.name}: {one.outcome}\n{one.text}" for one in bad)
            # As it is: pytest would cut the text of an assertion.
            pytest.fail(
                f"{told_of_bad}\n\ncommands and logs: {tmp_path}/cluster-test", pytrace=False
            )
        assert {one.name for one in played} >= SKIPPED.keys()
        assert leftovers(dry) == []
        assert files_on_hosts(dry) == []
    assert dry.problems == []


def is_as_expected(played: Played) -> bool:
    """Whether a test passed, or was skipped for its reason."""
    if reason := SKIPPED.get(played.name):
        return played.outcome == "skipped" and re.search(reason, played.text) is not None
    return played.outcome == "passed"
