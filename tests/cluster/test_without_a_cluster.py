"""`make cluster-test` where there is no cluster: every play is skipped, and says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each is a process that loads pytest.
pytestmark = pytest.mark.timeout(300)


def plays(which: str, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `make cluster-test` runs."""
    kept = {key: value for key, value in os.environ.items() if key not in {"KUBECONFIG", "CI"}}
    line = ["-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "-rsE"]
    return subprocess.run(
        [
            sys.executable,
            *line,
            "-o",
            "python_files=play_*.py",
            f"tests/cluster/plays/{which}",
            *more,
        ],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_every_play_is_skipped_with_the_reason(tmp_path: Path) -> None:
    done = plays("", "--quiet", f"--junitxml={tmp_path / 'report.xml'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no KUBECONFIG=…: these tests need a cluster with multus" in done.stdout
    report = (tmp_path / "report.xml").read_text()
    number = report.count("<testcase ")
    assert number > 20
    assert report.count("<skipped ") == number


def test_on_a_build_machine_a_missing_kubeconfig_is_a_failure() -> None:
    done = plays("play_10_install.py", "--quiet", "--exitfirst", CI="true")
    assert done.returncode == 1
    assert "no KUBECONFIG=…" in done.stdout


@pytest.mark.slow
def test_make_test_collects_no_play() -> None:
    line = ["-m", "pytest", "--quiet", "--collect-only", "-p", "no:randomly", "tests/cluster"]
    done = subprocess.run(
        [sys.executable, *line], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_without_a_cluster" in done.stdout
    assert "plays/play_" not in done.stdout
