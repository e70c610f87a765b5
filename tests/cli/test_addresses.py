"""An address may be written as an interface shows it, with its prefix length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli.conftest import Rowhouse


@pytest.fixture
def reserved(direct: Rowhouse) -> Rowhouse:
    direct("pool", "create", "10.90.0.0/24")
    direct("address", "reserve", "10.90.0.0/24", "10.90.0.11/24", "--name", "router")
    return direct


@pytest.mark.parametrize("command", ["who", "history", "explain"])
@pytest.mark.parametrize("address", ["10.90.0.11", "10.90.0.11/24", "10.90.0.11/32"])
def test_of_one_that_is_looked_up(reserved: Rowhouse, command: str, address: str) -> None:
    assert "router" in reserved(command, address).output


def test_of_one_that_is_released(reserved: Rowhouse) -> None:
    reserved("address", "release", "10.90.0.11/24", "--yes")
    reserved("who", "10.90.0.11/24", code=3)


def test_what_is_no_length_is_refused(reserved: Rowhouse) -> None:
    assert "is not an address" in reserved("who", "10.90.0.11/x", code=2).output


def test_a_reservation_is_edited(reserved: Rowhouse) -> None:
    one = ("address", "edit", "10.90.0.11", "--description", "rack 7")
    assert reserved.json(*one, "--ttl", "1h")["expires_at"] is not None
    kept = reserved.json("address", "edit", "10.90.0.11", "--no-ttl")
    assert (kept["expires_at"], kept["description"]) == (None, "rack 7")
    labelled = ("address", "edit", "10.90.0.11", "--label", "site=berlin", "--label", "rack=7")
    assert reserved.json(*labelled)["labels"] == {"site": "berlin", "rack": "7"}
    assert reserved.items("address", "list", "-l", "rack=7")[0]["address"] == "10.90.0.11"
    assert reserved.items("address", "list", "-l", "rack=8") == []
    without = reserved.json("address", "edit", "10.90.0.11", "--label", "rack-")
    assert (without["labels"], without["description"]) == ({"site": "berlin"}, "rack 7")
    for wrong in ((), ("--label", "x"), ("--ttl", "1h", "--no-ttl"), ("--ttl", "soon")):
        reserved("address", "edit", "10.90.0.11", *wrong, code=2)
    reserved("address", "edit", "10.90.0.12", "--no-ttl", code=3)


def test_labels_are_set_and_removed_of_some_or_of_all_that_match(rowhouse: Rowhouse) -> None:
    rowhouse("pool", "create", "10.0.0.0/28", "--name", "a")
    rowhouse("address", "reserve", "a", "--count", "3", "--name", "x", "--label", "site=berlin")
    words = ("address", "label", "10.0.0.1", "10.0.0.2", "rack=7", "site-")
    changed = rowhouse.items(*words)
    assert [one["labels"] for one in changed] == [{"rack": "7"}] * 2
    assert rowhouse.items(*words) == changed
    tried = rowhouse("address", "label", "--pool", "a", "tier=1", "--dry-run")
    assert tried.output.count("tier=1") == 3
    assert rowhouse.items("address", "list", "-l", "tier=1") == []
    asked = rowhouse("address", "label", "--pool", "a", "-l", "rack=7", "rack=8", code=2)
    assert "pass --yes" in asked.stderr
    rowhouse("address", "label", "--pool", "a", "-l", "rack=7", "rack=8", "--yes")
    found = rowhouse.items("address", "list", "-l", "rack=8")
    assert [one["address"] for one in found] == ["10.0.0.1", "10.0.0.2"]
    assert (
        rowhouse("address", "label", "-l", "rack=9", "x=y", "-y").stderr
        == "no reservations match\n"
    )
    for wrong in (("10.0.0.1",), ("x=y",), ("10.0.0.1", "-l", "a=b", "x=y"), ("=x", "10.0.0.1")):
        rowhouse("address", "label", *wrong, code=2)
    assert rowhouse("address", "label", "10.0.0.9", "x=y", code=3).stderr.startswith(
        "Error: 10.0.0.9 is not reserved"
    )
