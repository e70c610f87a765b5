"""A controller that may not do its work is not ready, on every replica, and names what it lacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2
import pytest

from k8s.scripted import NoWaitEvent, client_of, status, too_many
from rowhouse.domain.checks import Checks
from rowhouse.k8s.access import AccessCheck
from rowhouse.k8s.permissions import Permission, missing, of_controller

if TYPE_CHECKING:
    from collections.abc import Callable

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
FORBIDDEN = status(
    403, "Forbidden", 'pods is forbidden: User "system:serviceaccount:x:y" cannot list'
)


class Ten(NoWaitEvent):
    """Stops at the tenth wait."""

    def wait(self, timeout: float | None = None) -> bool:
        super().wait(timeout)
        if len(self.waits) == 10:
            self.set()
        return self.is_set()


class Cluster:
    """An API server that answers reviews and lists by what an account may do; `fault` answers instead."""

    def __init__(self, *denied: str) -> None:
        self.denied = set(denied)
        self.fault: Callable[[str], httpx2.Response | Exception | None] = lambda _: None
        self.asked: list[str] = []
        self.client = client_of(self._answer)
        self.checks = Checks(grace_seconds=0)
        self.stop = NoWaitEvent()

    def check(self, mirror_namespace: str | None = None) -> AccessCheck:
        needed = of_controller(mirror_namespace)
        return AccessCheck(self.client, needed, self.stop, self.checks)

    @property
    def problem(self) -> tuple[str, str]:
        """Reason and hint; "" for none."""
        return next(((one.reason, one.hint) for one in self.checks.unready()), ("", ""))

    def _answer(self, request: httpx2.Request) -> httpx2.Response | Exception:
        self.asked.append(request.url.path)
        if (fault := self.fault(request.url.path)) is not None:
            return fault
        if request.url.path == REVIEWS:
            # As recorded from a real API server: 201, the question again, and `allowed` alone.
            question = json.loads(request.content)
            about = question["spec"]["resourceAttributes"]
            named = str(
                Permission(about["verb"], about["resource"], about["group"], about["namespace"])
            )
            return httpx2.Response(
                201, json=question | {"status": {"allowed": named not in self.denied}}
            )
        resource = request.url.path.rpartition("/")[2]
        if f"list {resource}" in self.denied:
            return FORBIDDEN
        return httpx2.Response(200, json={"items": [], "metadata": {"resourceVersion": "1"}})


def test_it_is_ready_when_it_may_do_everything() -> None:
    cluster = Cluster()
    check = cluster.check("kube-system")
    assert cluster.problem[0] == "not tried yet"
    assert check.look()
    assert cluster.problem == ("", "")
    assert {"/api/v1/pods", "/api/v1/nodes", REVIEWS} == set(cluster.asked)


@pytest.mark.parametrize(
    "denied", ["list pods", "watch pods", "get pods", "list nodes", "watch nodes", "create events"]
)
def test_a_permission_that_is_missing_is_named_and_so_is_the_remedy(denied: str) -> None:
    cluster = Cluster(denied)
    assert not cluster.check().look()
    reason, hint = cluster.problem
    assert reason == f"the account may not {denied}"
    assert "ClusterRole" in hint


def test_the_mirror_needs_more_and_only_in_its_namespace() -> None:
    cluster = Cluster("patch ippools in whereabouts")
    assert cluster.check().look()
    assert not cluster.check("whereabouts").look()
    assert cluster.problem[0] == "the account may not patch ippools in whereabouts"
    assert len(of_controller("x")) == len(of_controller(None)) + 18


@pytest.mark.parametrize("code", [401, 403, 404, 405])
def test_where_reviews_are_not_to_be_had_the_lists_decide(code: int) -> None:
    cluster = Cluster("list nodes")
    cluster.fault = lambda path: status(code, "", "no") if path == REVIEWS else None
    assert missing(cluster.client, of_controller(None)) == []
    assert not cluster.check().look()
    assert "Kubernetes refused a list of pods and nodes" in cluster.problem[0]
    assert "permission" in cluster.problem[1]


@pytest.mark.parametrize(
    "fault",
    [
        httpx2.ConnectError("connection refused"),
        too_many(2),
        httpx2.Response(503, text="starting"),
        httpx2.Response(200, text="<html>a proxy's page</html>"),
    ],
)
def test_an_api_server_that_does_not_answer_is_a_failure_and_no_crash(
    fault: httpx2.Response | Exception,
) -> None:
    cluster = Cluster()
    cluster.fault = lambda _: fault
    assert not cluster.check().look()
    assert cluster.problem[0]


def test_it_looks_again_and_more_and_more_seldom_while_it_fails() -> None:
    cluster = Cluster("list pods")
    cluster.stop = Ten()
    cluster.check().run()
    assert 1.6 <= cluster.stop.waits[0] <= 2.4
    assert 48 <= cluster.stop.waits[-1] <= 72
    assert cluster.stop.waits[:5] == sorted(cluster.stop.waits[:5])
    assert cluster.checks.all() == [], "nothing is expected of a check that was stopped"
