"""`rowhouse token`: make, list and revoke."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rowhouse.auth.static import digest
from rowhouse.cli import main
from rowhouse.cli.operator import operator

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from click.testing import Result
    from psycopg.rows import TupleRow

    from auth.conftest import Service
    from fixtures.databases import Database


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("ROWHOUSE_DATABASE_URL", database.url)
    return lambda *words: CliRunner().invoke(main, ["token", *words])


def test_the_token_is_printed_once_and_works(
    run: Callable[..., Result], service: Callable[..., Service], dba: psycopg.Connection[TupleRow]
) -> None:
    made = run("create", "ada", "--role", "viewer")
    assert re.fullmatch(r"rh_[\w-]{43}\n", made.output)
    token = made.output.strip()
    assert service(auth="required").get("/nothing", token).status_code == 404
    assert dba.execute("SELECT digest FROM tokens").fetchall() == [(digest(token),)]
    assert token not in run("list").output


def test_the_list_tells_what_each_is_good_for(
    run: Callable[..., Result], dba: psycopg.Connection[TupleRow]
) -> None:
    run("create", "ada", "--role", "admin")
    run(
        "create",
        "n1",
        "--role",
        "node",
        "--cluster",
        "prod-a",
        "--node",
        "node1",
        "--expires",
        "30d",
    )
    run("create", "n2", "--role", "node", "--node", "node2")
    run("create", "old", "--role", "node", "--expires", "1s")
    dba.execute("UPDATE tokens SET expires_at = now() - interval '1 s' WHERE name = 'old'")
    assert run("revoke", "ada").output == 'token "ada" revoked\n'
    lines = [re.split("  +", line) for line in run("list").output.splitlines()]
    assert lines[0] == ["NAME", "ROLE", "CLUSTER", "NODE", "CREATED", "EXPIRES", "STATE"]
    assert [(*line[:4], line[-1]) for line in lines[1:]] == [
        ("ada", "admin", "-", "-", "revoked"),
        ("n1", "node", "prod-a", "node1", "valid"),
        ("n2", "node", '""', "node2", "valid"),
        ("old", "node", "any", "any", "expired"),
    ]
    assert lines[2][5] == "in 29d"
    of_n1 = json.loads(run("list", "-o", "json").output)["items"][1]
    assert (of_n1["cluster"], of_n1["node"], of_n1["state"]) == ("prod-a", "node1", "valid")
    days = "SELECT (expires_at - created_at) BETWEEN '29 d 23 h' AND '30 d 1 h' FROM tokens WHERE name = 'n1'"
    assert dba.execute(days.encode()).fetchone() == (True,)


def test_the_wide_list_has_the_namespaces_of_a_team(run: Callable[..., Result]) -> None:
    run("create", "shop", "--role", "team", "--namespace", "shop", "--namespace", "café")
    assert "  café, shop  " in run("list", "-o", "wide").output


def test_every_change_is_in_the_audit_log_with_its_actor(
    run: Callable[..., Result], dba: psycopg.Connection[TupleRow]
) -> None:
    run("create", "ada", "--role", "admin")
    run("revoke", "ada")
    logged = dba.execute("SELECT action, object, actor FROM audit_log ORDER BY id").fetchall()
    assert [(action, name) for action, name, _ in logged] == [
        ("token.create", "ada"),
        ("token.update", "ada"),
    ]
    assert {actor for _, _, actor in logged} == {operator()}


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (("create", "x"), 2, "--role"),
        (("create", "x", "--role", "root"), 2, "root"),
        (("create", "x", "--role", "admin", "--node", "n"), 2, "require the role node"),
        (("create", "x", "--role", "node", "--expires", "soon"), 2, '"soon" is not a time'),
        (("create", "", "--role", "admin"), 2, "NAME must be printable"),
        (("create", "ada", "--role", "viewer"), 1, 'a token named "ada" already exists'),
        (("revoke", "bob"), 3, 'there is no valid token named "bob"'),
    ],
    ids=str,
)
def test_an_impossible_option_is_explained(
    run: Callable[..., Result], words: tuple[str, ...], status: int, reason: str
) -> None:
    run("create", "ada", "--role", "admin")
    result = run(*words)
    assert result.exit_code == status
    assert reason in result.output


def test_a_name_is_never_used_again(run: Callable[..., Result]) -> None:
    run("create", "ada", "--role", "admin")
    run("revoke", "ada")
    assert run("create", "ada", "--role", "admin").exit_code == 1
    assert run("revoke", "ada").exit_code == 3


@pytest.mark.parametrize("expires", ["0d", "99999999d"])
def test_a_token_ends_within_years(run: Callable[..., Result], expires: str) -> None:
    assert run("create", "ada", "--role", "viewer", "--expires", expires).exit_code == 2
    assert run("list").exit_code == 0
