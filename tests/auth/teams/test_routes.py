"""A team sees what its namespaces hold, on every route that is open to it, and nothing of other namespaces."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from auth.teams.seed import (
    BEGINNING,
    CONTAINER,
    FOREIGN,
    MAC,
    OTHER,
    OWN,
    RETURNED,
    SECRETS,
    TAKEN_OVER,
    call,
)
from rowhouse.auth.guard import role_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auth.conftest import Service

VALUES = {
    "pool_id": ("1", "2"),
    "network_id": ("1", "2"),
    "quota_id": ("1", "2"),
    "address": (OWN, FOREIGN, RETURNED, TAKEN_OVER, "10.66.0.1"),
    "namespace": ("shop", f"{OTHER}-ns", "-"),
    "name": ("web-0", "web-7", f"{OTHER}-0", f"{OTHER}-device"),
    "suffix": ("csv", "json"),
    "request": ("1", "2", "3", "4"),
    "address_request_id": ("1", "2"),
    "view_id": ("1", "2", "3"),
}
"""What stands for each variable of a path: of the team, and of others."""
QUERIES = (
    "",
    "usage=true",
    "quarantined=true",
    f"q={BEGINNING}",
    # Pages show what they were asked for, so these are not whole secrets.
    f"q={CONTAINER[:8]}",
    f"q={MAC.replace(':', '-')}",
    f"q={FOREIGN}",
    f"q={RETURNED}",
    "q=10.66",
    "q=shop",
    f"namespace={OTHER}-ns",
    f"namespace={OTHER}-ns&name={OTHER}-0",
    f"node={OTHER}-node",
    f"container_id={CONTAINER}",
    f"address={FOREIGN}",
    f"address={RETURNED}",
    "prefix=10.0.0.0/8",
    "pool=1",
    "pool=2",
    "pool=10.66.0.0/24",
    "network_id=2",
    f"label=secret={OTHER}",
    "columns=address,owner,network,pool,node,cluster,interface,container_id,mac,description,labels",
)


OF_REPORTS = (
    "by=cluster",
    "by=node",
    "by=network",
    "by=pool",
    "by=label&label=secret",
    "label=secret&period=day",
)
"""Further queries of the report, as a page, as CSV and of the API."""


def readable(service: Service) -> Iterator[tuple[str, str]]:
    """The endpoint and every path of each route that a team may read."""
    with service.app.app_context():
        rules = [
            rule
            for rule in service.app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and role_of(rule.endpoint, "GET") == "team"
        ]
    for rule in rules:
        unknown = rule.arguments - VALUES.keys()
        assert not unknown, f"{rule.rule}: add values of {unknown} to VALUES, also foreign ones"
        names = sorted(rule.arguments)
        for values in itertools.product(*(VALUES[name] for name in names)):
            path = rule.rule
            for name, value in zip(names, values, strict=True):
                path = re.sub(rf"<(?:[^:>]*:)?{name}>", value, path)
            yield rule.endpoint, path


def test_no_route_that_a_team_may_read_shows_another_namespace(team: tuple[Service, str]) -> None:
    service, token = team
    served: dict[str, int] = {}
    asked = [
        (endpoint, path, query)
        for endpoint, path in readable(service)
        for query in (*QUERIES, *(OF_REPORTS if "report" in path else ()))
        if not query or "/live/" not in path  # test_live.py reads the streams
    ]
    for endpoint, path, query in asked:
        answer = service.get(f"{path}?{query}", token, headers={"Accept": "text/html"})
        assert answer.status_code in {200, 302, 400, 404, 422}, (path, query, answer.text)
        # An answer has the path of the request, and what it asks for.
        text = answer.text.replace(query, "")
        for label in (f"secret={OTHER}", f"secret%3D{OTHER}"):
            text = text.replace(label, "") if label.replace("%3D", "=") in query else text
        if answer.status_code >= 400:
            echoed = {*path.split("/")[-2:], query.partition("=")[2]}
            for part in sorted(echoed - {"", "-"}, key=len, reverse=True):
                text = text.replace(part, "")
        for secret in SECRETS:
            assert secret not in text, (path, query, text)
        served[endpoint] = served.get(endpoint, 0) + (answer.status_code in {200, 302})
    assert len(served) > 15
    assert not [endpoint for endpoint, times in served.items() if not times]


def test_the_same_questions_of_a_viewer_find_the_other_namespace(
    shared: Service,  # noqa: ARG001 - what the database has
    service: Callable[..., Service],
    make_token: Callable[..., str],
) -> None:
    """So that the test above cannot pass because nothing is there."""
    required, token = service(auth="required", caller_rate=0), make_token("viewer")
    for path in (
        "/api/v1/events",
        "/events",
        "/api/v1/reservations",
        "/api/v1/reservations/1/10.0.0.2",
        "/api/v1/pools",
        "/api/v1/pools/2",
        "/api/v1/quotas",
        "/api/v1/quotas/2",
        "/api/v1/history?address=10.0.0.4",
        "/api/v1/search?q=10.0.0.4",
        "/api/v1/views",
        f"/api/v1/search?q={BEGINNING}",
        f"/addresses/1/{FOREIGN}",
        f"/addresses/1/{OWN}",
        f"/addresses/1/{TAKEN_OVER}",
        f"/pods/{OTHER}-ns/{OTHER}-device",
        f"/search?q={BEGINNING}",
        f"/palette?q={BEGINNING}",
        f"/search?q={MAC.replace(':', '-')}",
        "/report",
        "/report.csv?by=node",
        "/report?by=pool",
        "/report?label=secret",
        "/api/v1/reports/utilization",
        "/reservations",
        "/reservations.csv",
        "/pods",
        "/pods.json",
        "/pools",
        "/quotas",
    ):
        text = required.get(path, token, follow_redirects=True).text
        assert OTHER in text or "10.66.0." in text, path


def test_a_team_sees_its_addresses_its_quota_and_its_pools(team: tuple[Service, str]) -> None:
    service, token = team

    def items(path: str) -> list[dict[str, Any]]:
        return list(service.get(f"/api/v1/{path}", token).get_json()["items"])

    assert [one["address"] for one in items("reservations")] == [OWN, TAKEN_OVER, "10.0.0.60"]
    assert [one["cidr"] for one in items("pools")] == ["10.0.0.0/24"]
    assert [(one["namespace"], one["in_use"]) for one in items("quotas")] == [("shop", 3)]
    names = [one["owner"]["name"] for one in items("history?prefix=10.0.0.0/24")]
    assert names == ["router", "gone", "web-9", "web-0"]
    for text in ("web", "10.0.0.1", "shop/web-0", "node1", "10.0"):
        assert "10.0.0.1" in {one["address"] for one in items(f"search?q={text}")}, text
    for path in ("/reservations", "/reservations.csv", "/pods.json", "/pools", "/quotas"):
        assert re.search(r"\bshop\b|10\.0\.0\.0/24", service.get(path, token).text), path


def test_an_event_tells_a_team_that_an_address_is_taken_but_not_by_whom(
    team: tuple[Service, str], make_token: Callable[..., str]
) -> None:
    service, token = team

    def held(who: str) -> dict[str, str | None]:
        found = service.get("/api/v1/events", who).get_json()["items"]
        return {one["message"].partition(" (")[0]: one["held_by"] for one in found}

    messages = (
        "the only candidate is taken",
        "all 2 candidates are taken",
        f"requested address {FOREIGN} is in use in another namespace",
        "address 10.0.0.60 of interface net1 is now a gateway: recreate the pod, which then gets another address",
    )
    assert held(token) == dict.fromkeys(messages)
    owner = f"{OTHER}-ns/{OTHER}-0"
    assert held(make_token("viewer")) == dict(
        zip(
            messages,
            (
                f"{FOREIGN} is in use by {owner}",
                f"{OWN} is in use by shop/web-0, {FOREIGN} is in use by {owner}",
                owner,
                f'the gateway of CNI network "{OTHER}-nad"',
            ),
            strict=True,
        )
    )
    assert "Held by" not in service.get("/events", token).text


def test_the_kubernetes_event_of_a_pod_names_no_owner_of_another_namespace(
    shared: Service,
) -> None:
    noted = shared.app.extensions["rowhouse"].store.call(
        "SELECT message FROM rowhouse.allocation_failures WHERE namespace = 'shop' AND reason = 'NoAddress'"
    )
    told = [message for (message,) in noted]
    assert any(f"requested address {FOREIGN} is in use in another namespace" in one for one in told)
    assert any(f"Operators see the owner: `rowhouse explain {FOREIGN}`" in one for one in told)
    assert any("all 2 candidates are taken" in one for one in told)
    assert [one for one in told if OTHER in one] == []


def test_a_change_that_a_team_may_not_make_names_the_role_that_may(
    team: tuple[Service, str],
) -> None:
    service, token = team
    answer = service.ask("POST", "/api/v1/requests/1/approve", token, json={})
    assert answer.status_code == 403
    assert answer.get_json()["detail"].endswith("has the role team, but this requires operator")
    assert "(shop)" in answer.get_json()["hint"]


def test_a_team_finds_an_address_that_it_held(shared: Service, team: tuple[Service, str]) -> None:
    call(shared, "DEL", "shop", "web-0", "lan 10.0.0.0/24")
    service, token = team
    found = service.get("/api/v1/search?q=10.0.0.1", token).get_json()["items"]
    of_addresses = [one for one in found if one["kind"] == "address"]
    assert [(one["address"], one["name"], one["is_current"]) for one in of_addresses] == [
        (OWN, "web-0", False)
    ]


def test_a_former_address_leads_to_the_page_of_its_pod(team: tuple[Service, str]) -> None:
    service, token = team
    for text in ("10.0.0.30", "gone"):
        answer = service.get(f"/search?q={text}", token)
        assert answer.headers.get("Location") == "/pods/shop/gone", text


def test_a_team_finds_the_address_of_a_mac_address_only_in_its_namespaces(
    shared: Service, team: tuple[Service, str]
) -> None:
    own = "02:11:22:33:44:55"
    call(shared, "ADD", "shop", "vm", "lan 10.0.0.0/24", mac=own)
    service, token = team

    def found(mac: str) -> list[str]:
        items = service.get(f"/api/v1/search?q={mac}", token).get_json()["items"]
        return [one["name"] for one in items]

    assert found(own) == ["vm"]
    assert found(MAC) == []


def test_a_pool_of_which_a_team_has_a_quota_is_visible_before_its_first_address(
    shared: Service, team: tuple[Service, str]
) -> None:
    service, token = team
    assert service.status("GET", "/api/v1/pools/2", token) == 404
    body = {"namespace": "shop", "addresses": 2, "pool_id": 2}
    assert shared.ask("POST", "/api/v1/quotas", json=body).status_code == 201
    assert service.status("GET", "/api/v1/pools/2", token) == 200


def test_pages_offer_a_team_only_links_that_it_may_open(team: tuple[Service, str]) -> None:
    service, token = team
    pages = {
        path
        for endpoint, path in readable(service)
        if endpoint.startswith("web.")
        and "/live/" not in path
        and not path.endswith((".csv", ".json"))
    }
    words = ("shop", "web", "web-0", "web-7", "gone", OWN, RETURNED, "10.0.0.30", "10.77", "lan")
    pages |= {f"{path}?q={word}" for path in ("/search", "/palette") for word in words}
    pages |= {f"/report?{query}" for query in OF_REPORTS}
    links: dict[str, str] = {}
    for path in pages:
        answer = service.get(path, token, headers={"Accept": "text/html"}, follow_redirects=True)
        found = re.findall(r'(?:href|action|data-href)="(/[^"]*)"', answer.text)
        links |= {link.replace("&amp;", "&"): path for link in found}
    for link, path in links.items():
        if not link.startswith("/assets/"):
            answer = service.get(link, token, follow_redirects=True)
            assert answer.status_code == 200, (path, link, answer.status_code)


def test_a_view_that_says_nothing_is_closed_to_teams(team: tuple[Service, str]) -> None:
    service, token = team
    service.app.add_url_rule("/forgotten", "forgotten", lambda: "", methods=["GET", "POST"])
    for method in ("GET", "POST"):
        answer = service.ask(method, "/forgotten", token)
        assert answer.status_code == 403
        assert "has the role team, but this requires " in answer.get_json()["detail"]


def test_a_session_of_a_team_has_the_namespaces_of_its_token(team: tuple[Service, str]) -> None:
    service, token = team
    browser = service.app.test_client()
    form = browser.get("/login").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', form)
    assert csrf
    answer = browser.post(
        "/login",
        data={"csrf": csrf[1], "token": token},
        headers={"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303, answer.text
    page = browser.get("/", follow_redirects=True)
    assert page.request.path == "/reservations"
    assert "shop/web-0" in page.text
    assert OTHER not in page.text
    assert browser.get("/audit").status_code == 403
