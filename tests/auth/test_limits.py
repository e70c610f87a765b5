"""No caller can monopolize the server, and guessing is slow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rowhouse.auth.limits import Limiter, Rate
from rowhouse.auth.static import new_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth.conftest import Service


def test_a_bucket_is_emptied_and_fills_again() -> None:
    now = 0.0
    limiter = Limiter(Rate(per_second=2, burst=3), clock=lambda: now)
    assert [limiter.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limiter.take("b") == 0
    now = 0.5
    assert [limiter.take("a"), limiter.take("a")] == [0, 0.5]
    now = 1000.0
    assert [limiter.take("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_no_rate_is_no_limit_and_buckets_are_bounded() -> None:
    free = Limiter(Rate(per_second=0, burst=1))
    assert not any(free.take("a") for _ in range(1000))
    limiter = Limiter(Rate(per_second=1, burst=1), max_remembered=10)
    for number in range(100):
        limiter.take(str(number))
    assert len(limiter) == 10


def test_a_node_with_too_many_calls_is_told_when_to_try_again(
    service: Callable[..., Service], make_token: Callable[..., str]
) -> None:
    limited = service(auth="required", node_rate=0.01, node_burst=2)
    one, two = (make_token("node", name=name, node=name, cluster="") for name in ("n1", "n2"))
    assert [limited.cni("DEL", one).status_code for _ in range(3)] == [200, 200, 429]
    answer = limited.cni("DEL", one)
    assert json.loads(answer.data)["code"] == 11
    assert 90 <= int(answer.headers["Retry-After"]) <= 100
    assert limited.cni("DEL", two).status_code == 200


def test_other_callers_have_a_limit_of_their_own(
    service: Callable[..., Service], make_token: Callable[..., str]
) -> None:
    limited = service(auth="required", caller_rate=0.01, caller_burst=1, metrics_auth=True)
    viewer = make_token("viewer")
    assert [limited.get("/metrics", viewer).status_code for _ in range(2)] == [200, 429]
    assert limited.get("/livez", viewer).status_code == 200


def test_guessing_is_slow_and_does_not_lock_out_authenticated_callers(
    service: Callable[..., Service], make_token: Callable[..., str]
) -> None:
    limited = service(auth="required", failure_rate=0.01, failure_burst=3)
    viewer, late = make_token("viewer"), make_token("viewer", name="late")
    assert limited.get("/nothing", viewer).status_code == 404
    guesses = [limited.get("/nothing", new_token()).status_code for _ in range(5)]
    assert guesses == [401, 401, 401, 429, 429]
    assert limited.get("/nothing", viewer).status_code == 404
    # Who was not known before cannot be told from a guess without doing what a guess shall not cost.
    assert limited.get("/nothing", late).status_code == 429


def test_guesses_are_counted_by_client_address(
    service: Callable[..., Service],
) -> None:
    limited = service(auth="required", failure_rate=0.01, failure_burst=1)

    def guess(address: str) -> int:
        source = {"REMOTE_ADDR": address}
        return limited.get("/nothing", new_token(), environ_overrides=source).status_code

    assert [guess("192.0.2.1"), guess("192.0.2.1"), guess("192.0.2.2")] == [401, 429, 401]
    assert [guess("2001:db8::1"), guess("2001:db8::2"), guess("2001:db8:0:1::1")] == [401, 429, 401]
