"""The demo's node: if possible with a network and a real main plugin, as in the walkthrough.

This needs root, iproute2 and the reference CNI plugins. The node is a network namespace with the
walkthrough's interface, so the demo does not touch this machine's network. The server listens on
the loopback interface of that namespace.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rowhouse.demo.namespace import Namespace, NamespaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

MASTER: Final = "bond_ipvl.1720"
# In order of preference: the walkthrough has ipvlan.
_KINDS: Final = ("ipvlan", "macvlan")
_PLUGIN_FOLDERS: Final = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")


@dataclass(frozen=True, kw_only=True)
class MainPlugin:
    """The reference plugin `folder`/`kind`, whose kind of device the kernel supports."""

    kind: str
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Node:
    """Where the server and the plugins run.

    `enter` is the start of a command line that runs there. Without `main_plugin`, the node is this
    machine itself, and `lacking` says why.
    """

    enter: tuple[str, ...] = ()
    main_plugin: MainPlugin | None = None
    lacking: str = ""


@contextlib.contextmanager
def node() -> Iterator[Node]:
    """Provide the best node that this machine allows."""
    if lacking := _lacking():
        yield Node(lacking=", ".join(lacking))
        return
    with contextlib.ExitStack() as stack:
        try:
            namespace = stack.enter_context(Namespace("rowhouse-demo-node"))
            kind = _furnish(namespace)
        except NamespaceError as error:
            stack.close()
            yield Node(lacking=str(error))
            return
        folder = next(folder for folder in _plugin_folders() if (folder / kind).is_file())
        yield Node(enter=tuple(namespace.enter), main_plugin=MainPlugin(kind=kind, folder=folder))


def _lacking() -> list[str]:
    """Return what is missing for real interfaces."""
    lacking = [] if os.geteuid() == 0 else ["root"]
    if shutil.which("ip") is None:
        lacking.append("ip (Debian: iproute2)")
    lacking += [name for name in ("unshare", "nsenter") if shutil.which(name) is None]
    if not _plugin_folders():
        lacking.append("the reference CNI plugins (Debian: containernetworking-plugins)")
    return lacking


def _plugin_folders() -> list[Path]:
    named = [*filter(None, os.environ.get("CNI_PATH", "").split(":")), *_PLUGIN_FOLDERS]
    return [
        folder for folder in map(Path, named) if any((folder / kind).is_file() for kind in _KINDS)
    ]


def _furnish(namespace: Namespace) -> str:
    """Create loopback and the master interface; return the first kind of device that works on it."""
    namespace.run("ip", "link", "set", "lo", "up")
    namespace.run("ip", "link", "add", MASTER, "type", "veth", "peer", "name", "switch0")
    for end in (MASTER, "switch0"):
        namespace.run("ip", "link", "set", end, "up")
    failures = []
    for kind in _KINDS:
        if not any((folder / kind).is_file() for folder in _plugin_folders()):
            continue
        try:
            namespace.run("ip", "link", "add", "link", MASTER, "name", "probe", "type", kind)
            namespace.run("ip", "link", "delete", "probe")
        except NamespaceError as refusal:
            failures.append(str(refusal))
        else:
            return kind
    raise NamespaceError("; ".join(failures))
