"""One place knows what an error of the Kubernetes API means, whatever form it comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
from lightkube.resources.core_v1 import Node, Pod

from k8s.scripted import client_of, status, too_many, unknown_kind
from rowhouse.domain.errors import NotFound, TryAgain
from rowhouse.importers.whereabouts.live import read_cluster
from rowhouse.k8s.failures import ERRORS, Failure, KubernetesFailure, explain, failure_of
from rowhouse.k8s.mirror.desired import Reserved
from rowhouse.k8s.mirror.writes import Change, Result, write
from rowhouse.k8s.pods import KubernetesPods

if TYPE_CHECKING:
    from k8s.scripted import Answer

JSON = {"Content-Type": "application/json"}
FORBIDDEN = (
    'pods is forbidden: User "x" cannot list resource "pods" in API group "" at the cluster scope'
)


def failure(answer: Answer, name: str = "web-0") -> Failure:
    client = client_of(lambda _: answer)
    with pytest.raises(ERRORS) as raised:
        client.get(Pod, name, namespace="default")
    return failure_of(raised.value)


def test_a_status_in_json() -> None:
    found = failure(status(404, "NotFound", 'pods "web-0" not found', name="web-0", kind="pods"))
    assert (found.status, found.reason, found.name) == (404, "NotFound", "web-0")
    assert found.is_absence_of("web-0")
    assert not found.is_absence_of("web-1")
    assert not found.is_unknown_kind


def test_a_404_in_plain_text_is_an_unknown_kind_and_no_absence_of_an_object() -> None:
    found = failure(unknown_kind())
    assert (found.status, found.message) == (404, "404 page not found")
    assert found.is_unknown_kind
    assert not found.is_absence_of("web-0")


def test_the_retry_after_of_priority_and_fairness_is_heard() -> None:
    found = failure(too_many(2))
    assert (found.status, found.retry_after) == (429, 2.0)
    assert found.message == "Too many requests, please try again later."


def test_the_seconds_that_a_status_names_are_heard_as_well() -> None:
    message = "the request has been made before all known HTTP paths have been installed"
    found = failure(status(503, "ServiceUnavailable", message, retryAfterSeconds=5))
    assert (found.status, found.retry_after) == (503, 5.0)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx2.Response(502, content=b"<html>Bad gateway</html>"), 502),  # without a type
        (httpx2.Response(500, headers=JSON, content=b"this is no JSON"), 0),
        (httpx2.Response(500, headers=JSON, content=b"[]"), 0),
        (httpx2.Response(200, content=b'{"metadata": {"na'), 0),
        (httpx2.ConnectError("Connection refused"), 0),
        (httpx2.ReadTimeout("timed out"), 0),
        (httpx2.RemoteProtocolError("peer closed connection"), 0),
        (status(403, "Forbidden", FORBIDDEN), 403),
    ],
    ids=str,
)
def test_whatever_comes_is_taken_apart(answer: Answer, code: int) -> None:
    found = failure(answer)
    assert found.status == code
    assert found.message


def test_what_it_means_names_what_was_tried_and_the_next_step() -> None:
    client = client_of(lambda _: status(403, "Forbidden", FORBIDDEN))
    with pytest.raises(ERRORS) as raised:
        client.get(Pod, "web-0", namespace="default")
    told = explain(raised.value, "a list of all pods")
    assert told.message == f"Kubernetes refused a list of all pods: {FORBIDDEN}"
    assert "ClusterRole" in told.hint


@pytest.mark.parametrize(
    "answer",
    [
        unknown_kind(),
        too_many(2),
        status(403, "Forbidden", FORBIDDEN),
        status(503, "ServiceUnavailable", "made before all known HTTP paths have been installed"),
        status(404, "NotFound", "the server could not find the requested resource"),
        status(401, "Unauthorized", "Unauthorized"),
        httpx2.ConnectError("Connection refused"),
        httpx2.Response(200, content=b'{"kind": "PodList", "items": [{"metada'),
    ],
    ids=str,
)
def test_no_pod_counts_as_gone_by_an_answer_that_does_not_say_so(answer: Answer) -> None:
    """In the second after its start an API server refuses valid accounts, and some proxies answer 404."""
    pods = KubernetesPods(client_of(lambda _: answer))
    with pytest.raises(TryAgain):
        pods.view()
    with pytest.raises(TryAgain):
        pods.view_of("default", "web-0", {"node1"})


def test_a_list_of_which_a_later_page_fails_is_no_list() -> None:
    def answer(request: httpx2.Request) -> Answer:
        if "continue" in request.url.params:
            return status(410, "Expired", "The provided continue parameter is too old")
        return httpx2.Response(200, json={"metadata": {"continue": "more"}, "items": []})

    with pytest.raises(TryAgain, match="too old"):
        KubernetesPods(client_of(answer)).view()


def test_a_list_of_pods_without_a_single_node_is_no_cluster() -> None:
    """Pods run on nodes; a list of none is a list that was cut."""

    def answer(request: httpx2.Request) -> Answer:
        items = [] if request.url.path.endswith("nodes") else [scheduled()]
        return httpx2.Response(200, json={"metadata": {"resourceVersion": "1"}, "items": items})

    with pytest.raises(TryAgain, match="list of nodes is empty"):
        KubernetesPods(client_of(answer)).view()


def scheduled() -> dict[str, object]:
    metadata = {"name": "web-0", "namespace": "default", "uid": "u"}
    return {
        "metadata": metadata,
        "spec": {"nodeName": "node1", "containers": []},
        "status": {"phase": "Running"},
    }


def test_whereabouts_before_v0_8_without_node_slice_pools_is_still_imported() -> None:
    def answer(request: httpx2.Request) -> Answer:
        if request.url.path.endswith("nodeslicepools"):
            return unknown_kind()
        return httpx2.Response(200, json={"metadata": {"resourceVersion": "1"}, "items": []})

    assert read_cluster(client_of(answer), None).slice_pools == []


def test_a_cluster_without_whereabouts_is_said_to_be_one() -> None:
    with pytest.raises(NotFound, match="does not serve the kind IPPool"):
        read_cluster(client_of(lambda _: unknown_kind()), None)


def test_an_import_that_may_not_list_is_told_who_may() -> None:
    """The controller's account may not, and the ClusterRole of the chart does not help it."""
    with pytest.raises(KubernetesFailure) as raised:
        read_cluster(client_of(lambda _: status(403, "Forbidden", "ippools is forbidden")), None)
    assert "import.whereabouts.enabled" in raised.value.hint


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (too_many(2), 2.0),
        (status(429, "TooManyRequests", "storage is (re)initializing", retryAfterSeconds=1), 1.0),
        (unknown_kind(), 0.0),
        (httpx2.ConnectError("Connection refused"), 0.0),
    ],
    ids=str,
)
def test_a_write_that_is_not_taken_now_waits_as_long_as_it_is_asked_to(
    answer: Answer, seconds: float
) -> None:
    change = Change("overlappingrangeipreservations", "10.0.0.1", None, Reserved("a/b", "net1"))
    outcome = write(client_of(lambda _: answer), "kube-system", change)
    assert (outcome.result, outcome.retry_after) == (Result.FAILED, seconds)


def test_a_delete_that_meets_no_such_kind_is_no_success() -> None:
    change = Change("overlappingrangeipreservations", "10.0.0.1", None, None)
    assert write(client_of(lambda _: unknown_kind()), "x", change).result is Result.FAILED
    gone = status(404, "NotFound", '… "10.0.0.1" not found', name="10.0.0.1")
    assert write(client_of(lambda _: gone), "x", change).result is Result.DONE


def test_an_error_without_a_content_type_can_be_read_from_a_list_as_well() -> None:
    client = client_of(lambda _: httpx2.Response(500, content=b"oops"))
    with pytest.raises(ERRORS) as raised:
        list(client.list(Node))
    assert failure_of(raised.value).message == "oops"
