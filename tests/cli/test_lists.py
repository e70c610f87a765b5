"""Lists in the order, the format and the rhythm that a user asks for."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from cli.conftest import Rowhouse
from rowhouse.cli import main
from rowhouse.cli.output import Column, Format, Printer
from rowhouse.cli.output.sorting import ordered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.databases import Database

POOL = ("pool", "create", "10.0.0.0/29", "--name", "fast", "--gateway", "10.0.0.1")


def reserved(rowhouse: Rowhouse, *names: str) -> None:
    rowhouse(*POOL)
    for name in names:
        rowhouse("address", "reserve", "fast", "--name", name)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["10.0.0.10", "10.0.0.9", "fd00::1"], ["10.0.0.9", "10.0.0.10", "fd00::1"]),
        (["10.0.0.0/24", "10.0.0.0/16", "9.0.0.0/8"], ["9.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24"]),
        (["pod-10", "Pod-2", "pod-1"], ["pod-1", "Pod-2", "pod-10"]),
        ([3, 20, 1.5], [1.5, 3, 20]),
        ([True, False], [False, True]),
    ],
)
def test_values_are_sorted_as_a_person_would(values: list[Any], expected: list[Any]) -> None:
    column = Column("WHAT IT IS", "what.it_is")
    rows = [{"what": {"it_is": value}} for value in [None, *values, ""]]
    for wanted in ("what it is", "WHAT-IT-IS", "what.it_is"):
        found = [row["what"]["it_is"] for row in ordered(rows, [column], wanted)]
        assert found == [*expected, None, ""]
    found = [row["what"]["it_is"] for row in ordered(rows, [column], "-what-it-is")]
    assert found == [*expected[::-1], None, ""]


def test_an_unknown_column_is_named_with_those_there_are(direct: Rowhouse) -> None:
    reserved(direct, "a")
    refused = direct("address", "list", "--sort", "colour", code=2)
    assert 'there is no column "colour"; the columns are network, address, kind' in refused.stderr


def test_a_limit_counts_in_the_order_of_the_list(rowhouse: Rowhouse) -> None:
    reserved(rowhouse, "a", "c", "b")
    names = [
        one["owner"]["name"]
        for one in rowhouse.items("address", "list", "--sort", "-name", "--limit", "2")
    ]
    assert names == ["c", "b"]


def test_csv_has_every_column_and_no_formulas(direct: Rowhouse) -> None:
    reserved(direct, "a")
    direct("address", "reserve", "fast", "--name", "b", "--description", '=1+1, "x"')
    rows = list(csv.DictReader(io.StringIO(direct("address", "list", "-o", "csv").stdout)))
    assert [row["owner.name"] for row in rows] == ["a", "b"]
    assert [row["address"] for row in rows] == ["10.0.0.2", "10.0.0.3"]
    assert rows[1]["description"] == '\'=1+1, "x"'
    assert direct("network", "list", "-o", "csv").stdout.startswith("name,isolated,pools,")


def test_names_are_arguments_for_another_command(direct: Rowhouse) -> None:
    reserved(direct, "a", "b")
    names = direct("address", "list", "-o", "name").stdout.split()
    assert names == ["10.0.0.2", "10.0.0.3"]
    assert direct("pool", "list", "-o", "name").stdout == "10.0.0.0/29\n"
    direct("address", "release", *names, "--yes")
    assert direct.items("address", "list") == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("{.items[*].address}", "10.0.0.2\n10.0.0.3\n"),
        ("$.items[?@.owner.name == 'b'].address", "10.0.0.3\n"),
        (".items[0].attachments", "0\n"),
        ("items[0].owner.uid", "\n"),
        ("$.items[0].owner.nothing", ""),
        ("$.items[1]['network','sticky']", "\ntrue\n"),
    ],
)
def test_a_json_path_prints_one_value_per_line(direct: Rowhouse, path: str, expected: str) -> None:
    reserved(direct, "a", "b")
    assert direct("address", "list", "-o", f"jsonpath={path}").stdout == expected


@pytest.mark.parametrize("form", ["jsonpath={.items[}", "jsonpath", "xml", ""])
def test_an_unknown_format_is_a_usage_error(direct: Rowhouse, form: str) -> None:
    assert "'-o' / '--output'" in direct("network", "list", "-o", form, code=2).stderr


def test_free_addresses_are_those_that_can_be_reserved(rowhouse: Rowhouse) -> None:
    reserved(rowhouse, "a", "b")
    rowhouse("exclusion", "create", "10.0.0.5")
    free = rowhouse.items("address", "free", "fast")
    assert free == [
        {"first": "10.0.0.4", "last": "10.0.0.4", "addresses": 1},
        {"first": "10.0.0.6", "last": "10.0.0.6", "addresses": 1},
    ]
    assert rowhouse("address", "free", "fast", "--count", "5", "-o", "name").stdout.split() == [
        "10.0.0.4",
        "10.0.0.6",
    ]
    rowhouse("address", "reserve", "fast", "10.0.0.4", "10.0.0.6", "--name", "rest")
    assert "no address of 10.0.0.0/29 is free" in rowhouse("address", "free", "fast").stderr


def test_neighbors_are_one_range(direct: Rowhouse) -> None:
    reserved(direct, "a", "b", "c")
    for address in ("10.0.0.3", "10.0.0.2"):
        direct("address", "release", address, "--yes")
    runs = direct.items("address", "free", "fast")
    assert [(run["first"], run["last"], run["addresses"]) for run in runs] == [
        ("10.0.0.2", "10.0.0.3", 2),
        ("10.0.0.5", "10.0.0.6", 2),
    ]
    assert len(direct.items("address", "free", "fast", "--count", "3")) == 3


def test_the_former_name_of_the_command_still_works(direct: Rowhouse) -> None:
    reserved(direct, "a")
    assert direct.items("reservation", "list") == direct.items("address", "list")
    assert "reservation " not in direct("--help").stdout


class Watching:
    """A running `rowhouse … --watch`."""

    def __init__(self, database: Database, *arguments: str) -> None:
        command = [
            sys.executable,
            "-m",
            "rowhouse",
            *arguments,
            "--watch",
            "--interval",
            "1s",
        ]
        environment = {**os.environ, "ROWHOUSE_DATABASE_URL": database.url}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")


@pytest.fixture
def watching(database: Database) -> Iterator[Any]:
    started: list[Watching] = []

    def start(*arguments: str) -> Watching:
        started.append(Watching(database, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.terminate()
        one.process.communicate()


def test_a_watched_list_prints_its_changes(direct: Rowhouse, watching: Any) -> None:
    reserved(direct, "a")
    table = watching("address", "list")
    documents = watching("address", "list", "-o", "json")
    names = watching("address", "list", "-o", "name")
    assert table.line().split()[:3] == ["EVENT", "NETWORK", "ADDRESS"]
    assert table.line().split()[0] == "LISTED"
    assert json.loads(documents.line())["event"] == "LISTED"
    assert names.line() == "LISTED 10.0.0.2"
    direct("address", "reserve", "fast", "--name", "b")
    assert table.line().split()[0] == "ADDED"
    added = json.loads(documents.line())
    assert (added["event"], added["item"]["owner"]["name"]) == ("ADDED", "b")
    assert names.line() == "ADDED 10.0.0.3"
    direct("address", "reassign", "10.0.0.3", "--name", "c", "--yes")
    changed = json.loads(documents.line())
    assert (changed["event"], changed["item"]["owner"]["name"]) == ("CHANGED", "c")
    direct("address", "release", "10.0.0.2", "--yes")
    assert json.loads(documents.line())["event"] == "REMOVED"
    # Both changes may lie between two of its reads.
    assert {names.line(), names.line()} == {"CHANGED 10.0.0.3", "REMOVED 10.0.0.2"}


def completed(rowhouse: Rowhouse, words: str) -> list[str]:
    """What bash offers for the last word."""
    environment = {
        **rowhouse.environment,
        "_ROWHOUSE_COMPLETE": "bash_complete",
        "COMP_WORDS": f"rowhouse {words}",
        "COMP_CWORD": str(len(words.split(" "))),
    }
    offered = CliRunner().invoke(
        main, [], env=environment, prog_name="rowhouse", complete_var="_ROWHOUSE_COMPLETE"
    )
    return [line.partition(",")[2] for line in offered.stdout.splitlines() if line]


def test_the_shell_completes_names_of_the_server(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "fast", "--network", "storage")
    rowhouse("quota", "set", "team-a", "5")
    rowhouse(
        "address",
        "reserve",
        "fast",
        "--namespace",
        "team-b",
        "--name",
        "web-0",
        "--interface",
        "net1",
    )
    assert completed(rowhouse, "pool show f") == ["fast"]
    assert completed(rowhouse, "pool show 10.") == ["10.0.0.0/29"]
    assert completed(rowhouse, "address list --network s") == ["storage"]
    assert completed(rowhouse, "address list --namespace team") == ["team-a", "team-b"]
    assert completed(rowhouse, "address list -o js") == ["json", "jsonpath="]


def test_completion_without_a_server_is_silent() -> None:
    assert completed(Rowhouse({"ROWHOUSE_SERVER": "http://127.0.0.1:1"}), "pool show f") == []


def test_a_printer_reads_only_what_it_prints() -> None:
    assert Printer(Format("table")).rows_to_read(5) == 5
    assert Printer(Format("table"), "name").rows_to_read(5) is None
