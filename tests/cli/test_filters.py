"""A filter has one name: the option of the command line is the parameter of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
import pytest

from fixtures.api_document import document
from rowhouse.cli import main

if TYPE_CHECKING:
    from cli.conftest import Rowhouse

LISTS: Final = {
    "network list": "/networks",
    "pool list": "/pools",
    "pool alias list": "/aliases",
    "pool fill": "/pools/{pool_id}/fill",
    "address list": "/reservations",
    "address free": "/pools/{pool_id}/free",
    "exclusion list": "/exclusions",
    "gateway list": "/gateways",
    "quota list": "/quotas",
    "node list": "/nodes",
    "request list": "/requests",
    "comment list": "/comments",
    "view list": "/views",
    "report": "/reports/utilization",
    "who": "/history",
    "pod": "/history",
    "history": "/history",
    "event list": "/events",
    "audit": "/audit",
    "search": "/search",
    "explain": "/explain",
}
"""The commands that print a list or a view, and the path that they read."""

OF_NO_FILTER: Final = {
    *("server", "token_file", "ca_file", "output", "sort", "watch", "interval", "limit", "count"),
    *("view", "help"),
}
ONLY_IN_THE_API: Final = {
    "cursor": "pages are read by the client",
    "limit": "the size of a page",
    "network_id": "the name of the network, or an isolated pool, says the same",
    "usage": "always shown",
}
SPELLED_OUT: Final = {
    "pool fill": {"pool", "network"},
    "address free": {"pool", "network"},
    "pod": {"pod"},
    "search": {"text"},
}
"""Arguments that are part of the path, or that the command splits: NAMESPACE/NAME."""


def names_of(words: str) -> set[str]:
    """The filters of a command."""
    command: Any = main
    for word in words.split():
        command = command.get_command(click.Context(command), word)
    names = set()
    for parameter in command.params:
        longest = max(parameter.opts, key=len).lstrip("-").replace("-", "_")
        names.add("pool" if parameter.metavar == "POOL" else longest)
    return names - OF_NO_FILTER - SPELLED_OUT.get(words, set())


def parameters_of(path: str) -> set[str]:
    """The filters of a path."""
    operation = document()["paths"][f"/api/v1{path}"]["get"]
    names = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
    return names - ONLY_IN_THE_API.keys()


def test_every_list_of_the_api_has_a_command() -> None:
    lists = {
        path.removeprefix("/api/v1")
        for path, methods in document()["paths"].items()
        if any(one["in"] == "query" for one in methods.get("get", {}).get("parameters", ()))
    }
    assert lists == set(LISTS.values())


@pytest.mark.parametrize("words", LISTS)
def test_a_filter_of_a_command_is_a_parameter_of_the_api(words: str) -> None:
    assert names_of(words) - parameters_of(LISTS[words]) == set()


@pytest.mark.parametrize("path", sorted(set(LISTS.values())))
def test_a_filter_of_the_api_is_an_option_of_a_command(path: str) -> None:
    offered = {name for words in LISTS if LISTS[words] == path for name in names_of(words)}
    offered |= {"namespace", "name"} if path == "/history" else set()
    offered |= {"q"} if path == "/search" else set()
    assert parameters_of(path) - offered == set()


def test_a_pool_is_named_in_any_way(rowhouse: Rowhouse) -> None:
    for network in ("blue", "green"):
        rowhouse("pool", "create", "10.0.0.0/29", "--network", network, "--name", network)
        rowhouse("address", "reserve", network, "10.0.0.5", "--name", network)
    rowhouse("pool", "rename", "blue", "azure")
    [pool] = rowhouse.items("pool", "list", "--name", "blue")
    ways = (["azure"], ["blue"], [str(pool["id"])], ["10.0.0.0/29", "--network", "blue"])
    for way in ways:
        [found] = rowhouse.items("address", "list", "--pool", *way)
        assert found["owner"]["name"] == "blue", way
    several = rowhouse("address", "list", "--pool", "10.0.0.0/29", code=2).stderr
    assert several.startswith("Error: --pool: several networks have this CIDR\nHint: ")
    missing = rowhouse("gateway", "list", "--pool", "pink", code=3).stderr
    assert missing.startswith('Error: there is no pool "pink"\n')


def test_history_is_read_by_prefix_node_and_container(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "a")
    rowhouse("address", "reserve", "a", "10.0.0.5", "--name", "printer")
    [found] = rowhouse.items("history", "--prefix", "10.0.0.4/30")
    assert found["owner"]["name"] == "printer"
    assert rowhouse.items("history", "10.0.0.5", "--prefix", "10.0.0.0/30") == []
    for option in ("--node", "--container-id"):
        assert rowhouse("history", option, "x").stderr == "no history matches\n"
    assert "pass ADDRESS, --prefix" in rowhouse("history", code=2).stderr
