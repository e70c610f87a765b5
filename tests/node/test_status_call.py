"""A node whose calls would fail is not ready, and says why; one whose server restarts stays ready."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from auth.issuer import ApiServer, claims
from cni_plugin.scripted import closed_port, good, refusal, reply, serving
from fixtures import servers
from fixtures.signing import ec_key, signed
from node.test_daemon import eventually, get, running
from rowhouse_node import status_call
from rowhouse_node.agent.carrying import Carrier
from rowhouse_node.options import parse
from rowhouse_node.status_call import ServerRefuses, StatusCall

if TYPE_CHECKING:
    from pathlib import Path

    from cni_plugin.scripted import Behaviour
    from fixtures.databases import Database
    from node.host import Host


class Calls:
    """The STATUS calls of a host that is installed, and a clock for them."""

    def __init__(self, host: Host, server: str, *more: str) -> None:
        host.server = server
        assert host.do("install", "v1", *more).returncode == 0
        self.options = parse(host.arguments("run", "v1", *more), {})
        self.now = 1000.0
        self.call = StatusCall(self.options, clock=lambda: self.now)

    def step(self, after: float = 40.0) -> str:
        """The problem that a round meets after so many seconds; "" for none."""
        self.now += after
        try:
            self.call.step()
        except ServerRefuses as problem:
            return str(problem)
        return ""


@pytest.mark.parametrize(("status", "code"), [(401, 110), (403, 110)])
def test_a_node_whose_token_is_refused_is_not_ready_and_says_why(
    host: Host, status: int, code: int
) -> None:
    with serving(refusal(status, code, "the token is refused: Signature has expired")) as server:
        host.server = server.url
        with running(host) as url:
            eventually(lambda: "Signature has expired" in get(f"{url}/readyz")[1])
            assert get(f"{url}/readyz")[0] == 503
            assert get(f"{url}/healthz")[0] == 200
            metrics = get(f"{url}/metrics")[1]
            assert "rowhouse_node_ready 0" in metrics
            assert "rowhouse_node_status_up 0" in metrics
        assert host.log.read_text().count("Signature has expired") == 1, "said once"
    [request] = server.requests[:1]
    assert request.command == "STATUS"
    assert request.get("Authorization") == b"Bearer token-1"
    assert request.get("Rowhouse-Node") == b"node-1"


def test_no_escape_sequence_of_a_server_reaches_a_terminal(host: Host) -> None:
    with serving(refusal(403, 110, "\x1b[2J\x9b2J red")) as server:
        host.server = server.url
        with running(host) as url:
            eventually(lambda: "\\x1b[2J\\x9b2J red" in get(f"{url}/readyz")[1])
            assert get(f"{url}/readyz")[1].replace("\n", "").isprintable()
    assert host.log.read_text().replace("\n", "").isprintable()


def test_a_node_without_a_server_is_not_ready_until_there_is_one(host: Host) -> None:
    with closed_port() as url_of_none:
        host.server = url_of_none
        with running(host) as url:
            eventually(lambda: "no Rowhouse server answered STATUS" in get(f"{url}/readyz")[1])
            assert url_of_none in get(f"{url}/readyz")[1]
    host.server = "http://127.0.0.1:9"
    with running(host) as url:
        eventually(lambda: get(f"{url}/readyz") == (200, "ok\n"))
        assert "rowhouse_node_status_up 1" in get(f"{url}/metrics")[1]


def test_a_certificate_that_is_not_trusted_is_a_problem_of_the_node(host: Host) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    trustme.CA().cert_pem.write_to_path(str(host.root / "another.crt"))
    with serving(good, tls=context) as server:
        host.server = server.url
        with running(host, f"--ca-source={host.root / 'another.crt'}") as url:
            eventually(lambda: "certificate" in get(f"{url}/readyz")[1])


@pytest.mark.parametrize("may_pass", [refusal(503, 11), refusal(500, 999), refusal(429, 11)])
def test_what_passes_by_itself_is_borne_for_a_while_if_calls_have_succeeded(
    host: Host, monkeypatch: pytest.MonkeyPatch, may_pass: Behaviour
) -> None:
    with serving(good, may_pass) as server:
        calls = Calls(host, server.url)
        assert calls.step() == ""
        assert calls.step(31 * 1.2) != "", "longer ago than it is borne"
    with serving(good, good, may_pass) as server:
        calls = Calls(host, server.url)
        assert calls.step() == ""
        monkeypatch.setattr(status_call, "INTERVAL_SECONDS", 5.0)
        assert calls.step() == ""
        assert calls.step(7) == ""
        assert not calls.call.is_up
        assert calls.step(7) == ""
        assert calls.step(30) != ""


def test_a_refusal_is_not_borne(host: Host) -> None:
    with serving(good, refusal(401, 110)) as server:
        calls = Calls(host, server.url)
        assert calls.step() == ""
        assert "refuses this node (HTTP 401, code 110)" in calls.step()
        assert "for the audience rowhouse" in calls.step()


def test_a_refusal_names_the_token_that_only_the_agent_has(host: Host) -> None:
    with serving(refusal(401, 110)) as server:
        calls = Calls(host, server.url, "--direct=false")
        carrier = Carrier(calls.options)
        carrier.refresh()
        calls.call.carrier = carrier
        try:
            assert f"the token in {calls.options.token_source} must be" in calls.step()
        finally:
            carrier.connections.close_idle(-1.0)


def test_calls_that_succeed_are_half_a_minute_apart_and_those_that_fail_soon_as_well(
    host: Host,
) -> None:
    with serving(good, refusal(401, 110)) as server:
        calls = Calls(host, server.url)
        for _ in range(100):
            calls.step(0.2)
        assert len(server.requests) == 1
        for _ in range(1000):
            calls.step(0.2)
        # Twice as long from one to the next, from 0.02 s to 30 s.
        assert 10 < len(server.requests) < 25
        assert calls.call.failures == len(server.requests) - 1


@pytest.mark.parametrize("body", [b'{"code" "msg"}', b'{"code": [], "msg": 7}'])
def test_an_answer_that_is_not_quite_an_error_of_ours_is_a_problem_and_no_crash(
    host: Host, body: bytes
) -> None:
    with serving(reply(401, body)) as server:
        assert "HTTP 401" in Calls(host, server.url).step()


def test_the_real_server_answers_it_for_the_node_of_the_token_alone(
    host: Host, database: Database, tmp_path: Path
) -> None:
    """Also where the server's defaults name a range that is full."""
    token = signed(claims("node-1"))
    with ApiServer() as api_server:
        environment: dict[str, Any] = {
            "ROWHOUSE_DATABASE_URL": database.url,
            "ROWHOUSE_AUTH": "required",
            "ROWHOUSE_JWKS": f"{api_server.url}/openid/v1/jwks",
            "ROWHOUSE_CNI_DEFAULTS": json.dumps(
                {"range": "10.0.0.0/30", "exclude": ["10.0.0.0/30"]}
            ),
        }
        with servers.serving(tmp_path, environment=environment) as server:
            host.server = server.url
            host.project(token)
            with running(host) as url:
                eventually(lambda: get(f"{url}/readyz") == (200, "ok\n"))
                host.project(signed(claims("node-1", iss="https://elsewhere.example")))
                eventually(lambda: "a cluster that this server trusts" in get(f"{url}/readyz")[1])
                host.project(signed(claims("node-2")))
                eventually(
                    lambda: 'bound to node "node-2", not to "node-1"' in get(f"{url}/readyz")[1]
                )
                host.project(signed(claims("node-1"), ec_key(2)))
                eventually(lambda: "signature does not match its key" in get(f"{url}/readyz")[1])
    assert host.log.read_text().count("a cluster that this server trusts") == 1, "said once"
