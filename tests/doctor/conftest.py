"""The doctor's checks, called as the command calls them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from doctor.cluster import Cluster
from rowhouse.doctor.examination import CHECKS, examine
from rowhouse.doctor.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rowhouse.doctor.finding import Finding

BY_NAME = {check.name: check for check in CHECKS}


@dataclass
class Doctor:
    """Runs single checks with an environment, and without any kubeconfig."""

    kubeconfig: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def check(self, name: str, **more: Any) -> list[Finding]:
        """What one check finds; those that it comes after are run as well."""
        checks = [BY_NAME[name]]
        while checks[0].after:
            checks.insert(0, BY_NAME[checks[0].after])
        where = Surroundings(self.environment, self.kubeconfig, **more)
        return list(examine(where, checks)[-1].findings)

    def one(self, name: str, about: str = "", **more: Any) -> Finding:
        """The one finding of a check about something."""
        (found,) = [one for one in self.check(name, **more) if one.about == about]
        return found


@pytest.fixture(autouse=True)
def _no_cluster_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is found by itself: not the kubeconfig of the developer, nor that of a pod."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


@pytest.fixture
def cluster_of_doctor() -> Iterator[Cluster]:
    """A cluster with the chart installed."""
    with Cluster() as running:
        yield running.installed()


@pytest.fixture
def outside(cluster_of_doctor: Cluster, tmp_path: Path) -> Doctor:
    """With the kubeconfig of an administrator."""
    return Doctor(cluster_of_doctor.kubeconfig(tmp_path))
