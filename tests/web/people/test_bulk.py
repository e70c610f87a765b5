"""What operators do with the rows that they select in a table: reserve, release, exclude, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from fixtures.pods import subnet
from web.people.deeds import hold, text_of
from web.people.person import hidden_fields

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow
    from werkzeug.test import TestResponse

    from fixtures.pods import Pods
    from rowhouse.store.connection.database import Database as Store
    from web.people.person import Person

    Session = psycopg.Connection[TupleRow]


def choose(person: Person, page: str, path: str, *keys: str, **more: str) -> TestResponse:
    """Select rows of a table and press a button."""
    form = MultiDict({"csrf": hidden_fields(person.get(page))["csrf"], **more})
    form.setlist("addresses", list(keys))
    return person.post(path, form)


def test_selected_addresses_are_released_together_or_not_at_all(
    pool: Any, ada: Person, store: Store, pods: Pods, dba: Session
) -> None:
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
        hold(store, pool, "printer", address)
    pods.add("web-0", subnet("10.0.0.0/24", requested="10.0.0.4"))
    page, path = f"/pools/{pool.id}/addresses", f"/pools/{pool.id}/release"
    preview = choose(ada, page, path, "10.0.0.1", "10.0.0.2", "10.0.0.4", "10.0.0.5-10.0.0.254")
    words = text_of(preview)
    for part in (
        "Release 3 addresses",
        "1 of the selected rows is not reserved",
        "Sandboxes use 1 of these addresses",
    ):
        assert part in words
    fields = {**hidden_fields(preview), "confirmed": "1"}
    held = "SELECT host(address) FROM reservations ORDER BY address"
    everything = [("10.0.0.1",), ("10.0.0.2",), ("10.0.0.3",), ("10.0.0.4",)]
    # Without consent to release what a sandbox uses, nothing is released.
    assert ada.post(path, fields).status_code == 409
    assert dba.execute(held).fetchall() == everything
    # Nor what another user holds by now.
    dba.execute("DELETE FROM reservations WHERE address = '10.0.0.2'")
    hold(store, pool, "scanner", "10.0.0.2")
    refused = ada.post(path, {**fields, "force": "true"})
    assert refused.status_code == 412
    assert "scanner" in text_of(refused)
    assert dba.execute(held).fetchall() == everything
    done = ada.post(path, {**hidden_fields(refused), "confirmed": "1", "force": "true"})
    assert done.status_code == 303
    assert text_of(ada.get(done.headers["Location"])).count("reservation.delete") == 3
    assert dba.execute(held).fetchall() == [("10.0.0.3",)]


def test_what_cannot_be_released_is_refused_with_a_reason(pool: Any, ada: Person) -> None:
    page, path = f"/pools/{pool.id}/addresses", f"/pools/{pool.id}/release"
    assert "no address is selected" in text_of(choose(ada, page, path)).lower()
    assert "none of the selected" in text_of(choose(ada, page, path, "10.0.0.9")).lower()
    assert choose(ada, page, path, "10.0.0.9", confirmed="1").status_code == 404
    assert choose(ada, page, path, "nonsense").status_code == 404
    assert choose(ada, page, path, "10.0.0.9", held="x=y").status_code in {404, 422}
    many = [f"10.0.1.{last}" for last in range(256)] + ["10.0.2.0"]
    assert "at most 256" in text_of(choose(ada, page, path, *many))
    for key in ("10.0.0.9", "x/10.0.0.9", "99999999999/10.0.0.9"):
        assert choose(ada, page, "/reservations/release", key).status_code == 422


def test_addresses_of_all_pools_are_released_from_the_list(
    pool: Any, ada: Person, store: Store, dba: Session
) -> None:
    hold(store, pool, "printer", "10.0.0.1")
    preview = choose(ada, "/reservations", "/reservations/release", f"{pool.network_id}/10.0.0.1")
    ada.post("/reservations/release", {**hidden_fields(preview), "confirmed": "1"})
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)


def test_selected_runs_are_excluded_and_reserved(pool: Any, ada: Person, dba: Session) -> None:
    page, path = f"/pools/{pool.id}/addresses", f"/pools/{pool.id}/exclude"
    form = choose(ada, page, path, "10.0.0.9", "10.0.0.10-10.0.0.12", "10.0.0.20", edit="1")
    assert "10.0.0.9 10.0.0.10-10.0.0.12 10.0.0.20" in form.text
    given = {
        **hidden_fields(form),
        "addresses": "10.0.0.9 10.0.0.10-10.0.0.12, 10.0.0.20",
        "reason": "routers",
    }
    preview = ada.post(path, given)
    assert "10.0.0.9 to 10.0.0.12" in text_of(preview)
    assert ada.post(path, {**hidden_fields(preview), "confirmed": "1"}).status_code == 303
    excluded = dba.execute("SELECT host(first), host(last), reason FROM exclusions ORDER BY first")
    assert excluded.fetchall() == [
        ("10.0.0.9", "10.0.0.12", "routers"),
        ("10.0.0.20", "10.0.0.20", "routers"),
    ]
    assert ada.post(path, {**given, "addresses": "10.0.0.9-fd00::1"}).status_code == 422
    # All or none: 10.0.0.20 is excluded already.
    again = {**given, "addresses": "10.0.0.30 10.0.0.20", "confirmed": "1"}
    assert ada.post(path, again).status_code == 409
    assert dba.execute("SELECT count(*) FROM exclusions").fetchone() == (2,)
    path = f"/pools/{pool.id}/reserve"
    form = choose(ada, page, path, "10.0.0.40-10.0.0.42", edit="1")
    preview = ada.post(
        path, {**hidden_fields(form), "addresses": "10.0.0.40-10.0.0.42", "owner.name": "router"}
    )
    assert "10.0.0.40, 10.0.0.41, 10.0.0.42" in text_of(preview)
    refused = ada.post(
        path, {**hidden_fields(form), "addresses": "10.0.0.0-10.0.255.255", "owner.name": "router"}
    )
    assert refused.status_code == 422
