"""Plays the container runtime and multus: calls a CNI plugin (CNI SPEC, section 2)."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rowhouse.demo.errors import DemoError
from rowhouse.demo.programs import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INTERFACE: Final = "net1"
_WIDTH: Final = 88


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod's sandbox.

    `netns` is the path of its network namespace, `enter` the start of a command line that runs in
    it; `enter` is empty if the namespace does not exist.
    """

    namespace: str
    name: str
    container_id: str
    netns: str
    enter: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name as kubectl and whereabouts write it: namespace/name."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result of a plugin call. `body` is its standard output, `notes` its standard error."""

    exit_status: int
    body: str
    notes: str

    def document(self) -> dict[str, Any]:
        """Parse the body, which must be a JSON object.

        Raises:
            DemoError: it is not.
        """
        try:
            found = json.loads(self.body)
        except json.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise DemoError(f"the plugin's answer is not a JSON object: {self.body!r} {self.notes}")
        return found


class Runtime:
    """Calls `plugin`.

    Args:
        plugin: the executable.
        path: the folders for CNI_PATH, where a main plugin looks for the one in `ipam.type`.
        settings: the plugin's settings file.
        enter: the start of a command line that runs on the node.
    """

    def __init__(
        self, plugin: Path, *, path: Sequence[Path], settings: Path, enter: Sequence[str]
    ) -> None:
        self._plugin = plugin
        self._path = ":".join(map(str, path))
        self._settings = settings
        self._enter = enter

    def as_typed(self, command: str, pod: Pod, network: Path) -> str:
        """Return the call as a shell command, on several lines."""
        words = [f"{name}={shlex.quote(value)}" for name, value in self._of(command, pod)]
        words.append(f"{shlex.quote(str(self._plugin))} < {shlex.quote(str(network))}")
        lines = [words[0]]
        for word in words[1:]:
            if len(lines[-1]) + len(word) > _WIDTH:
                lines.append(word)
            else:
                lines[-1] += f" {word}"
        return " \\\n".join(lines)

    def call(self, command: str, pod: Pod, network: Path) -> Answer:
        """Call the plugin with the configuration in the file `network`."""
        done = run(
            [*self._enter, str(self._plugin)],
            given=network.read_text(encoding="utf-8"),
            variables=dict(self._of(command, pod)),
        )
        return Answer(exit_status=done.returncode, body=done.stdout, notes=done.stderr)

    def _of(self, command: str, pod: Pod) -> list[tuple[str, str]]:
        # The arguments of multus that identify the pod.
        arguments = {
            "IgnoreUnknown": "1",
            "K8S_POD_NAMESPACE": pod.namespace,
            "K8S_POD_NAME": pod.name,
        }
        return [
            ("CNI_COMMAND", command),
            ("CNI_IFNAME", INTERFACE),
            ("CNI_NETNS", pod.netns),
            ("CNI_CONTAINERID", pod.container_id),
            ("CNI_ARGS", ";".join(f"{key}={value}" for key, value in arguments.items())),
            ("CNI_PATH", self._path),
            ("ROWHOUSE_CONFIG", str(self._settings)),
        ]
