"""The daemon's rounds: supplies, the plugin itself, kept DELs."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from rowhouse_cni.errors import CniError
from rowhouse_cni.kept_dels import replay
from rowhouse_cni.settings import Settings, load, spools_of
from rowhouse_cni.spool import Spool, SpoolUnusableError, bytes_in
from rowhouse_cni.spool_entry import REFUSED, names_in
from rowhouse_node import durable, supplies
from rowhouse_node.agent.carrying import Carrier
from rowhouse_node.agent.keeping import Keeper
from rowhouse_node.agent.ordering import AddsUnderWay
from rowhouse_node.agent.serving import Agent, AgentProblem
from rowhouse_node.host_plugin import HostPlugin, PluginMissing
from rowhouse_node.log import say
from rowhouse_node.options import Options
from rowhouse_node.stand_in import StandIn, StandInReplaced
from rowhouse_node.status_call import ServerRefuses, StatusCall

REPLAY_TIME = 5.0  # seconds of each round


@dataclass
class State:
    """What health and metrics show; written by the rounds, read by the HTTP server."""

    round_ended: float  # a reading of time.monotonic()
    problem: str = "the first round has not finished"
    installs: int = 0
    failures: int = 0
    replayed: int = 0
    kept: int = 0
    kept_bytes: int = 0
    refused: int = 0


class Daemon:
    """One node's daemon. If several run at once, the one started last wins."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.plugin = HostPlugin(options.bin_dir)
        self.state = State(round_ended=time.monotonic())
        self.installed = False
        self.stand_in = StandIn(self.plugin.whereabouts)
        self.status_call = StatusCall(options)
        self.agent: Agent | None = None

    def run(self, stop: threading.Event) -> None:
        """Run rounds until ``stop``; the next round retries what failed."""
        while not stop.is_set():
            self.round(stop, self.carry, self.call_status)
            stop.wait(self.options.period)
        if self.agent is not None:
            self.agent.stop()

    def round(self, stop: threading.Event, *more: Callable[[], None]) -> None:
        """Repair the host, then do ``more``. Never raises: a full disk is a problem to report."""
        problems = []
        for step in (self.supply, self.install, *more, self.replay):
            if stop.is_set():
                return
            try:
                step()
            except CniError as error:
                problems.append(f"{error.msg} {error.details}".strip())
            except (
                OSError,
                supplies.SuppliesMissing,
                PluginMissing,
                SpoolUnusableError,
                StandInReplaced,
                ServerRefuses,
                AgentProblem,
            ) as error:
                problems.append(str(error))
        problem = "; ".join(problems)
        if problem:
            self.state.failures += 1
        if problem != self.state.problem:
            say(problem or "no problems")
        self.state.problem = problem
        self.state.round_ended = time.monotonic()

    def supply(self) -> None:
        """Bring settings, token and certificates up to date."""
        with durable.locked(self.options.lock):
            supplies.supply(self.options)

    def install(self) -> None:
        """Install our version once, then only repair it: a daemon that started later may have another version."""
        whereabouts = self.options.as_whereabouts
        # Looked at first: what another installer does after this is repaired, and counted, in the next round.
        is_broken = bool(self.plugin.problem(as_whereabouts=whereabouts))
        if whereabouts and self.plugin.is_stand_in_replaced(was_installed=self.installed):
            try:
                if line := self.stand_in.meet(time.monotonic()):
                    say(line)
            except StandInReplaced:
                if self.installed and not self.plugin.problem(as_whereabouts=False):
                    raise  # only this name needs repair
        if self.installed and not is_broken:
            with durable.locked(self.options.lock):
                self.plugin.remove_superseded()
            return
        if not self.options.settings_file.exists():
            return  # a plugin without settings would fail every ADD
        with durable.locked(self.options.lock):
            self.plugin.install(self.options.plugin, as_whereabouts=whereabouts)
        self.stand_in.repaired()
        self.installed = True
        self.state.installs += 1
        say(f"installed the plugin in {self.options.bin_dir}")

    def carry(self) -> None:
        """Keep an agent running that carries the plugin's calls. Raise AgentProblem, OSError."""
        if self.options.agent_socket is None or not self.options.settings_file.exists():
            return
        if self.agent is None:
            agent = Agent(self.options, self.options.agent_socket)
            agent.start()
            self.agent = agent
            if not self.options.direct:
                self.status_call.carrier = agent.carrier
            say(f"the agent listens on {self.options.agent_socket}")
        self.agent.check()

    def call_status(self) -> None:
        """Check that a call of this node would be served."""
        if self.options.settings_file.exists():
            self.status_call.step()

    def replay(self) -> None:
        """Send the DELs that calls had to keep, for a few seconds."""
        if not self.options.settings_file.exists():
            return
        settings = load({b"ROWHOUSE_CONFIG": os.fsencode(self.options.settings_file)})
        spools = spools_of(settings)
        kept = {spool: names_in(spool) for spool in spools}
        trouble: OSError | SpoolUnusableError | None = None
        try:
            for spool, names in kept.items():
                try:
                    if names and self.agent is None:
                        self.replay_spool(settings, spool, names)
                except (OSError, SpoolUnusableError) as this:
                    trouble = trouble or this  # of this spool: the others may be in order
            if trouble is not None:
                raise trouble
        finally:
            left = {spool: names_in(spool) for spool in spools}
            self.state.replayed = (
                self.agent.keeper.replayed
                if self.agent is not None
                else self.state.replayed
                + sum(len({*kept[spool]} - {*left[spool]}) for spool in spools)
            )
            self.state.kept_bytes = sum(bytes_in(spool) for spool in spools)
            self.state.kept = sum(map(len, left.values()))
            self.state.refused = sum(len(names_in(f"{spool}/{REFUSED}")) for spool in spools)

    def replay_spool(self, settings: Settings, spool: str, names: list[str]) -> None:
        """Send the DELs of one spool. Raise CniError, OSError or SpoolUnusableError."""
        Spool(spool).sweep()
        until = time.monotonic() + REPLAY_TIME
        if self.options.direct:
            found = replay(settings, spool, names, until)
        else:  # the token is not on the host
            carrier = Carrier(self.options)
            carrier.refresh()
            found = Keeper(carrier, AddsUnderWay()).replay(spool, names, until)
        for refusal in found.refused:
            say(f"kept DEL refused for good, moved to {spool}/{REFUSED}: {refusal}")
