"""`--view`: lists as a saved view of the pages shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from fixtures.pods import Pods, subnet
from rowhouse.cli import main
from rowhouse.domain.saved_views import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.conftest import Rowhouse
    from rowhouse.store.connection.database import Database as Store

LISTS = {
    "pools": ("pool", "list"),
    "networks": ("network", "list"),
    "exclusions": ("exclusion", "list"),
    "quotas": ("quota", "list"),
    "reservations": ("address", "list"),
    "requests": ("request", "list"),
    "nodes": ("node", "list"),
    "events": ("event", "list"),
    "audit": ("audit",),
    "views": ("view", "list"),
}
"""The command that lists what a table shows; `pods` and the tables of one pool have none."""


@pytest.fixture
def pods(store: Store) -> None:
    pods = Pods(store)
    for number in (1, 2, 10):
        pods.add(f"web-{number}", subnet("10.0.0.0/24"), node=f"node{number}")
    pods.add("db-0", subnet("10.0.0.0/24"), node="node1")


def commands(group: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(group, click.Group):
        yield path, group
        return
    with click.Context(group) as context:
        for name in group.list_commands(context):
            if (found := group.get_command(context, name)) is not None:
                yield from commands(found, *path, name)


def test_each_list_whose_page_has_views_takes_one() -> None:
    able = {
        path
        for path, command in commands(main)
        if any("--view" in parameter.opts for parameter in command.params)
    }
    assert able == set(LISTS.values())
    assert set(LISTS) == {name for name, table in TABLES.items() if table.path} - {"pods"}


@pytest.mark.parametrize("table", LISTS)
def test_every_list_shows_a_view_of_its_page(rowhouse: Rowhouse, table: str) -> None:
    rowhouse("pool", "create", "10.0.0.0/24", "--network", "storage")
    rowhouse("view", "save", table, "everything")
    done = rowhouse(*LISTS[table], "--view", "everything")
    if not done.stdout:
        assert done.stderr == "no rows match the view everything\n"


@pytest.mark.usefixtures("pods")
def test_a_view_has_its_words_its_order_and_its_columns(rowhouse: Rowhouse) -> None:
    query = "q=web&state=pod&sort=-owner&columns=address,owner,node,since"
    rowhouse("view", "save", "reservations", "Web", query)
    listed = ("address", "list", "--view", "Web")
    found = rowhouse.items(*listed)
    names = [one["owner"] for one in found]
    assert names == ["default/web-2", "default/web-10", "default/web-1"]
    assert list(found[0]) == ["address", "owner", "node", "since"]
    heading, first, *_ = rowhouse(*listed).stdout.splitlines()
    assert heading.split() == ["ADDRESS", "OWNER", "NODE", "SINCE"]
    assert "ago" in first or "now" in first
    assert len(rowhouse.items(*listed, "--limit", "1")) == 1
    by_address = rowhouse.items(*listed, "--sort", "address")
    assert [one["address"] for one in by_address] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    rowhouse("view", "save", "reservations", "None", "q=nothing")
    nothing = rowhouse("address", "list", "--view", "None").stderr
    assert nothing == "no rows match the view None\n"


def test_a_view_that_does_not_exist_and_filters_beside_one_are_refused(rowhouse: Rowhouse) -> None:
    assert rowhouse("address", "list", "--view", "Web", code=3).stderr == (
        'Error: reservations has no view "Web"\n'
        "Hint: `rowhouse view list --table reservations` lists them.\n"
    )
    beside = rowhouse("address", "list", "--view", "x", "--pool", "a", "-l", "a=b", code=2).stderr
    assert "--view has its own filter: pass either --view or --pool, --label" in beside


def test_a_view_whose_filter_is_gone_is_an_error_that_names_it(
    rowhouse: Rowhouse, store: Store
) -> None:
    rowhouse("view", "save", "reservations", "Old", "q=web")
    store.call("UPDATE rowhouse.saved_views SET query = 'state=melted&columns=color' RETURNING id")
    refused = rowhouse("address", "list", "--view", "Old", code=2).stderr
    assert 'the view asks for what this table does not have: "melted" among state' in refused
    assert 'the column "color"' in refused


def test_an_operator_lists_and_deletes_private_views_of_others(
    rowhouse: Rowhouse, store: Store
) -> None:
    store.call(
        "INSERT INTO rowhouse.saved_views (table_name, name, author, query)"
        " VALUES ('pods', 'Left', 'eve', 'q=secret') RETURNING id"
    )
    assert rowhouse("view", "list").stderr == "no views match\n"
    [found] = rowhouse.items("view", "list", "--all")
    assert (found["author"], found["name"], found["query"]) == ("eve", "Left", None)
    rowhouse("view", "delete", "pods", "Left", "--yes", code=3)
    done = rowhouse("view", "delete", "pods", "Left", "--author", "eve", "--yes")
    assert done.output == "view Left deleted\n"
    assert rowhouse("view", "list", "--all").stderr == "no views match\n"
