"""The real helm, out of the wheel that carries it, and what it renders."""

from __future__ import annotations

import fcntl
import functools
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from chart.manifests import Release
from fixtures import kubernetes_programs

if TYPE_CHECKING:
    import pytest

CHART = Path(__file__).parents[2] / "charts" / "rowhouse"
CASES = ["", *sorted(path.name for path in (CHART / "ci").glob("*.yaml"))]
NAMESPACE = "kube-system"


def extract(factory: pytest.TempPathFactory, program: str = "helm") -> Path:
    """Helm, or kubectl, once for all the test processes of a run."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / f"{program}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = folder / program
        return found if found.exists() else kubernetes_programs.extract(program, folder)


class Helm:
    """Runs helm with nothing of its user's configuration."""

    def __init__(self, program: Path) -> None:
        self.program = program

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        with tempfile.TemporaryDirectory() as home:
            return subprocess.run(
                [self.program, *arguments],
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
                env={"HOME": home, "PATH": "/usr/bin:/bin", **environment},
            )

    @functools.cache  # noqa: B019 - one helm per session; its results never change
    def template(self, case: str, *more: str) -> Release:
        """What a file of charts/rowhouse/ci renders to; "" is the default."""
        line = [
            "template",
            "rowhouse",
            str(CHART),
            f"--namespace={NAMESPACE}",
            *values(case),
            *more,
        ]
        done = self.run(*line)
        assert done.returncode == 0, done.stderr
        return Release([one for one in yaml.safe_load_all(done.stdout) if one])


def values(case: str) -> list[str]:
    """The option that names a file of charts/rowhouse/ci."""
    return [f"--values={CHART / 'ci' / case}"] if case else []
