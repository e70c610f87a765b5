"""Brings an image archive onto the nodes, where no registry has the image."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cluster.settings import Settings

_SECONDS = 900.0


class CannotLoadError(AssertionError):
    """The archive does not reach the nodes."""


def commands(settings: Settings, nodes: Iterable[str], context: str) -> list[list[str]]:
    """How to load `settings.archive`: a command for all nodes, or one for each. Raise CannotLoadError.

    `LOAD` is a command line in which {archive} and {node} stand for what they say; with {node} it is run for
    each node. Without `LOAD` the context of the kubeconfig tells kind, k3d and minikube.
    """
    archive = str(settings.archive)
    if settings.load:
        targets = list(nodes) if "{node}" in settings.load else [""]
        return [
            [word.format(archive=archive, node=node) for word in shlex.split(settings.load)]
            for node in targets
        ]
    kind, _, name = context.partition("-")
    if kind == "kind" and name:
        return [["kind", "load", "image-archive", archive, "--name", name]]
    if kind == "k3d" and name:
        return [["k3d", "image", "import", archive, "--cluster", name]]
    if context == "minikube":
        return [["minikube", "image", "load", archive]]
    raise CannotLoadError(
        f"ARCHIVE={archive}: the context {context!r} is no kind, k3d or minikube cluster. Name a command in LOAD,"
        " such as LOAD='scp {archive} {node}:/tmp/image.tar' or a script, or push the image and name it in IMAGE."
    )


def load(settings: Settings, nodes: Iterable[str], context: str) -> None:
    """Run them. Raise CannotLoadError."""
    for line in commands(settings, nodes, context):
        if shutil.which(line[0]) is None:
            raise CannotLoadError(
                f"{line[0]} is not installed here: needed for `{shlex.join(line)}`"
            )
        done = subprocess.run(line, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode != 0:
            raise CannotLoadError(f"`{shlex.join(line)}` failed: {done.stdout}{done.stderr}")
