"""DELs that no server took: kept in the spool that the plugin uses, and replayed as soon as a server answers."""

import threading
import time
from pathlib import Path
from random import SystemRandom

from rowhouse_cni.answer import Answer
from rowhouse_cni.errors import NoServerAnsweredError
from rowhouse_cni.kept_dels import keep_entry, sender
from rowhouse_cni.settings import spools_of
from rowhouse_cni.spool import Replayed, Spool, SpoolUnusableError
from rowhouse_cni.spool_entry import is_of, names_in
from rowhouse_node.agent.call import PluginCall
from rowhouse_node.agent.carrying import Carrier
from rowhouse_node.log import say

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 15.0
BATCH = 64
BATCH_SECONDS = 5.0
WAIT_SECONDS = 0.02  # until another process has sent the same DEL
RANDOM = SystemRandom()


class Keeper:
    """Keeps and replays the DELs of one agent."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._wake = threading.Event()
        self.replayed = 0
        self.problem = ""

    def keep(self, call: PluginCall) -> bool:
        """Keep a DEL, on disk on return; False if that is impossible."""
        settings = self._carrier.settings
        attachment = call.container_id, call.interface
        try:
            keep_entry(settings.spool, settings.file, *attachment, call.lines, call.netconf)
        except (OSError, SpoolUnusableError):
            return False  # the plugin tries by itself, and says what is wrong
        self._wake.set()
        return True

    def replay_own(self, call: PluginCall) -> None:
        """Before an ADD, send the kept DEL of the same container and interface. Raise NoServerAnsweredError."""
        for directory in spools_of(self._carrier.settings):
            while own := self._own(call, directory):
                try:
                    found = self.replay(directory, own, call.deadline)
                except SpoolUnusableError as trouble:
                    raise NoServerAnsweredError(str(trouble)) from None
                if found.kept or time.monotonic() >= call.deadline:
                    raise NoServerAnsweredError(
                        f"a kept DEL of {call.container_id} {call.interface} must be sent before this ADD",
                        f"it is kept in {directory}: the server doesn't take it now; try again",
                    )
                if set(own) <= set(found.foreign):
                    break
                if self._own(call, directory):
                    time.sleep(WAIT_SECONDS)

    @staticmethod
    def _own(call: PluginCall, directory: str) -> list[str]:
        names = names_in(directory)
        return [name for name in names if is_of(name, call.container_id, call.interface)]

    def replay(self, directory: str, names: list[str], deadline: float) -> Replayed:
        """Send these DELs. Raise NoServerAnsweredError, OSError or SpoolUnusableError."""
        carrier = self._carrier

        def asking(lines: list[bytes], netconf: bytes, until: float) -> Answer:
            return carrier.ask("DEL", lines, netconf, until)

        settings = carrier.settings
        found = Spool(directory).replay(names, sender(settings, asking), deadline)
        self.replayed += len(found.released)
        return found

    def run(self, stop: threading.Event) -> None:
        """Replay what is kept until ``stop``: at once when a server answers, else after growing pauses."""
        failures = 0
        while not stop.is_set():
            seen = self._carrier.health.last_success
            is_done = self._round(stop)
            failures = 0 if is_done else failures + 1
            pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 10), MAX_PAUSE_SECONDS)
            until = time.monotonic() + pause * RANDOM.uniform(0.5, 1.5)
            while not stop.is_set() and time.monotonic() < until:
                self._wake.wait(0.25 if failures else until - time.monotonic())
                self._wake.clear()
                if self._carrier.health.last_success > seen:
                    break  # a server is back, or was never away

    def _round(self, stop: threading.Event) -> bool:
        """Replay everything once, oldest first; whether nothing is left that a server should have taken."""
        try:
            spools = spools_of(self._carrier.settings)
        except NoServerAnsweredError:
            return False
        is_done = True
        problem = ""
        for directory in spools:
            names = oldest_first(directory)
            while names and not stop.is_set():
                batch, names = names[:BATCH], names[BATCH:]
                try:
                    Spool(directory).sweep()
                    found = self.replay(directory, batch, time.monotonic() + BATCH_SECONDS)
                except (OSError, SpoolUnusableError) as trouble:
                    is_done, problem = False, str(trouble)
                    break
                except NoServerAnsweredError as error:
                    is_done, problem = False, f"{error.msg} {error.details}"
                    break
                for refusal in found.refused:
                    say(f"kept DEL refused for good, moved to {directory}/refused: {refusal}")
                if found.kept:
                    is_done = False
        self.problem = problem
        return is_done

    def wake(self) -> None:
        """Look at once, or end."""
        self._wake.set()


def oldest_first(directory: str) -> list[str]:
    """The kept DELs in the order in which they were kept."""
    times = []
    for name in names_in(directory):
        try:
            times.append((Path(directory, name).lstat().st_mtime_ns, name))
        except OSError:
            continue  # another process has just replayed it
    return [name for _, name in sorted(times)]
