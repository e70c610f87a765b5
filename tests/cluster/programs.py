"""kubectl and helm, as an operator types them; every command and what it printed is kept."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Object = dict[str, Any]
MAX_SHOWN = 4000  # characters of a command's output that the log of a test repeats


class CommandFailedError(AssertionError):
    """A command that had to succeed did not."""


@dataclass(frozen=True)
class Program:
    """A program for one cluster; `log` gets every command with its output."""

    path: Path
    kubeconfig: Path
    log: Path

    def run(
        self,
        *arguments: str,
        stdin: str | None = None,
        seconds: float = 120.0,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end. Raise CommandFailedError unless it succeeds or `check` is False."""
        typed = f"$ {self.path.name} {shlex.join(arguments)}"
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        try:
            done = subprocess.run(
                [self.path, *arguments],
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
                env=environment,
            )
        except subprocess.TimeoutExpired as late:
            self._keep(f"{typed}\n(not done after {seconds:g} s)\n")
            raise CommandFailedError(f"{typed}\nwas not done after {seconds:g} s") from late
        printed = done.stdout + done.stderr
        given = f" <<'EOF'\n{stdin}\nEOF" if stdin is not None else ""
        self._keep(f"{typed}{given}\n{printed}")
        shown = printed if len(printed) <= MAX_SHOWN else f"{printed[:MAX_SHOWN]}…"
        print(f"{typed}\n{shown}")  # noqa: T201 - the report of a test shows what an operator would see
        if check and done.returncode != 0:
            raise CommandFailedError(f"{typed}\nended with status {done.returncode}\n{printed}")
        return done

    def text(self, *arguments: str, stdin: str | None = None, seconds: float = 120.0) -> str:
        """What it prints on standard output."""
        return self.run(*arguments, stdin=stdin, seconds=seconds).stdout

    def _keep(self, text: str) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            log.write(f"{text}\n")


class Kubectl(Program):
    """kubectl, and what the suite needs of it most."""

    def get(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """An object, or None."""
        where = ["--namespace", namespace] if namespace else []
        line = ["get", kind, name, *where, "--output=json", "--ignore-not-found"]
        printed = self.text(*line)
        return dict(json.loads(printed)) if printed.strip() else None

    def list(self, kind: str, namespace: str = "", selector: str = "") -> list[Object]:
        """All objects of a kind in a namespace, or (without) everywhere."""
        where = ["--namespace", namespace] if namespace else ["--all-namespaces"]
        labels = ["--selector", selector] if selector else []
        return list(json.loads(self.text("get", kind, *where, *labels, "--output=json"))["items"])

    def knows(self, kind: str) -> bool:
        """Whether the cluster has a kind, and this account may read it."""
        return (
            self.run("get", kind, "--all-namespaces", "--output=name", check=False).returncode == 0
        )

    def may(self, verb: str, resource: str) -> bool:
        """Whether this account may do something everywhere."""
        line = ["auth", "can-i", verb, resource, "--all-namespaces"]
        return self.run(*line, check=False).stdout.strip() == "yes"

    def apply(self, *objects: Object) -> None:
        """Create or change objects."""
        line = ["apply", "--server-side", "--force-conflicts", "--filename=-"]
        self.run(*line, stdin=yaml.safe_dump_all(objects, sort_keys=False))

    def delete(self, kind: str, name: str, namespace: str = "", *more: str) -> None:
        """Delete an object, if it is there, and wait until it is gone."""
        where = ["--namespace", namespace] if namespace else []
        self.run("delete", kind, name, *where, "--ignore-not-found", *more, seconds=600)

    def execute(self, namespace: str, target: str, container: str, *line: str) -> str:
        """What a command prints in a container."""
        where = ["--namespace", namespace, target, "--container", container]
        return self.text("exec", *where, "--", *line, seconds=180)
