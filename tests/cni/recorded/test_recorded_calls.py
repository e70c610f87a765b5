"""The plugin answers calls as containerd and multus make them, as it did in a real cluster and as whereabouts did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cni.recorded.calls import BEFORE, FILES, asked_for, calls_of, masked
from conformance.judge import code_for
from fixtures.calls import OverHttp, ThroughPlugin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cni.recorded.calls import Recorded
    from fixtures.calls import Answer, Caller
    from fixtures.wiping import SharedDatabase

# Where Rowhouse is meant to answer otherwise than whereabouts v0.9.2: docs/reference/config.md.
MEANT: dict[str, dict[str, Any]] = {
    # What args.cni asks for is heard, and here it is outside the range.
    "whereabouts-cniargs": {"code": 102},
    # One address, the one that was asked for, instead of one of the range beside it.
    "whereabouts-conflist": {"addresses": ["10.120.6.9/24"]},
    "whereabouts-ips": {"addresses": ["10.120.4.77/24"]},
    # An address without a mask is one; whereabouts refuses it.
    "whereabouts-ips-bare": {"addresses": ["10.120.4.78/24"]},
}
PANICS = {"whereabouts-nodeslice-without-pool"}
UNREACHABLE = 11


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_the_calls_of_a_pod_come_out_as_recorded(
    file: str,
    shared_database: SharedDatabase,
    url_of: Callable[[str], str],
    plugin: Path,
    tmp_path: Path,
) -> None:
    shared_database.wipe()
    for other in BEFORE.get(file, ()):
        last = [one for one in calls_of(other) if one.command == "ADD" and not one.exit_status][-1]
        assert OverHttp(url_of("default")).run(last.call).exit_status == 0
    callers: dict[str, ThroughPlugin] = {}
    for recorded in calls_of(file):
        url = url_of(recorded.server)
        if url not in callers:
            folder = tmp_path / str(len(callers))
            folder.mkdir()
            callers[url] = ThroughPlugin(plugin, url, folder)
            callers[url].spool = tmp_path / "spool"
        _judge(file, recorded, _answer(callers[url], recorded))
    assert shared_database.problems() == []


def _answer(through: ThroughPlugin, recorded: Recorded) -> Answer:
    """Our own calls by the plugin, whereabouts' straight, except where no server answers."""
    if recorded.plugin == "rowhouse" or recorded.server == "down":
        return through.run(recorded.call)
    caller: Caller = OverHttp(through.server)
    return caller.run(recorded.call)


def _judge(file: str, recorded: Recorded, answer: Answer) -> None:
    where = f"{file} {recorded}: {answer}"
    if recorded.command == "DEL":
        assert (answer.exit_status, answer.stdout) == (0, b""), where
        assert ("DEL is kept in" in answer.stderr) is (recorded.server != "default"), where
    elif file in PANICS:
        assert answer.exit_status == 0, where
    elif "code" in MEANT.get(file, {}):
        assert answer.code == MEANT[file]["code"], where
    elif file in MEANT:
        found = [one["address"] for one in answer.document["ips"]]
        assert found == MEANT[file]["addresses"], where
    elif recorded.exit_status:
        _judge_error(recorded, answer, where)
    else:
        assert answer.exit_status == 0, where
        wanted = asked_for(recorded.stdin)
        ours, theirs = (
            masked(text, wanted=wanted) for text in (answer.stdout.decode(), recorded.stdout)
        )
        assert json.loads(ours) == json.loads(theirs), where
        assert ours.split() == theirs.split(), where  # the order of the keys, too


def _judge_error(recorded: Recorded, answer: Answer, where: str) -> None:
    said = json.loads(recorded.stdout)
    assert answer.exit_status == 1, where
    if recorded.server != "default":
        assert answer.code == UNREACHABLE, where
    elif recorded.plugin == "whereabouts":
        assert answer.code == code_for(said["msg"]), where
    else:
        assert answer.code == said["code"], where
        assert answer.document.keys() == said.keys(), where
        assert answer.document["cniVersion"] == said["cniVersion"], where


def test_every_recorded_call_of_an_ipam_plugin_is_made() -> None:
    assert sum(len(calls_of(file)) for file in FILES) == 163
