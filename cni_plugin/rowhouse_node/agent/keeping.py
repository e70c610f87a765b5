"""DELs that no server accepted: kept in the plugin's spool, and replayed as soon as a server answers."""

import threading
import time
from enum import Enum, auto
from pathlib import Path
from random import SystemRandom

from rowhouse_cni.answer import Answer
from rowhouse_cni.errors import NoServerAnsweredError
from rowhouse_cni.kept_dels import keep_entry, sender
from rowhouse_cni.server_url import Server
from rowhouse_cni.settings import spools_of
from rowhouse_cni.spool import Replayed, Spool, SpoolUnusableError
from rowhouse_cni.spool_entry import is_of, names_in
from rowhouse_node.agent.call import PluginCall
from rowhouse_node.agent.carrying import Carrier
from rowhouse_node.agent.ordering import AddsUnderWay
from rowhouse_node.log import say

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 15.0
REPLAY_SECONDS = 5.0  # for one DEL
WAIT_SECONDS = 0.02  # until another process has sent the same DEL
RANDOM = SystemRandom()


class Outcome(Enum):
    """How a round of replays ended."""

    DONE = auto()  # no DEL is left that a server should have accepted
    DECLINED = auto()  # a server did not accept all
    UNREACHED = auto()  # no server answered


class Keeper:
    """Keeps and replays the DELs of one agent."""

    def __init__(self, carrier: Carrier, adds: AddsUnderWay) -> None:
        self._carrier = carrier
        self._adds = adds
        self._wake = threading.Event()
        self._postponed: set[tuple[str, str]] = set()  # directory, name
        self.replayed = 0
        self.problem = ""

    def keep(self, call: PluginCall) -> bool:
        """Keep a DEL, on disk on return; False if that is impossible."""
        settings = self._carrier.settings
        try:
            keep_entry(settings.spool, settings.file, *call.attachment, call.lines, call.netconf)
        except (OSError, SpoolUnusableError):
            return False  # the plugin tries itself, and reports what is wrong
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
                        f"it is kept in {directory}: the server cannot take it now; try again",
                    )
                if set(own) <= set(found.foreign):
                    break
                if self._own(call, directory):
                    time.sleep(WAIT_SECONDS)

    @staticmethod
    def _own(call: PluginCall, directory: str) -> list[str]:
        names = names_in(directory)
        return [name for name in names if is_of(name, *call.attachment)]

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
        """Replay what is kept until ``stop``: at once when a server is back, else after growing pauses."""
        failures = 0
        while not stop.is_set():
            seen = self._carrier.health.last_success
            outcome = self._round(stop)
            failures = 0 if outcome is Outcome.DONE else failures + 1
            pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 10), MAX_PAUSE_SECONDS)
            until = time.monotonic() + pause * RANDOM.uniform(0.5, 1.5)
            while not stop.is_set() and time.monotonic() < until:
                self._wake.wait(0.25 if failures else until - time.monotonic())
                self._wake.clear()
                if outcome is Outcome.DONE:
                    break
                if outcome is Outcome.UNREACHED and self._carrier.health.last_success > seen:
                    break  # a server is back

    def _round(self, stop: threading.Event) -> Outcome:
        """Replay everything once, oldest first; postponed DELs come last."""
        try:
            settings = self._carrier.settings
            spools = spools_of(settings)
        except NoServerAnsweredError:
            return Outcome.UNREACHED
        outcome = Outcome.DONE
        problem = ""
        kept = [(spool, name) for spool in spools for name in oldest_first(spool)]
        self._postponed.intersection_update(kept)
        for directory in {spool for spool, _ in kept}:
            try:
                Spool(directory).sweep()
            except (OSError, SpoolUnusableError) as trouble:
                outcome, problem = Outcome.DECLINED, str(trouble)
        for directory, name in sorted(kept, key=self._postponed.__contains__):
            if stop.is_set():
                break
            if any(is_of(name, *attachment) for attachment in self._adds.attachments()):
                outcome = Outcome.DECLINED
                continue
            this, words = self._send(directory, name, settings.servers)
            if this is not Outcome.DONE:
                outcome, problem = this, words or problem
            if this is Outcome.UNREACHED:
                break
        self.problem = problem
        return outcome

    def _send(self, directory: str, name: str, servers: list[Server]) -> tuple[Outcome, str]:
        """Send one DEL; the outcome, and what is wrong if it did not get to a server."""
        health = self._carrier.health
        was_up = health.is_any_up(servers)
        try:
            found = self.replay(directory, [name], time.monotonic() + REPLAY_SECONDS)
        except (OSError, SpoolUnusableError) as trouble:
            return Outcome.DECLINED, str(trouble)
        except NoServerAnsweredError as error:
            if was_up:  # this DEL may be the reason: it must not block the others
                self._postponed.add((directory, name))
            is_up = health.is_any_up(servers)
            return Outcome.DECLINED if is_up else Outcome.UNREACHED, f"{error.msg}: {error.details}"
        for refusal in found.refused:
            say(f"kept DEL refused for good, moved to {directory}/refused: {refusal}")
        return Outcome.DECLINED if found.kept else Outcome.DONE, ""

    def wake(self) -> None:
        """Replay now, or end."""
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
