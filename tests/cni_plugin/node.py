"""A node as the plugin sees it: settings, a spool, a token, and calls."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGES = Path(__file__).parents[2] / "cni_plugin"
TOKEN = "eyJhbGciOi.s3cr3t.tok3n"
NETCONF: dict[str, Any] = {
    "cniVersion": "0.3.1",
    "name": "ipvlan1720",
    "type": "ipvlan",
    "ipam": {"type": "whereabouts", "range": "10.11.88.96/28"},
}
ENVIRONMENT = {
    "CNI_COMMAND": "ADD",
    "CNI_CONTAINERID": "ctr-new",
    "CNI_NETNS": "/some/where",
    "CNI_IFNAME": "net1",
    "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=devops;K8S_POD_NAME=ipvl",
    "CNI_PATH": "/opt/cni/bin",
}
# As the bundle starts it, but with a default spool that belongs to the test.
START = """
import sys
sys.path.insert(0, sys.argv[1])
import rowhouse_cni.settings
rowhouse_cni.settings.DEFAULT_SPOOL = sys.argv[2]
{before}
from rowhouse_cni.plugin import main
main()
"""
# Code for `before`: an ADD gives up after a few tries, where how often it tries is not the question.
BRIEFLY = """
import rowhouse_cni.client
rowhouse_cni.client.KEEP_TRYING = 0.2
rowhouse_cni.client.PAUSE_AFTER_REFUSAL = 0.1
"""


@dataclass(frozen=True)
class Outcome:
    """What a call left behind."""

    exit_status: int
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def error(self) -> dict[str, Any]:
        """The CNI error object; fails if the call did."""
        assert self.exit_status == 1, self
        found: dict[str, Any] = json.loads(self.stdout)
        assert (
            {"cniVersion", "code", "msg"}
            <= found.keys()
            <= {
                "cniVersion",
                "code",
                "msg",
                "details",
            }
        )
        return found

    @property
    def code(self) -> int:
        code: int = self.error["code"]
        return code


class Node:
    """One node's files, and calls of the plugin on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = folder / "rowhouse.conf"
        self.spool = folder / "spool"
        self.default_spool = folder / "default" / "rowhouse" / "spool"
        self.token = folder / "token"
        self.token.write_text(TOKEN + "\n")

    def configure(self, *urls: str, **settings: str | float | Path) -> None:
        """Write the settings file; a value of "" leaves a key out."""
        values: dict[str, str | float | Path] = {
            "server": ", ".join(urls),
            "token_file": self.token,
            "spool": self.spool,
            "log_dirs": self.folder,
            "timeout": 5,
        }
        lines = [f"{key} = {value}" for key, value in (values | settings).items() if value != ""]
        self.settings.write_text("\n".join(lines) + "\n")

    def start(
        self,
        command: str = "ADD",
        *,
        netconf: dict[str, Any] | bytes = NETCONF,
        stdin: Any = None,
        before: str = "",
        program: list[str] | None = None,
        **environment: str | bytes | None,
    ) -> subprocess.Popen[bytes]:
        """Begin one call. ``environment``: changes to ENVIRONMENT, None removes."""
        variables: dict[str, str | bytes | None] = {
            **ENVIRONMENT,
            "CNI_COMMAND": command,
            "ROWHOUSE_CONFIG": str(self.settings),
            **environment,
        }
        start = [sys.executable, "-I", "-S", "-B", "-c", START.format(before=before)]
        process = subprocess.Popen(
            program or [*start, str(PACKAGES), str(self.default_spool)],
            env={name: value for name, value in variables.items() if value is not None},
            stdin=stdin or subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
        )
        if process.stdin:
            text = netconf if isinstance(netconf, bytes) else json.dumps(netconf).encode()
            with contextlib.suppress(BrokenPipeError):  # it need not wait for its input
                process.stdin.write(text)
                process.stdin.flush()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.stdin = None
        return process

    def call(self, command: str = "ADD", **options: Any) -> Outcome:
        """One whole call. That no token is ever shown is checked here, for all of them."""
        begun = time.monotonic()
        process = self.start(command, **options)
        stdout, stderr = process.communicate(timeout=240)
        outcome = Outcome(process.returncode, stdout, stderr, time.monotonic() - begun)
        assert TOKEN.encode() not in stdout + stderr
        assert b"Traceback" not in stderr
        return outcome

    @property
    def kept(self) -> list[str]:
        """The names in the spool, whatever they are."""
        return names_in(self.spool) if self.spool.exists() else []


def names_in(folder: Path) -> list[str]:
    """What a folder holds, by name."""
    return sorted(path.name for path in folder.iterdir())
