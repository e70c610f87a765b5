"""DELs that the plugin of 0.1.0 kept on a real node, in the spool of the present one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cni.recorded.calls import calls_of
from fixtures.apiserver.kinds import RECORDED
from fixtures.calls import OverHttp, ThroughPlugin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures.wiping import SharedDatabase

KEPT = json.loads((RECORDED / "cni" / "kept-dels-of-the-plugin.json").read_bytes())


def test_dels_that_were_kept_on_a_node_are_made_up_for(
    shared_database: SharedDatabase,
    url_of: Callable[[str], str],
    plugin: Path,
    tmp_path: Path,
) -> None:
    shared_database.wipe()
    straight = OverHttp(url_of("default"))
    for recorded in calls_of("rowhouse-twice"):
        if recorded.command == "ADD":
            assert straight.run(recorded.call).exit_status == 0
    through = ThroughPlugin(plugin, url_of("default"), tmp_path)
    through.spool.mkdir(mode=0o700)
    for one in KEPT:
        head, _, netconf = one["content"].partition("\n\n")
        settings = f"Rowhouse-Settings: {through.settings('node1')}"
        head = re.sub("^Rowhouse-Settings: .*$", settings, head, flags=re.MULTILINE)
        file = through.spool / one["name"]
        # The recording has lost the carriage returns.
        file.write_bytes((head.replace("\n", "\r\n") + "\r\n\r\n" + netconf).encode())
        file.chmod(0o600)
    [add] = [one for one in calls_of("rowhouse-long-name") if one.command == "ADD"]
    for _ in KEPT:  # a call makes up for as many as it has time for
        assert through.run(add.call).exit_status == 0
    assert [file.name for file in through.spool.rglob("*") if "@" in file.name] == []
    holders = shared_database.rows("SELECT name FROM rowhouse.current_reservations")
    arguments = dict(one.split("=", 1) for one in add.environment["CNI_ARGS"].split(";"))
    assert {name for (name,) in holders} == {arguments["K8S_POD_NAME"]}
