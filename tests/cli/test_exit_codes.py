"""The documented exit codes, each with a line of explanation and never a stack trace."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import trustme
from psycopg import sql

from cli.conftest import Rowhouse
from fixtures.servers import serving
from fixtures.shared import closed_port

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.servers import Server


def test_neither_a_server_nor_a_database_is_a_usage_error() -> None:
    told = Rowhouse()("pool", "list", code=2).stderr
    assert "ROWHOUSE_SERVER" in told
    assert "ROWHOUSE_DATABASE_URL" in told


def test_the_server_wins(server: Server) -> None:
    nowhere = f"postgresql://127.0.0.1:{closed_port()}/gone"
    reached = Rowhouse({"ROWHOUSE_SERVER": server.url, "ROWHOUSE_DATABASE_URL": nowhere})
    assert reached.items("pool", "list") == []


def test_no_answer_is_not_ready() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    told = Rowhouse()("pool", "list", "--server", url, code=4).stderr
    assert told.startswith(f"Error: no answer from {url}: ")
    assert told.count("\n") == 2


def test_a_server_of_plain_http_is_told_from_one_that_is_away(server: Server) -> None:
    url = server.url.replace("http:", "https:")
    told = Rowhouse()("pool", "list", "--server", url, code=4).stderr
    assert told.startswith(f"Error: {url} serves http, not https")
    assert "Use http://" in told


def test_an_invalid_port_is_a_usage_error_and_no_other_server_gets_the_token() -> None:
    told = Rowhouse({"ROWHOUSE_TOKEN": "rh_secret"})(
        "pool", "list", "--server", "http://127.0.0.1:65536", code=2
    ).stderr
    assert "is not the URL of a server" in told


def test_the_schema_is_downgraded_only_after_a_yes(database: Database) -> None:
    direct = Rowhouse({"ROWHOUSE_DATABASE_URL": database.url})
    assert "--yes" in direct("db", "downgrade", "base", code=2).stderr
    assert "the schema is up to date" in direct("db", "check").stdout
    told = direct("db", "downgrade", "--yes", "nope", code=2).stderr
    assert "Can't locate revision" in told
    assert "Traceback" not in told
    direct("db", "downgrade", "--yes", "base")
    direct("db", "check", code=4)


def test_a_schema_of_before_the_first_release_is_not_ready(
    database: Database, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("UPDATE alembic_version SET version_num = '0007'")
    direct = Rowhouse({"ROWHOUSE_DATABASE_URL": database.url})
    for command in (("upgrade",), ("check",), ("downgrade", "--yes", "base")):
        told = direct("db", *command, code=4).stderr
        assert "revision 0007, which is not part of a release" in told
        assert "Create a new database" in told
        assert "Traceback" not in told


def test_a_database_out_of_reach_is_not_ready() -> None:
    url = f"postgresql://127.0.0.1:{closed_port()}/gone"
    direct = Rowhouse({"ROWHOUSE_DATABASE_URL": url, "ROWHOUSE_POOL_TIMEOUT": "0.2"})
    assert direct("pool", "list", code=4).stderr.startswith("Error: ")


def test_a_database_that_refuses_the_user_is_not_ready(
    database: Database, dba: psycopg.Connection[TupleRow]
) -> None:
    role = f"stranger_{database.name}"
    dba.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    stranger = Rowhouse({"ROWHOUSE_DATABASE_URL": f"{database.url}&user={role}"})
    for command in (("db", "check"), ("db", "upgrade"), ("pool", "list")):
        refused = stranger(*command, code=4).stderr
        assert "permission denied" in refused
        assert "Traceback" not in refused


def test_a_database_without_the_schema_is_not_ready(empty_database: Database) -> None:
    direct = Rowhouse({"ROWHOUSE_DATABASE_URL": empty_database.url})
    assert "rowhouse db upgrade" in direct("pool", "list", code=4).stderr
    assert "rowhouse db upgrade" in direct("db", "check", code=4).stderr


@pytest.mark.parametrize("command", ["upgrade", "check"])
def test_a_database_that_does_not_come_is_waited_for_and_then_named(command: str) -> None:
    direct = Rowhouse({"ROWHOUSE_DATABASE_URL": f"postgresql://127.0.0.1:{closed_port()}/gone"})
    told = direct("db", command, "--wait=2s", code=4).stderr.splitlines()
    # One line for the reason, however often it looked, then the end and what to do.
    assert told[0].startswith("waiting for the database, up to 2s: PostgreSQL: connection")
    assert told[1].startswith("Error: waited 2s for the database: PostgreSQL: connection")
    assert told[2].startswith("Hint: ")
    assert len(told) == 3


def test_a_schema_that_comes_meanwhile_is_waited_for(empty_database: Database) -> None:
    environment = {**os.environ, "ROWHOUSE_DATABASE_URL": empty_database.url}
    line = [sys.executable, "-m", "rowhouse", "db", "check", "--wait=5m"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=environment) as waiting:
        assert waiting.stderr is not None
        assert "the database has no Rowhouse schema" in waiting.stderr.readline()
        Rowhouse({"ROWHOUSE_DATABASE_URL": empty_database.url})("db", "upgrade", "--wait=5m")
        assert waiting.wait(timeout=240) == 0


def test_a_wait_ends_when_the_container_is_stopped() -> None:
    url = f"postgresql://127.0.0.1:{closed_port()}/gone"
    line = [sys.executable, "-m", "rowhouse", "db", "upgrade", "--wait=5m"]
    environment = {**os.environ, "ROWHOUSE_DATABASE_URL": url}
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=environment) as waiting:
        assert waiting.stderr is not None
        assert "waiting for the database" in waiting.stderr.readline()
        waiting.terminate()
        assert waiting.wait(timeout=240) == 128 + signal.SIGTERM


@pytest.mark.parametrize("url", ["rowhouse:8080", "ftp://rowhouse", "http://", "http://[::1"])
def test_what_is_no_url_is_named(url: str) -> None:
    assert (
        f'"{url}" is not the URL of a server'
        in Rowhouse()("pool", "list", "--server", url, code=2).stderr
    )


def test_another_service_is_recognised(server: Server) -> None:
    told = Rowhouse()("pool", "list", "--server", f"{server.url}/metrics/..;", code=3).stderr
    assert told.startswith("Error: ")


def test_who_may_not_is_told_so(database: Database, tmp_path: Path) -> None:
    direct = Rowhouse({"ROWHOUSE_DATABASE_URL": database.url})
    direct("pool", "create", "10.0.0.0/24")
    token = tmp_path / "token"
    token.write_text(direct("token", "create", "dashboards", "--role", "viewer").output)
    authority = trustme.CA()
    certificate, trusted = tmp_path / "server.pem", tmp_path / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(trusted)
    with serving(
        tmp_path,
        arguments=["--tls-cert", str(certificate)],
        environment={"ROWHOUSE_DATABASE_URL": database.url},
    ) as server:
        over = Rowhouse({"ROWHOUSE_SERVER": server.url})
        assert "certificate" in over("pool", "list", code=4).stderr.lower()
        ca = ("--ca-file", str(trusted))
        told = over("pool", "list", *ca, code=5).stderr
        assert "no token" in told
        assert "ROWHOUSE_TOKEN_FILE" in told
        viewer = (*ca, "--token-file", str(token))
        assert len(over.items("pool", "list", *viewer)) == 1
        told = over("pool", "drain", "10.0.0.0/24", *viewer, code=5).stderr
        assert '"dashboards" has the role viewer' in told
        token.write_text("not a token\n")
        assert "contains no token" in over("pool", "list", *viewer, code=1).stderr


def test_the_actor_over_a_server_is_the_tokens_name(database: Database, tmp_path: Path) -> None:
    direct = Rowhouse({"ROWHOUSE_DATABASE_URL": database.url})
    token = direct("token", "create", "alice", "--role", "operator").output.strip()
    environment = {"ROWHOUSE_DATABASE_URL": database.url}
    with serving(tmp_path, environment=environment) as server:
        over = Rowhouse({"ROWHOUSE_SERVER": server.url, "ROWHOUSE_TOKEN": token})
        over("pool", "create", "10.0.0.0/24")
        assert over.items("audit", "--action", "pool.create")[0]["actor"] == "alice"


@pytest.mark.parametrize(
    "arguments",
    [
        ("pool", "change", "a"),
        ("pool", "create", "10.0.0.0/24", "--label", "novalue"),
        ("pool", "create", "10.0.0.0/24", "--reuse-delay", "soon"),
        ("pool", "delete", "a"),
        ("address", "reserve", "a", "10.0.0.1", "--count", "2", "--name", "x"),
        ("address", "reserve", "a", "--interface", "net1", "--name", "x"),
        ("who", "10.0.0.1", "--at", "yesterday"),
        ("pod", "web-0"),
        ("db", "prune"),
        ("db", "prune", "--older-than", "90d"),
        ("pool", "list", "-o", "xml"),
        ("nothing",),
        # What only the server, or the application in this process, can tell:
        ("pool", "create", "10.0.0"),
        ("pool", "create", "10.0.0.0/24", "--first", "10.9.9.9"),
        ("who", "ten"),
        ("explain", "10.0.0.256"),
        ("address", "release", "ten", "--yes"),
        ("exclusion", "create", "10.0.0.0/99"),
        ("exclusion", "create", "10.0.0.9-10.0.0.1"),
        ("quota", "set", "shop", "-1"),
    ],
)
def test_what_was_written_wrongly_is_a_usage_error(
    direct: Rowhouse, arguments: tuple[str, ...]
) -> None:
    direct("pool", "create", "10.1.0.0/24", "--name", "a")
    assert "Error: " in direct(*arguments, code=2).stderr


def test_a_cidr_of_several_networks_needs_its_network(direct: Rowhouse) -> None:
    for network in ("one", "two"):
        direct("pool", "create", "10.0.0.0/24", "--network", network)
        direct("address", "reserve", "10.0.0.0/24", "--network", network, "--name", "x")
    assert '"one", "two"' in direct("pool", "show", "10.0.0.0/24", code=1).stderr
    assert "--network" in direct("address", "release", "10.0.0.1", "-y", code=1).stderr
    direct("address", "release", "10.0.0.1", "--network", "two", "-y")
    assert direct.items("who", "10.0.0.1")[0]["network"] == "one"


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_a_terminal_is_asked(direct: Rowhouse, answer: str, code: int) -> None:
    direct("pool", "create", "10.0.0.0/24", "--name", "a")
    ours, theirs = pty.openpty()
    try:
        asked = subprocess.Popen(
            [sys.executable, "-m", "rowhouse", "pool", "delete", "a"],
            env=os.environ | direct.environment,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.write(ours, f"{answer}\n".encode())
        asked.communicate(timeout=240)
        assert b"Delete pool 10.0.0.0/24" in os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)
    assert asked.returncode == code
    assert len(direct.items("pool", "list")) == code
