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
