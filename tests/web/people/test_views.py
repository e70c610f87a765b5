"""Saved views on the pages, as browsers without scripts save and open them."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rowhouse.auth.guard import role_of
from rowhouse.domain.administration import Actor
from rowhouse.domain.saved_views import TABLES, Viewer
from rowhouse.ipam import saved_views
from web.people.deeds import hold, text_of
from web.people.person import hidden_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask
    from werkzeug.test import TestResponse

    from rowhouse.store.connection.database import Database as Store
    from rowhouse.web.table import Table
    from web.people.person import Person

GRACE = Viewer(name="grace", is_operator=True)
MENU = re.compile(r'<details class="table-columns table-views">.*?</details>', re.DOTALL)


def share(store: Store, table: str, name: str, query: str) -> int:
    made = saved_views.save(
        store,
        GRACE,
        table=table,
        name=name,
        query=query,
        is_shared=True,
        actor=Actor(name="grace"),
    )
    return int(made.id)


def save(person: Person, page: str, name: str, **more: str) -> str:
    """Save what a page shows as a view; the path of the page that follows."""
    fields = {"name": name, "confirmed": "1", **more}
    form = menu_fields(person.get(page)) | fields
    answer = person.post("/views/new", form)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def menu_fields(page: TestResponse) -> dict[str, str]:
    """The hidden fields of the form that saves a view."""
    menu = MENU.findall(page.text)[0]
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', menu)
    return {name: html.unescape(value) for name, value in fields}


def links(page: TestResponse) -> dict[str, str]:
    """The links of the menu, by their text."""
    menu = MENU.findall(page.text)[0]
    found = re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', menu, re.DOTALL)
    return {re.sub("<[^>]+>", "", text): html.unescape(path) for path, text in found}


@pytest.mark.parametrize("role", ["team", "viewer", "operator", "admin"])
def test_a_person_saves_what_a_table_shows_and_opens_it_later(
    log_in: Callable[[str], Person], role: str
) -> None:
    ada = log_in(role)
    asked = "/reservations?q=printer&sort=-since&columns=address,description&rows=50"
    opened = save(ada, asked, "Printers, newest first")
    query = parse_qs(urlsplit(opened).query)
    assert query.pop("view")
    assert query == {
        "q": ["printer"],
        "sort": ["-since"],
        "columns": ["address,description"],
        "rows": ["50"],
    }
    page = ada.get(opened)
    assert "View: Printers, newest first" in text_of(page)
    assert "Save changes to" not in page.text
    # Another day, in another browser whose columns are others.
    ada.client.set_cookie("columns-reservations", "address,node,cluster")
    path = links(ada.get("/reservations"))["Printers, newest first"]
    again = ada.get(path)
    headings = re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]+)', again.text)
    assert headings in ([], ["Address", "Description"])
    assert 'value="printer"' in again.text
    assert "Printers, newest first" not in links(ada.get("/pods"))


def test_a_view_is_overwritten_renamed_and_deleted(ada: Person) -> None:
    opened = save(ada, "/pods?q=web", "Web")
    view = parse_qs(urlsplit(opened).query)["view"][0]
    changed = ada.get(opened.replace("q=web", "q=shop"))
    assert "Save changes to Web" in changed.text
    form = menu_fields(changed)
    answer = ada.post(
        f"/views/{view}/edit",
        {name: form[name] for name in ("csrf", "query", "back")} | {"confirmed": "1"},
    )
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["q"] == ["shop"]
    assert "Save changes to Web" not in ada.get(answer.headers["Location"]).text
    edit = links(ada.get("/pods"))["Edit the view Web"]
    fields = hidden_fields(ada.get(edit))
    answer = ada.post(f"/views/{view}/edit", fields | {"name": "Shop", "confirmed": "1"})
    assert answer.headers["Location"].startswith("/pods?q=shop&")
    page = ada.get("/pods")
    assert "Shop" in links(page)
    remove = links(page)["Delete the view Shop"]
    preview = ada.get(remove)
    assert "Delete view" in preview.text
    answer = ada.post(remove, {**hidden_fields(preview), "confirmed": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pods")
    gone = ada.get(f"/pods?q=shop&view={view}")
    assert "The view was deleted or is no longer shared." in text_of(gone)


def test_operators_share_and_others_open_but_do_not_change_it(
    log_in: Callable[[str], Person], ada: Person
) -> None:
    save(ada, "/pods?q=web", "Web", shared="true")
    for role in ("team", "viewer", "admin"):
        page = log_in(role).get("/pods")
        assert "shared by ada-operator" in text_of(page)
        assert ("Edit the view Web" in links(page)) == (role == "admin")
        assert ("Share with all users" in page.text) == (role == "admin")


def test_a_viewer_cannot_share_with_a_forged_form(log_in: Callable[[str], Person]) -> None:
    eve = log_in("viewer")
    fields = menu_fields(eve.get("/pods")) | {"name": "x", "shared": "true", "confirmed": "1"}
    refused = eve.post("/views/new", fields)
    assert refused.status_code == 403
    assert "may not share a view" in refused.text


def test_a_name_that_is_taken_and_a_bad_one_are_refused_in_the_form(ada: Person) -> None:
    save(ada, "/pods?q=web", "Web")
    fields = menu_fields(ada.get("/pods?q=other")) | {"confirmed": "1"}
    taken = ada.post("/views/new", fields | {"name": "Web"})
    assert taken.status_code == 409
    assert "You already have a view of this table with this name: Web." in text_of(taken)
    # The form keeps what was asked for, and another name is enough.
    again = {name: html.unescape(text) for name, text in hidden_fields(taken).items()}
    saved = ada.post("/views/new", again | {"name": "Other", "confirmed": "1"})
    assert saved.headers["Location"].startswith("/pods?q=other&")
    empty = ada.post("/views/new", fields | {"name": " "})
    assert empty.status_code == 422
    assert "It must not be empty." in empty.text


def test_a_view_that_asks_for_what_is_gone_says_so_and_shows_the_rest(
    ada: Person, store: Store, pool: Any
) -> None:
    hold(store, pool, "printer")
    view = share(store, "reservations", "Old", "q=printer&sort=color&columns=address,color")
    store.call(
        "UPDATE rowhouse.saved_views SET query = query || '&state=melted&shape=round'"
        " WHERE id = %s RETURNING id",
        (view,),
    )
    page = ada.get(links(ada.get("/reservations"))["Old"])
    words = text_of(page)
    assert 'The view Old uses what this table does not have: the filter "shape"' in words
    for part in ('"melted" among state', 'the column "color"', 'the order by "color"'):
        assert part in words, part
    assert "10.0.0.1" in words.partition("Old uses")[2]
    assert "does not have" not in text_of(ada.get("/reservations?shape=round"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"table": "racks"}, "Table: "),
        ({"query": "q=" + "x" * 9000}, "Query: "),
        ({"query": "q=" + "x" * 9000, "name": ""}, "Query: "),
    ],
)
def test_what_is_wrong_with_a_hidden_field_is_told_as_well(
    ada: Person, wrong: dict[str, str], told: str
) -> None:
    form = menu_fields(ada.get("/reservations")) | {"name": "mine", "confirmed": "1"} | wrong
    answer = ada.post("/views/new", form)
    assert answer.status_code == 422
    [alert] = re.findall(r'role="alert">(.*?)</div>', answer.text, re.DOTALL)
    assert told.lower() in alert.lower()
    assert ("Correct the marked fields." in alert) == ("name" in wrong)


def test_a_view_leads_back_to_this_server_only(ada: Person) -> None:
    fields = menu_fields(ada.get("/pods")) | {"name": "x", "confirmed": "1"}
    answer = ada.post("/views/new", fields | {"back": "https://elsewhere.example/pods"})
    assert answer.headers["Location"].startswith("/?")


def test_each_table_of_the_pages_has_views_with_its_own_parameters(
    log_in: Callable[[str], Person], app: Flask, pool: Any
) -> None:
    """`TABLES` repeats what the pages say, for the API."""
    ada = log_in("admin")
    paths = {name: table.path for name, table in TABLES.items()}
    paths |= {
        "pool-addresses": f"/pools/{pool.id}/addresses",
        "pool-history": f"/pools/{pool.id}/history",
        "pool-changes": f"/pools/{pool.id}/audit",
    }
    adapter = app.url_map.bind("")
    for name, path in paths.items():
        page = ada.get(path)
        assert menu_fields(page)["table"] == name
        form = re.findall(r'<form class="table-filter".*?</form>', page.text, re.DOTALL)[0]
        fields = set(re.findall(r'<(?:input|select)[^>]* name="(\w+)"', form))
        assert fields - {"view"} == {"q", *TABLES[name].filters}, name
        endpoint, _ = adapter.match(path)
        with app.app_context():
            is_for_teams = role_of(endpoint, "GET") == "team"
        assert is_for_teams == TABLES[name].is_for_teams, name
        title = re.findall(r'<section class="sheet table"[^>]* aria-label="([^"]+)"', page.text)[0]
        whole = f"{title} of a pool" if name.startswith("pool-") else title
        assert whole.replace("Changes", "Audit") == TABLES[name].title, name
        assert save(ada, path, f"all of {name}").startswith(f"{path}?columns=")


def test_the_moments_of_a_table_are_its_columns_of_times(
    tables: Mapping[str, Table],
) -> None:
    """The command line reads exports, in which a time is text."""
    for name, table in TABLES.items():
        if table.path:
            times = {one.name for one in tables[name].columns if one.kind == "moment"}
            assert times == set(table.moments), name


def rows_of(page: TestResponse) -> dict[str, tuple[str, list[str]]]:
    """The rows of the page of all views, by name: their words, and the labels of their actions."""
    body = re.findall(r"<tbody>(.*?)</tbody>", page.text, re.DOTALL)
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", body[0], re.DOTALL) if body else ():
        cells, actions = row.split('<td class="row-actions">')
        words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", cells)).split())
        labels = re.findall(r"<a data-dialog[^>]*>(\w+)<", actions)
        name = re.findall(r"<th[^>]*>(?:<a[^>]*>)?([^<]+)", cells)[0]
        found[html.unescape(name)] = (words, labels)
    return found


def test_one_page_lists_all_views_with_what_the_user_may_do(
    log_in: Callable[[str], Person], ada: Person, store: Store
) -> None:
    share(store, "nodes", "Late", "state=late")
    save(ada, "/pods?q=web", "Web")
    eve = log_in("viewer")
    save(eve, "/reservations?q=secret", "Mine alone")
    page = ada.get("/views")
    rows = rows_of(page)
    assert rows["Web"][1] == ["Edit", "Delete"]
    # Shared by another operator, and a private one.
    assert rows["Late"][1] == ["Delete"]
    words, actions = rows["Mine alone"]
    assert actions == ["Delete"]
    assert words.startswith("Mine alone Reservations ada-viewer private, of others")
    assert "secret" not in page.text
    assert "secret" not in ada.get("/views.json").text
    assert 'href="/nodes?state=late&amp;view=' in page.text
    assert set(rows_of(ada.get("/views?table=pods"))) == {"Web"}
    assert set(rows_of(ada.get("/views?whose=private"))) == {"Mine alone"}
    admin = rows_of(log_in("admin").get("/views"))
    assert [admin[name][1] for name in ("Late", "Web", "Mine alone")] == [
        ["Edit", "Delete"],
        ["Delete"],
        ["Delete"],
    ]
    assert {name: row[1] for name, row in rows_of(eve.get("/views")).items()} == {
        "Late": [],
        "Mine alone": ["Edit", "Delete"],
    }
    assert rows_of(log_in("team").get("/views")) == {}


def test_an_operator_deletes_a_private_view_of_another_from_the_list(
    log_in: Callable[[str], Person], ada: Person
) -> None:
    eve = log_in("viewer")
    save(eve, "/reservations?q=secret", "Mine alone")
    path = re.findall(r'href="(/views/\d+/delete[^"]*)"', ada.get("/views").text)[0]
    preview = ada.get(html.unescape(path))
    assert "Reservations ada-viewer" in text_of(preview).replace("Table", "").replace("Author ", "")
    assert "secret" not in preview.text
    done = ada.post(html.unescape(path), {**hidden_fields(preview), "confirmed": "1"})
    assert (done.status_code, done.headers["Location"]) == (303, "/views")
    assert "Mine alone" not in eve.get("/views").text


def test_an_edit_from_the_list_returns_to_the_list(ada: Person) -> None:
    save(ada, "/pods?q=web", "Web")
    path = html.unescape(re.findall(r'href="(/views/\d+/edit[^"]*)"', ada.get("/views").text)[0])
    fields = hidden_fields(ada.get(path)) | {"name": "Shop", "confirmed": "1"}
    assert ada.post(path, fields).headers["Location"] == "/views"
    assert "Shop" in rows_of(ada.get("/views"))


def test_views_are_found_in_the_palette_and_by_the_search(
    log_in: Callable[[str], Person], ada: Person, store: Store, pool: Any
) -> None:
    share(store, "nodes", "Late ones", "state=late")
    share(store, "pool-history", "Yesterday", "since=2026-01-01T00:00:00Z")
    save(ada, "/pods?q=web", "Web")
    lines = text_of(ada.get("/palette?q=view: late"))
    assert "Late ones → Nodes shared by grace View" in lines
    assert 'data-href="/pods?' in ada.get("/palette?q=web → pods").text
    # The history of which pool?
    assert "Yesterday" not in ada.get("/palette?q=yesterday").text
    here = ada.get(f"/palette?q=yesterday&here=/pools/{pool.id}").text
    assert f'data-href="/pools/{pool.id}/history?since=' in here
    found = ada.get("/search?q=view: ")
    assert "Late ones → Nodes shared by grace" in text_of(found)
    single = ada.get("/search?q=view: late ones")
    assert single.headers["Location"].startswith("/nodes?state=late&view=")
    # A team may not open the nodes, and the view of another is private.
    team = log_in("team")
    for path in ("/palette?q=view", "/search?q=view"):
        assert "Late ones" not in team.get(path).text
        assert "Web →" not in team.get(path).text


def test_an_export_of_a_view_refuses_to_leave_a_filter_out(ada: Person, store: Store) -> None:
    view = share(store, "reservations", "Old", "state=melted")
    path = f"/reservations.json?state=melted&view={view}"
    refused = ada.get(path, headers={"Accept": "*/*"})
    assert refused.status_code == 422
    assert refused.content_type == "application/problem+json"
    assert '"melted" among state' in refused.get_json()["detail"]
    # A browser gets a page; what is no view is as lenient as the page.
    page = ada.get(path)
    assert (page.status_code, page.mimetype) == (422, "text/html")
    assert ada.get("/reservations.json?state=melted").status_code == 200
