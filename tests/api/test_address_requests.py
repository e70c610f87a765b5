"""Requests of teams: sent within the quota, approved once, and kept with both names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from api.conftest import serving
from rowhouse.auth.static import digest, new_token
from rowhouse.ipam import retention
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg.rows import TupleRow

    from api.conftest import Api
    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with serving(database, auth="required", caller_rate=0) as running:
        yield running


@pytest.fixture
def ask(api: Api, store: Store) -> Callable[..., tuple[int, Any]]:
    """Send a call of the API as `who`: team, other, viewer, operator, admin; the status and the document."""
    known: dict[str, str] = {}
    of_team = {"team": ["shop"], "other": ["bank"]}
    for who in ("team", "other", "viewer", "operator", "second", "admin"):
        known[who] = new_token()
        role = "team" if who in of_team else "operator" if who == "second" else who
        tokens.create(
            store,
            name=who,
            role=role,
            namespaces=of_team.get(who),
            digest=digest(known[who]),
            actor="test",
        )

    def ask(who: str, method: str, path: str, body: Any = None, **more: str) -> tuple[int, Any]:
        answer = api.send(method, path, body, Authorization=f"Bearer {known[who]}", **more)
        return answer.status_code, answer.get_json() if answer.data else None

    assert ask("admin", "POST", "pools", {"cidr": "10.0.0.0/28"})[0] == 201
    assert (
        ask("admin", "POST", "quotas", {"namespace": "shop", "pool_id": 1, "addresses": 4})[0]
        == 201
    )
    return ask


def wanted(count: int | None = 2, **more: Any) -> dict[str, Any]:
    owner = {"name": "router", "namespace": "shop"}
    return {"pool_id": 1, "count": count, "owner": owner, "description": "ticket 4711"} | more


def test_an_approved_request_is_a_reservation_with_both_names_in_the_audit_log(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    status, sent = ask("team", "POST", "requests", wanted(labels={"rack": "b4"}))
    assert (status, sent["state"], sent["granted"]) == (201, "pending", None)
    assert ask("operator", "GET", "reservations")[1]["items"] == []
    status, made = ask("operator", "POST", f"requests/{sent['id']}/approve")
    assert (status, made["state"], made["granted"]) == (200, "approved", ["10.0.0.1", "10.0.0.2"])
    assert (made["requested_by"], made["decided_by"]) == ("team", "operator")
    reserved = ask("team", "GET", "reservations")[1]["items"]
    assert [
        (one["address"], one["owner"]["namespace"], one["description"], one["labels"])
        for one in reserved
    ] == [(address, "shop", "ticket 4711", {"rack": "b4"}) for address in made["granted"]]
    entries = ask("operator", "GET", "audit?object_type=request")[1]["items"]
    assert [(one["action"], one["actor"], one["object"]) for one in entries] == [
        ("request.approve", "operator", "1"),
        ("request.create", "team", "1"),
    ]
    assert entries[0]["after"]["requested_by"] == "team"
    assert entries[0]["network"] == ""


def test_an_approval_that_is_repeated_reserves_nothing_more(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    ask("team", "POST", "requests", wanted())
    first = ask("operator", "POST", "requests/1/approve")
    assert ask("second", "POST", "requests/1/approve") == first
    assert len(ask("operator", "GET", "reservations")[1]["items"]) == 2


def test_a_request_ends_once(ask: Callable[..., tuple[int, Any]]) -> None:
    for number, (verb, body) in enumerate(
        (("decline", {"reason": "use the other pool"}), ("withdraw", {}), ("approve", None)), 1
    ):
        assert ask("team", "POST", "requests", wanted(1))[0] == 201
        who = "team" if verb == "withdraw" else "operator"
        status, ended = ask(who, "POST", f"requests/{number}/{verb}", body)
        assert status == 200, ended
        assert ask(who, "POST", f"requests/{number}/{verb}", body) == (200, ended)
        others = {"decline": {"reason": "no"}, "withdraw": {}, "approve": None}
        del others[verb]
        for other, given in others.items():
            status, problem = ask("operator", "POST", f"requests/{number}/{other}", given)
            assert status == 409, problem
            assert f"request {number} was already {ended['state']} by {who}" in problem["detail"]


def test_a_decline_needs_a_reason(ask: Callable[..., tuple[int, Any]]) -> None:
    ask("team", "POST", "requests", wanted())
    assert ask("operator", "POST", "requests/1/decline", {"reason": ""})[0] == 422
    assert ask("operator", "POST", "requests/1/decline", {})[0] == 422
    status, ended = ask("operator", "POST", "requests/1/decline", {"reason": "full"})
    assert (status, ended["state"], ended["reason"]) == (200, "declined", "full")


def test_requests_stay_within_the_quota_with_what_is_held_and_pending(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    ask("team", "POST", "requests", wanted(2))
    ask("operator", "POST", "requests/1/approve")
    assert ask("team", "POST", "requests", wanted(1))[0] == 201
    status, problem = ask("team", "POST", "requests", wanted(2))
    assert status == 409
    assert problem["detail"] == (
        'namespace "shop" holds 2 and requests 3, but may hold at most 4 in pool 10.0.0.0/28'
    )
    assert ask("team", "POST", "requests/2/withdraw", {})[0] == 200
    assert ask("team", "POST", "requests", wanted(2))[0] == 201


def test_a_request_whose_quota_is_gone_stays_pending(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    ask("team", "POST", "requests", wanted(2))
    assert ask("admin", "PATCH", "quotas/1", {"addresses": 1})[0] == 200
    status, problem = ask("operator", "POST", "requests/1/approve")
    assert (status, problem["type"].rpartition(":")[2]) == (409, "quota-exceeded")
    assert ask("team", "GET", "requests/1")[1]["state"] == "pending"
    assert ask("operator", "GET", "reservations")[1]["items"] == []


def test_a_request_whose_address_was_taken_meanwhile_stays_pending(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    body = wanted(addresses=["10.0.0.4", "10.0.0.5"], count=None)
    assert ask("team", "POST", "requests", body)[0] == 201
    taken = {"pool_id": 1, "addresses": ["10.0.0.5"], "owner": {"name": "printer"}}
    assert ask("operator", "POST", "reservations", taken)[0] == 201
    status, problem = ask("operator", "POST", "requests/1/approve")
    assert (status, problem["type"].rpartition(":")[2]) == (409, "address-taken")
    assert ask("team", "GET", "requests/1")[1]["state"] == "pending"
    assert [one["address"] for one in ask("operator", "GET", "reservations")[1]["items"]] == [
        "10.0.0.5"
    ]


def test_a_request_expires_by_the_clock_of_the_database(
    ask: Callable[..., tuple[int, Any]], dba: psycopg.Connection[TupleRow]
) -> None:
    ask("team", "POST", "requests", wanted(4, expires_in=0.001))
    assert ask("team", "GET", "requests?state=expired")[1]["items"][0]["id"] == 1
    status, problem = ask("operator", "POST", "requests/1/approve")
    assert (status, problem["detail"]) == (409, "request 1 has expired")
    # It no longer counts, and the next request records its end.
    assert ask("team", "POST", "requests", wanted(4))[0] == 201
    [(state, by)] = dba.execute("SELECT state, decided_by FROM requests WHERE id = 1")
    assert (state, by) == ("expired", "rowhouse")


def test_a_team_requests_for_its_own_namespaces_from_pools_that_it_uses(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    foreign = wanted(owner={"name": "x", "namespace": "bank"})
    assert ask("team", "POST", "requests", foreign)[0] == 403
    assert ask("other", "POST", "requests", foreign)[0] == 404, "no quota there, no address there"
    assert ask("viewer", "POST", "requests", wanted())[0] == 403
    assert ask("team", "POST", "requests", wanted(owner={"name": "x"}))[0] == 422
    assert ask("team", "POST", "requests", wanted(1))[0] == 201
    assert ask("other", "GET", "requests")[1]["items"] == []
    assert ask("other", "GET", "requests/1")[0] == 404
    assert ask("other", "POST", "requests/1/withdraw", {})[0] == 404
    for verb, body in (("approve", None), ("decline", {"reason": "x"})):
        for who in ("team", "viewer"):
            assert ask(who, "POST", f"requests/1/{verb}", body)[0] == 403
    assert ask("viewer", "POST", "requests/1/withdraw", {})[0] == 403
    assert [one["id"] for one in ask("viewer", "GET", "requests")[1]["items"]] == [1]


def test_addresses_outside_the_pool_are_refused_at_once(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    body = wanted(addresses=["10.9.0.1"], count=None)
    status, problem = ask("team", "POST", "requests", body)
    assert (status, problem["type"].rpartition(":")[2]) == (422, "address-outside-ranges")


def test_the_same_idempotency_key_sends_one_request(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    first = ask("team", "POST", "requests", wanted(1), Idempotency_Key="k")
    assert ask("team", "POST", "requests", wanted(1), Idempotency_Key="k") == first
    assert len(ask("team", "GET", "requests")[1]["items"]) == 1


def test_an_interrupted_request_is_found_by_its_idempotency_key(
    ask: Callable[..., tuple[int, Any]], dba: psycopg.Connection[TupleRow]
) -> None:
    _, first = ask("team", "POST", "requests", wanted(1), Idempotency_Key="k")
    # As if the server had died between the commit and its answer, two minutes ago.
    dba.execute(
        "UPDATE idempotency_keys SET status = NULL, headers = NULL, body = %s,"
        " created_at = created_at - interval '2 minutes'",
        (str(first["id"]),),
    )
    assert ask("team", "POST", "requests", wanted(1), Idempotency_Key="k") == (201, first)
    assert len(ask("team", "GET", "requests")[1]["items"]) == 1


def test_a_deleted_pool_leaves_its_requests(ask: Callable[..., tuple[int, Any]]) -> None:
    ask("team", "POST", "requests", wanted(1))
    assert ask("admin", "DELETE", "pools/1")[0] == 204
    found = ask("team", "GET", "requests/1")[1]
    assert (found["pool"], found["pool_id"], found["state"]) == ("10.0.0.0/28", None, "pending")
    status, problem = ask("operator", "POST", "requests/1/approve")
    assert (status, problem["detail"]) == (404, "pool 10.0.0.0/28 of request 1 was deleted")
    assert ask("operator", "POST", "requests/1/decline", {"reason": "gone"})[0] == 200


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE requests SET how_many = 9 WHERE state = 'pending'",
        "UPDATE requests SET owner_namespace = 'bank'",
        "UPDATE requests SET state = 'pending', decided_by = NULL, decided_at = NULL, granted = NULL WHERE id = 1",
        "UPDATE requests SET reason = 'other' WHERE id = 1",
        "UPDATE requests SET state = 'approved', decided_by = 'x', decided_at = now() WHERE id = 2",
        "UPDATE requests SET state = 'declined', decided_by = 'x', decided_at = now() WHERE id = 2",
        """INSERT INTO requests (state, cidr, owner_namespace, owner_name, how_many, requested_by, expires_at,
                                 decided_by, decided_at, granted)
           VALUES ('approved', '10.0.0.0/28', 'shop', 'x', 1, 'x', now(), 'x', now(), '{10.0.0.9}')""",
    ],
)
def test_the_database_keeps_the_states_whoever_writes(
    ask: Callable[..., tuple[int, Any]], dba: psycopg.Connection[TupleRow], change: str
) -> None:
    ask("team", "POST", "requests", wanted(1))
    ask("operator", "POST", "requests/1/approve")
    ask("team", "POST", "requests", wanted(1))
    with pytest.raises(psycopg.Error):
        dba.execute(change)


def test_a_change_by_hand_is_in_the_audit_log(
    ask: Callable[..., tuple[int, Any]], dba: psycopg.Connection[TupleRow]
) -> None:
    ask("team", "POST", "requests", wanted(1))
    dba.execute(
        "UPDATE requests SET state = 'declined', reason = 'by hand', decided_by = 'dba', decided_at = now()"
    )
    [entry] = ask("operator", "GET", "audit?action=request.decline")[1]["items"]
    assert entry["after"]["reason"] == "by hand"


def lasting(**more: Any) -> dict[str, Any]:
    return {"pool_id": 1, "owner": {"name": "printer", "namespace": "bank"}} | more


@pytest.mark.parametrize(
    ("address", "reason", "kind"),
    [
        ("10.0.0.0", "the network address of pool 10.0.0.0/28", "address-outside-ranges"),
        ("10.0.0.15", "the broadcast address of pool 10.0.0.0/28", "address-outside-ranges"),
        ("10.0.0.3", "the gateway of pool 10.0.0.0/28", "address-outside-ranges"),
        ("10.0.0.5", "excluded: 10.0.0.5-10.0.0.6 is kept out of use", "address-outside-ranges"),
        ("10.0.0.7", "reserved until its owner releases it", "address-taken"),
        ("10.0.1.1", "outside pool 10.0.0.0/28", "address-outside-ranges"),
    ],
)
def test_a_request_that_could_never_be_approved_is_refused_with_the_reason(
    ask: Callable[..., tuple[int, Any]], address: str, reason: str, kind: str
) -> None:
    assert ask("admin", "PATCH", "pools/1", {"gateway": "10.0.0.3"})[0] == 200
    excluded = {"network_id": 1, "first": "10.0.0.5", "last": "10.0.0.6"}
    assert ask("operator", "POST", "exclusions", excluded)[0] == 201
    assert ask("operator", "POST", "reservations", lasting(addresses=["10.0.0.7"]))[0] == 201
    body = wanted(addresses=["10.0.0.9", address], count=None)
    status, problem = ask("team", "POST", "requests", body)
    assert (status, problem["type"].rpartition(":")[2]) == (409 if "taken" in kind else 422, kind)
    assert problem["detail"] == f"address {address} is {reason}"
    assert "printer" not in str(problem), "a team reads no owner of others"
    assert ask("operator", "GET", "requests")[1]["items"] == []
    # Nor could an operator approve it: what it says is what a reservation says.
    assert ask("operator", "POST", "reservations", lasting(addresses=[address]))[0] in {409, 422}


def test_an_address_that_is_only_in_use_now_can_be_requested(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    body = lasting(addresses=["10.0.0.7"], ttl=3600)
    assert ask("operator", "POST", "reservations", body)[0] == 201
    status, sent = ask("team", "POST", "requests", wanted(addresses=["10.0.0.7"], count=None))
    assert (status, sent["not_free"]) == (201, ["10.0.0.7"])
    assert ask("operator", "POST", "requests/1/approve")[0] == 409
    assert ask("operator", "DELETE", "reservations/1/10.0.0.7")[0] == 204
    assert ask("team", "GET", "requests/1")[1]["not_free"] == []
    status, made = ask("operator", "POST", "requests/1/approve")
    assert (status, made["granted"], made["not_free"]) == (200, ["10.0.0.7"], [])


def test_an_address_outside_the_window_can_be_requested_as_it_can_be_reserved(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    window = {"window_first": "10.0.0.8", "window_last": "10.0.0.11"}
    assert ask("admin", "PATCH", "pools/1", window)[0] == 200
    assert ask("team", "POST", "requests", wanted(addresses=["10.0.0.3"], count=None))[0] == 201
    assert ask("operator", "POST", "requests/1/approve")[1]["granted"] == ["10.0.0.3"]


def test_an_address_that_became_a_gateway_needs_force(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    ask("team", "POST", "requests", wanted(addresses=["10.0.0.3"], count=None))
    assert ask("admin", "PATCH", "pools/1", {"gateway": "10.0.0.3"})[0] == 200
    reason = "10.0.0.3 is the gateway of pool 10.0.0.0/28"
    assert ask("operator", "GET", "requests/1")[1]["needs_force"] == [reason]
    status, problem = ask("operator", "POST", "requests/1/approve")
    assert (status, problem["detail"]) == (409, f"address {reason}")
    assert "force" in problem["hint"]
    status, made = ask("operator", "POST", "requests/1/approve?force=true")
    assert (status, made["granted"], made["needs_force"]) == (200, ["10.0.0.3"], [])


def test_requests_that_ended_long_ago_are_removed_in_batches_and_stay_in_the_audit_log(
    ask: Callable[..., tuple[int, Any]],
    dba: psycopg.Connection[TupleRow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "REQUESTS", 2)
    for number in range(1, 7):
        assert ask("team", "POST", "requests", wanted(1, expires_in=3600))[0] == 201
        if number < 5:
            assert ask("team", "POST", f"requests/{number}/withdraw", {})[0] == 200
    dba.execute("ALTER TABLE requests DISABLE TRIGGER USER")
    dba.execute("UPDATE requests SET decided_at = now() - interval '31 days' WHERE id < 4")
    dba.execute("UPDATE requests SET expires_at = now() - interval '1 day' WHERE id = 5")
    dba.execute("ALTER TABLE requests ENABLE TRIGGER USER")
    assert not retention.RequestRetention(dba, days=0).step()
    month = retention.RequestRetention(dba, days=30)
    assert month.step()
    assert not month.step()
    left = ask("operator", "GET", "requests")[1]["items"]
    assert [(one["id"], one["state"]) for one in left] == [
        (6, "pending"), (5, "expired"), (4, "withdrawn"),
    ]  # fmt: skip
    entries = ask("operator", "GET", "audit?object_type=request&limit=100")[1]["items"]
    pruned = [one["after"]["pruned"] for one in entries if one["action"] == "request.prune"]
    assert pruned == [1, 2]
    decided = [one["object"] for one in entries if one["action"] == "request.withdraw"]
    assert decided == ["4", "3", "2", "1"]
    assert not [one for one in entries if one["action"] == "request.delete"]
