"""CNI plugins as processes: one call after another, many at once, memory. Any IPAM plugin, ours or a peer's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BARE = (os.path.realpath(sys.executable), "-I", "-S", "-c", "pass")
"""The floor of any program in Python: an interpreter that does nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A plugin's binary, the network configuration that it reads, and what it needs of an environment."""

    binary: str
    config: bytes
    environment: Mapping[str, str] = field(default_factory=dict)

    def call(self, command: str, pod: str) -> dict[str, str]:
        """The environment of a call for a pod of its own."""
        return {
            **self.environment,
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": f"{os.getpid()}-{pod}",
            "CNI_NETNS": "/var/run/netns/none",
            "CNI_IFNAME": "net1",
            "CNI_PATH": "/opt/cni/bin",
            "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME={os.getpid()}-{pod}",
        }


def timed(command: Sequence[str], environment: Mapping[str, str], config: bytes = b"") -> float:
    """Seconds from start to end of one process."""
    began = time.perf_counter()
    ran = subprocess.run(
        command, input=config, env=dict(environment), capture_output=True, check=False
    )
    took = time.perf_counter() - began
    if ran.returncode != 0:
        raise RuntimeError(f"{command} failed: {ran.stdout!r} {ran.stderr!r}")
    return took


def burst(
    command: Sequence[str], environments: Sequence[Mapping[str, str]], config: bytes = b""
) -> float:
    """Seconds until every one of many processes, started at once, has ended."""
    with tempfile.TemporaryFile() as file:
        file.write(config)
        file.flush()
        began = time.perf_counter()
        running = []
        for environment in environments:
            own = os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY)
            running.append(
                subprocess.Popen(command, stdin=own, stdout=subprocess.DEVNULL, env=environment)
            )
            os.close(own)
        failed = sum(process.wait() != 0 for process in running)
        took = time.perf_counter() - began
    if failed:
        raise RuntimeError(f"{failed} of {len(running)} processes failed")
    return took


def peak_memory(command: Sequence[str], environment: Mapping[str, str], config: bytes) -> float:
    """MiB: the largest resident set of the process.

    Started by a bare interpreter, since a process inherits the peak of the one that it was forked from.
    """
    starter = (
        "import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ);"
        "sys.stderr.write(str(os.wait4(pid, 0)[2].ru_maxrss))"
    )
    ran = subprocess.run(
        [*BARE[:3], "-c", starter, *command],
        input=config,
        env=dict(environment),
        capture_output=True,
        check=True,
    )
    return int(ran.stderr) / 1024
