"""Remove everything from the host, except DELs that no server accepted."""

import errno
import os
import socket
import stat
import threading
import time
from pathlib import Path

from rowhouse_cni.agent import HUNG
from rowhouse_cni.errors import CniError
from rowhouse_cni.settings import list_of_spools, load, spools_of
from rowhouse_cni.spool import SpoolUnusableError
from rowhouse_cni.spool_entry import REFUSED, names_in
from rowhouse_node import durable, supplies
from rowhouse_node.daemon import Daemon
from rowhouse_node.log import say
from rowhouse_node.options import Options

MOUNTED = {errno.EBUSY, errno.EROFS, errno.EACCES, errno.EPERM}


def uninstall(daemon: Daemon) -> None:
    """Remove everything, whether or not servers accept the kept DELs. Raise OSError."""
    spools = spools_in_use(daemon.options)
    _attempt(daemon)
    _take_back(daemon.options, spools)
    say(f"the plugin is gone from {daemon.options.bin_dir}")


def stay(daemon: Daemon, stop: threading.Event) -> None:
    """The same, but keep the node's credentials, and send kept DELs until servers have accepted all of them.

    Until then the daemon is not ready, and says why. If it is stopped earlier, the DELs stay on the host.
    """
    options = daemon.options
    spools = spools_in_use(options)
    is_done = False
    while not stop.is_set():
        if not is_done:
            problem = _refresh_and_attempt(daemon)
            try:
                if not daemon.state.kept and not problem:
                    _take_back(options, spools)
                    is_done = True
                    say(f"the plugin is gone from {options.bin_dir}")
            except OSError as failure:
                problem = str(failure)
            if problem != daemon.state.problem and problem:
                say(problem)
            daemon.state.problem = problem
        daemon.state.round_ended = time.monotonic()
        stop.wait(options.period)
    if not is_done:
        _take_back(options, spools)


def spools_in_use(options: Options) -> list[str]:
    """Where DELs of this node's plugin may be kept."""
    try:
        return spools_of(load({b"ROWHOUSE_CONFIG": os.fsencode(options.settings_file)}))
    except CniError:
        return [str(options.spool)]


def _refresh_and_attempt(daemon: Daemon) -> str:
    """The problem that remains on the host; empty if it is clean."""
    try:
        if daemon.options.settings_file.exists() and (
            daemon.options.server or daemon.options.service
        ):
            daemon.supply()  # a token is valid for ten minutes
    except (OSError, CniError, supplies.SuppliesMissing) as trouble:
        say(f"cannot renew the supplies: {trouble}")
    try:
        trouble_with_replay = _attempt(daemon)
    except OSError as failure:
        return str(failure)
    if kept := daemon.state.kept:
        return (
            f"{kept} DELs that no server accepted are kept in {daemon.options.spool}:"
            f" {trouble_with_replay or 'they are sent again'}"
        )
    return ""


def _attempt(daemon: Daemon) -> str:
    """Send what is kept and remove the plugin; return the problem with sending. Raise OSError."""
    trouble = ""
    try:
        daemon.replay()
    except (OSError, CniError, SpoolUnusableError) as failure:
        trouble = str(failure)
        say(f"can't replay what is kept: {trouble}")
    daemon.state.kept = sum(len(names_in(spool)) for spool in spools_in_use(daemon.options))
    with durable.locked(daemon.options.lock):
        daemon.plugin.uninstall()
    return trouble


def _take_back(options: Options, spools: list[str]) -> None:
    """Remove supplies, lock and empty folders; log what stays. Raise OSError."""
    kept = {spool: len(names_in(spool)) for spool in spools}
    with durable.locked(options.lock):
        if not any(kept.values()):
            durable.remove(Path(list_of_spools(str(options.settings_file))))
        supplies.take_back(options)
        _remove_dead_sockets(options)
        durable.remove(options.lock)
    for folder in [options.config_dir, *_folders_of(spools), options.state_dir]:
        _remove_empty(folder)
    for spool, number in kept.items():
        if number:
            say(f"{number} DELs that no server accepted stay in {spool}")
        elif refused := len(names_in(f"{spool}/{REFUSED}")):
            say(f"{refused} DELs that a server refused for good stay in {spool}/{REFUSED}")


def _remove_dead_sockets(options: Options) -> None:
    """Remove the socket that a killed agent left; an agent that listens removes its own. Raise OSError."""
    if options.agent_socket is None:
        return
    for path in (str(options.agent_socket), str(options.agent_socket) + HUNG):
        if _is_dead_socket(path):
            durable.remove(Path(path))
    _remove_empty(options.agent_socket.parent)


def _is_dead_socket(path: str) -> bool:
    """Whether this is a unix socket at which no process listens."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
    except FileNotFoundError:
        return False
    with socket.socket(socket.AF_UNIX) as attempt:
        attempt.settimeout(0)  # the queue of a hanging agent may be full
        try:
            attempt.connect(path)
        except ConnectionRefusedError:
            return True
        except BlockingIOError:
            pass
    return False


def _folders_of(spools: list[str]) -> list[Path]:
    return [Path(folder) for spool in spools for folder in (f"{spool}/{REFUSED}", spool)]


def _remove_empty(folder: Path) -> None:
    """Remove an empty folder, unless it is a mount point of this container."""
    try:
        if not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
        durable.flush(folder.parent)
    except OSError as failure:
        if failure.errno not in MOUNTED:
            raise
        say(f"the empty folder {folder} stays: it is mounted here")
