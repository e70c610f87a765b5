"""A generated name is known by its end."""

from __future__ import annotations

import pytest

from rowhouse.domain.names import generated_stem


@pytest.mark.parametrize(
    ("pod", "stem"),
    [
        ("web-5d4f8c7b9d-x7k2p", "web"),
        ("my-web-app-7f9c-zk4wq", "my-web-app"),
        ("fluentd-x7k2p", "fluentd"),
        ("backup-28531440-tq5mz", "backup"),
    ],
)
def test_of_a_deployment_a_daemon_set_and_a_job(pod: str, stem: str) -> None:
    assert generated_stem(pod) == stem


@pytest.mark.parametrize(
    "pod", ["web-0", "db-12345678", "web", "blue-green", "web-front", "a-b-c", ""]
)
def test_a_name_of_its_own_is_not_generated(pod: str) -> None:
    assert generated_stem(pod) is None
