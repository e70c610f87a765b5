"""How a plugin call uses the spool: it keeps its own DEL, and replays those of others.

Imported only when there is something to keep or to replay.
"""

import posix
from _signal import (  # type: ignore[import-not-found]  # signal itself imports enum
    ITIMER_REAL,
    SIGALRM,
    setitimer,
    signal,
)
from time import monotonic, monotonic_ns

from rowhouse_cni.answer import Answer
from rowhouse_cni.client import ask, identity_lines
from rowhouse_cni.environment import Call
from rowhouse_cni.errors import NoServerAnsweredError
from rowhouse_cni.settings import (
    DEFAULT_SPOOL,
    Settings,
    file_in_use,
    list_of_spools,
    read_file,
)
from rowhouse_cni.spool import Replayed, Spool, SpoolUnusableError
from rowhouse_cni.spool_entry import entry_name, is_of, names_in, write_whole

TYPE_CHECKING = False  # importing typing takes longer than a replay
if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse_cni.spool import Send

MOST_REPLAYED = 16  # entries: the runtime waits for the plugin to end
KEPT_UNDER = b"Rowhouse-Settings: "  # in an entry alone, never sent
REPLAYED = b"Rowhouse-Replay: 1"  # for the server to count them
REPLAY_TIME = 0.5  # seconds
BESIDE = posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC
SWEEP_EVERY = 16  # a call in so many also looks for abandoned temporary files


def keep(call: Call, lines: list[bytes], netconf: bytes, directory: str, reason: str) -> None:
    """Keep this DEL in the spool. Raise NoServerAnsweredError if that fails, too.

    Then the runtime must call again, because no record of this DEL exists.
    """
    file = file_in_use(posix.environ)
    try:
        keep_entry(directory, file, call.container_id, call.interface, lines, netconf)
    except (OSError, SpoolUnusableError) as trouble:
        raise NoServerAnsweredError(
            f"no server accepted this DEL, and it can't be kept in {directory}: {trouble}",
            f"{reason} - free disk space, repair the directory, or set `spool` in {file} to one "
            f"that this user may write to; the runtime has to call DEL again",
        ) from None


def keep_entry(
    directory: str,
    file: str,
    container_id: str,
    interface: str,
    lines: list[bytes],
    netconf: bytes,
) -> None:
    """Keep a DEL of a plugin with the settings ``file``. Raise OSError or SpoolUnusableError."""
    whose = file.encode("utf-8", "replace")
    remember(directory, file)
    lines = [*lines, KEPT_UNDER + b" ".join(whose.split())]
    Spool(directory).keep(entry_name(container_id, interface), lines, netconf)


def remember(directory: str, file: str) -> None:
    """Record the directory beside the settings, before a DEL is kept in it.

    Settings that name another spool later would hide it: an ADD of the same container would
    not send it first, and sending it afterwards would free the ADD's address. Only the file
    system knows which of the two came first; the server would get them in the wrong order.
    """
    if directory == DEFAULT_SPOOL:
        return
    path = list_of_spools(file)
    try:
        known = read_file(path)
    except OSError:
        known = b""
    line = directory.encode("utf-8", "replace")
    if line in known.split(b"\n"):
        return
    folder, slash, name = path.rpartition("/")
    try:
        beside = posix.open(folder or slash or ".", BESIDE)
        try:
            write_whole(name, known + line + b"\n", beside)
        finally:
            posix.close(beside)
    except OSError:
        pass  # the user may not write there; docs/reference/plugin.md has the consequences


def replay_own(
    call: Call, settings: Settings, directory: str, names: list[str], deadline: float
) -> None:
    """Before an ADD, send the kept DEL of the same container and interface, if any.

    Sent later, it would free the address that this ADD is about to get. If another call is
    sending it, wait for that call. Raise NoServerAnsweredError if it can't be sent now.
    """
    why = "the server cannot take it now; try again"
    own = {name for name in names if is_of(name, call.container_id, call.interface)}
    if not own:
        return
    signal(SIGALRM, stop_waiting)
    setitimer(ITIMER_REAL, max(deadline - monotonic(), 0.001))
    try:
        own.difference_update(replay(settings, directory, [*own], deadline, wait=True).foreign)
    except NoServerAnsweredError as failure:
        why = " - ".join(part for part in (failure.msg, failure.details) if part)
    except SpoolUnusableError as trouble:
        why = str(trouble)
    except TimeoutError:
        why = "another call has been sending it for too long"
    finally:
        setitimer(ITIMER_REAL, 0.0)
    if not own.isdisjoint(names_in(directory)):
        raise NoServerAnsweredError(
            f"a kept DEL of {call.container_id} {call.interface} must be sent before this ADD",
            f"it is kept in {directory}: {why}",
        )


def stop_waiting(_signal: int, _frame: object) -> None:
    """Break off the wait for a file's lock."""
    raise TimeoutError


def replay_some(settings: Settings, directory: str, names: list[str]) -> Replayed:
    """Replay a few kept DELs.

    Start at a random one, so that an entry that the server cannot take now does not block
    the others.
    """
    turn = monotonic_ns() // 1000
    begin = turn % len(names)
    if turn % SWEEP_EVERY == 0:
        Spool(directory).sweep()
    some = (names[begin:] + names[:begin])[:MOST_REPLAYED]
    return replay(settings, directory, some, monotonic() + REPLAY_TIME)


def replay(
    settings: Settings, directory: str, names: list[str], deadline: float, *, wait: bool = False
) -> Replayed:
    """Replay the named entries, with this node's identity where an entry has none.

    Entries that were kept under another settings file are left to calls with that file: only
    their server can release the addresses.
    """

    def asking(lines: list[bytes], netconf: bytes, until: float) -> Answer:
        return ask(settings, "DEL", lines, netconf, until)

    return Spool(directory).replay(names, sender(settings, asking), deadline, wait=wait)


def sender(settings: Settings, asking: "Callable[[list[bytes], bytes, float], Answer]") -> "Send":
    """Send entries with ``asking``, except those that were kept under another settings file."""

    def send(lines: list[bytes], netconf: bytes, until: float) -> Answer | None:
        for line in lines:
            if line.startswith(KEPT_UNDER) and is_another(line.removeprefix(KEPT_UNDER), settings):
                return None
        lines = [line for line in lines if not line.startswith(KEPT_UNDER)]
        known = {line.partition(b":")[0] for line in lines}
        missing = [x for x in identity_lines(settings) if x.partition(b":")[0] not in known]
        return asking([*lines, *missing, REPLAYED], netconf, until)

    return send


def is_another(file: bytes, settings: Settings) -> bool:
    """Whether ``file`` exists and is not the settings file of this call."""
    if file == settings.file.encode("utf-8", "replace"):
        return False
    try:
        theirs, ours = posix.stat(file), posix.stat(settings.file)
    except (OSError, ValueError):
        return False  # it was renamed or removed: otherwise no call would replay the entry
    return (theirs.st_dev, theirs.st_ino) != (ours.st_dev, ours.st_ino)
