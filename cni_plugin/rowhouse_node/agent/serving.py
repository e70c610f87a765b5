"""The agent's threads: one accepts, some carry, one ticks, one replays."""

import ctypes
import errno
import queue
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rowhouse_cni.answer import KEPT, Answer
from rowhouse_cni.errors import CniError, NoServerAnsweredError
from rowhouse_node.agent.call import BEAT_SECONDS, MalformedCallError, PluginCall
from rowhouse_node.agent.carrying import Carrier
from rowhouse_node.agent.connections import CallGoneError
from rowhouse_node.agent.keeping import Keeper
from rowhouse_node.agent.listening import Listener
from rowhouse_node.agent.ordering import HOLD_SECONDS, AddsUnderWay, Delivery
from rowhouse_node.agent.probing import probe
from rowhouse_node.agent.reporting import Reporter
from rowhouse_node.agent.slow import SlowCalls
from rowhouse_node.host_plugin import HostPlugin
from rowhouse_node.log import say
from rowhouse_node.options import Options

MAX_THREADS = 16  # calls that are carried at once
MAX_QUEUED = 256  # calls that wait for a thread; further calls go directly
STACK_BYTES = 512 * 1024
M_ARENA_MAX = -8  # mallopt(3): otherwise glibc has a heap for each thread
REFRESH_SECONDS = 1.0
DRAIN_SECONDS = 10.0
NO_SERVER, BUSY, MALFORMED, NOT_MINE = 502, 503, 400, 409  # HTTP, without Rowhouse-Answer


class AgentProblem(Exception):
    """The agent cannot do its work; the text says why."""


class Agent:
    """One agent. ``start``, later ``stop``."""

    def __init__(self, options: Options, path: Path) -> None:
        self.path = path
        self.carrier = Carrier(options)
        self.adds = AddsUnderWay()
        self.keeper = Keeper(self.carrier, self.adds)
        self.reporter = Reporter(self.carrier, HostPlugin(options.bin_dir))
        self.problem = self._obstacle = ""
        self.carried = self.kept = self.passed = self.foreign = 0
        self._stop = threading.Event()
        self._queue: queue.SimpleQueue[PluginCall | None] = queue.SimpleQueue()
        self._slow = SlowCalls(self._enqueue)
        self._calls: set[PluginCall] = set()  # from accept to close
        self._lock = threading.Lock()
        self._workers = 0
        self._idle = 0
        self._listener: Listener | None = None
        self._threads: list[threading.Thread] = []
        self._probing = threading.Lock()

    @property
    def active(self) -> int:
        """Calls that are waiting or being carried."""
        return len(self._calls)

    @property
    def servers_down(self) -> int:
        """Servers that have failed since they last answered."""
        try:
            return self.carrier.health.down(self.carrier.settings.servers)
        except NoServerAnsweredError:
            return 0

    def start(self) -> None:
        """Listen, and serve from threads. Raise AgentProblem if that is impossible."""
        threading.stack_size(STACK_BYTES)
        if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
            mallopt(M_ARENA_MAX, 1)
        self._refresh()
        try:
            for target in (self._tick, self._replay, self._report):
                self._start(self._steadily, target)
            self._listen()
        except (OSError, RuntimeError) as failure:  # RuntimeError: the system has no thread left
            self._stop.set()
            self.keeper.wake()
            raise AgentProblem(f"the agent cannot listen on {self.path}: {failure}") from None

    def check(self) -> None:
        """Raise AgentProblem if there is one."""
        self._refresh()
        if problem := self._obstacle or self.problem or self.keeper.problem:
            raise AgentProblem(problem)

    def stop(self) -> None:
        """Take no further calls, and finish those that wait."""
        self._stop.set()
        self.keeper.wake()
        listener = self._listener
        if listener is not None:
            listener.withdraw()
            # Those that connected a moment ago are still accepted; then the thread ends.
            listener.sock.shutdown(socket.SHUT_RD)
        until = time.monotonic() + DRAIN_SECONDS
        while self._calls and time.monotonic() < until:
            time.sleep(0.01)
        for _ in range(self._workers):
            self._queue.put(None)
        self.carrier.connections.close_idle(-1.0)

    @staticmethod
    def _start(target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _steadily(self, work: Callable[[], None]) -> None:
        """Do this until the agent stops, whatever happens: the thread would be missing from now on."""
        while True:
            try:
                work()
            except Exception as bug:  # noqa: BLE001
                say(f"{type(bug).__name__} in the agent: {bug}")
            if self._stop.wait(REFRESH_SECONDS):
                return

    def _listen(self) -> None:
        """Listen from now on. Raise OSError or RuntimeError, and leave no socket without a thread."""
        listener = Listener(self.path)
        try:
            self._start(self._accept, listener)
        except RuntimeError:
            listener.withdraw()
            listener.sock.close()
            raise
        self._listener = listener

    def _accept(self, listener: Listener) -> None:
        while True:
            try:
                connection = listener.accept()
            except OSError as failure:
                if failure.errno == errno.EINVAL:
                    listener.sock.close()
                    return  # it was shut down, and no connection is left
                time.sleep(BEAT_SECONDS)  # no descriptor is free
                continue
            if connection is None:
                self.foreign += 1
                continue
            call = PluginCall(connection)
            if self._queue.qsize() >= MAX_QUEUED:
                self._refuse(call)
                continue
            with self._lock:
                self._calls.add(call)
            self._enqueue(call)

    def _enqueue(self, call: PluginCall) -> None:
        """Have a thread read and carry this call."""
        with self._lock:
            is_short = self._idle <= self._queue.qsize() and self._workers < MAX_THREADS
            if is_short:
                self._workers += 1
        if is_short:
            try:
                self._start(self._work)
            except RuntimeError:  # the system has no thread left
                with self._lock:
                    self._workers -= 1
                    is_alone = self._workers == 0
                if is_alone:
                    self._refuse(call)
                    return
        self._queue.put(call)

    def _refuse(self, call: PluginCall) -> None:
        """Have the plugin call a server directly."""
        self.passed += 1
        call.answer(BUSY, b"the agent is busy")
        self._end(call)

    def _end(self, call: PluginCall) -> None:
        with self._lock:
            self._calls.discard(call)
        call.close()

    def _work(self) -> None:
        while True:
            self._idle += 1
            call = self._queue.get()
            self._idle -= 1
            if call is None:
                return
            self._proceed(call)

    def _proceed(self, call: PluginCall) -> None:
        """Read and carry a call, or have it wait for the rest of its request."""
        is_waiting = False
        try:
            if call.read():
                self._serve(call)
            else:
                self._slow.add(call)
                is_waiting = True
        except MalformedCallError as wrong:
            call.answer(MALFORMED, str(wrong).encode())
        except CallGoneError:
            pass  # no reader is left for an answer
        except CniError as error:
            self.passed += 1
            call.answer(NO_SERVER, f"{error.msg}: {error.details}".encode("utf-8", "replace"))
        except OSError as failure:
            call.answer(NO_SERVER, str(failure).encode("utf-8", "replace"))
        except Exception as bug:  # noqa: BLE001 - a thread that ends would be missing from now on
            say(f"{type(bug).__name__} in a call of {call.command}: {bug}")
            call.answer(NO_SERVER, b"a bug of the agent")
        finally:
            if not is_waiting:
                self._end(call)

    def _serve(self, call: PluginCall) -> None:
        """Carry one call."""
        settings = self.carrier.settings
        if call.settings_file != settings.file:
            call.answer(NOT_MINE, b"the agent has other settings")
            return
        delivery = Delivery(call.is_wanted)
        if call.command == "ADD":
            with self.adds.add(call.attachment, call.deadline, delivery):
                self.keeper.replay_own(call)
                answer = self._ask(call, delivery)
        elif call.command == "DEL":
            self._release(call, delivery)
            return
        else:
            answer = self._ask(call, delivery)
        self.carried += 1
        call.pass_on(answer)

    def _ask(self, call: PluginCall, delivery: Delivery) -> Answer:
        return self.carrier.ask(call.command, call.lines, call.netconf, call.deadline, delivery)

    def _release(self, call: PluginCall, delivery: Delivery) -> None:
        """Carry a DEL, or keep it."""
        try:
            if self.adds.wait(call.attachment, min(call.deadline, time.monotonic() + HOLD_SECONDS)):
                answer = self._ask(call, delivery)
                if answer.is_final():
                    self.carried += 1
                    call.pass_on(answer)
                    return
                reason = f"the server can't take it now (HTTP {answer.status})"
            else:
                reason = "its ADD may still reach a server"
        except NoServerAnsweredError as error:
            reason = f"{error.msg}: {error.details}"
        if not call.is_connected():
            raise CallGoneError
        if self.keeper.keep(call):
            self.kept += 1
            call.answer(KEPT, reason.encode("utf-8", "replace"), is_final=True)
        else:
            call.answer(NO_SERVER, reason.encode("utf-8", "replace"))

    def _replay(self) -> None:
        self.keeper.run(self._stop)

    def _report(self) -> None:
        while not self._stop.wait(REFRESH_SECONDS):
            self.reporter.step()

    def _tick(self) -> None:
        """Keep plugins informed, the socket in its place, token and settings up to date, until stopped."""
        refreshed = time.monotonic()
        while not self._stop.wait(BEAT_SECONDS) or self._calls:
            now = time.monotonic()
            for call in list(self._calls):
                if now - call.began >= BEAT_SECONDS:
                    call.beat()
            if self._stop.is_set():
                time.sleep(BEAT_SECONDS)
                continue
            try:
                self._keep_listening()
                if now - refreshed >= REFRESH_SECONDS:
                    refreshed = now
                    self._refresh()
                    self.carrier.connections.close_idle()
                self._probe()
            except OSError as failure:
                self.problem = str(failure)

    def _keep_listening(self) -> None:
        """Have a socket in its place. Never raises: what is in the way may go."""
        listener = self._listener
        try:
            if listener is not None and not listener.check():
                self._listen()
                listener.sock.shutdown(socket.SHUT_RD)
            self._obstacle = ""
        except (OSError, RuntimeError) as failure:
            self._obstacle = f"the agent cannot listen on {self.path}: {failure}"

    def _refresh(self) -> None:
        try:
            self.carrier.refresh()
            self.problem = ""
        except FileNotFoundError as missing:
            self.problem = f"the agent cannot read {missing.filename}"
        except OSError as failure:
            self.problem = f"the agent: {failure}"
        except CniError as error:
            self.problem = f"the agent: {error.msg}"

    def _probe(self) -> None:
        """Look after servers that failed, in a thread: that may take seconds."""
        try:
            servers = self.carrier.health.due(self.carrier.settings.servers)
        except NoServerAnsweredError:
            return
        if servers and self._probing.acquire(blocking=False):

            def look() -> None:
                try:
                    for server in servers:
                        probe(self.carrier, server)
                finally:
                    self._probing.release()

            try:
                self._start(look)
            except RuntimeError:  # the system has no thread left
                self._probing.release()
