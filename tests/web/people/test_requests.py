"""A team requests addresses on the pages, and an operator decides, as browsers without scripts send it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.administration import Actor
from rowhouse.ipam import pools, quotas
from web.people.deeds import carry_out, text_of
from web.people.person import hidden_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.store.connection.database import Database as Store
    from web.people.person import Person


@pytest.fixture
def team(log_in: Callable[[str], Person], pool: Any, store: Store) -> Person:
    """Of the namespace shop, which may have three addresses of the pool."""
    quotas.create_quota(store, "shop", pool.id, 3, Actor(name="admin"))
    return log_in("team")


def form_of(pool: Any, **more: str) -> dict[str, str]:
    return {
        "pool_id": str(pool.id),
        "owner.namespace": "shop",
        "owner.name": "routers",
        "count": "2",
        "description": "ticket 4711",
    } | more


def test_a_team_requests_addresses_and_an_operator_approves(
    team: Person, ada: Person, pool: Any
) -> None:
    form = team.get("/requests/new").text
    assert f'<option value="{pool.id}">10.0.0.0/24 storage</option>' in form
    assert '<option value="shop" selected>shop</option>' in form
    sent = carry_out(team, "/requests/new", form_of(pool))
    assert "Request 1 Pending" in text_of(sent)
    assert "Approve" not in text_of(sent)
    assert "shop" in text_of(ada.get("/requests"))
    preview = ada.get("/requests/1/approve")
    assert "the 2 lowest free addresses" in text_of(preview)
    done = ada.post("/requests/1/approve", {**hidden_fields(preview), "confirmed": "1"})
    assert "request.approve" in ada.get(done.headers["Location"]).text
    page = text_of(team.get("/requests/1"))
    assert "Request 1 Approved" in page
    assert "by ada-team" in page
    assert "by ada-operator" in page
    assert "10.0.0.1 , 10.0.0.2" in page or "10.0.0.1, 10.0.0.2" in page
    assert "routers" in team.get("/reservations").text


def test_an_operator_consents_to_reserve_what_has_become_a_gateway(
    team: Person, ada: Person, pool: Any, store: Store
) -> None:
    carry_out(team, "/requests/new", form_of(pool, addresses="10.0.0.7", count=""))
    pools.change_pool(store, pool.id, {"gateway": "10.0.0.7"}, Actor(name="admin"), version=None)
    assert "Needs force 10.0.0.7 is the gateway of pool 10.0.0.0/24" in text_of(
        team.get("/requests/1")
    )
    preview = ada.get("/requests/1/approve")
    assert "Reserve it anyway" in preview.text
    refused = ada.post("/requests/1/approve", {**hidden_fields(preview), "confirmed": "1"})
    assert refused.status_code == 409
    form = {**hidden_fields(preview), "confirmed": "1", "force": "true"}
    assert ada.post("/requests/1/approve", form).status_code == 303
    assert "Request 1 Approved" in text_of(team.get("/requests/1"))


def test_a_team_reads_that_an_address_is_in_use_now(
    team: Person, ada: Person, pool: Any, store: Store
) -> None:
    preview = team.send("/requests/new", form_of(pool, addresses="10.0.0.0", count=""))
    refused = team.post("/requests/new", {**hidden_fields(preview), "confirmed": "1"})
    assert "Address 10.0.0.0 is the network address of pool 10.0.0.0/24" in text_of(refused)
    Pods(store).add("web-0", subnet("10.0.0.0/24"))
    carry_out(team, "/requests/new", form_of(pool, addresses="10.0.0.1", count=""))
    page = text_of(team.get("/requests/1"))
    assert "Not free now 10.0.0.1" in page
    assert "in use or in quarantine. The request can be approved once it is free." in page
    assert "The approval will be refused" in text_of(ada.get("/requests/1/approve"))


def test_a_team_reads_why_its_request_was_declined(team: Person, ada: Person, pool: Any) -> None:
    carry_out(team, "/requests/new", form_of(pool))
    empty = ada.send("/requests/1/decline", {"reason": " "})
    assert "It must not be empty" in empty.text
    carry_out(ada, "/requests/1/decline", {"reason": "Use the pool web"})
    page = team.get("/requests/1")
    assert "Use the pool web" in page.text
    assert "Withdraw" not in page.text


def test_a_team_withdraws_its_request(team: Person, pool: Any) -> None:
    carry_out(team, "/requests/new", form_of(pool))
    preview = team.get("/requests/1/withdraw")
    team.post("/requests/1/withdraw", {**hidden_fields(preview), "confirmed": "1"})
    assert "Withdrawn" in text_of(team.get("/requests/1"))


def test_a_request_beyond_the_quota_says_what_to_do(team: Person, pool: Any) -> None:
    preview = team.send("/requests/new", form_of(pool, count="4"))
    refused = team.post("/requests/new", {**hidden_fields(preview), "confirmed": "1"})
    assert refused.status_code == 409
    assert "holds 0 and requests 4, but may hold at most 3 in pool 10.0.0.0/24" in text_of(refused)
    assert "Request fewer addresses" in text_of(refused)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"owner.namespace": "bank"}, "may not request addresses for namespace"),
        ({"owner.name": ""}, "It must not be empty"),
        ({"count": "x"}, '"x" is not a whole number'),
        ({"pool_id": "9"}, "There is no pool 9"),
    ],
)
def test_a_wrong_request_is_refused_before_it_is_sent(
    team: Person, pool: Any, change: dict[str, str], said: str
) -> None:
    assert said in text_of(team.send("/requests/new", form_of(pool, **change)))
    assert "No requests yet" in team.get("/requests").text


def test_viewers_send_and_decide_nothing(
    team: Person, log_in: Callable[[str], Person], pool: Any
) -> None:
    carry_out(team, "/requests/new", form_of(pool))
    viewer = log_in("viewer")
    page = viewer.get("/requests/1")
    for word in ("Approve", "Decline", "Withdraw"):
        assert word not in page.text
    for path in ("/requests/new", "/requests/1/approve", "/requests/1/withdraw"):
        assert viewer.get(path).status_code == 403
    for path in ("/requests/1/approve", "/requests/1/decline"):
        assert team.get(path).status_code == 403
