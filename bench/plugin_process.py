"""The plugin as a process: its start, whole calls, bursts, memory; against the bare interpreter and a peer.

A peer is any other IPAM plugin: ROWHOUSE_BENCH_PEER=/usr/lib/cni/host-local names its binary, and
ROWHOUSE_BENCH_PEER_CONFIG a file with a network configuration for it (default: one for host-local).
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.database import fresh, server
from bench.processes import BARE, Plugin, burst, peak_memory, timed
from bench.report import Measured
from bench.service import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLUGIN = Path("build/plugin/rowhouse")
REPEATS = 60
WARM = 5
BURSTS = {10: 10, 100: 5, 500: 3}
"""Processes at once, and how often."""

TARGETED_BURST = 100
CONFIG = b'{"cniVersion":"1.0.0","name":"mynet","type":"macvlan","ipam":{"type":"rowhouse","range":"10.0.0.0/8"}}'


def run() -> Iterator[Measured]:
    """VERSION needs no server; ADD and DEL go to the real server on a durable database."""
    if not PLUGIN.exists():
        raise SystemExit(f"{PLUGIN} is missing: make plugin")
    with (
        server() as postgres,
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), fresh(postgres).conninfo) as url,
    ):
        settings = Path(folder) / "rowhouse.conf"
        settings.write_text(f"server = {url}\nnode = node1\nspool = {folder}/spool\n")
        ours = Plugin(
            binary=str(PLUGIN.absolute()),
            config=CONFIG,
            environment={"ROWHOUSE_CONFIG": str(settings)},
        )
        peer = _peer(Path(folder))
        yield from _one_by_one(ours, peer)
        yield from _at_once(ours, peer)
        yield Measured(
            part="plugin",
            what="peak memory of an ADD process",
            unit="MiB",
            runs=(peak_memory([ours.binary], ours.call("ADD", "memory"), CONFIG),),
            target="<= 16",
        )


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


def _one_by_one(ours: Plugin, peer: Plugin | None) -> Iterator[Measured]:
    floor: list[float] = []
    series: dict[str, list[float]] = {}
    for i in range(REPEATS + WARM):  # in turn, so that a noisy moment meets each of them
        took = {"bare": timed(BARE, {})}
        for command in ("VERSION", "ADD", "DEL"):
            took[command] = timed([ours.binary], ours.call(command, f"one-{i}"), CONFIG)
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
            target="" if of_peer or name == "DEL" else "<= 1.5",
        )


def _at_once(ours: Plugin, peer: Plugin | None) -> Iterator[Measured]:
    for many, rounds in BURSTS.items():
        bare, adds, peers = [], [], []
        for i in range(rounds):
            pods = [f"burst-{many}-{i}-{n}" for n in range(many)]
            bare.append(burst(BARE, [{}] * many))
            adds.append(burst([ours.binary], _adds(ours, pods), CONFIG))
            if peer:
                peers.append(burst([peer.binary], _adds(peer, pods), peer.config))
        yield Measured(
            part="plugin",
            what=f"{many} ADD processes at once",
            unit="s",
            runs=tuple(adds),
            floor_name=f"{many} bare interpreters at once",
            floor_runs=tuple(bare),
            target="<= 1.4" if many == TARGETED_BURST else "",
        )
        if peer:
            yield Measured(
                part="plugin",
                what=f"{Path(peer.binary).name}: {many} ADD processes at once",
                unit="s",
                runs=tuple(peers),
                floor_name=f"{many} bare interpreters at once",
                floor_runs=tuple(bare),
            )


def _adds(plugin: Plugin, pods: Sequence[str]) -> list[dict[str, str]]:
    return [plugin.call("ADD", pod) for pod in pods]
