"""The pages about the chart: their helm and kubectl commands, by the real programs, on a cluster of the test's own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chart.cluster import Cluster, serving
from chart.helm import extract
from docs.commands import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[2]
# What a page takes for granted, in its own words.
BEFORE = {
    "install.md": "",
    "ha.md": "",
    "upgrade.md": "helm install rowhouse charts/rowhouse --namespace kube-system",
    "backup.md": "helm install rowhouse charts/rowhouse --namespace kube-system",
}


# The cluster of the test reads JSON, where kubectl would send a new Job in binary form.
PROGRAMS = """
kubectl() {
  case $* in
    *"create job"*) command kubectl "$@" --dry-run=client -o json | command kubectl create --validate=false -f -;;
    *) command kubectl "$@";;
  esac
}
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Cluster, Path]]:
    with serving(tmp_path) as served:
        yield served


def shell(text: str, folder: Path, kubeconfig: Path, programs: Path) -> str:
    """Run a script as the page has it, in a folder with the charts."""
    done = subprocess.run(
        ["bash", "-ec", PROGRAMS + text],
        cwd=folder,
        env={
            "PATH": f"{programs}:/usr/bin:/bin",
            "KUBECONFIG": str(kubeconfig),
            "HOME": str(folder),
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", BEFORE)
def test_the_commands_of_the_page_work(
    page: str,
    cluster: tuple[Cluster, Path],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    programs = extract(tmp_path_factory).parent
    extract(tmp_path_factory, "kubectl")
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "charts").symlink_to(ROOT / "charts")
    # Blocks of a numbered list are indented.
    text = re.sub(r"^ {3}", "", (ROOT / "docs" / page).read_text(), flags=re.MULTILINE)
    scripts = [one.text for one in commands(text)]
    assert len(scripts) >= 3
    release, kubeconfig = cluster
    for script in filter(None, [BEFORE[page], *scripts]):
        shell(script, folder, kubeconfig, programs)
    kinds = {(kind, name) for verb, kind, name in release.changes if verb == "create"}
    if page == "backup.md":
        assert ("Job", "restore") in kinds
        job = release.find("Job", "restore")
        assert job is not None
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert container["command"] == ["sh", "/scripts/restore.sh"]
    if page == "install.md":
        left = {one["kind"] for one in release.objects.values()}
        assert left <= {"Secret", "Namespace"}
