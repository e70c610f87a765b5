"""The time zone of the pages: what they show and read in it, and what stays in UTC."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import g

from rowhouse.app import create_app
from rowhouse.settings import Settings, SettingsError
from rowhouse.web.layout.formats import exact, moment
from rowhouse.web.layout.periods import known_time, local_time, parsed, time_input, utc
from rowhouse.web.layout.zone import named
from web.people.deeds import hold, text_of
from web.people.person import hidden_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store
    from web.people.person import Person

CHANGES = {
    "UTC": datetime(2026, 3, 29, 1, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 10, 25, 1, tzinfo=UTC),
    "America/New_York": datetime(2026, 11, 1, 6, tzinfo=UTC),
    "America/Santiago": datetime(2026, 9, 6, 4, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 15, tzinfo=UTC),
    "Asia/Kathmandu": datetime(2026, 1, 1, tzinfo=UTC),
}
"""Zones, and when their clocks change: by an hour, by half an hour, or never."""


def choose(person: Person, name: str, back: str = "/pods") -> str:
    form = person.get("/time-zone", headers={"Referer": f"http://localhost{back}"})
    answer = person.post("/time-zone", hidden_fields(form) | {"name": name})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


@pytest.mark.parametrize("name", CHANGES)
def test_a_form_reads_each_time_as_it_shows_it_also_when_clocks_change(
    app: Flask, name: str
) -> None:
    shown, exactly = set(), set()
    with app.test_request_context():
        g.zone = named(name)
        for minutes in range(-180, 180, 10):
            at = CHANGES[name] + timedelta(minutes=minutes, seconds=minutes % 7)
            text = local_time(at)
            assert parsed(text) == at, text
            assert known_time(utc(at)) == at
            assert utc(text) == utc(at)
            is_local = len(text) in {16, 19}
            assert time_input(text) == ("datetime-local" if is_local else "text"), text
            shown.add(moment(at))
            exactly.add(exact(at))
    # No two moments look alike.
    assert len(shown) == len(exactly) == 36


@pytest.mark.parametrize("role", ["team", "viewer", "operator"])
def test_a_person_chooses_a_zone_for_the_browser(
    log_in: Callable[[str], Person], role: str
) -> None:
    person = log_in(role)
    page = person.get("/pods?q=web")
    assert "Times are in UTC" in text_of(page)
    link = html.unescape(re.findall(r'href="(/time-zone[^"]*)"', page.text)[0])
    for referrer, back in (
        ("http://localhost/pods?q=web", "/pods?q=web"),
        ("https://elsewhere.example/pods", "/"),
        ("", "/"),
    ):
        form = person.get(link, headers={"Referer": referrer})
        assert f'name="back" value="{back}"' in form.text
    assert choose(person, "Asia/Tokyo", back="/pods?q=web") == "/pods?q=web"
    assert "Times are in Asia/Tokyo" in text_of(person.get("/pods"))
    assert "<option selected>Asia/Tokyo</option>" in person.get("/time-zone").text
    assert "Times are in UTC" in text_of(log_in("admin").get("/pods"))
    choose(person, "")
    assert "Times are in UTC" in text_of(person.get("/pods"))


@pytest.mark.parametrize(
    "wrong", ["Europe/Atlantis", "../../etc/passwd", "/etc/passwd", "utc\0", "x" * 999]
)
def test_what_is_no_zone_is_refused_in_the_form_and_ignored_in_the_cookie(
    ada: Person, wrong: str
) -> None:
    refused = ada.send("/time-zone", {"name": wrong})
    assert refused.status_code == 422
    assert "There is no time zone" in refused.text
    ada.client.set_cookie("rowhouse-zone", wrong.replace("\0", ""))
    assert "Times are in UTC" in text_of(ada.get("/pods"))
    fields = hidden_fields(ada.get("/time-zone")) | {"name": "UTC", "back": "//elsewhere.example"}
    assert ada.post("/time-zone", fields).headers["Location"] == "/"


def test_pages_show_and_read_times_in_the_zone_and_exports_stay_in_utc(
    ada: Person, store: Store, pool: Any
) -> None:
    address = hold(store, pool, "printer")
    # 00:30 in Tokyo is the day before in UTC.
    at = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
    store.call("UPDATE rowhouse.reservations SET reserved_at = %s RETURNING address", (at,))
    choose(ada, "Asia/Tokyo")
    audit = ada.get("/audit")
    assert "Time (Asia/Tokyo)" in audit.text
    assert "From (Asia/Tokyo)" in audit.text
    assert "2026-03-02 00:30:00" in ada.get(f"/addresses/{pool.network_id}/{address}").text
    assert 'title="2026-03-02 00:30:00 JST"' in ada.get("/reservations").text
    for suffix in ("csv", "json"):
        assert "2026-03-01T15:30:00+00:00" in ada.get(f"/reservations.{suffix}").text


def test_a_filter_is_of_the_zone_of_its_form_and_links_are_in_utc(
    ada: Person, store: Store, pool: Any, log_in: Callable[[str], Person]
) -> None:
    hold(store, pool, "printer")
    now = datetime.now(UTC)
    choose(ada, "Asia/Tokyo")
    # Nine hours ahead: in two hours, as UTC read it, is seven hours ago.
    soon = f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}"
    for query, rows in (
        (f"until={soon}", 0),
        (f"until={soon}&zone=UTC", 1),
        (f"until={soon}&zone=Asia/Tokyo", 0),
        (f"until={soon}Z", 1),
        (f"until={soon}&zone=nonsense", 0),
    ):
        path = f"/pools/{pool.id}/audit?action=reservation.create&{query}"
        page = ada.get(path)
        assert ("printer" in text_of(page).partition("of 1")[2]) == bool(rows), query
        assert ("reservation.create" in ada.get(path.replace("audit?", "audit.csv?")).text) == bool(
            rows
        )
    # What Ada filters, a user in another zone sees by her link.
    asked = f"/pools/{pool.id}/audit?until=2099-03-02T00:30&zone=Asia/Tokyo"
    page = ada.get(asked)
    assert 'name="until" type="datetime-local" value="2099-03-02T00:30"' in page.text
    assert '<input type="hidden" name="zone" value="Asia/Tokyo">' in page.text
    links = [html.unescape(path) for path in re.findall(r'href="([^"]*until=[^"]*)"', page.text)]
    assert len(links) >= 4
    assert {parse_qs(urlsplit(link).query)["until"][0] for link in links} == {"2099-03-01T15:30Z"}
    elsewhere = log_in("viewer")
    choose(elsewhere, "America/New_York")
    assert 'value="2099-03-01T10:30"' in elsewhere.get(links[0].replace(".csv", "")).text


def test_the_second_of_two_equal_times_keeps_its_offset_in_the_form(ada: Person, pool: Any) -> None:
    choose(ada, "Europe/Berlin")
    page = ada.get(f"/pools/{pool.id}/audit?since=2026-10-25T00:30Z&until=2026-10-25T01:30Z").text
    assert 'name="since" type="datetime-local" value="2026-10-25T02:30"' in page
    assert 'name="until" type="text" value="2026-10-25T02:30+01:00"' in page


def test_the_setting_is_the_zone_of_browsers_without_a_choice(database: Database) -> None:
    url = database.url
    made = create_app(Settings(database_url=url, time_zone="Europe/Berlin"))
    try:
        client = made.test_client()
        assert "Times are in Europe/Berlin" in client.get("/pods").text
        client.set_cookie("rowhouse-zone", "UTC")
        assert "Times are in UTC" in client.get("/pods").text
    finally:
        made.extensions["rowhouse"].store.close()
    with pytest.raises(SettingsError, match="Europe/Atlantis"):
        Settings.from_environment(
            {"ROWHOUSE_DATABASE_URL": url, "ROWHOUSE_TIME_ZONE": "Europe/Atlantis"}
        )
