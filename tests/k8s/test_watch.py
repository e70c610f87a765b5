"""A watch outlives everything that an API server, a proxy or a network does to it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from lightkube.resources.core_v1 import Pod

from k8s.scripted import (
    NoWaitEvent,
    client_of,
    event,
    pod,
    status,
    status_of,
    too_many,
    unknown_kind,
    watched,
)
from rowhouse.domain.checks import Checks
from rowhouse.k8s.pods import node_watch, pod_watch
from rowhouse.k8s.watch import STUCK_SECONDS, WATCH_SECONDS, Watch
from rowhouse.metrics import CONTROLLER

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from k8s.scripted import Answer

HALF = event("MODIFIED", pod("web-1", 5))[:40]
EXPIRED = status_of(410, "Expired", "too old resource version: 1 (3)")


class Watched:
    """A watch of pods whose API server gives some answers in turn, and then ends the test."""

    def __init__(self, *answers: Answer, begin: Iterable[str | None] = ("1", "100", "200")) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []
        self.seen: list[tuple[str, str]] = []
        self.stop = NoWaitEvent()
        self.checks = Checks()
        self._begin = iter(begin)
        self.watch = Watch(
            client_of(self._answer),
            Pod,
            name="pods",
            namespace="*",
            begin=lambda: next(self._begin),
            tell=self.tell,
            stop=self.stop,
            checks=self.checks,
        )

    def tell(self, kind: str, obj: Any) -> None:
        self.seen.append((kind, obj.metadata.name))

    def _answer(self, request: httpx2.Request) -> Answer:
        self.asked.append(dict(request.url.params))
        if not self.answers:
            self.stop.set()
            return watched()
        return self.answers.pop(0)

    def run(self) -> Watched:
        self.watch.run()
        return self

    @property
    def versions(self) -> list[str]:
        """From which it was asked, request by request."""
        return [one["resourceVersion"] for one in self.asked]


def restarts(reason: str) -> float:
    return (
        CONTROLLER.get_sample_value(
            "rowhouse_controller_watch_restarts_total", {"watch": "pods", "reason": reason}
        )
        or 0.0
    )


def test_it_asks_for_bookmarks_and_for_an_end() -> None:
    [asked] = Watched().run().asked
    assert asked == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(WATCH_SECONDS),
        "resourceVersion": "1",
    }


def test_after_a_proper_end_it_goes_on_where_it_was_without_a_pause() -> None:
    found = Watched(watched(event("ADDED", pod("web-0", 7)))).run()
    assert found.seen == [("ADDED", "web-0")]
    assert found.versions == ["1", "7"]
    assert found.stop.waits == []


def test_a_bookmark_moves_the_version_on() -> None:
    """A Pod's bookmark has `spec.containers: null`, which no Pod may have: it must not be read as one."""
    bookmark = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": "49180"},
        "spec": {"containers": None},
        "status": {},
    }
    found = Watched(watched(event("BOOKMARK", bookmark))).run()
    assert found.versions == ["1", "49180"]
    assert found.seen == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (watched(HALF), "broken"),
        (watched(HALF, cut=httpx2.RemoteProtocolError("incomplete chunked read")), "unreachable"),
        (watched(cut=httpx2.ReadError("connection reset by peer")), "unreachable"),
        (watched(cut=httpx2.ReadTimeout("")), "unreachable"),
        (watched(b"null\n"), "broken"),
        (httpx2.ConnectError("Connection refused"), "unreachable"),
        (too_many(2), "refused"),
        (status(429, "TooManyRequests", "storage is (re)initializing"), "refused"),
        (status(403, "Forbidden", "RBAC: [clusterrole … not found]"), "refused"),
        (status(503, "ServiceUnavailable", "made before all known HTTP paths"), "refused"),
        (status(401, "Unauthorized", "Unauthorized"), "refused"),
        (unknown_kind(), "refused"),
        (httpx2.Response(502, content=b"<html>"), "refused"),
        (watched(event("ERROR", status_of(500, "InternalError", "etcd"))), "refused"),
        (watched(), "silent"),
    ],
    ids=str,
)
def test_whatever_ends_it_it_goes_on_from_the_same_version_after_a_pause(
    answer: Answer, reason: str
) -> None:
    before = restarts(reason)
    found = Watched(answer).run()
    assert found.versions == ["1", "1"]
    assert len(found.stop.waits) == 1
    assert restarts(reason) == before + 1


def test_what_was_told_before_the_end_is_not_told_again() -> None:
    broken = httpx2.RemoteProtocolError("incomplete chunked read")
    found = Watched(watched(event("ADDED", pod("web-0", 7)), HALF, cut=broken)).run()
    assert found.seen == [("ADDED", "web-0")]
    assert found.versions == ["1", "7"]


@pytest.mark.parametrize(
    "answer", [watched(event("ERROR", EXPIRED)), status(410, "Gone", "too old")], ids=str
)
def test_an_expired_version_restarts_the_watch(answer: Answer) -> None:
    """After an API server's restart every version from before it is."""
    before = restarts("expired")
    found = Watched(answer).run()
    assert found.versions == ["1", "100"]
    assert restarts("expired") == before + 1


def test_a_failed_restart_ends_the_watch() -> None:
    found = Watched(watched(event("ERROR", EXPIRED)), begin=("1", None)).run()
    assert found.versions == ["1"]
    assert found.checks.all() == []


def test_a_listener_that_fails_costs_a_list_and_not_the_watch() -> None:
    def fail(_kind: str, _obj: Any) -> None:
        raise KeyError("x")

    found = Watched(watched(event("ADDED", pod("web-0", 7))))
    found.watch._tell = fail
    assert found.run().versions == ["1", "100"]


def test_a_watch_that_stayed_silent_restarts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A real server sends a bookmark before the end. One that was restored from a backup does not know the version,
    waits for it, and says nothing."""
    monkeypatch.setattr("rowhouse.k8s.watch._BRIEF_SECONDS", -1.0)
    assert Watched(watched()).run().versions == ["1", "100"]


def test_the_backoff_grows_with_jitter_and_resets_after_an_event() -> None:
    refused = [httpx2.ConnectError("Connection refused")] * 9
    well = watched(event("ADDED", pod("web-0", 7)))
    found = Watched(*refused, well, httpx2.ConnectError("Connection refused")).run()
    waits = found.stop.waits
    assert len(waits) == 10
    for wait, limit in zip(waits, [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 0.5], strict=True):
        assert limit / 2 <= wait <= limit
    assert Watched(*refused).run().stop.waits != waits[:9]


def test_it_draws_from_a_generator_of_its_own() -> None:
    """What a background thread draws must not change what others draw."""
    state = random.getstate()
    Watched(*[httpx2.ConnectError("Connection refused")] * 5).run()
    assert random.getstate() == state


@pytest.mark.parametrize(("asked", "waited"), [(7, 7.0), (3600, 300.0)])
def test_it_waits_as_long_as_it_is_asked_to(asked: int, waited: float) -> None:
    found = Watched(too_many(asked)).run()
    assert found.stop.waits == [waited]


def test_its_check_tells_why_it_fails_and_that_it_works_again() -> None:
    told: list[tuple[bool, str]] = []
    found = Watched(status(403, "Forbidden", "pods is forbidden"), watched())
    found.watch._checks = found.checks = Checks(
        on_change=lambda check: told.append((check.failing_since is None, check.reason))
    )
    found.run()
    assert told[0] == (False, "Kubernetes refused a watch of pods: pods is forbidden")
    assert told[1] == (True, "")


def test_an_open_watch_is_ready_before_anything_happens() -> None:
    """In a quiet cluster the first line may come after minutes."""
    ready = []

    def lines() -> Any:
        ready.append(found.checks.unready() == [])
        yield event("ADDED", pod("web-0", 7))

    found = Watched(httpx2.Response(200, content=lines()))
    found.run()
    assert ready == [True]


def test_a_watch_that_hangs_is_stuck_and_one_that_ended_is_not() -> None:
    now = [0.0]
    found = Watched()
    found.watch._checks = found.checks = Checks(clock=lambda: now[0])
    found.watch._beat()
    now[0] = STUCK_SECONDS + 1
    assert list(found.checks.stuck()) == ["watch pods"]
    found.run()
    assert found.checks.stuck() == {}


def listed(version: str, *items: dict[str, Any]) -> httpx2.Response:
    return httpx2.Response(
        200, json={"metadata": {"resourceVersion": version}, "items": list(items)}
    )


class Script:
    """Answers in turn; the last one stops."""

    def __init__(self, stop: threading.Event, *answers: Answer) -> None:
        self.stop = stop
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> Answer:
        self.asked.append(f"{request.url.path}?{request.url.query.decode()}")
        if len(self.answers) == 1:
            self.stop.set()
        return self.answers.pop(0)


def test_the_end_of_a_pod_is_told_and_so_is_that_some_may_have_been_missed() -> None:
    stop = NoWaitEvent()
    script = Script(
        stop,
        listed("1"),
        watched(
            event("ADDED", pod("web-0", 2)),
            event("MODIFIED", pod("web-0", 3, phase="Succeeded")),
            event("DELETED", pod("web-1", 4)),
            event("ERROR", EXPIRED),
        ),
        listed("50"),
        watched(event("MODIFIED", pod("web-2", 51, phase="Failed"))),
        watched(),
    )
    told: list[str] = []
    pod_watch(
        client_of(script),
        lambda namespace, name: told.append(f"{namespace}/{name}"),
        lambda: told.append("missed"),
        stop,
        Checks(),
    ).run()
    assert told == ["default/web-0", "default/web-1", "missed", "default/web-2"]
    assert [one for one in script.asked if "limit=1" in one and "watch" not in one] == [
        "/api/v1/pods?limit=1",
        "/api/v1/pods?limit=1",
    ]


def node(name: str, version: int, *, ready: bool) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}]
    metadata = {"name": name, "resourceVersion": str(version)}
    return {"metadata": metadata, "status": {"conditions": conditions}}


def test_a_node_that_comes_back_or_goes_is_told_and_a_heartbeat_is_not() -> None:
    stop = NoWaitEvent()
    script = Script(
        stop,
        listed("1", node("a", 1, ready=True), node("b", 1, ready=False)),
        watched(event("MODIFIED", node("a", 2, ready=True))),
        watched(event("ADDED", node("c", 3, ready=True))),
        watched(event("MODIFIED", node("a", 4, ready=False))),
        watched(event("MODIFIED", node("b", 5, ready=True))),
        watched(event("DELETED", node("a", 6, ready=False))),
        watched(),
    )
    told: list[int] = []
    node_watch(client_of(script), lambda: told.append(len(script.answers)), stop, Checks()).run()
    assert told == [2, 1]
