"""The controller's probes tell what it cannot do, and its metrics tell the same."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

import rowhouse.k8s.controller  # noqa: F401 - its metrics are told as well
from rowhouse.k8s.health import controller_checks, serve_health


class Probed:
    """The endpoint of some checks, and a clock for both."""

    def __init__(self) -> None:
        self.checks = controller_checks(grace_seconds=0)
        self.url = f"http://127.0.0.1:{serve_health(self.checks, '127.0.0.1', 0)}"

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def document(self, path: str) -> tuple[int, Any]:
        status, text = self.get(path)
        return status, json.loads(text)


@pytest.fixture
def probed() -> Probed:
    return Probed()


def test_a_check_that_fails_makes_it_unready_with_the_reason_and_the_remedy(
    probed: Probed,
) -> None:
    probed.checks.passed("database")
    assert probed.document("/readyz") == (200, {"status": "ready"})
    probed.checks.failed("pods", "pods are forbidden", "Bind the ClusterRole.")
    problem = {"check": "pods", "reason": "pods are forbidden", "hint": "Bind the ClusterRole."}
    assert probed.document("/readyz") == (
        503,
        {"status": "not ready", **problem, "problems": [problem]},
    )
    assert probed.document("/healthz")[0] == 200, "a restart would not help"
    probed.checks.passed("pods")
    assert probed.document("/readyz")[0] == 200


def test_a_loop_that_is_stuck_fails_liveness_alone(probed: Probed) -> None:
    probed.checks.beat("mirror", within_seconds=-1)
    status, document = probed.document("/healthz")
    assert (status, document["status"], document["check"]) == (503, "stuck", "mirror")
    assert probed.document("/readyz")[0] == 200


def test_metrics_say_which_check_fails(probed: Probed) -> None:
    probed.checks.passed("database")
    probed.checks.failed("pods", "forbidden")
    _, text = probed.get("/metrics")
    assert 'rowhouse_controller_check_up{check="database"} 1.0' in text
    assert 'rowhouse_controller_check_up{check="pods"} 0.0' in text
    assert "rowhouse_controller_ready 0.0" in text
    assert "rowhouse_controller_leader" in text


def test_other_paths_are_not_there(probed: Probed) -> None:
    assert probed.get("/x")[0] == 404
