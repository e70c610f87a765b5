"""Hints name commands of the tool in hand: the command line never tells its user to send a request."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

import rowhouse as package
from rowhouse.cli import main
from rowhouse.cli.client.hints import COMMANDS, PARAMETERS, for_command_line
from rowhouse.ipam.missing import LISTS
from rowhouse.web.layout.words import PAGES, advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.conftest import Rowhouse

SOURCE = Path(package.__file__).parent
MIGRATIONS = Path(__file__).parents[2] / "migrations"
HINTS = re.compile(r"(?:hint=\s*|HINT = (?:format\()?)f?[\"']((?:[^\"'\n]|'')+)")
FIELD = re.compile(r"`([a-z_]+)`")
HINT = re.compile(r'hint="[^"]*(GET /api/v1/\w+)')


def test_every_request_in_a_hint_has_a_command_that_exists() -> None:
    named = {
        request
        for file in SOURCE.rglob("*.py")
        for request in HINT.findall(file.read_text(encoding="utf-8"))
    }
    named |= {f"GET /api/v1/{listed}" for listed in LISTS.values()}
    assert named == COMMANDS.keys()
    for command in COMMANDS.values():
        words = command.split()[1:]
        found = main.get_command(
            main.make_context("rowhouse", words, resilient_parsing=True), words[0]
        )
        assert found is not None, command


def test_a_hint_of_the_api_names_a_command(rowhouse: Rowhouse) -> None:
    missing = rowhouse("gateway", "list", "--pool", "pink", code=3).stderr
    assert missing.endswith("Hint: `rowhouse pool list` lists the existing ones.\n")
    unknown = rowhouse("exclusion", "delete", "7", "--yes", code=3).stderr
    assert unknown.endswith("Hint: `rowhouse exclusion list` lists the existing ones.\n")


def test_a_request_without_a_command_stays() -> None:
    assert for_command_line("Send GET /api/v1/other.") == "Send GET /api/v1/other."
    assert for_command_line("Pass `force`.") == "Pass `force`.", "no command is running"


def test_a_request_in_a_hint_is_a_page_for_people_with_a_browser() -> None:
    assert PAGES.keys() == COMMANDS.keys()
    assert str(advice("GET /api/v1/pools lists them.")) == "The page Pools lists them."
    assert str(advice("Delete it, or pass `force`.")) == (
        "Delete it, or tick the box that allows it."
    )


def test_a_field_is_named_by_the_option_that_sets_it(rowhouse: Rowhouse) -> None:
    create = ("pool", "create", "10.0.0.0/24")
    rowhouse(*create, "--gateway", "10.0.0.1")
    long = rowhouse(*create, "--description", "x" * 5000, code=2).stderr
    assert long.startswith("Error: --description: it has 5,000 characters, and at most 4,096 are ")
    assert rowhouse(*create, "--first", "10.1.0.1", code=2).stderr.startswith("Error: --first: ")
    reserve = ("address", "reserve", "10.0.0.0/24", "--name", "router")
    gateway = rowhouse(*reserve, "10.0.0.1", code=1).stderr
    assert gateway.endswith("Hint: To reserve it anyway, pass --force.\n")
    label = rowhouse(*reserve, "--label", f"{'x' * 400}=y", code=2).stderr
    assert label.startswith("Error: --label ")
    assert len(label) < 300
    assert rowhouse(*reserve, "--interface", "net1", code=2).stderr == (
        "Error: --namespace: a pod needs a namespace\n"
    )
    rowhouse(*reserve, "10.0.0.9", "--force")
    shrink = rowhouse("pool", "change", "10.0.0.0/24", "--last", "10.0.0.5", code=1).stderr
    assert "pass --force: they then stay" in shrink


def test_an_argument_that_sets_two_fields_is_refused_once(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/24")
    assert rowhouse("exclusion", "create", "web", code=2).stderr == (
        'Error: ADDRESSES: "web" is not an address, such as 10.0.0.7 or fd00::7\n'
    )


def options(group: click.Group) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from options(command)
        else:
            yield from (parameter.name or "" for parameter in command.params)


def test_every_field_in_a_hint_is_an_option_of_a_command() -> None:
    """A hint in a string, of Python or of SQL; the fields of calls of the CNI are not options."""
    folders = [SOURCE / "ipam", SOURCE / "api", SOURCE / "store", MIGRATIONS / "schema"]
    texts = [
        hint
        for folder in folders
        for file in folder.rglob("*.*")
        if file.suffix in {".py", ".sql"}
        for hint in HINTS.findall(file.read_text(encoding="utf-8"))
    ]
    assert len(texts) > 50
    named = {field for hint in texts for field in FIELD.findall(hint)}
    assert "force" in named
    known = set(options(main))
    assert {one for one in named if {one, *PARAMETERS.get(one, ())}.isdisjoint(known)} <= {"next"}
    assert [hint for hint in texts if re.search(r"\b(use|with) force\b", hint)] == []


def names(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


def test_every_error_about_something_missing_says_what_lists_the_existing_ones() -> None:
    """NotFound in the server, Failure with NOT_FOUND in the commands, and `not_found` in SQL."""
    found, silent = 0, []
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and names(node.func) in {"NotFound", "Failure"}):
                continue
            given = {one.arg: one.value for one in node.keywords}
            is_missing = names(node.func) == "NotFound" or (
                "exit_code" in given and names(given["exit_code"]) == "NOT_FOUND"
            )
            found += is_missing
            if is_missing and "hint" not in given:
                silent.append(f"{file.name}:{node.lineno}")
    for file in (MIGRATIONS / "schema").rglob("*.sql"):
        raised = re.findall(r"error_code\('not_found'\)[^;]*;", file.read_text(encoding="utf-8"))
        found += len(raised)
        silent += [f"{file.name}: {one}" for one in raised if "HINT" not in one]
    assert found > 25
    assert silent == []


def test_what_is_missing_is_named_with_its_list(rowhouse: Rowhouse) -> None:
    for command, said, listed in (
        (("comment", "delete", "1"), "there is no comment 1", "comment"),
        (("exclusion", "delete", "1"), "there is no exclusion 1", "exclusion"),
        (("gateway", "forget", "1"), "there is no gateway 1", "gateway"),
        (("network", "delete", "blue"), 'there is no network "blue"', "network"),
        (("pool", "show", "x" * 300), f'there is no pool "{"x" * 60}…" (300 characters)', "pool"),
        (("pool", "delete", "7"), "there is no pool 7", "pool"),
        (("pool", "alias", "delete", "old"), 'there is no pool alias "old"', "pool alias"),
        (("quota", "delete", "shop"), 'there is no quota of namespace "shop"', "quota"),
        (("request", "show", "1"), "there is no request 1", "request"),
    ):
        assert rowhouse(*command, code=3).stderr == (
            f"Error: {said}\nHint: `rowhouse {listed} list` lists the existing ones.\n"
        ), command
    assert rowhouse("address", "show", "10.0.0.1", code=3).stderr == (
        "Error: 10.0.0.1 is not reserved\nHint: `rowhouse explain 10.0.0.1` shows its state.\n"
    )
