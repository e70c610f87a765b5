"""What operators change by forms, as a browser without scripts sends them."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.pods import subnet
from rowhouse.api.operations import OPERATIONS
from rowhouse.auth import guard
from rowhouse.domain.administration import Actor
from rowhouse.ipam import pools, reservations
from web.people.deeds import SOMEBODY, carry_out, hold, text_of
from web.people.person import Person, hidden_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask import Flask
    from psycopg.rows import TupleRow
    from werkzeug.test import TestResponse

    from fixtures.pods import Pods
    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

OPERATORS = (
    "/pools/new",
    "/pools/{pool}/edit",
    "/pools/{pool}/reserve",
    "/pools/{pool}/reserve/state",
    "/pools/{pool}/exclude",
    "/addresses/{network}/10.0.0.1/release",
    "/addresses/{network}/10.0.0.1/edit",
    "/done/x",
)
ADMINS = ("/pools/{pool}/remove",)
VIEWERS = (
    "/",
    "/audit",
    "/audit.csv",
    "/audit.json",
    "/pools/{pool}",
    "/pools/{pool}/addresses",
    "/pools/{pool}/history",
    "/pools/{pool}/audit",
    "/pools/{pool}/addresses.csv",
    "/reservations",
    "/pools",
    "/pools/tree",
    "/networks",
    "/exclusions",
    "/quotas",
    "/pods",
    "/nodes.json",
    "/reservations.json",
    "/addresses/{network}/10.0.0.1",
)


def test_who_may_open_which_page(
    pool: Any, store: Store, log_in: Callable[[str], Person], app: Flask
) -> None:
    hold(store, pool, "printer", "10.0.0.1")
    people = {role: log_in(role) for role in ("viewer", "operator", "admin")}
    people["nobody"] = Person(app)
    for paths, allowed in (
        (VIEWERS, {*people} - {"nobody"}),
        (OPERATORS, {"operator", "admin"}),
        (ADMINS, {"admin"}),
    ):
        for path in paths:
            where = path.format(pool=pool.id, network=pool.network_id)
            got = {who: person.get(where).status_code for who, person in people.items()}
            expected = {who: 200 if who in allowed else 403 for who in people} | {"nobody": 303}
            assert got == expected, path


def test_a_viewer_sees_no_buttons_and_cannot_change_anything(
    pool: Any, store: Store, log_in: Callable[[str], Person], dba: Session
) -> None:
    hold(store, pool, "printer", "10.0.0.1")
    viewer, operator = log_in("viewer"), log_in("operator")
    changing = r'href="[^"]*/(?:reserve|release|exclude|edit|remove|new)(?:\?[^"]*)?"'
    for path in ("/", f"/pools/{pool.id}", f"/addresses/{pool.network_id}/10.0.0.1"):
        assert not re.search(changing, viewer.get(path).text), path
        assert re.search(changing, operator.get(path).text), path
    form = hidden_fields(viewer.get("/"))
    for path in (*OPERATORS, *ADMINS):
        where = path.format(pool=pool.id, network=pool.network_id)
        assert viewer.post(where, form | {"confirmed": "1"}).status_code in {403, 405}, path
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (1,)


def test_the_next_free_address_is_reserved_and_the_audit_entry_shown(
    pool: Any, ada: Person, dba: Session
) -> None:
    done = carry_out(
        ada,
        f"/pools/{pool.id}/reserve",
        {"owner.name": "printer", "description": "second floor", "ttl": "86400"},
    )
    shown = text_of(done)
    for words in ("Done", "reservation.create", "10.0.0.1", "ada-operator", "second floor"):
        assert words in shown
    assert f'href="/addresses/{pool.network_id}/10.0.0.1"' in done.text
    rows = dba.execute(
        "SELECT host(address), owner_name, description, expires_at - reserved_at > interval '23 hours'"
        " FROM reservations"
    ).fetchall()
    assert rows == [("10.0.0.1", "printer", "second floor", True)]


def test_given_addresses_are_reserved_for_a_pod_that_is_to_come(
    pool: Any, ada: Person, pods: Pods
) -> None:
    form = {
        "owner.name": "db-0",
        "owner.kind": "pod",
        "owner.namespace": "default",
        "owner.interface": "net1",
        "owner.cluster": "prod-a",
        "addresses": "10.0.0.77",
    }
    carry_out(ada, f"/pools/{pool.id}/reserve", form)
    assert pods.add("db-0", subnet("10.0.0.0/24")) == "10.0.0.77"


def test_nothing_is_changed_before_it_is_confirmed(pool: Any, ada: Person, dba: Session) -> None:
    path = f"/pools/{pool.id}/reserve"
    preview = ada.send(path, {"owner.name": "printer", "addresses": "10.0.0.9 10.0.0.10"})
    assert "10.0.0.9, 10.0.0.10" in text_of(preview)
    again = ada.post(path, {**hidden_fields(preview), "edit": "1"})
    assert 'value="10.0.0.9 10.0.0.10"' in again.text
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "owner-name"),
        ({"owner.name": "x" * 300}, "owner-name"),
        ({"owner.name": "x", "addresses": "10.0.0.300"}, "addresses"),
        ({"owner.name": "x", "addresses": "10.0.0.9 10.0.0.8,10.0.0.1"}, "addresses"),
        ({"owner.name": "x", "count": "many"}, "count"),
        ({"owner.name": "x", "count": "100000"}, "count"),
        ({"owner.name": "x", "owner.interface": "x" * 16}, "owner-interface"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_filled_in_stays(
    pool: Any, store: Store, ada: Person, form: dict[str, str], field: str
) -> None:
    hold(store, pool, "scanner", "10.0.0.1")
    answer = ada.send(f"/pools/{pool.id}/reserve", {"description": "kept", **form})
    assert answer.status_code == 422
    assert re.search(rf'<(?:input|textarea)\s+id="{field}"[^>]*aria-invalid="true"', answer.text)
    assert f'id="{field}-problem"' in answer.text
    assert ">kept</textarea>" in answer.text


def test_an_address_outside_of_the_pool_is_refused(pool: Any, ada: Person) -> None:
    answer = ada.send(f"/pools/{pool.id}/reserve", {"owner.name": "x", "addresses": "10.9.9.9"})
    assert answer.status_code == 422
    assert "outside pool 10.0.0.0/24" in text_of(answer)


def test_who_was_faster_keeps_the_address(
    pool: Any, store: Store, ada: Person, dba: Session
) -> None:
    path = f"/pools/{pool.id}/reserve"
    preview = ada.send(path, {"owner.name": "printer", "addresses": "10.0.0.5"})
    hold(store, pool, "scanner", "10.0.0.5")
    answer = ada.post(path, {**hidden_fields(preview), "confirmed": "1"})
    assert answer.status_code == 409
    assert 'value="printer"' in answer.text
    assert dba.execute("SELECT owner_name FROM reservations").fetchall() == [("scanner",)]


def test_the_form_tells_while_one_types_whose_an_address_is(
    pool: Any, store: Store, ada: Person
) -> None:
    hold(store, pool, "scanner", "10.0.0.5")
    state = text_of(ada.get(f"/pools/{pool.id}/reserve/state?addresses=10.0.0.5+10.0.0.6+10.0."))
    assert re.search(r"10\.0\.0\.5 reserved .*scanner.* 10\.0\.0\.6 free", state)


def test_an_address_is_released_and_the_audit_entry_shown(
    pool: Any, store: Store, ada: Person, dba: Session
) -> None:
    hold(store, pool, "scanner", "10.0.0.5")
    path = f"/addresses/{pool.network_id}/10.0.0.5/release"
    assert "scanner" in text_of(ada.get(path))
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (1,)
    done = ada.send(path, {"confirmed": "1"})
    assert "reservation.delete" in text_of(ada.get(done.headers["Location"]))
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)
    assert ada.get(path).status_code == 404


def test_a_reservation_is_edited_in_what_was_changed_alone(
    pool: Any, ada: Person, pods: Pods, dba: Session
) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    path = f"/addresses/{pool.network_id}/10.0.0.1/edit"
    assert path in ada.get(f"/addresses/{pool.network_id}/10.0.0.1").text
    rows = "SELECT description, sticky, sticky_ttl, policy_source::text FROM reservations"
    done = carry_out(ada, path, {"description": "OPS-4711", "ttl": "keep"})
    assert "reservation.update" in text_of(done)
    assert dba.execute(rows).fetchone() == ("OPS-4711", False, None, "nad")
    form = {"description": "OPS-4711", "ttl": "86400"}
    assert "counts as reserved by hand" in text_of(ada.send(path, form))
    carry_out(ada, path, form)
    assert dba.execute(rows).fetchone() == ("OPS-4711", True, timedelta(days=1), "operator")
    for wrong in ("-1", "0", "nan", "soon", "1e99"):
        assert ada.send(path, {"description": "", "ttl": wrong}).status_code == 422, wrong
    assert "No changes needed" in text_of(ada.send(path, form | {"ttl": "keep"}))


def test_a_preview_can_be_reloaded_and_changes_nothing(
    pool: Any, ada: Person, dba: Session
) -> None:
    path = f"/pools/{pool.id}/reserve"
    form = {"owner.name": "a & b", "addresses": "10.0.0.5"}
    preview = ada.send(path, form)
    look = preview.request.url
    assert "preview=1" in look
    again = ada.get(look)
    assert hidden_fields(again) == hidden_fields(preview)
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)
    wrong = ada.get(f"{path}?owner.name=&addresses=10.9.9.9&preview=1")
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text
    many = {"owner.name": "x", "addresses": " ".join(f"10.0.0.{n}" for n in range(10, 200))}
    assert ada.send(path, many).request.method == "POST"  # too long for a URL


def test_what_was_done_can_be_undone(pool: Any, ada: Person, dba: Session) -> None:
    form = {"addresses": "10.0.0.5", "owner.name": "scanner", "description": "second floor"}
    done = carry_out(ada, f"/pools/{pool.id}/reserve", form)
    release = f"/addresses/{pool.network_id}/10.0.0.5/release"
    assert f'href="{release}" data-undo>Undo: release it' in done.text
    done = ada.get(ada.send(release, {"confirmed": "1"}).headers["Location"])
    assert "Undo: reserve it again" in done.text
    again = {name: html.unescape(text) for name, text in hidden_fields(done).items()}
    preview = ada.post(f"/pools/{pool.id}/reserve", again)
    ada.post(f"/pools/{pool.id}/reserve", {**hidden_fields(preview), "confirmed": "1"})
    rows = "SELECT host(address), owner_name, description FROM reservations"
    assert dba.execute(rows).fetchall() == [("10.0.0.5", "scanner", "second floor")]

    form = {"addresses": "10.0.0.8-10.0.0.9", "reason": "routers", "requests_only": "true"}
    form["name"] = "gates"
    done = carry_out(ada, f"/pools/{pool.id}/exclude", form)
    end = f"/addresses/{pool.network_id}/10.0.0.8/include"
    assert f'href="{end}" data-undo>' in done.text
    done = ada.get(ada.send(end, {"confirmed": "1"}).headers["Location"])
    preview = ada.post(f"/pools/{pool.id}/exclude", hidden_fields(done))
    ada.post(f"/pools/{pool.id}/exclude", {**hidden_fields(preview), "confirmed": "1"})
    rows = "SELECT host(first), host(last), reason, requests_only, name FROM exclusions"
    assert dba.execute(rows).fetchall() == [("10.0.0.8", "10.0.0.9", "routers", True, "gates")]


def test_settings_of_a_pool_and_labels_are_restored_unless_they_changed_again(
    pool: Any, store: Store, ada: Person, dba: Session
) -> None:
    path = f"/pools/{pool.id}/edit"
    first = {"name": "storage", "reuse_delay": "90", "reuse_unit": "minutes", "labels": "team=a"}
    carry_out(ada, path, first)
    done = carry_out(ada, path, {**first, "reuse_delay": "0", "labels": "", "drained": "true"})
    assert "Undo: restore it" in done.text
    restored = fields_of(done)
    preview = ada.post(path, restored)
    assert "90 minutes" in text_of(preview)
    settings = "SELECT name, reuse_delay::text, labels, drained FROM pools"
    assert ada.post(path, {**hidden_fields(preview), "confirmed": "1"}).status_code == 303
    assert dba.execute(settings).fetchall() == [("storage", "01:30:00", {"team": "a"}, False)]
    # The same button again: the pool is not what it was after the change.
    again = ada.post(path, restored)
    assert again.status_code == 412
    assert "was changed while you edited it" in text_of(again)
    hold(store, pool, "scanner", "10.0.0.5")
    edit = f"/addresses/{pool.network_id}/10.0.0.5/edit"
    restored = fields_of(carry_out(ada, edit, {"labels": "rack=1", "ttl": "keep"}))
    preview = ada.post(edit, restored)
    ada.post(edit, {**hidden_fields(preview), "confirmed": "1"})
    assert dba.execute("SELECT labels FROM reservations").fetchall() == [(None,)]
    assert "Undo" not in carry_out(ada, edit, {"ttl": "3600"}).text


def fields_of(done: TestResponse) -> dict[str, str]:
    """The fields of the button that takes a change back."""
    return {name: html.unescape(text) for name, text in hidden_fields(done).items()}


def test_an_address_that_has_another_owner_by_now_is_not_released(
    pool: Any, store: Store, ada: Person, dba: Session
) -> None:
    path = f"/addresses/{pool.network_id}/10.0.0.5/release"
    hold(store, pool, "scanner", "10.0.0.5")
    looked_at = hidden_fields(ada.get(path))
    reservations.release(store, (pool.network_id, "10.0.0.5"), SOMEBODY)
    hold(store, pool, "camera", "10.0.0.5")
    answer = ada.post(path, {**looked_at, "confirmed": "1"})
    assert answer.status_code == 412
    assert "now has another owner: camera" in text_of(answer)
    assert dba.execute("SELECT owner_name FROM reservations").fetchall() == [("camera",)]


def test_an_address_in_use_is_released_only_with_consent(
    pool: Any, ada: Person, pods: Pods, dba: Session
) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    path = f"/addresses/{pool.network_id}/10.0.0.1/release"
    assert "A sandbox uses this address" in text_of(ada.get(path))
    answer = ada.send(path, {"confirmed": "1"})
    assert answer.status_code == 409
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (1,)
    assert ada.send(path, {"confirmed": "1", "force": "true"}).status_code == 303
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)


def test_addresses_are_excluded_and_given_out_again(
    pool: Any, ada: Person, pods: Pods, dba: Session
) -> None:
    form = {"addresses": "10.0.0.1-10.0.0.9", "reason": "routers"}
    done = carry_out(ada, f"/pools/{pool.id}/exclude", form)
    assert "routers" in text_of(done)
    assert pods.add("web-0", subnet("10.0.0.0/24")) == "10.0.0.10"
    path = f"/addresses/{pool.network_id}/10.0.0.3/include"
    assert path in ada.get(f"/addresses/{pool.network_id}/10.0.0.3").text
    assert ada.send(path, {"confirmed": "1"}).status_code == 303
    assert dba.execute("SELECT count(*) FROM exclusions").fetchone() == (0,)
    assert pods.add("web-1", subnet("10.0.0.0/24")) == "10.0.0.1"


def test_a_cidr_is_a_run_too(pool: Any, ada: Person, dba: Session) -> None:
    form = {"addresses": "10.0.0.16/30 10.0.0.20", "reason": "routers"}
    carry_out(ada, f"/pools/{pool.id}/exclude", form)
    runs = dba.execute("SELECT host(first), host(last) FROM exclusions").fetchall()
    assert runs == [("10.0.0.16", "10.0.0.20")]
    carry_out(ada, f"/pools/{pool.id}/reserve", {"owner.name": "nas", "addresses": "10.0.0.4/31"})
    held = dba.execute("SELECT host(address) FROM reservations ORDER BY address").fetchall()
    assert held == [("10.0.0.4",), ("10.0.0.5",)]


@pytest.mark.parametrize(
    "form",
    [
        {"addresses": ""},
        {"addresses": "10.0.0.9/30"},
        {"addresses": "10.0.0.9-10.0.0.1"},
        {"addresses": "10.0.0.1-fd00::1"},
    ],
)
def test_a_run_that_is_none_is_not_excluded(pool: Any, ada: Person, form: dict[str, str]) -> None:
    answer = ada.send(f"/pools/{pool.id}/exclude", form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_a_page_needs_the_role_that_the_api_needs(app: Flask) -> None:
    needed = {operation.name: operation.role for operation in OPERATIONS}
    for name, page in {
        "create_pool": "new_pool",
        "change_pool": "change_pool",
        "delete_pool": "remove_pool",
        "reserve_addresses": "reserve",
        "release_address": "release",
        "create_exclusion": "exclude",
        "delete_exclusion": "end_exclusion",
        "list_audit_entries": "audit_json",
    }.items():
        view = app.view_functions[f"web.{page}"]
        assert getattr(view, guard._MARK) == needed[name], page


@pytest.mark.parametrize(
    "path",
    [
        "/pools/999/edit",
        "/pools/999/reserve",
        "/addresses/1/10.0.0.1/release",
        "/addresses/1/x/release",
        "/addresses/1/10.0.0.1/include",
    ],
)
def test_a_missing_object_cannot_be_changed(ada: Person, path: str) -> None:
    assert ada.get(path).status_code == 404


def test_what_others_did_is_not_shown_as_ones_own(pool: Any, ada: Person, store: Store) -> None:
    pools.change_pool(store, pool.id, {"drained": True}, Actor(name="eve", request_id="r7"))
    page = ada.get("/done/r7?back=//evil.example")
    assert "Nothing changed" in text_of(page)
    assert "evil.example" not in page.text


def test_what_is_missing_is_told_in_plain_words(pool: Any, ada: Person) -> None:
    words = text_of(ada.send(f"/pools/{pool.id}/reserve", {}))
    assert "Nothing was changed. Correct the marked fields." in words
    assert "It must not be empty." in words
    assert "/owner" not in words
