"""What operators do with pools, reservations, exclusions and quotas, over a server and on a database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.conftest import Rowhouse


def test_a_pool_is_made_changed_drained_and_removed(rowhouse: Rowhouse) -> None:
    made = rowhouse.json(
        *("pool", "create", "10.0.0.0/24", "--network", "storage", "--name", "gold"),
        *("--gateway", "10.0.0.1", "--reuse-delay", "5m", "--label", "tier=1", "--label", "x=y"),
    )
    assert (made["reuse_delay"], made["labels"]) == (300, {"tier": "1", "x": "y"})
    assert made["usage"]["total"] == 253
    changed = rowhouse.json("pool", "change", "gold", "--label", "x-", "--last", "10.0.0.99")
    assert (changed["labels"], changed["window_last"]) == ({"tier": "1"}, "10.0.0.99")
    assert changed["gateway"] == "10.0.0.1"
    unset = rowhouse.json("pool", "change", "gold", "--unset", "last", "--unset", "gateway")
    assert (unset["window_last"], unset["gateway"]) == (None, None)
    assert rowhouse.json("pool", "drain", "10.0.0.0/24")["drained"]
    assert rowhouse.items("pool", "list", "--drained")[0]["name"] == "gold"
    assert rowhouse.items("pool", "list", "--not-drained") == []
    assert not rowhouse.json("pool", "undrain", str(made["id"]))["drained"]
    assert rowhouse("pool", "delete", "gold", "--yes").output == "pool 10.0.0.0/24 deleted\n"
    assert rowhouse("pool", "list").stderr == "no pools match\n"
    rowhouse("network", "delete", "storage", "--yes")
    assert rowhouse.items("network", "list") == []


def test_a_pool_is_renamed_and_keeps_its_old_name_as_an_alias(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "a")
    rowhouse("pool", "create", "10.0.1.0/29", "--name", "other")
    assert rowhouse("pool", "rename", "a", "b").output == "pool a renamed to b; also known as a\n"
    assert rowhouse.json("pool", "show", "a")["name"] == "b"
    taken = rowhouse("pool", "rename", "other", "a", code=1).stderr
    assert taken.startswith('Error: the name "a" is an alias of pool "b" (10.0.0.0/29)\nHint: ')
    assert "`rowhouse pool alias delete a`" in taken
    again = rowhouse("pool", "rename", "a", "b")
    assert again.output == "pool b already has this name; also known as a\n"
    [alias] = rowhouse.items("pool", "alias", "list")
    assert (alias["name"], alias["pool_name"], alias["cidr"]) == ("a", "b", "10.0.0.0/29")
    assert rowhouse("pool", "alias", "list", "--pool", "other").stderr == "no aliases match\n"
    back = rowhouse("pool", "rename", "b", "a", "--no-alias").output
    assert back == "pool b renamed to a\n"
    assert rowhouse.items("pool", "alias", "list") == []


def test_an_alias_is_added_before_a_renaming_and_deleted_after_it(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "a")
    own = rowhouse("pool", "alias", "add", "a", "a").output
    assert own == "pool 10.0.0.0/29 already has the name a\n"
    wrong = rowhouse("pool", "alias", "add", "a", "bad name!", code=2).stderr
    assert wrong.startswith('Error: NAME: "bad name!" is not')
    wrong = rowhouse("pool", "rename", "a", "bad name!", code=2).stderr
    assert wrong.startswith('Error: NEW-NAME: "bad name!" is not')
    rowhouse("pool", "alias", "add", "a", "b")
    assert rowhouse.json("pool", "show", "b")["aliases"] == ["b"]
    assert rowhouse("pool", "rename", "a", "b").output == "pool a renamed to b; also known as a\n"
    current = rowhouse("pool", "alias", "delete", "b", "--yes", code=3).stderr
    assert "it is the name of pool 10.0.0.0/29" in current
    assert rowhouse("pool", "alias", "delete", "a", "--yes").output == "alias a deleted\n"
    assert rowhouse("pool", "show", "a", code=3).stderr == (
        'Error: there is no pool "a"\nHint: `rowhouse pool list` lists the existing ones.\n'
    )
    assert rowhouse("pool", "alias", "delete", "a", "--yes", code=3).stderr == (
        'Error: there is no pool alias "a"\nHint: `rowhouse pool alias list` lists the existing ones.\n'
    )


def test_a_dry_run_shows_the_result_and_changes_nothing(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "a")
    rowhouse("address", "reserve", "a", "10.0.0.5", "--name", "printer")
    rowhouse("exclusion", "create", "10.0.0.6")
    lists = (("pool", "list"), ("address", "list"), ("exclusion", "list"), ("audit",))
    before = [rowhouse.items(*words) for words in lists]
    for words, shown in (
        (("pool", "create", "10.0.1.0/24", "--name", "new"), "10.0.1.0/24"),
        (("pool", "change", "a", "--first", "10.0.0.2"), "10.0.0.2"),
        (("pool", "rename", "a", "b"), "pool a renamed to b; also known as a\n"),
        (("pool", "drain", "a"), "DRAINED:     yes\n"),
        (("address", "reserve", "a", "--count", "2", "--name", "x"), "10.0.0.2"),
        (("address", "release", "10.0.0.5"), "10.0.0.5 released\n"),
        (("address", "edit", "10.0.0.5", "--description", "desk"), "desk"),
        (("quota", "set", "dev", "3"), "dev"),
        (("exclusion", "delete", "1"), "10.0.0.6 to 10.0.0.6 can be assigned again\n"),
    ):
        done = rowhouse(*words, "--dry-run")
        assert shown in done.output, words
        assert done.stderr.endswith("(dry run: nothing was changed)\n"), words
    refused = rowhouse("pool", "delete", "a", "--dry-run", code=1).stderr
    assert "still holds 1 reservation" in refused
    assert [rowhouse.items(*words) for words in lists] == before


def test_addresses_are_reserved_moved_and_released(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "a")
    named = rowhouse.items("address", "reserve", "a", "10.0.0.5", "--name", "printer")
    assert [one["address"] for one in named] == ["10.0.0.5"]
    pod = ("--name", "web-0", "--namespace", "devops", "--interface", "net1")
    lowest = rowhouse.items("address", "reserve", "a", "--count", "2", *pod, "--ttl", "1h")
    assert [(one["address"], one["owner"]["kind"]) for one in lowest] == [
        ("10.0.0.1", "pod"),
        ("10.0.0.2", "pod"),
    ]
    assert lowest[0]["expires_at"]
    taken = rowhouse("address", "reserve", "a", "10.0.0.5", "--name", "other", code=1)
    assert taken.stderr.startswith("Error: ")
    assert len(rowhouse.items("address", "list", "--pool", "a", "--namespace", "devops")) == 2
    moved = rowhouse.json("address", "reassign", "10.0.0.5", "--name", "scanner", "--yes")
    assert moved["owner"]["name"] == "scanner"
    assert rowhouse.json("address", "show", "10.0.0.5")["attached"] == []
    full = rowhouse("address", "reserve", "a", "--count", "4", "--name", "x", code=1)
    assert "no free address" in full.stderr
    released = rowhouse("address", "release", "10.0.0.1", "10.0.0.2", "--yes").output
    assert released == "10.0.0.1 released\n10.0.0.2 released\n"
    assert [one["address"] for one in rowhouse.items("address", "list")] == ["10.0.0.5"]


def test_what_is_in_the_way_of_a_change_is_named(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "a")
    rowhouse("address", "reserve", "a", "10.0.0.5", "--name", "printer")
    refused = rowhouse("pool", "change", "a", "--last", "10.0.0.3", code=1)
    assert "10.0.0.5" in refused.stderr
    assert "Hint: " in refused.stderr
    rowhouse("pool", "change", "a", "--last", "10.0.0.3", "--force")
    assert "still holds 1 reservation" in rowhouse("pool", "delete", "a", "-y", code=1).stderr


def test_what_is_there_already_is_named(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/24", "--name", "a")
    again = rowhouse("pool", "create", "10.0.0.0/24", code=1).stderr
    assert again == "Error: the network already has a pool with this CIDR: 10.0.0.0/24\n"
    renamed = rowhouse("pool", "create", "10.0.1.0/24", "--name", "a", code=1).stderr
    assert renamed == (
        'Error: the name "a" belongs to pool 10.0.0.0/24\n'
        "Hint: Choose another name; `rowhouse pool show a` shows that pool.\n"
    )
    rowhouse("exclusion", "create", "10.0.0.1")
    twice = rowhouse("exclusion", "create", "10.0.0.1", code=1).stderr
    assert twice == "Error: some of these addresses are already excluded: 10.0.0.1\n"


def test_a_value_that_is_wrong_is_called_by_its_name(rowhouse: Rowhouse) -> None:
    assert (
        rowhouse("who", "web", code=2).stderr
        == 'Error: ADDRESS: "web" is not an address, such as 10.0.0.7 or fd00::7\n'
    )
    assert rowhouse("pool", "create", "web", code=2).stderr == (
        'Error: CIDR: "web" is not a CIDR, such as 10.0.0.0/24 or fd00::/64\n'
    )
    rowhouse("pool", "create", "10.0.0.0/24")
    named = ("exclusion", "create", "10.0.0.1", "--requests-only", "--name", "süd west")
    assert '"süd west" is not a valid range name: use ' in rowhouse(*named, code=2).stderr
    assert '"rack" is not KEY=VALUE' in rowhouse("address", "list", "-l", "rack", code=2).stderr


def test_addresses_are_kept_out_of_use(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/24")
    made = rowhouse.json("exclusion", "create", "10.0.0.0/30", "--reason", "old router")
    assert (made["first"], made["last"]) == ("10.0.0.0", "10.0.0.3")
    assert rowhouse.json("exclusion", "create", "10.0.0.9-10.0.0.10")["last"] == "10.0.0.10"
    assert rowhouse.json("explain", "10.0.0.2")["state"] == "excluded"
    kept = rowhouse.json("exclusion", "create", "10.0.0.20", "--requests-only", "--reason", "vip")
    assert kept["requests_only"]
    assert rowhouse.json("explain", "10.0.0.20")["state"] == "on request"
    assert rowhouse.json("pool", "show", "10.0.0.0/24")["usage"]["on_request"] == 1
    asked = rowhouse.items("address", "reserve", "10.0.0.0/24", "10.0.0.20", "--name", "vip")
    assert asked[0]["address"] == "10.0.0.20"
    named = ("exclusion", "create", "10.0.0.30-10.0.0.31", "--name", "web")
    assert "--requests-only" in rowhouse(*named, code=2).stderr
    assert rowhouse.json(*named, "--requests-only")["name"] == "web"
    assert len(rowhouse.items("exclusion", "list", "--contains", "10.0.0.9")) == 1
    given = rowhouse.items("address", "reserve", "10.0.0.0/24", "--name", "x")
    assert given[0]["address"] == "10.0.0.4"
    rowhouse("exclusion", "delete", str(made["id"]), "--yes")
    explained = rowhouse("explain", "10.0.0.2").output
    assert "State:         free" in explained


def test_an_exclusion_without_network_or_pool_says_where_it_holds(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/24")
    rowhouse("pool", "create", "10.0.0.0/25", "--network", "storage")
    told = rowhouse("exclusion", "create", "10.0.0.9").stderr
    assert "It applies only to the default network: pools 10.0.0.0/24." in told
    assert 'It does not apply to 10.0.0.0/25 of network "storage".' in told
    assert rowhouse("exclusion", "create", "10.0.0.9", "--network", "storage").stderr == ""


def test_a_pool_that_overlaps_another_says_so(rowhouse: Rowhouse) -> None:
    assert rowhouse("pool", "create", "10.0.0.0/24").stderr == ""
    told = rowhouse("pool", "create", "10.0.0.0/25").stderr
    assert told.startswith("10.0.0.0/25 shares its addresses with 10.0.0.0/24:")
    assert rowhouse.json("pool", "show", "10.0.0.0/24")["overlaps"] == ["10.0.0.0/25"]


def test_gateways_are_listed_and_reserved_by_force(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/24", "--gateway", "10.0.0.1")
    [known] = rowhouse.items("gateway", "list", "--pool", "10.0.0.0/24")
    assert (known["address"], known["cni_network"]) == ("10.0.0.1", None)
    refused = rowhouse("gateway", "forget", str(known["id"]), "--yes", code=1).stderr
    assert "is the gateway of pool 10.0.0.0/24" in refused
    wanted = ("address", "reserve", "10.0.0.0/24", "10.0.0.1", "--name", "router")
    assert "is the gateway of pool 10.0.0.0/24" in rowhouse(*wanted, code=1).stderr
    assert rowhouse.items(*wanted, "--force")[0]["address"] == "10.0.0.1"


def test_a_namespace_is_limited(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/24", "--name", "a")
    pod = ("--name", "web-0", "--namespace", "devops", "--interface", "net1")
    assert rowhouse.json("quota", "set", "devops", "5")["addresses"] == 5
    assert rowhouse.json("quota", "set", "devops", "1")["pool"] is None
    assert rowhouse.json("quota", "set", "devops", "3", "--pool", "a")["pool"] == "10.0.0.0/24"
    assert len(rowhouse.items("quota", "list", "--namespace", "devops")) == 2
    rowhouse("address", "reserve", "a", "--count", "2", *pod, code=1)
    rowhouse("address", "reserve", "a", *pod)
    rowhouse("quota", "delete", "devops", "--yes")
    rowhouse("address", "reserve", "a", *pod)
    assert rowhouse("quota", "delete", "devops", "--yes", code=3).stderr == (
        'Error: there is no quota of namespace "devops"\n'
        "Hint: `rowhouse quota list` lists the existing ones.\n"
    )


def test_the_history_tells_who_had_an_address(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "a")
    rowhouse("address", "reserve", "a", "--name", "printer")
    rowhouse("address", "reassign", "10.0.0.1", "--name", "scanner", "--yes")
    [now] = rowhouse.items("who", "10.0.0.1")
    assert (now["owner"]["name"], now["held_until"]) == ("scanner", None)
    earlier, later = rowhouse.items("history", "10.0.0.1")[::-1]
    assert (earlier["owner"]["name"], later["owner"]["name"]) == ("printer", "scanner")
    [then] = rowhouse.items("who", "10.0.0.1", "--at", earlier["held_from"])
    assert then["owner"]["name"] == "printer"
    assert [one["id"] for one in rowhouse.items("pod", "/printer")] == [earlier["id"]]
    assert rowhouse.json("who", "10.0.0.2", code=3) == {"items": []}
    assert rowhouse("who", "10.0.0.2", code=3).stderr == "10.0.0.2 has no owner\n"
    assert rowhouse("pod", "devops/web-0", code=3).stderr == "devops/web-0 held no address\n"
    assert rowhouse("history", "10.0.0.2").stderr == "10.0.0.2 never had an owner\n"
    fill = rowhouse.items("pool", "fill", "a", "--since", "1h", "--steps", "4")
    assert [moment["used"] for moment in fill] == [0, 0, 0, 0, 1]
    assert rowhouse("pool", "fill", "a", "--steps", "4").output.count("#" * 50) == 1


def test_lists_go_on_behind_the_first_page(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/16", "--name", "a")
    for _ in range(5):
        rowhouse("address", "reserve", "a", "--count", "250", "--name", "lab")
    assert len(rowhouse.items("address", "list")) == 1250
    assert len(rowhouse.items("address", "list", "--limit", "1100")) == 1100
    assert len(rowhouse.items("address", "list", "--limit", "7")) == 7


def test_the_default_network_has_one_name_for_people_and_none_for_programs(
    direct: Rowhouse,
) -> None:
    direct("pool", "create", "10.0.0.0/24")
    direct("address", "reserve", "10.0.0.0/24", "--name", "x")
    for command in (
        "network list", "pool list", "pool show 10.0.0.0/24", "address list", "who 10.0.0.1",
        "explain 10.0.0.1",
    ):  # fmt: skip
        assert "default network" in direct(*command.split()).output, command
    assert direct.json("explain", "10.0.0.1")["network"] == ""
    assert direct.items("pool", "list")[0]["network"] == ""
    direct("address", "release", "10.0.0.1", "--yes")
    direct("pool", "create", "10.0.0.0/24", "--network", "lab")
    told = direct("pool", "show", "10.0.0.0/24", code=1).stderr
    assert 'several networks have pool 10.0.0.0/24: default network, "lab"' in told
    assert direct.json("pool", "show", "10.0.0.0/24", "--network", "")["network"] == ""


def test_a_pool_with_a_space_of_its_own_is_named(direct: Rowhouse) -> None:
    for cidr in ("10.0.0.0/24", "10.0.0.0/25"):
        direct("pool", "create", cidr, "--network", "lab", "--isolated")
        direct("address", "reserve", cidr, "10.0.0.5", "--network", "lab", "--name", "x")
    told = direct("address", "release", "10.0.0.5", "--network", "lab", "-y", code=1).stderr
    assert "--pool" in told
    smaller = ("--pool", "10.0.0.0/25")
    assert direct.json("address", "show", "10.0.0.5", *smaller)["pool"] == "10.0.0.0/25"
    direct("address", "reassign", "10.0.0.5", *smaller, "--name", "y", "--yes")
    direct("address", "release", "10.0.0.5", *smaller, "--yes")
    assert direct.items("who", "10.0.0.5")[0]["pool"] == "10.0.0.0/24"
    made = direct.json("exclusion", "create", "10.0.0.5", *smaller)
    assert direct.items("exclusion", "list")[0]["id"] == made["id"]


def test_addresses_are_requested_and_approved_declined_or_withdrawn(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "gold")
    rowhouse("quota", "set", "shop", "3")
    routers = ("request", "create", "gold", "--namespace", "shop", "--name", "routers")
    asked = rowhouse.json(*routers, "--count", "2", "--description", "ticket 4711")
    assert (asked["id"], asked["state"], asked["owner"]["kind"]) == (1, "pending", "static")
    more = rowhouse(*routers, "--count", "2", code=1).stderr
    assert more.startswith(
        'Error: namespace "shop" holds 0 and requests 4, but may hold at most 3\nHint: '
    )
    assert rowhouse.json("request", "approve", "1", "--yes")["granted"] == ["10.0.0.1", "10.0.0.2"]
    assert re.search(r"GRANTED: +10.0.0.1, 10.0.0.2\n", rowhouse("request", "show", "1").output)
    assert [one["address"] for one in rowhouse.items("address", "list", "--namespace", "shop")] == [
        "10.0.0.1",
        "10.0.0.2",
    ]
    for_pod = ("--name", "web-0", "--interface", "net1", "10.0.0.6")
    pod = rowhouse.json("request", "create", "gold", "--namespace", "shop", *for_pod)
    assert (pod["owner"]["kind"], pod["addresses"]) == ("pod", ["10.0.0.6"])
    declined = rowhouse.json("request", "decline", str(pod["id"]), "--reason", "use the pool web")
    assert (declined["state"], declined["reason"]) == ("declined", "use the pool web")
    again = str(rowhouse.json(*routers)["id"])
    assert rowhouse.json("request", "withdraw", again)["state"] == "withdrawn"
    assert [one["id"] for one in rowhouse.items("request", "list", "--state", "approved")] == [1]
    assert rowhouse("request", "list", "--namespace", "other").stderr == "no requests match\n"
    assert rowhouse.json("request", "show", str(pod["id"]))["decided_by"]
    ended = rowhouse("request", "approve", str(pod["id"]), "--yes", code=1).stderr
    assert f"request {pod['id']} was already declined by" in ended


def test_comments_on_an_address_and_a_pool_are_added_listed_and_deleted(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/29", "--name", "gold")
    on_address = rowhouse.json("comment", "add", "10.0.0.3", "third floor")
    on_pool = rowhouse.json("comment", "add", "gold", "for routers")
    assert [one["text"] for one in rowhouse.items("comment", "list", "--address", "10.0.0.3")] == [
        "third floor"
    ]
    assert [one["text"] for one in rowhouse.items("comment", "list", "--pool", "10.0.0.0/29")] == [
        "for routers"
    ]
    deleted = rowhouse("comment", "delete", str(on_pool["id"]), "--yes").output
    assert deleted == f"comment {on_pool['id']} deleted\n"
    assert rowhouse("comment", "list", "--pool", "gold").stderr == "no comments match\n"
    assert rowhouse("comment", "add", "10.9.0.1", "x", code=3).stderr.startswith(
        "Error: no pool contains 10.9.0.1"
    )
    assert on_address["address"] == "10.0.0.3"


def test_views_are_saved_overwritten_listed_and_deleted(rowhouse: Rowhouse) -> None:
    made = rowhouse.json("view", "save", "reservations", "Printers", "q=printer&sort=-since")
    assert made["path"] == "/reservations?q=printer&sort=-since"
    assert rowhouse("view", "save", "reservations", "Printers", code=1).stderr.startswith(
        "Error: you already have a view of this table with this name"
    )
    again = ("view", "save", "reservations", "Printers", "q=scanner", "--replace", "--share")
    assert rowhouse.json(*again)["shared"]
    assert rowhouse.json(*again)["id"] == made["id"]
    rowhouse("view", "save", "nodes", "Late", "state=late")
    [found] = rowhouse.items("view", "list", "--table", "reservations")
    assert (found["query"], found["shared"]) == ("q=scanner", True)
    assert rowhouse.json("view", "show", "nodes", "Late")["query"] == "state=late"
    wrong = rowhouse("view", "save", "nodes", "x", "color=red", code=2).stderr
    assert "nodes has no parameter 'color'; it has q, sort, columns, rows, state, cluster" in wrong
    assert rowhouse("view", "delete", "nodes", "Late", "--yes").output == "view Late deleted\n"
    assert rowhouse("view", "show", "nodes", "Late", code=3).stderr == (
        'Error: nodes has no view "Late"\nHint: `rowhouse view list --table nodes` lists them.\n'
    )
