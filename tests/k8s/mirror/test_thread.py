"""The mirror's thread outlives what it did not expect, and says how it is."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import httpx2

from k8s.scripted import client_of
from rowhouse.domain.checks import Checks
from rowhouse.k8s.mirror.mirror import Pacing
from rowhouse.k8s.mirror.runner import MirrorThread

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.databases import Database
    from k8s.scripted import Answer

MAX_WAIT_SECONDS = 60.0


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_an_unexpected_object_does_not_end_the_mirror(database: Database) -> None:
    """A fault of ours is a check that fails, not a thread that is gone until the next election."""
    mended, stop = threading.Event(), threading.Event()
    odd = {"metadata": {"name": "x", "resourceVersion": "1"}, "spec": "nonsense"}

    def answer(request: httpx2.Request) -> Answer:
        if "watch" in request.url.params:
            stop.wait(0.2)
            return httpx2.ReadError("connection reset by peer")
        items = [] if mended.is_set() else [odd]
        return httpx2.Response(200, json={"metadata": {"resourceVersion": "1"}, "items": items})

    checks = Checks(grace_seconds=0)
    thread = MirrorThread(
        database.url, "", client_of(answer), "kube-system", Pacing(), stop, checks
    )
    thread.start()
    try:
        until(lambda: failing(checks))
        mended.set()
        until(lambda: not failing(checks))
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(MAX_WAIT_SECONDS)
    assert "mirror" not in {check.name for check in checks.all()}
    assert "mirror" not in checks.stuck()


def failing(checks: Checks) -> bool:
    """Whether the mirror's own check fails, after a try."""
    return any(check.name == "mirror" and check.failing_since is not None for check in checks.all())
