"""Whatever a runtime hands to the plugin, it prints a CNI result or a CNI error, or nothing."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from fuzz.calls import VERBS, arguments, body
from fuzz.dice import Dice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures.wiping import SharedDatabase

ODD_BYTES = (b"", b"\xff", b"a\nb: c", b"\r\n\r\n", b"x" * 70_000, "é名".encode(), b"../x", b"a b")
KNOWN = (b"CNI_CONTAINERID", b"CNI_NETNS", b"CNI_IFNAME", b"CNI_ARGS", b"CNI_PATH", b"CNI_COMMAND")


def environment(dice: Dice, command: str) -> dict[bytes, bytes]:
    """The variables of a call; now and then one is odd, or is not there."""
    found = {
        b"CNI_COMMAND": command.encode(),
        b"CNI_CONTAINERID": dice.of((b"c1", b"c2")),
        b"CNI_NETNS": dice.of((b"/ns", b"/proc/self/ns/net")),
        b"CNI_IFNAME": b"net1",
        b"CNI_ARGS": arguments(dice).encode("utf-8", "replace").replace(b"\0", b""),
        b"CNI_PATH": b"/opt/cni/bin",
    }
    if dice.one_in(3):
        found[dice.of(KNOWN)] = dice.of(ODD_BYTES)
    if dice.one_in(4):
        found.pop(dice.of(KNOWN))
    return found


@pytest.mark.parametrize("server", ["default", "down"])
def test_the_plugin_prints_a_result_or_an_error(
    plugin: Path,
    shared_database: SharedDatabase,
    url_of: Callable[[str], str],
    tmp_path: Path,
    server: str,
) -> None:
    shared_database.wipe()
    config = tmp_path / "rowhouse.conf"
    lines = [f"server = {url_of(server)}", "node = n1", f"spool = {tmp_path / 'spool'}"]
    if server == "down":
        lines.append("timeout = 0.3")  # there is no server, however long it tries
    config.write_text("\n".join(lines) + "\n")

    @given(st.binary(min_size=100, max_size=100))
    @settings(
        max_examples=150,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(entropy: bytes) -> None:
        dice = Dice(entropy)
        command = dice.of((*VERBS, "NOPE"))
        env, stdin = environment(dice, command), body(dice, command)
        note(f"{env}\n{stdin!r}")
        done = subprocess.run(
            [plugin],
            input=stdin,
            env={**env, b"ROWHOUSE_CONFIG": bytes(config)},
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        if done.returncode == 0:
            assert not done.stdout or json.loads(done.stdout)["cniVersion"]
        else:
            error = json.loads(done.stdout)
            assert done.returncode == 1
            assert error["msg"]
            assert error["code"] in {1, 4, 5, 6, 7, 8, 11, 50, 100, 101, 102, 103}

    check()
    assert shared_database.problems() == []
