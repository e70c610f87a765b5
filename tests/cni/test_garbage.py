"""GC trusts a list only if it can read all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.cni.garbage import valid_attachments
from rowhouse.domain.errors import InvalidConfig

if TYPE_CHECKING:
    from cni.conftest import Server


def valid(server: Server, **keys: Any) -> set[tuple[str, str]]:
    config = {"cniVersion": "1.1.0", "name": "mynet", **keys}
    return valid_attachments(server.call(config, CNI_Command="GC").config)


def test_the_list_names_containers_and_interfaces(server: Server) -> None:
    attachments = [
        {"containerID": "a", "ifname": "net1"},
        {"containerID": "a", "ifname": "net2", "more": 1},
    ]
    assert valid(server, **{"cni.dev/valid-attachments": attachments}) == {
        ("a", "net1"),
        ("a", "net2"),
    }


def test_both_spellings_of_the_list_are_kept(server: Server) -> None:
    lists = {
        "cni.dev/valid-attachments": [{"containerID": "a", "ifname": "net1"}],
        "cni.dev/attachments": [{"containerID": "b", "ifname": "net1"}],
    }
    assert valid(server, **lists) == {("a", "net1"), ("b", "net1")}


@pytest.mark.parametrize("empty", [None, []])
def test_an_empty_list_says_that_nothing_is_alive(server: Server, empty: object) -> None:
    assert valid(server, **{"cni.dev/valid-attachments": empty}) == set()


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"cni.dev/valid-attachments": "a"},
        {"cni.dev/valid-attachments": {}},
        {"cni.dev/valid-attachments": ["a"]},
        {"cni.dev/valid-attachments": [None]},
        {"cni.dev/valid-attachments": [{}]},
        {"cni.dev/valid-attachments": [{"containerID": "a"}]},
        {"cni.dev/valid-attachments": [{"containerID": "a", "ifname": ""}]},
        {"cni.dev/valid-attachments": [{"containerID": 5, "ifname": "net1"}]},
        {
            "cni.dev/valid-attachments": [
                {"containerID": "a", "ifname": "net1"},
                {"containerID": "a\0", "ifname": "net1"},
            ]
        },
    ],
)
def test_a_list_that_is_unreadable_in_part_is_refused_as_a_whole(
    server: Server, keys: dict[str, Any]
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        valid(server, **keys)
    assert caught.value.cni_code == 7
