"""The plugin as a process: its start, a whole ADD, bursts, memory; against the bare interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.database import fresh, server
from bench.report import Measured
from bench.service import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLUGIN = Path("build/plugin/rowhouse")
REPEATS = 60
BURST = 100
ROUNDS = 5
CONFIG = b'{"cniVersion":"1.0.0","name":"mynet","type":"macvlan","ipam":{"type":"rowhouse","range":"10.0.0.0/8"}}'


def run() -> Iterator[Measured]:
    """VERSION needs no server; ADD goes to the real server on a durable database."""
    if not PLUGIN.exists():
        raise SystemExit(f"{PLUGIN} is missing: make plugin")
    bare = [sys.executable, "-I", "-S", "-c", "pass"]
    interpreter = [os.path.realpath(sys.executable), *bare[1:]]
    plugin = [str(PLUGIN.absolute())]
    version_env = {"CNI_COMMAND": "VERSION"}
    with server() as postgres, tempfile.TemporaryDirectory() as folder:
        database = fresh(postgres)
        with serving(Path(folder), database.conninfo) as url:
            settings = Path(folder) / "rowhouse.conf"
            settings.write_text(f"server = {url}\nnode = node1\nspool = {folder}/spool\n")
            floor: list[float] = []
            version: list[float] = []
            add: list[float] = []
            for i in range(REPEATS + 5):  # in turn, so that a noisy moment meets each of them
                took = (
                    _timed(interpreter, {}),
                    _timed(plugin, version_env),
                    _timed(plugin, _add(settings, f"one-{i}")),
                )
                if i >= 5:  # noqa: PLR2004 - the first ones warm the caches
                    for series, seconds in zip((floor, version, add), took, strict=True):
                        series.append(seconds * 1000)
            for what, runs, target in (
                ("VERSION, process included", version, "<= 1.5"),
                ("ADD, process included, one after another", add, "<= 1.5"),
            ):
                yield Measured(
                    part="plugin",
                    what=what,
                    unit="ms",
                    runs=tuple(runs),
                    floor_name="the bare isolated interpreter",
                    floor_runs=tuple(floor),
                    target=target,
                )
            bursts: list[float] = []
            bare_bursts: list[float] = []
            for i in range(ROUNDS):
                bare_bursts.append(_burst(interpreter, [{}] * BURST))
                bursts.append(
                    _burst(plugin, [_add(settings, f"burst-{i}-{n}") for n in range(BURST)])
                )
            yield Measured(
                part="plugin",
                what=f"{BURST} ADD processes at once",
                unit="s",
                runs=tuple(bursts),
                floor_name=f"{BURST} bare interpreters at once",
                floor_runs=tuple(bare_bursts),
                target="<= 1.4",
            )
            yield Measured(
                part="plugin",
                what="peak memory of an ADD process",
                unit="MiB",
                runs=(_peak_memory(plugin, _add(settings, "memory")),),
                target="<= 16",
            )


def _add(settings: Path, name: str) -> dict[str, str]:
    return {
        "ROWHOUSE_CONFIG": str(settings),
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": f"{os.getpid()}-{name}",
        "CNI_NETNS": "/var/run/netns/none",
        "CNI_IFNAME": "net1",
        "CNI_PATH": "/opt/cni/bin",
        "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME={os.getpid()}-{name}",
    }


def _timed(command: list[str], environment: Mapping[str, str]) -> float:
    """Seconds from start to end of one process."""
    began = time.perf_counter()
    ran = subprocess.run(
        command, input=CONFIG, env=dict(environment), capture_output=True, check=False
    )
    took = time.perf_counter() - began
    if ran.returncode != 0:
        raise RuntimeError(f"{command} failed: {ran.stdout!r} {ran.stderr!r}")
    return took


def _burst(command: list[str], environments: list[dict[str, str]]) -> float:
    """Seconds until every one of many processes, started at once, has ended."""
    with tempfile.TemporaryFile() as config:
        config.write(CONFIG)
        config.flush()
        began = time.perf_counter()
        running = [
            subprocess.Popen(
                command,
                stdin=os.open(f"/proc/self/fd/{config.fileno()}", os.O_RDONLY),
                stdout=subprocess.DEVNULL,
                env=environment,
            )
            for environment in environments
        ]
        failed = sum(process.wait() != 0 for process in running)
        took = time.perf_counter() - began
    if failed:
        raise RuntimeError(f"{failed} of {len(running)} processes failed")
    return took


def _peak_memory(command: list[str], environment: dict[str, str]) -> float:
    """MiB: the largest resident set of the process.

    Started by a bare interpreter, since a process inherits the peak of the one that it was forked from.
    """
    starter = (
        "import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ);"
        "sys.stderr.write(str(os.wait4(pid, 0)[2].ru_maxrss))"
    )
    ran = subprocess.run(
        [os.path.realpath(sys.executable), "-I", "-S", "-c", starter, *command],
        input=CONFIG,
        env=environment,
        capture_output=True,
        check=True,
    )
    return int(ran.stderr) / 1024
