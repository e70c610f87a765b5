"""Labels of reservations: in forms, in tables, and on selected rows, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fixtures.pods import subnet
from web.people.deeds import hold, text_of
from web.people.person import hidden_fields
from web.people.test_bulk import choose
from web.test_tables import rows

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods
    from rowhouse.store.connection.database import Database as Store
    from web.people.person import Person

    Session = psycopg.Connection[TupleRow]

LABELS = "SELECT host(address), labels FROM reservations ORDER BY address"


def test_a_reservation_is_made_and_edited_with_labels(pool: Any, ada: Person, dba: Session) -> None:
    path = f"/pools/{pool.id}/reserve"
    given = {"owner.name": "router", "addresses": "10.0.0.9", "labels": "rack=12\r\nteam=Data"}
    preview = ada.send(path, given)
    assert "rack=12" in text_of(preview)
    assert ada.post(path, {**hidden_fields(preview), "confirmed": "1"}).status_code == 303
    assert dba.execute(LABELS).fetchall() == [("10.0.0.9", {"rack": "12", "team": "Data"})]
    path = f"/addresses/{pool.network_id}/10.0.0.9/edit"
    assert "rack=12\nteam=Data" in ada.get(path).text
    preview = ada.send(path, {"labels": "rack=13", "ttl": "keep"})
    ada.post(path, {**hidden_fields(preview), "confirmed": "1"})
    assert dba.execute(LABELS).fetchall() == [("10.0.0.9", {"rack": "13"})]
    # Without the field, the labels stay.
    ada.send(path, {"description": "x", "ttl": "keep", "confirmed": "1"})
    assert dba.execute(LABELS).fetchall() == [("10.0.0.9", {"rack": "13"})]
    wrong = ada.send(path, {"labels": "rack", "ttl": "keep"})
    assert wrong.status_code == 422
    assert '"rack" is not key=value' in text_of(wrong)


def test_selected_rows_are_labeled_together_or_not_at_all(
    pool: Any, ada: Person, store: Store, pods: Pods, dba: Session
) -> None:
    for address in ("10.0.0.1", "10.0.0.2"):
        hold(store, pool, f"printer {address}", address)
    pods.add("web-0", subnet("10.0.0.0/24", requested="10.0.0.3"))
    dba.execute(
        """UPDATE reservations SET labels = '{"team": "old", "rack": "1"}' WHERE address = '10.0.0.1'"""
    )
    page, path = f"/pools/{pool.id}/addresses", f"/pools/{pool.id}/label"
    keys = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.7-10.0.0.9")
    form = choose(ada, page, path, *keys, edit="1")
    assert "4 selected rows" in text_of(form)
    fields = {**hidden_fields(form), "added": "team=data", "removed": "rack"}
    preview = ada.post(path, fields)
    assert "Label 3 addresses" in text_of(preview)
    assert "1 of the selected rows is not reserved" in text_of(preview)
    confirmed = {**hidden_fields(preview), "confirmed": "1"}
    # Another owner has one of them by now: none is labeled.
    dba.execute("DELETE FROM reservations WHERE address = '10.0.0.2'")
    hold(store, pool, "scanner", "10.0.0.2")
    before = dba.execute(LABELS).fetchall()
    assert ada.post(path, confirmed).status_code == 412
    assert dba.execute(LABELS).fetchall() == before
    preview = ada.post(path, fields)
    done = ada.post(path, {**hidden_fields(preview), "confirmed": "1"})
    assert text_of(ada.get(done.headers["Location"])).count("reservation.update") == 3
    labeled = [(f"10.0.0.{last}", {"team": "data"}) for last in (1, 2, 3)]
    assert dba.execute(LABELS).fetchall() == labeled
    # Again, and nothing changes.
    preview = ada.post(path, fields)
    done = ada.post(path, {**hidden_fields(preview), "confirmed": "1"})
    assert "Nothing changed" in text_of(ada.get(done.headers["Location"]))
    for more, problem in (
        ({}, "Enter a label to set"),
        ({"added": "team"}, '"team" is not key=value'),
        ({"added": "team=a", "removed": "team"}, '"team" is also set'),
        ({"added": f"team={'x' * 999}"}, "at most"),
    ):
        answer = ada.post(path, {"csrf": fields["csrf"], "addresses": "10.0.0.1", **more})
        assert answer.status_code == 422
        assert problem in text_of(answer)
    # Both lists show and filter labels: each word has to be a part of one, in any case.
    for table in (page, "/reservations"):
        assert rows(ada.get(f"{table}?q=TEAM=da").text)[0]["Labels"] == "team=data"
        assert len(rows(ada.get(f"{table}?q=team=data").text)) == 3
        assert rows(ada.get(f"{table}?q=team=data+rack=1").text) == []
        assert "team=data" in ada.get(f"{table}.csv?q=team=data").text
    preview = choose(
        ada, "/reservations", "/reservations/label", f"{pool.network_id}/10.0.0.1", removed="team"
    )
    ada.post("/reservations/label", {**hidden_fields(preview), "confirmed": "1"})
    assert dba.execute(LABELS).fetchall() == [("10.0.0.1", None), *labeled[1:]]
