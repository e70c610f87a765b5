"""An upgrade to each file of values that this cluster can take, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from cluster.applicable import obstacle
from cluster.pods import addresses_of
from cluster.release import CHART, NAME

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.live import Live
    from cluster.release import Release

FILES = sorted((CHART / "ci").glob("*-values.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_release_is_upgraded_and_serves(
    live: Live, release: Release, space: str, file: Path
) -> None:
    if reason := in_the_way(live, release, file):
        pytest.skip(reason)
    number = FILES.index(file)
    config = live.config("upgraded", range=f"10.110.{60 + number}.0/24")
    live.kubectl.apply(live.make.network("upgraded", space, config))
    release.upgrade(*fitting(live, file), before=file)
    live.kubectl.apply(live.make.pod("a", space, "upgraded"))
    pod = live.running(space, ["a"])["a"]
    assert addresses_of(pod) == [f"10.110.{60 + number}.1"]
    release.upgrade()
    live.kubectl.delete("pod", "a", space)
    release.wait_for_holders(space, {})


def fitting(live: Live, file: Path) -> list[str]:
    """What has to be said besides, since our own values and the file's concern the same part."""
    values = yaml.safe_load(file.read_text())
    found = []
    if values.get("controller", {}).get("enabled") is False:
        found.append("--set=mirror.enabled=false")
    if values.get("import"):
        # The namespace with whereabouts' objects here is the mirror's.
        found.append(f"--set=import.whereabouts.namespace={live.namespace}")
        found.append("--set=import.whereabouts.isolated=null")
    return found


def in_the_way(live: Live, release: Release, file: Path) -> str:
    """Why the file cannot be tried in this cluster; empty if it can."""
    line = ["template", NAME, str(CHART), f"--namespace={live.namespace}"]
    ours = [f"--values={one}" for one in (*live.settings.values, release.folder / "values.yaml")]
    now = live.helm.text(*line, *ours)
    printed = live.helm.text(*line, f"--values={file}", *ours, *fitting(live, file))
    there = {
        (kind, str(one["metadata"]["name"]))
        for kind, plural in (
            ("Secret", "secrets"),
            ("ConfigMap", "configmaps"),
            ("PersistentVolumeClaim", "persistentvolumeclaims"),
        )
        for one in live.kubectl.list(plural, live.namespace)
    }
    nodes = live.kubectl.list("nodes")
    return obstacle(
        [one for one in yaml.safe_load_all(printed) if one],
        yaml.safe_load(file.read_text()),
        live.facts,
        now=[one for one in yaml.safe_load_all(now) if one],
        node_labels=[one["metadata"].get("labels") or {} for one in nodes],
        there=there,
        namespaces={str(one["metadata"]["name"]) for one in live.kubectl.list("namespaces")},
    )
