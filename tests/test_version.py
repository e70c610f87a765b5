"""There is one version: the plugin's. All that is published has it."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import rowhouse_cni

ROOT = Path(__file__).parents[1]
VERSION = rowhouse_cni.__version__


def test_the_distribution_has_the_version() -> None:
    assert importlib.metadata.version("rowhouse-ipam") == VERSION


def test_the_chart_has_the_version() -> None:
    chart = yaml.safe_load((ROOT / "charts" / "rowhouse" / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)
    images = yaml.safe_load(chart["annotations"]["artifacthub.io/images"])
    assert {one["name"]: one["image"] for one in images}["rowhouse"] == f"rowhouse:{VERSION}"


def test_the_command_prints_the_version() -> None:
    command = [sys.executable, str(ROOT / ".ci" / "version.py")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed == f"{VERSION}\n"
    other = subprocess.run([*command, "--is", "0.0.0"], check=False, capture_output=True)
    assert other.returncode == 1


def test_the_image_takes_the_version_from_its_build() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "ARG VERSION" in lines


@pytest.mark.skipif("ROWHOUSE_DIST" not in os.environ, reason="`make release` says where")
def test_the_files_of_a_release_have_the_version() -> None:
    names = {file.name for file in Path(os.environ["ROWHOUSE_DIST"]).iterdir()}
    assert names == {
        f"rowhouse_ipam-{VERSION}-py3-none-any.whl",
        f"rowhouse_ipam-{VERSION}.tar.gz",
        f"rowhouse_client-{VERSION}-py3-none-any.whl",
        f"rowhouse_client-{VERSION}.tar.gz",
        f"rowhouse-{VERSION}.tgz",
    }
