"""The launcher reads only the settings that the node daemon writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cni_plugin.launcher.calls import NETCONF, NOT_INSTALLED, fields, written
from cni_plugin.scripted import (
    RESULT,
    good,
    serving,
)
from rowhouse_node.options import parse
from rowhouse_node.supplies import settings_text

if TYPE_CHECKING:
    from pathlib import Path

    from cni_plugin.node import Node


@pytest.mark.parametrize(
    ("line", "is_served"),
    [
        ("spool = /x", True),
        ("", False),
        ("unknown = 1", True),
        ("timeout = 0.25", True),
        ("timeout = 600", True),
        ("timeout = 601", False),
        ("timeout = 1e1", False),
        ("timeout = 10s", False),
        ("node = n # comment", False),
        ("# comment", False),
        ("node = é", False),
        ("node =n", False),
        ("node =n = m", False),
        ("node = n ", False),
        ("node", False),
        ("agent = relative.sock", False),
        ("agent = /" + "x" * 200, False),
        ("spool = /" + "x" * 9000, False),
        ("spool = /\0", False),
    ],
    ids=range(19),
)
def test_it_reads_only_settings_as_the_daemon_writes_them(
    node: Node, agent: Path, alone: list[str], line: str, *, is_served: bool
) -> None:
    written(node, agent, "https://127.0.0.1:9", timeout=5)
    node.settings.write_text(node.settings.read_text() + f"{line}\n")
    with serving(good, at=agent) as through:
        outcome = node.call(program=alone, netconf=NETCONF)
    assert (outcome.stdout == RESULT) == is_served
    assert len(through.requests) == is_served


@pytest.mark.parametrize("cluster", ["", "prod-a"])
def test_it_reads_the_settings_that_the_daemon_writes(
    node: Node, agent: Path, alone: list[str], cluster: str
) -> None:
    options = parse(
        [
            *("run", "--server=https://127.0.0.1:9", "--node=node-1", f"--agent={agent}"),
            *(f"--cluster={cluster}", "--token-source=/t", "--ca-source=/c", "--timeout=2.5"),
        ],
        {},
    )
    node.settings.write_text(settings_text(options))
    with serving(good, at=agent) as through:
        assert node.call(program=alone, netconf=NETCONF).stdout == RESULT
        assert node.call(netconf=NETCONF).stdout == RESULT
    first, second = through.requests
    assert fields(first) == fields(second)


def test_it_reads_no_settings_that_another_user_may_change(
    node: Node, agent: Path, alone: list[str]
) -> None:
    written(node, agent, "https://127.0.0.1:9")
    node.settings.chmod(0o666)
    with serving(good, at=agent) as through:
        assert node.call(program=alone, netconf=NETCONF).code == NOT_INSTALLED
        node.settings.chmod(0o644)
        assert node.call(program=alone, netconf=NETCONF).stdout == RESULT
    assert len(through.requests) == 1
