"""The plugin as a process: its start, whole calls, bursts, memory; against the bare interpreter and a peer.

The plain way is HTTP to the server; the deployed ways are TLS, directly and through the node's agent.

A peer is any other IPAM plugin: ROWHOUSE_BENCH_PEER=/usr/lib/cni/host-local names its binary, and
ROWHOUSE_BENCH_PEER_CONFIG a file with a network configuration for it (default: one for host-local).
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.database import fresh, server
from bench.deployed import costs, deployed
from bench.processes import BARE, Plugin, burst, peak_memory, timed
from bench.report import Measured
from bench.service import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.deployed import Deployed

REPEATS = 60
WARM = 5
BURSTS = {10: 10, 100: 5, 500: 3}
"""Processes at once, and how often."""

TARGETED_BURST = 100
DIRECT = "ADD directly over TLS"
THROUGH = "ADD through the agent to a TLS server"
TARGETS = {"VERSION": "<= 1.5", "ADD": "<= 1.5", DIRECT: "<= 1.9", THROUGH: "<= 1.4"}
BURST_TARGETS = {"ADD": "<= 1.4", THROUGH: "<= 1.3"}
CONFIG = b'{"cniVersion":"1.0.0","name":"mynet","type":"macvlan","ipam":{"type":"rowhouse","range":"10.0.0.0/8"}}'


def run() -> Iterator[Measured]:
    """VERSION needs no server; ADD and DEL go to real servers on a durable database."""
    with (
        server() as postgres,
        tempfile.TemporaryDirectory() as folder,
        contextlib.ExitStack() as stack,
    ):
        plugin = built(Path(folder) / "plugin")
        database = fresh(postgres).conninfo
        url = stack.enter_context(serving(Path(folder), database))
        node = stack.enter_context(deployed(Path(folder) / "node", database, plugin, CONFIG))
        settings = Path(folder) / "rowhouse.conf"
        settings.write_text(f"server = {url}\nnode = node1\nspool = {folder}/spool\n")
        ours = Plugin(
            binary=str(plugin),
            config=CONFIG,
            environment={"ROWHOUSE_CONFIG": str(settings)},
        )
        peer = _peer(Path(folder))
        yield from _one_by_one(ours, node, peer)
        yield from _at_once(ours, node, peer)
        yield from costs(node)
        yield Measured(
            part="plugin",
            what="peak memory of an ADD process",
            unit="MiB",
            runs=(peak_memory([ours.binary], ours.call("ADD", "memory"), CONFIG),),
            target="<= 16",
        )


def built(folder: Path) -> Path:
    """Build the plugin from the sources at hand. One from `make plugin` may be older than they are."""
    subprocess.run([sys.executable, "-m", "plugin_bundle", folder], check=True, stdout=sys.stderr)
    return folder / "rowhouse"


def _peer(folder: Path) -> Plugin | None:
    binary = os.environ.get("ROWHOUSE_BENCH_PEER")
    if not binary:
        return None
    if file := os.environ.get("ROWHOUSE_BENCH_PEER_CONFIG"):
        return Plugin(binary=binary, config=Path(file).read_bytes())
    ranges = {"ranges": [[{"subnet": "10.0.0.0/8"}]], "dataDir": str(folder / "peer")}
    ipam = {"type": Path(binary).name, **ranges}
    config = {"cniVersion": "1.0.0", "name": "mynet", "type": "macvlan", "ipam": ipam}
    return Plugin(binary=binary, config=json.dumps(config).encode())


def _one_by_one(ours: Plugin, node: Deployed, peer: Plugin | None) -> Iterator[Measured]:
    floor: list[float] = []
    series: dict[str, list[float]] = {}
    for i in range(REPEATS + WARM):  # in turn, so that a noisy moment meets each of them
        took = {"bare": timed(BARE, {})}
        for command in ("VERSION", "ADD", "DEL"):
            took[command] = timed([ours.binary], ours.call(command, f"one-{i}"), CONFIG)
        for name, way in ((DIRECT, node.direct), (THROUGH, node.through)):
            took[name] = timed(
                [way.binary], way.call("ADD", f"{name.replace(' ', '-')}-{i}"), CONFIG
            )
        if peer:
            for command in ("ADD", "DEL"):
                environment = peer.call(command, f"one-{i}")
                took[f"peer {command}"] = timed([peer.binary], environment, peer.config)
        if i >= WARM:
            floor.append(took.pop("bare") * 1000)
            for name, seconds in took.items():
                series.setdefault(name, []).append(seconds * 1000)
    for name, runs in series.items():
        of_peer = name.startswith("peer")
        who = f"{Path(peer.binary).name}: " if peer and of_peer else ""
        yield Measured(
            part="plugin",
            what=f"{who}{name.removeprefix('peer ')}, process included, one after another",
            unit="ms",
            runs=tuple(runs),
            floor_name="the bare isolated interpreter",
            floor_runs=tuple(floor),
            target=TARGETS.get(name, ""),
        )


def _at_once(ours: Plugin, node: Deployed, peer: Plugin | None) -> Iterator[Measured]:
    for many, rounds in BURSTS.items():
        is_targeted = many == TARGETED_BURST
        ways = {"ADD": ours}
        if is_targeted:
            ways |= {DIRECT: node.direct, THROUGH: node.through}
        if peer:
            ways[f"{Path(peer.binary).name}: ADD"] = peer
        bare: list[float] = []
        series: dict[str, list[float]] = {name: [] for name in ways}
        for i in range(rounds):
            bare.append(burst(BARE, [{}] * many))
            for position, (name, way) in enumerate(ways.items()):
                pods = [f"burst-{many}-{position}-{i}-{n}" for n in range(many)]
                series[name].append(burst([way.binary], _adds(way, pods), way.config))
        for name, runs in series.items():
            yield Measured(
                part="plugin",
                what=f"{many} at once: {name}",
                unit="s",
                runs=tuple(runs),
                floor_name=f"{many} bare interpreters at once",
                floor_runs=tuple(bare),
                target=BURST_TARGETS.get(name, "") if is_targeted else "",
            )


def _adds(plugin: Plugin, pods: Sequence[str]) -> list[dict[str, str]]:
    return [plugin.call("ADD", pod) for pod in pods]
