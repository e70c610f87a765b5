"""A fault of the server never turns a caller away: it gets "try again", and no attempt is counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from prometheus_client import REGISTRY

from rowhouse.auth.static import new_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth.conftest import Service

NAME = "rowhouse_faults_before_authentication_total"
ONE_TRY = {"auth": "required", "failure_rate": 1e-6, "failure_burst": 1}


class Broken:
    """Stands in for a part of the guard that has a bug, or whose surroundings fail."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any) -> Any:
            raise self._error

        return fail


FAULTS = [
    TypeError("a bug"),
    AttributeError("a bug"),
    KeyError("a bug"),
    ValueError("a bug"),
    AssertionError(),
    RuntimeError("a bug"),
    OSError(24, "Too many open files"),
    MemoryError(),
    psycopg.OperationalError("the connection is lost"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("part", ["_static", "_anonymous_access", "_bearers", "_others"])
def test_a_fault_before_authentication_is_503_and_counts_nothing(
    service: Callable[..., Service], make_token: Callable[..., str], part: str, fault: Exception
) -> None:
    running = service(**ONE_TRY)
    viewer = make_token("viewer")
    guard = running.app.extensions["rowhouse"].guard
    sound = getattr(guard, part)
    setattr(guard, part, Broken(fault))
    before = REGISTRY.get_sample_value(NAME) or 0
    for _ in range(3):
        with running.get("/api/v1/pools", viewer) as answer:
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "1"
    with running.cni("DEL", viewer) as answer:
        assert answer.status_code == 503
    assert REGISTRY.get_sample_value(NAME) == before + 4
    setattr(guard, part, sound)
    assert running.status("GET", "/api/v1/pools", viewer) == 200
    assert running.status("GET", "/api/v1/pools", new_token()) == 401


@pytest.mark.parametrize("path", ["/readyz", "/livez"])
def test_a_fault_in_a_view_without_authentication_counts_nothing(
    service: Callable[..., Service], make_token: Callable[..., str], path: str
) -> None:
    running = service(**ONE_TRY)
    viewer = make_token("viewer")
    view = running.app.view_functions[path[1:]]

    def broken() -> Any:
        raise KeyError("a bug")

    broken.__dict__.update(view.__dict__)
    running.app.view_functions[path[1:]] = broken
    assert [running.status("GET", path, None) for _ in range(3)] == [503] * 3
    assert running.status("GET", "/api/v1/pools", viewer) == 200


def test_a_plugin_repeats_a_call_that_met_a_fault(service: Callable[..., Service]) -> None:
    running = service(**ONE_TRY)
    running.app.extensions["rowhouse"].guard._static = Broken(TypeError("a bug"))
    with running.cni("ADD", new_token()) as answer:
        assert json.loads(answer.data)["code"] == 11
