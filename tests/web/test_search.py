from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.pods import Pods, subnet
from rowhouse.domain.search_text import Question, question

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    Browser = Callable[..., FlaskClient]

CONTAINER = "c0ffee0011223344556677889900aabbccddeeff"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            " 10.0.0.255 ",
            Question(
                text="10.0.0.255", address="10.0.0.255", spans=(("10.0.0.255", "10.0.0.255"),)
            ),
        ),
        (
            "10.0.0.7/24",
            Question(text="10.0.0.7/24", prefix="10.0.0.0/24", spans=(("10.0.0.0", "10.0.0.255"),)),
        ),
        ("shop/web-0", Question(text="shop/web-0", namespace="shop", name="web-0")),
        ("pod/web-0", Question(text="pod/web-0", name="web-0")),
        ("c0ffee", Question(text="c0ffee", name="c0ffee", container_id="c0ffee")),
        (
            f"containerd://{CONTAINER}",
            Question(
                text=f"containerd://{CONTAINER}",
                name=f"containerd://{CONTAINER}",
                container_id=CONTAINER,
            ),
        ),
    ],
)
def test_what_was_typed_is_understood(text: str, meant: Question) -> None:
    assert question(text) == meant


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("10.", "10.0.0.0-10.255.255.255"),
        ("10.20.", "10.20.0.0-10.20.255.255"),
        ("10.2", "10.2.0.0-10.2.255.255 10.20.0.0-10.29.255.255 10.200.0.0-10.255.255.255"),
        ("10.0", "10.0.0.0-10.0.255.255"),
        ("10.0.0.9", "10.0.0.9-10.0.0.9 10.0.0.90-10.0.0.99"),
        ("fd00:", "fd00::-fd00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fd00::", "fd00::-fd00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("FD00::F:abc", "fd00::f:abc-fd00::f:abc fd00::f:abc0-fd00::f:abcf"),
        ("1:2:3:4:5:6:7:8888", "1:2:3:4:5:6:7:8888-1:2:3:4:5:6:7:8888"),
        *(
            (nothing, "")
            for nothing in ("10", "10.256.", "300.1", "1.2.3.4.", "fd00", "1:::2", "\u0663.1")
        ),
    ],
)
def test_the_beginning_of_an_address_means_all_that_begin_with_it(text: str, spans: str) -> None:
    assert " ".join(f"{first}-{last}" for first, last in question(text).spans) == spans


@given(address=st.ip_addresses(), length=st.integers(min_value=3, max_value=39))
def test_an_address_is_in_the_spans_of_its_beginnings(
    address: IPv4Address | IPv6Address, length: int
) -> None:
    # "fd00::1:" is no beginning: groups after "::" have no fixed place.
    groups = (
        [f"{int(group, 16):x}" for group in address.exploded.split(":")[-8:]]
        if address.version == 6
        else []
    )
    text = (":".join(groups) or str(address))[:length]
    spans = question(text).spans
    assert not any(mark in text for mark in ".:") or any(
        int(ip_address(first)) <= int(address) <= int(ip_address(last)) for first, last in spans
    )


@pytest.fixture
def client(browser: Browser, pods: Pods, dba: psycopg.Connection[TupleRow]) -> FlaskClient:
    pods.add("web-0", subnet("10.0.0.0/24", network="a"), node="node7", container=CONTAINER)
    pods.add("web-1", subnet("10.0.0.0/24", network="b"), node="node7")
    pods.add("db-0", subnet("10.0.0.0/26", network="a"), node="node8")
    pods.add("gone-0", subnet("10.0.1.0/24", network="b"))
    pods.delete("gone-0")
    dba.execute("UPDATE pools SET name = 'storage-a' WHERE cidr = '10.0.1.0/24'")
    return browser()


def leads_to(client: FlaskClient, text: str) -> str:
    """Where a search goes at once, else the labels of what it found, in order."""
    answer = client.get("/search", query_string={"q": text})
    if answer.status_code == 302:
        return answer.location
    return " ".join(re.findall(r'<th scope="row"><a [^>]*>([^<]+)<', answer.text))


def test_a_search_with_one_answer_goes_there(client: FlaskClient) -> None:
    assert leads_to(client, "10.0.1.9") == "/addresses/2/10.0.1.9"
    assert leads_to(client, "10.0.1.0/24") == "/pools/4"
    assert leads_to(client, "10.0.0.0/26") == "/pools/3"
    assert leads_to(client, "default/web-0") == "/pods/default/web-0"
    assert leads_to(client, "web-1") == "/pods/default/web-1"
    assert leads_to(client, "gone") == "/pods/default/gone-0"
    assert leads_to(client, "node8") == "/nodes/node8?cluster=prod-a"
    assert leads_to(client, "c0ffee001122") == "/addresses/1/10.0.0.1"
    assert leads_to(client, f"containerd://{CONTAINER}") == "/addresses/1/10.0.0.1"
    assert leads_to(client, "storage") == "/pools/4"


def test_a_mac_is_found_in_any_spelling_and_shown(client: FlaskClient, pods: Pods) -> None:
    wanted = subnet("10.0.0.0/24", network="b")
    [given] = pods.add_all("router-0", wanted, mac="02:00:5e:00:53:01")
    place = f"/addresses/2/{given.address}"
    for text in ("02:00:5E:00:53:01", "0200.5e00.5301", "02005e005301"):
        assert leads_to(client, text) == place
    assert client.get(place).text.count("02:00:5e:00:53:01") == 2


def test_a_node_that_reported_is_found_without_addresses(
    client: FlaskClient, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("SELECT report_node_v1('edge', 'idle', '', '', 0, 0, now())")
    assert leads_to(client, "idle") == "/nodes/idle?cluster=edge"


def found(client: FlaskClient, text: str) -> list[str]:
    """The results of the API in their order: kind, label, what matched, address."""
    answer = client.get("/api/v1/search", query_string={"q": text})
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert answer.json["incomplete"] == []
    return [
        " ".join(
            [one["kind"], one["label"], one["matched"], one["address"] or "-"]
            + ["exact"] * one["is_exact"]
            + ["past"] * (not one["is_current"])
        )
        for one in answer.json["items"]
    ]


def test_a_part_of_anything_finds_it(
    client: FlaskClient, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("""SELECT reserve_v1('ada', 'r1', 3, ARRAY['10.0.0.5'::inet], 1, 'static', '', '', 'printer', '', NULL,
                                     'third floor, OPS-4711')""")
    dba.execute("SELECT release_v1('ada', 'r2', 1, '10.0.0.5', false)")
    dba.execute("""SELECT reserve_v1('ada', 'r3', 3, ARRAY['10.0.0.9'::inet], 1, 'static', '', '', 'router', '', NULL,
                                     'Ops-4712')""")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last, reason)"
        " VALUES (2, '10.0.1.8', '10.0.1.9', 'spare of ops-4711')"
    )
    dba.execute(
        """UPDATE pools SET labels = '{"site": "berlin"}', description = 'lab' WHERE id = 2"""
    )
    assert found(client, "10.0.1") == [
        "pool 10.0.1.0/24 prefix -",
        "address 10.0.1.1 address 10.0.1.1 past",
    ]
    assert found(client, "site=BER") == ["pool 10.0.0.0/24 label -"]
    assert found(client, "lab") == ["pool 10.0.0.0/24 description -"]
    assert found(client, "NODE") == ["node node7 name -", "node node8 name -"]
    assert found(client, "faul") == ["namespace default name -"]
    assert found(client, "default/") == [
        "owner default/db-0 name 10.0.0.2",
        "owner default/web-0 name 10.0.0.1",
        "owner default/web-1 name 10.0.0.1",
        "owner default/gone-0 name 10.0.1.1 past",
    ]
    assert found(client, "ops-4712") == ["address 10.0.0.9 description 10.0.0.9 exact"]
    assert found(client, "ops-4711") == [
        "exclusion 10.0.1.8-10.0.1.9 reason 10.0.1.8",
        "change reservation.delete 10.0.0.5 description 10.0.0.5 past",
        "change reservation.create 10.0.0.5 description 10.0.0.5 past",
    ]
    page = client.get("/search", query_string={"q": "ops-4711"}).text
    assert "third floor, <mark>OPS-4711</mark>" in page
    assert '"/addresses/1/10.0.0.5"' in page


def test_exact_matches_come_first_and_the_past_comes_last(client: FlaskClient, pods: Pods) -> None:
    pods.add("web", subnet("10.0.0.0/24", network="a"))
    pods.add("web-old", subnet("10.0.0.0/24", network="a"))
    pods.delete("web-old")
    assert [one.split()[1] for one in found(client, "web")] == [
        *("default/web", "default/web-0", "default/web-1", "default/web-old")
    ]


def options(client: FlaskClient, text: str, here: str = "/") -> list[tuple[str, str]]:
    """The lines of the command palette: label and URL."""
    answer = client.get("/palette", query_string={"q": text, "here": here})
    assert answer.status_code == 200
    return [
        (re.sub(r"</?mark>", "", label), url)
        for url, label in re.findall(
            r'data-href="([^"]+)"><span class="what">(.*?)</span>', answer.text
        )
    ]


def test_the_palette_lists_pages_actions_of_the_role_and_results(
    client: FlaskClient, browser: Browser
) -> None:
    assert ("Audit", "/audit") in options(client, "")
    assert options(client, "create") == []
    operator = browser("operator")
    assert options(operator, "cre poo") == [("Create pool", "/pools/new")]
    assert options(operator, "reserve", "/pools/3") == [
        ("Reserve addresses of this pool", "/pools/3/reserve")
    ]
    assert options(operator, "delete", "/pools/3") == []
    assert options(operator, "web-")[0] == ("default/web-0", "/pods/default/web-0")
    assert options(operator, "10.0.0.0/26")[:2] == [
        ("10.0.0.0/26", "/pools/3"),
        ("Reserve addresses of 10.0.0.0/26", "/pools/3/reserve"),
    ]
    assert options(operator, "<script>%", "//evil/pools/3") == []


def test_a_search_with_several_answers_shows_them(client: FlaskClient) -> None:
    assert leads_to(client, "10.0.0.1") == "10.0.0.1 10.0.0.1"
    assert leads_to(client, "10.0.0.0/16").startswith("10.0.0.1 10.0.0.1 ")
    assert leads_to(client, "web-") == "default/web-0 default/web-1"


def test_a_search_for_nothing_or_without_an_answer_says_what_can_be_found(
    client: FlaskClient,
) -> None:
    for text in (
        "",
        "   ",
        "no-such-thing",
        "%",
        "'; --",
        "\x00",
        "x" * 5000,
        "10.0.0.300",
        "/",
        "fe80::1%eth0",
    ):
        answer = client.get("/search", query_string={"q": text})
        assert answer.status_code == 200, text
        assert "What you can search for" in answer.text
