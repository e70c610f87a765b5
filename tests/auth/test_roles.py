"""Each role against each route: what is not given is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rowhouse.auth.caller import require_role
from rowhouse.auth.guard import least_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth.conftest import Service

ROLES = ("node", "team", "viewer", "operator", "admin")
OPEN = {"/livez", "/readyz", "/metrics", "/openapi.json", "/assets/1/1"}
# Public paths: tests/web tests them.
LOGIN = {"/login", "/login/oidc", "/login/oidc/callback"}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
PERSONAL = re.compile(r"(^|/v1)/views(/|$)|^/time-zone$")
"""What a viewer may change too: views of its own, and the time zone of its browser."""


@pytest.fixture
def tokens(make_token: Callable[..., str]) -> dict[str, str | None]:
    bound = {"team": {"namespaces": ["shop"]}}
    return {"nobody": None, **{role: make_token(role, **bound.get(role, {})) for role in ROLES}}


def routes(service: Service) -> list[tuple[str, str]]:
    """Every method and path that the application serves, with something for each variable."""
    return sorted(
        (method, re.sub("<[^>]*>", "1", rule.rule))
        for rule in service.app.url_map.iter_rules()
        for method in rule.methods or ()
    )


def test_each_role_on_each_route_of_the_application(
    service: Callable[..., Service], tokens: dict[str, str | None]
) -> None:
    required = service(auth="required", caller_rate=0, node_rate=0, failure_rate=0)
    for method, path in routes(required):
        if path in LOGIN:
            continue
        got = {who: required.status(method, path, token) for who, token in tokens.items()}
        refused = {who for who, status in got.items() if status in {401, 403}}
        if path in OPEN:
            expected: set[str] = set()
        elif (method, path) == ("POST", "/cni/report"):
            expected = {"nobody", *ROLES} - {"admin"}  # the node's is bound to none
        elif path in {"/cni", "/cni/report"}:
            expected = {"nobody"}  # before the call is read; who may make one is in test_nodes
        elif method in SAFE_METHODS or path == "/logout" or PERSONAL.search(path):
            expected = {"nobody", "node"} | refused & {"team", "viewer", "operator"}
        else:
            expected = {"nobody", "node", "viewer"} | refused & {"team", "operator"}
        assert refused == expected, (method, path, got)
        assert got["nobody"] == 401 or path in OPEN


@pytest.mark.parametrize(
    ("role", "command", "status"),
    [
        ("nobody", "DEL", 401),
        ("node", "DEL", 200),
        ("team", "DEL", 403),
        ("viewer", "DEL", 403),
        ("operator", "DEL", 403),
        ("admin", "DEL", 200),
    ],
)
def test_cni_is_for_nodes(
    service: Callable[..., Service],
    tokens: dict[str, str | None],
    role: str,
    command: str,
    status: int,
) -> None:
    answer = service(auth="required").cni(command, tokens[role], node="node1")
    assert answer.status_code == status


def test_a_view_that_says_nothing_needs_viewer_to_read_and_operator_to_write(
    service: Callable[..., Service], tokens: dict[str, str | None]
) -> None:
    required = service(auth="required")
    required.app.add_url_rule("/forgotten", "forgotten", lambda: "", methods=["GET", "POST"])
    for method, needed in (("GET", "viewer"), ("POST", "operator")):
        for role, token in tokens.items():
            enough = role in ROLES and ROLES.index(role) >= ROLES.index(needed)
            status = required.ask(method, "/forgotten", token).status_code
            assert status == (200 if enough else 401 if role == "nobody" else 403)


def test_a_view_may_ask_for_more(
    service: Callable[..., Service], tokens: dict[str, str | None]
) -> None:
    required = service(auth="required")
    app = required.app
    app.add_url_rule("/marked", "marked", least_role("admin")(lambda: ""))
    app.add_url_rule("/asked", "asked", lambda: require_role("admin").name)
    for path in ("/marked", "/asked"):
        got = {role: required.get(path, token).status_code for role, token in tokens.items()}
        assert got == {"nobody": 401, **dict.fromkeys(ROLES, 403), "admin": 200}


def test_metrics_can_be_closed(
    service: Callable[..., Service], tokens: dict[str, str | None]
) -> None:
    assert service(auth="required").get("/metrics").status_code == 200
    closed = service(auth="required", metrics_auth=True)
    got = {role: closed.get("/metrics", token).status_code for role, token in tokens.items()}
    assert got == {"nobody": 401, **dict.fromkeys(ROLES, 200), "node": 403, "team": 403}
