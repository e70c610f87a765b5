"""The run that all plays share, and what is kept of one that fails."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from cluster.attachment import choose
from cluster.cleaning import claim_crds, clean
from cluster.hosts import files_of_rowhouse
from cluster.opening import NO_KUBECONFIG, check, load_archive, open_run
from cluster.release import CHART, Release
from cluster.settings import Unusable, settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from cluster.live import Live

FOLDER = Path(
    os.environ.get("CLUSTER_TEST_FOLDER") or Path(__file__).parents[3] / "build/cluster-test"
)
_LIVE = pytest.StashKey["Live"]()


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    """A run in the cluster of KUBECONFIG; skips without one, and fails where CI=true."""
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    try:
        given = settings(default_image=f"rowhouse:{version}")
    except Unusable as error:
        pytest.exit(str(error), returncode=2)
    if given is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_KUBECONFIG)
        pytest.skip(NO_KUBECONFIG)
    # A run that is told to stop cleans up first, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "commands.log").unlink(missing_ok=True)
    shutil.rmtree(FOLDER / "failures", ignore_errors=True)
    found = open_run(given, FOLDER)
    check(found)
    request.session.stash[_LIVE] = found
    load_archive(found)
    try:
        found.space("", pod_security="privileged")
        yield found
    finally:
        if not given.keep:
            problems = clean(found)
            assert not problems, "not all of it is removed:\n" + "\n".join(problems)


@pytest.fixture(scope="session")
def release(live: Live) -> Release:
    """The chart, installed and ready; and the interfaces of this cluster, tried out."""
    live.interface.update(choose(live))
    made = Release(live, FOLDER)
    made.files_before.update(files_of_rowhouse(live))
    made.upgrade()
    if not live.facts.has_whereabouts_crds:
        claim_crds(live)
    return made


@pytest.fixture
def space(live: Live, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own, with pods that need nothing but to run."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())
    name = live.space(words[:20].strip("-"), pod_security="restricted")
    yield name
    if not live.settings.keep:
        live.kubectl.delete("namespace", name)


@pytest.fixture
def two_nodes(live: Live) -> tuple[str, str]:
    """Two nodes; skips in a cluster with one."""
    if len(live.facts.nodes) < 2:
        pytest.skip("needs two nodes that take pods; this cluster has one")
    return live.facts.nodes[0], live.facts.nodes[1]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what an operator would look at first, before the test's namespace goes."""
    report = yield
    live = item.session.stash.get(_LIVE, None)
    if live is not None and report.failed:
        file = FOLDER / "failures" / f"{item.name}-{report.when}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(_looks(live)))
    return report


def _looks(live: Live) -> Iterator[str]:
    where = ["--namespace", live.namespace]
    logs = ["--all-containers", "--prefix", "--tail=300", "--ignore-errors"]
    for line in (
        ["get", "nodes,pods", "--all-namespaces", "--output=wide"],
        ["get", "events", *where, "--sort-by=.lastTimestamp"],
        ["describe", "pods", *where],
        *(
            ["logs", f"--selector=app.kubernetes.io/component={part}", *where, *logs]
            for part in ("server", "controller", "node", "migrate", "import", "postgresql")
        ),
    ):
        done = live.kubectl.run(*line, check=False)
        yield f"$ kubectl {' '.join(line)}\n{done.stdout}{done.stderr}"
