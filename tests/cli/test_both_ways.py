"""Over a server and straight on the database, the same data look the same."""

from __future__ import annotations

import getpass
import os
import pwd
import socket
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from cli.conftest import Rowhouse, rowhouse_by
from rowhouse.cli import main
from rowhouse.cli.output import columns

if TYPE_CHECKING:
    from fixtures.databases import Database

COMMANDS = (
    "network list",
    "pool list",
    "pool show a",
    "pool fill a --since 2026-01-01T00:00:00Z --until 2026-01-02T00:00:00Z --steps 3",
    "address list",
    "address show 10.0.0.2",
    "address free a",
    "exclusion list",
    "quota list",
    "who 10.0.0.2",
    "who 10.0.0.99",
    "pod devops/web-0",
    "history 10.0.0.2",
    "audit",
    "explain 10.0.0.2 --network storage",
    "pool show nope",
    "pool show 77",
    "address show 10.9.9.9",
    "who no-address",
    "explain 10.0.0.2 --network nope",
    "quota set devops 5 --pool nope",
    "pool create 10.0.0.0/24 --network storage",
    "pool create 10.0.0.1/24",
    "network delete storage --yes",
)


@pytest.fixture
def ways(database: Database, request: pytest.FixtureRequest) -> tuple[Rowhouse, Rowhouse]:
    over, direct = (rowhouse_by(way, database, request) for way in ("server", "database"))
    pool = ("10.0.0.0/24", "--network", "storage", "--name", "a", "--label", "x=ü")
    direct("pool", "create", *pool, "--gateway", "10.0.0.1")
    direct("pool", "create", "fd00::/64", "--reuse-delay", "1h")
    pod = ("--name", "web-0", "--namespace", "devops", "--interface", "net1")
    over("address", "reserve", "a", "--count", "2", *pod, "--description", "two\nlines")
    over("address", "release", "10.0.0.3", "--yes")
    direct("exclusion", "create", "10.0.0.8/30", "--network", "storage", "--reason", "old")
    over("quota", "set", "devops", "9")
    return over, direct


@pytest.mark.slow
def test_they_print_the_same_and_exit_the_same(
    ways: tuple[Rowhouse, Rowhouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between the two ways 9 seconds become 10, and a column wider.
    monkeypatch.setattr(columns, "relative", lambda *_: "a moment ago")
    for command in COMMANDS:
        # YAML is what JSON is, below; and an error looks the same in a wide table.
        for form in ("table", "wide", "json"):
            over, direct = (invoke(way, *command.split(), "-o", form) for way in ways)
            assert over == direct, (command, form)
            if over[0] and form == "table":
                break


def invoke(way: Rowhouse, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, list(arguments), env=way.environment)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "Traceback" not in done.output
    return done.exit_code, done.stdout, done.stderr


def test_yaml_says_what_json_says(ways: tuple[Rowhouse, Rowhouse]) -> None:
    over, _ = ways
    for command in COMMANDS[:14]:
        arguments = command.split()
        if arguments[-1] == "10.0.0.99":
            continue
        assert yaml.safe_load(over(*arguments, "-o", "yaml").output) == over.json(*arguments)


def test_the_audit_names_who_did_it(ways: tuple[Rowhouse, Rowhouse]) -> None:
    over, _ = ways
    user = pwd.getpwuid(os.getuid()).pw_name
    by_action = {one["action"]: one["actor"] for one in over.items("audit")}
    assert by_action["pool.create"] == f"{user}@{socket.gethostname()}"
    assert by_action["quota.create"] == "anybody"
    assert len(over.items("audit", "--action", "pool.create", "--since", "1h")) == 2
    assert over.items("audit", "--until", "1h") == []


def test_the_environment_does_not_choose_the_name(
    direct: Rowhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert getpass.getuser() == "somebody-else"
    direct("pool", "create", "10.0.0.0/24")
    assert not direct.items("audit")[0]["actor"].startswith("somebody-else")
