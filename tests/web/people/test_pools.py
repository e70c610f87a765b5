"""Pools that people make, change and remove by forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.ipam import pools, reservations
from web.people.deeds import SOMEBODY, carry_out, hold, text_of
from web.people.person import Person, hidden_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]


def test_a_pool_is_changed_in_what_was_changed_alone(pool: Any, ada: Person, dba: Session) -> None:
    path = f"/pools/{pool.id}/edit"
    form = {
        "name": "storage",
        "gateway": "10.0.0.254",
        "window_first": "10.0.0.10",
        "reuse_delay": "10",
        "reuse_unit": "minutes",
        "labels": "team=net\r\nenv = prod",
        "drained": "true",
    }
    preview = ada.send(path, form)
    assert "Name" not in text_of(preview)
    assert "Gateway 10.0.0.254" in text_of(preview)
    assert "pods that need one will not start" in text_of(preview)
    done = ada.get(ada.post(path, {**hidden_fields(preview), "confirmed": "1"}).headers["Location"])
    assert "pool.update" in text_of(done)
    row = dba.execute(
        "SELECT host(gateway), host(window_first), reuse_delay::text, labels, drained, version FROM pools"
    ).fetchone()
    assert row == ("10.0.0.254", "10.0.0.10", "00:10:00", {"team": "net", "env": "prod"}, True, 2)
    page = ada.get(path)
    assert 'value="10.0.0.254"' in page.text
    assert "env=prod\nteam=net" in page.text
    unset = carry_out(ada, path, {"name": "storage"})
    assert "pool.update" in text_of(unset)
    row = dba.execute("SELECT gateway, window_first, labels, drained FROM pools").fetchone()
    assert row == (None, None, {}, False)


def test_a_change_that_changes_nothing_says_so(pool: Any, ada: Person) -> None:
    done = carry_out(ada, f"/pools/{pool.id}/edit", {"name": "storage"})
    assert "Nothing changed" in text_of(done)


def test_a_pool_that_was_changed_meanwhile_is_not_overwritten(
    pool: Any, store: Store, ada: Person, dba: Session
) -> None:
    path = f"/pools/{pool.id}/edit"
    preview = ada.send(path, {"name": "storage", "description": "mine"})
    pools.change_pool(store, pool.id, {"description": "theirs"}, SOMEBODY)
    answer = ada.post(path, {**hidden_fields(preview), "confirmed": "1"})
    assert answer.status_code == 412
    assert "was changed while you edited it" in text_of(answer)
    assert "ETag" not in answer.text
    assert ">mine</textarea>" in answer.text, "what was filled in is still there"
    assert dba.execute("SELECT description FROM pools").fetchone() == ("theirs",)
    preview = ada.post(path, {**hidden_fields(answer), "name": "storage", "description": "mine"})
    assert "theirs becomes → mine" in text_of(preview), "now it is seen what would be overwritten"


def test_a_window_shrinks_over_reservations_only_by_force(
    pool: Any, store: Store, ada: Person, dba: Session
) -> None:
    hold(store, pool, "scanner", "10.0.0.5")
    path, form = f"/pools/{pool.id}/edit", {"name": "storage", "window_first": "10.0.0.100"}
    answer = ada.send(path, form)
    assert answer.status_code == 409
    assert "10.0.0.5" in text_of(answer)
    assert 'name="force"' in answer.text
    carry_out(ada, path, form | {"force": "true"})
    assert dba.execute("SELECT host(window_first) FROM pools").fetchone() == ("10.0.0.100",)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"window_first": "10.9.0.1"}, "window_first"),
        ({"window_first": "10.0.0.9", "window_last": "10.0.0.1"}, "window_last"),
        ({"gateway": "fd00::1"}, "gateway"),
        ({"gateway": "router"}, "gateway"),
        ({"reuse_delay": "-1"}, "reuse_delay"),
        ({"reuse_delay": "soon"}, "reuse_delay"),
        ({"labels": "no equals sign"}, "labels"),
    ],
)
def test_an_impossible_pool_is_refused(
    pool: Any, ada: Person, form: dict[str, str], field: str
) -> None:
    answer = ada.send(f"/pools/{pool.id}/edit", form)
    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text


def test_a_pool_is_made_and_removed(
    ada: Person, log_in: Callable[[str], Person], store: Store, dba: Session
) -> None:
    form = {"cidr": "fd00:7::/64", "network": "storage", "name": "six", "labels": "team=net"}
    done = carry_out(ada, "/pools/new", form)
    assert "pool.create" in text_of(done)
    (pool_id,) = dba.execute("SELECT id FROM pools WHERE cidr = 'fd00:7::/64'").fetchone() or ()
    assert f'href="/pools/{pool_id}"' in done.text
    made = pools.pool(store, pool_id)
    address = hold(store, made, "scanner")
    path = f"/pools/{pool_id}/remove"
    assert ada.get(path).status_code == 403
    admin = log_in("admin")
    assert "The pool has 1 reservation." in text_of(admin.get(path))
    assert admin.send(path, {"confirmed": "1", "typed": "sixx"}).status_code == 422
    answer = admin.send(path, {"confirmed": "1", "typed": "six"})
    assert answer.status_code == 409
    reservations.release(store, (made.network_id, address), SOMEBODY)
    assert admin.send(path, {"confirmed": "1"}).status_code == 422
    assert admin.send(path, {"confirmed": "1", "typed": "six"}).status_code == 303
    assert dba.execute("SELECT count(*) FROM pools").fetchone() == (0,)


@pytest.mark.parametrize(
    ("form", "status"),
    [({"cidr": "10.0.0.7/24"}, 422), ({"cidr": ""}, 422), ({"cidr": "10.0.0.0/24"}, 409)],
)
def test_a_pool_that_cannot_be_created(
    pool: Any, ada: Person, form: dict[str, str], status: int
) -> None:
    assert pool
    answer = ada.send("/pools/new", form)
    if status == 409:
        answer = ada.post("/pools/new", {**hidden_fields(answer), "confirmed": "1"})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
