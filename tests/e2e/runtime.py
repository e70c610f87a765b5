"""A container runtime as far as CNI sees one: it runs main plugins, and they run our IPAM plugin."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fixtures.calls import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.machine import Namespace

NEWEST_FIRST = ("1.1.0", "1.0.0", "0.4.0", "0.3.1")


@dataclass(frozen=True)
class Pod:
    """A pod's sandbox and its interface."""

    name: str
    namespace: Namespace
    interface: str = "net1"

    @property
    def container_id(self) -> str:
        """The sandbox's id."""
        return f"sandbox-{self.name}-{self.namespace.name}"


@dataclass
class Runtime:
    """Runs the plugins of the folders `reference` and `ours`."""

    reference: Path
    ours: Path
    settings: Path
    results: dict[tuple[str, str], Any] = field(default_factory=dict)

    def call(
        self, command: str, config: dict[str, Any], pod: Pod | None = None, *, plugin: str = ""
    ) -> Answer:
        """Run a command of the plugin that `config` names; `prevResult` is that of the last ADD."""
        key = (pod.container_id, pod.interface) if pod else ("", "")
        if command in {"CHECK", "DEL"} and key in self.results:
            config = {**config, "prevResult": self.results[key]}
        kind = plugin or config["type"]
        folder = self.ours if (self.ours / kind).exists() else self.reference
        done = subprocess.run(
            [folder / kind],
            input=json.dumps(config).encode(),
            capture_output=True,
            env={
                "PATH": os.environ["PATH"],
                "CNI_COMMAND": command,
                "CNI_PATH": f"{self.ours}:{self.reference}",
                "ROWHOUSE_CONFIG": str(self.settings),
                **(_of_pod(pod) if pod else {}),
            },
            timeout=240,
            check=False,
        )
        answer = Answer(
            exit_status=done.returncode,
            stdout=done.stdout,
            stderr=done.stderr.decode("utf-8", "replace"),
        )
        if command == "ADD" and answer.exit_status == 0:
            self.results[key] = answer.document
        return answer

    def add(self, config: dict[str, Any], pod: Pod) -> dict[str, Any]:
        """An ADD that must succeed; its result."""
        answer = self.call("ADD", config, pod)
        assert answer.exit_status == 0, answer
        return answer.document

    def succeed(self, command: str, config: dict[str, Any], pod: Pod) -> None:
        """A CHECK or DEL that must succeed, and say nothing."""
        answer = self.call(command, config, pod)
        assert (answer.exit_status, answer.stdout) == (0, b""), answer

    def newest(self, plugin: str, wanted: str) -> str:
        """The newest CNI version up to `wanted` that an installed main plugin speaks."""
        answer = self.call("VERSION", {"cniVersion": wanted}, plugin=plugin)
        spoken = answer.document["supportedVersions"]
        return next(v for v in NEWEST_FIRST[NEWEST_FIRST.index(wanted) :] if v in spoken)


def _of_pod(pod: Pod) -> dict[str, str]:
    return {
        "CNI_CONTAINERID": pod.container_id,
        "CNI_NETNS": pod.namespace.path,
        "CNI_IFNAME": pod.interface,
        "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE=devops;K8S_POD_NAME={pod.name};"
        f"K8S_POD_INFRA_CONTAINER_ID={pod.container_id}",
    }
