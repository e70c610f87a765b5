"""Without configuration, every caller on this machine may do everything, and the server says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from auth.issuer import ISSUER
from fixtures.servers import serving
from fixtures.shared import closed_port
from fixtures.signing import ec_key, public
from rowhouse.auth.anonymous_access import AnonymousAccess, is_loopback, settled_mode
from rowhouse.cli import main
from rowhouse.domain.errors import NotAllowed
from rowhouse.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auth.conftest import Service
    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store


SHARED_ISSUER = json.dumps(
    {
        "a": {"issuer": ISSUER, "jwks": "/keys"},
        "b": {"issuer": ISSUER, "token_review": "https://b"},
    }
)


@pytest.mark.parametrize(
    ("bind", "loopback"),
    [
        ("127.0.0.1:8080", True),
        ("127.8.8.8:0", True),
        ("[::1]:8080", True),
        ("localhost:8080", True),
        ("0.0.0.0:8080", False),
        ("[::]:8080", False),
        (":8080", False),
        ("192.0.2.1:80", False),
        ("rowhouse.example:80", False),
    ],
)
def test_what_is_loopback(*, bind: str, loopback: bool) -> None:
    assert is_loopback(bind) is loopback


def test_without_configuration_no_token_is_needed_until_one_was_made(
    store: Store, make_token: Callable[..., str]
) -> None:
    now = 0.0
    anonymous_access = AnonymousAccess("auto", (), store, clock=lambda: now)
    assert anonymous_access.is_allowed()
    make_token("admin")
    now = 11.0
    assert not anonymous_access.is_allowed()
    store.change("DELETE FROM rowhouse.tokens RETURNING 1", actor="test")
    now = 1000.0
    assert not anonymous_access.is_allowed(), "what was closed must not open by itself"


def test_revoking_the_last_token_opens_nothing(
    service: Callable[..., Service], make_token: Callable[..., str], store: Store
) -> None:
    make_token("admin")
    store.change("UPDATE rowhouse.tokens SET revoked_at = now() RETURNING 1", actor="test")
    assert service().get("/nothing").status_code == 401


def test_an_open_server_answers_everybody(service: Callable[..., Service]) -> None:
    free = service()
    assert free.cni("ADD", None, node="node1").status_code == 200
    assert free.cni("DEL", "whatever", node="node2").status_code == 200


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Host": "127.0.0.1:8080"}, 404),
        ("GET", {"Host": "[::1]:8080"}, 404),
        ("GET", {"Host": "localhost"}, 404),
        ("GET", {"Host": "evil.example:8080"}, 403),
        ("POST", {"Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ("POST", {"Host": "127.0.0.1", "Origin": "http://evil.example"}, 403),
        ("POST", {"Host": "127.0.0.1", "Origin": "null"}, 403),
        ("POST", {"Host": "127.0.0.1:80", "Origin": "http://127.0.0.1:80"}, 404),
        ("POST", {"Host": "127.0.0.1:80", "Origin": "http://127.0.0.2"}, 404),
        ("POST", {"Host": "127.0.0.1", "Origin": "http://[::1]:80"}, 404),
        ("POST", {"Host": "127.0.0.1", "Origin": "http://203.0.113.5"}, 403),
        ("POST", {"Host": "127.0.0.1", "Origin": "http://192.168.0.1:80"}, 403),
        ("POST", {"Host": "127.0.0.1", "Origin": "http://[2001:db8::1]"}, 403),
        ("POST", {"Host": "127.0.0.1", "Origin": "http://0.0.0.0:80"}, 403),
        ("POST", {"Host": "203.0.113.5", "Origin": "http://203.0.113.5"}, 403),
        ("POST", {"Host": "127.0.0.1", "Origin": "http://["}, 403),
        ("POST", {"Host": "127.0.0.1", "Origin": "http://127.0.0.1:x"}, 403),
        ("GET", {"Host": "127.0.0.1", "Origin": "http://203.0.113.5"}, 403),
        ("GET", {"Host": "["}, 403),
        ("POST", {"Host": "rowhouse"}, 404),
    ],
)
def test_an_open_server_is_not_open_to_the_pages_of_others(
    service: Callable[..., Service], method: str, headers: dict[str, str], status: int
) -> None:
    assert service().ask(method, "/nothing", headers=headers).status_code == status


def test_another_address_needs_tokens_for_good(
    store: Store, make_token: Callable[..., str]
) -> None:
    with pytest.raises(NotAllowed, match="access control is not configured") as refusal:
        settled_mode("auto", "0.0.0.0:80", (), store)
    assert "--insecure" in refusal.value.hint
    assert settled_mode("auto", "127.0.0.1:80", (), store) == "auto"
    assert settled_mode("required", "0.0.0.0:80", (), store) == "required"
    assert settled_mode("off", "0.0.0.0:80", (), store) == "off"
    make_token("admin")
    assert settled_mode("auto", "0.0.0.0:80", (), store) == "required"


def test_another_address_without_a_database_needs_tokens() -> None:
    from rowhouse.store.connection.database import Database as Store  # noqa: PLC0415

    gone = Store(f"postgresql://127.0.0.1:{closed_port()}/gone", wait=0.2)
    assert settled_mode("auto", "0.0.0.0:80", (), gone) == "required"
    gone.close()


def test_the_server_refuses_another_address_and_says_how(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROWHOUSE_DATABASE_URL", database.url)
    result = CliRunner().invoke(main, ["serve", "--bind", "0.0.0.0:0"])
    assert result.exit_code == 5
    error, hint = result.output.splitlines()[-2:]
    assert error.startswith("Error: 0.0.0.0:0 is reachable from other machines")
    assert "rowhouse token create" in hint


def test_it_says_at_its_start_that_no_token_is_needed(database: Database, tmp_path: Path) -> None:
    environment = {"ROWHOUSE_DATABASE_URL": database.url}
    with serving(tmp_path, environment=environment) as server:
        assert "no token is needed: access control is not configured" in server.log.read_text()
    with serving(
        tmp_path, environment=environment, arguments=["--insecure", "--bind", "0.0.0.0:0"]
    ) as server:
        assert "every client that reaches the server may do everything" in server.log.read_text()


def test_tokens_without_tls_are_warned_about(database: Database, tmp_path: Path) -> None:
    environment = {"ROWHOUSE_DATABASE_URL": database.url, "ROWHOUSE_AUTH": "required"}
    with serving(tmp_path, environment=environment, arguments=["--bind", "0.0.0.0:0"]) as server:
        assert "WARNING: 0.0.0.0:0 serves without TLS" in server.log.read_text()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"JWKS": "/keys"}, "the cluster: needs issuer"),
        ({"JWKS": "/keys", "TOKEN_REVIEW": "https://a"}, "not both"),
        ({"JWKS": "http://elsewhere/keys", "JWT_ISSUER": "x"}, "jwks must be https"),
        ({"JWKS": "ftp://elsewhere/keys", "JWT_ISSUER": "x"}, "jwks must be https"),
        ({"TOKEN_REVIEW": "kubernetes.default", "JWT_ISSUER": "x"}, "token_review is not a URL"),
        (
            {"TOKEN_REVIEW": "https://a", "JWT_ISSUER": "x", "KUBERNETES_CA_FILE": "/nowhere"},
            "ca_file: there is no file",
        ),
        (
            {"TOKEN_REVIEW": "https://a", "JWT_ISSUER": "x", "NODE_SERVICE_ACCOUNTS": "rowhouse"},
            "is not NAMESPACE/NAME",
        ),
        ({"CLUSTERS": '{"prod": {"jwk": "x"}}'}, 'cluster "prod".jwk: unknown field'),
        ({"CLUSTERS": '{"prod": {}}'}, 'cluster "prod": needs either jwks or token_review'),
        ({"CLUSTERS": "{"}, "not valid JSON"),
        ({"CLUSTERS": SHARED_ISSUER}, "would be sent to the other"),
        ({"TLS_KEY": "/key"}, "ROWHOUSE_TLS_CERT is not"),
        ({"AUTH": "none"}, "ROWHOUSE_AUTH='none'"),
    ],
    ids=str,
)
def test_an_impossible_setting_is_explained(settings: dict[str, str], reason: str) -> None:
    environment = {f"ROWHOUSE_{name}": value for name, value in settings.items()}
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"ROWHOUSE_DATABASE_URL": "postgresql://db/x", **environment})
    assert reason in str(error.value)


def test_trusting_a_cluster_closes_the_door(
    service: Callable[..., Service], tmp_path: Path
) -> None:
    keys: dict[str, Any] = {"keys": [public(ec_key(), "k1")]}
    (tmp_path / "jwks").write_text(json.dumps(keys))
    trusting = service(jwks=str(tmp_path / "jwks"), jwt_issuer=ISSUER)
    assert trusting.get("/nothing").status_code == 401
