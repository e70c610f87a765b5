"""Does what a Dockerfile says without a container engine: each stage is a copy of a root file system.

ARG, FROM, WORKDIR, COPY, RUN, ENV, USER and what only labels an image; anything else is refused.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from image.root import in_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from image.root import Bind

_VARIABLE = re.compile(
    r"\$\{(?P<name>\w+)(?::\+(?P<if_set>(?:\$\{\w+\}|[^{}])*))?\}|\$(?P<bare>\w+)"
)
_ASSIGNMENT = re.compile(r'(?P<name>[\w.]+)=(?P<value>"[^"]*"|\S*)')


@dataclass
class Stage:
    """One stage, or the image that the last one makes."""

    root: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    command: list[str] = field(default_factory=list)

    def resolved(self, text: str) -> str:
        """Text with its variables replaced."""
        return substituted(text, self.arguments | self.environment)


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """(instruction, the rest), comments gone and lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    for line in joined.splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name.upper(), rest.strip()


def substituted(text: str, variables: dict[str, str]) -> str:
    """`$A`, `${A}` and `${A:+B}`, as the engines read them."""

    def value(found: re.Match[str]) -> str:
        name = found["name"] or found["bare"]
        if found["if_set"] is not None:
            return substituted(found["if_set"], variables) if variables.get(name) else ""
        return variables.get(name, "")

    return _VARIABLE.sub(value, text)


class Build:
    """A build of a Dockerfile.

    Args:
        context: the folder that it copies from; its .dockerignore names what may be copied.
        base: a root file system that stands for the image that FROM names.
        scratch: a folder for the stages.
        arguments: values for ARGs.
        environment: variables of RUN beyond those of the Dockerfile, as engines add a proxy's.
        binds: files of this machine that RUN sees.
    """

    def __init__(
        self,
        *,
        context: Path,
        base: Path,
        scratch: Path,
        arguments: dict[str, str],
        environment: dict[str, str],
        binds: list[Bind],
    ) -> None:
        self.context = context
        self.base = base
        self.scratch = scratch
        self.given = arguments
        self.environment = environment
        self.binds = binds
        self.stages: list[Stage] = []
        self.bases: list[str] = []
        ignore = (context / ".dockerignore").read_text().splitlines()
        self.copied = {line[1:] for line in ignore if line.startswith("!")}

    def run(self) -> Stage:
        """Do all of it; the last stage."""
        for name, rest in instructions((self.context / "Dockerfile").read_text()):
            getattr(self, f"_{name.lower()}")(rest)
        return self.stages[-1]

    def _arg(self, rest: str) -> None:
        name, _, default = rest.partition("=")
        outer = self.__dict__.setdefault("outer", {})
        if self.stages:
            value = self.given.get(name, default or outer.get(name, ""))
            self.stages[-1].arguments[name] = value
        else:
            outer[name] = self.given.get(name, default)

    def _from(self, rest: str) -> None:
        image, _, name = rest.partition(" AS ")
        self.bases.append(substituted(image, self.__dict__["outer"]))
        root = self.scratch / f"stage-{len(self.stages)}"
        subprocess.run(["cp", "-a", "--reflink=auto", self.base, root], check=True)
        self.stages.append(Stage(root, name))

    def _workdir(self, rest: str) -> None:
        stage = self.stages[-1]
        stage.folder = stage.resolved(rest)
        (stage.root / stage.folder.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _env(self, rest: str) -> None:
        self._assign(rest, self.stages[-1].environment)

    def _label(self, rest: str) -> None:
        self._assign(rest, self.stages[-1].labels)

    def _assign(self, rest: str, to: dict[str, str]) -> None:
        for found in _ASSIGNMENT.finditer(rest):
            to[found["name"]] = self.stages[-1].resolved(found["value"].strip('"'))

    def _user(self, rest: str) -> None:
        self.stages[-1].user = rest

    def _expose(self, rest: str) -> None:
        assert rest.isdecimal()

    def _cmd(self, rest: str) -> None:
        self.stages[-1].command = json.loads(rest)

    def _copy(self, rest: str) -> None:
        stage = self.stages[-1]
        words = [stage.resolved(word) for word in shlex.split(rest)]
        source_root = self.context
        if words[0].startswith("--from="):
            name = words.pop(0).partition("=")[2]
            (source_root,) = [one.root for one in self.stages if one.name == name]
        *sources, target = words
        into = stage.root / (Path(stage.folder) / target).as_posix().lstrip("/")
        for source in sources:
            if source_root == self.context:
                assert source in self.copied, f"{source} is not sent: see .dockerignore"
            there = source_root / source.lstrip("/")
            if there.is_dir():
                shutil.copytree(
                    there,
                    into,
                    symlinks=True,
                    dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__"),
                )
            elif target.endswith("/"):
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy2(there, into / there.name)
            else:
                shutil.copy2(there, into)

    def _run(self, rest: str) -> None:
        stage = self.stages[-1]
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        given = path | self.environment | stage.arguments | stage.environment
        done = subprocess.run(
            in_root(
                stage.root,
                ["sh", "-c", f"cd {stage.folder} && {rest}"],
                user=stage.user,
                binds=self.binds,
            ),
            env=given,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"RUN {rest}\n{done.stdout}{done.stderr}"
