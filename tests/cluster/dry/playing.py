"""Runs plays against a dry cluster, as `make cluster-test` does against another one."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.dry.running import AWAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cluster.dry.running import DryCluster
    from cluster.programs import Object

ROOT = Path(__file__).parents[3]
# The wheel's PostgreSQL has no TLS.
VALUES = "postgresql: {tls: {enabled: false}}\n"


@dataclass(frozen=True)
class Played:
    """What became of a test: passed, skipped or failed; `text` is the reason, or all that pytest tells of a failure."""

    name: str
    outcome: str
    seconds: float
    text: str = ""


def play(dry: DryCluster, folder: Path, *files: str) -> list[Played]:
    """The tests of these files, or of all, by the JUnit report. Raises if pytest itself fails."""
    values, report = folder / "values.yaml", folder / "report.xml"
    values.write_text(VALUES)
    ours = {"KUBECONFIG": str(dry.world.kubeconfig), "VALUES": str(values)}
    ours |= {"CLUSTER_TEST_FOLDER": str(folder / "cluster-test"), "PODS": "8"}
    away = shlex.quote(str(folder / AWAY))
    ours |= {"API_SERVER_STOP": f"touch {away}", "API_SERVER_START": f"rm {away}"}
    kept = {key: value for key, value in os.environ.items() if key != "CI"}
    line = ["-m", "pytest", "--quiet", "-p", "no:randomly", "-p", "no:cacheprovider"]
    line += ["-o", "python_files=play_*.py", "--timeout=900", f"--junitxml={report}"]
    line += ["-o", "verbosity_assertions=2"]
    done = subprocess.run(
        [sys.executable, *line, *(f"tests/cluster/plays/{one}" for one in files)],
        cwd=ROOT,
        env=kept | ours,
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return [_played(case) for case in ET.parse(report).iter("testcase")]


def told(played: Iterable[Played]) -> str:
    """A line for each test, with the reason if it was skipped."""
    return "\n".join(
        f"{one.outcome:8}{one.seconds:7.1f} s  {one.name}"
        + (f": {one.text}" if one.outcome == "skipped" else "")
        for one in played
    )


def _played(case: ET.Element) -> Played:
    name, seconds = str(case.get("name")), float(case.get("time") or 0)
    # A test that failed may have failed once more when its fixtures ended.
    if bad := [str(one.text) for one in case if one.tag in {"failure", "error"}]:
        return Played(name, "failed", seconds, "\n".join(bad))
    skipped = case.find("skipped")
    if skipped is None:
        return Played(name, "passed", seconds)
    return Played(name, "skipped", seconds, str(skipped.get("message")))


def leftovers(dry: DryCluster) -> list[Object]:
    """What a run left: objects outside of the cluster's own namespaces, and marks on nodes."""
    store = dry.store
    return [
        *(
            one
            for key, one in sorted(store.objects.items())
            if key[1] not in {"", "default", "kube-system"}
        ),
        *(
            one
            for one in store.list("namespaces")
            if one["metadata"]["name"] not in {"default", "kube-system"}
        ),
        *(
            one
            for plural in ("clusterroles", "clusterrolebindings", "customresourcedefinitions")
            for one in store.list(plural)
            if "network-attachment" not in one["metadata"]["name"]
        ),
        *(
            one
            for one in store.list("nodes")
            if "rowhouse.test/run" in one["metadata"]["labels"] or one["spec"].get("unschedulable")
        ),
    ]


def files_on_hosts(dry: DryCluster) -> list[str]:
    """Plugins and settings that a run left on the nodes."""
    return sorted(
        str(file.relative_to(dry.world.folder))
        for node in dry.store.list("nodes")
        for file in (dry.world.folder / node["metadata"]["name"] / "host").rglob("*")
        if not file.is_dir()
    )
