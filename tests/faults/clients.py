"""Clients: nodes whose pods come, restart, come again under the same name, and go.

Each is a thread with dice of its own, so a seed gives each the same intentions again; what comes of them
depends on what the others do meanwhile.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from faults.callers import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from faults.callers import Answer, Caller
    from faults.journal import Journal
    from faults.pools import Pool

NAMES: Final = 200
"""Names that each client gives its pods, again and again."""

MAX_PAUSE: Final = 0.2
"""Seconds between two tries while the service is away."""


class Progress:
    """How many calls have been answered, for all clients together."""

    def __init__(self) -> None:
        self.answered = 0
        self._changed = threading.Condition()

    def count(self) -> None:
        """One more."""
        with self._changed:
            self.answered += 1
            self._changed.notify_all()

    def reach(self, answered: int, seconds: float, stop: threading.Event) -> bool:
        """Wait until so many are answered; False if `stop` is set before.

        Raises TimeoutError after `seconds`: the service has not come back.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while self.answered < answered:
                if stop.is_set():
                    return False
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"no progress in {seconds:g} s: {self.answered} calls answered of {answered}"
                    )
                self._changed.wait(0.2)
        return True


@dataclass(slots=True, kw_only=True)
class Pod:
    """A pod and its sandboxes, the newest last."""

    pool: Pool
    name: str
    containers: list[str]


class Client(threading.Thread):
    """One node's pods.

    Args:
        number: of the client.
        caller: its way to the service.
        pools: from which its pods draw.
        share: how many pods of each pool it aims at, by the pool's name.
        journal: for what it asks and is told.
        progress: for what was answered.
        stop: ends its work; what is left to be deleted is kept for `drain`.
        seed: of its dice.
    """

    def __init__(
        self,
        number: int,
        caller: Caller,
        *,
        pools: Sequence[Pool],
        share: Callable[[Pool], int],
        journal: Journal,
        progress: Progress,
        stop: threading.Event,
        seed: str,
    ) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self.failure: BaseException | None = None
        self._number = number
        self._caller = caller
        self._pools = pools
        self._share = share
        self._journal = journal
        self._progress = progress
        self._stop_asked = stop
        self._dice = Random(f"{seed}/client/{number}")
        self._made = 0
        self._pods: list[Pod] = []
        self._gone: list[tuple[Pool, str, str]] = []  # for a DEL that comes again, much later
        self._undeleted: list[tuple[Pool, str, str]] = []
        self._pause = 0.0

    def run(self) -> None:
        """Work until it is told to stop."""
        try:
            while not self._stop_asked.is_set():
                self._step()
        except BaseException as failure:  # noqa: BLE001 - handed to the joining thread
            self.failure = failure

    def drain(self, deadline: float) -> None:
        """Repeat every DEL that has not been acknowledged, as the node daemon does."""
        while self._undeleted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._undeleted} cannot be deleted")
            self._send_del(*self._undeleted.pop(0))
        self._caller.close()

    def _step(self) -> None:
        if self._undeleted and self._dice.random() < 0.3:
            self._send_del(*self._undeleted.pop(0))
            return
        pool = self._dice.choice(self._pools)
        mine = [pod for pod in self._pods if pod.pool is pool]
        if self._dice.random() < (0.6 if len(mine) < self._share(pool) else 0.35):
            self._come(pool)
        elif mine:
            self._change(self._dice.choice(mine))

    def _come(self, pool: Pool) -> None:
        """A new pod, under a name that no pod has at present."""
        taken = {pod.name for pod in self._pods}
        while (name := f"web-{self._number}-{self._dice.randrange(NAMES)}") in taken:
            pass
        pod = Pod(pool=pool, name=name, containers=[self._container()])
        if self._send_add(pod):
            self._pods.append(pod)

    def _change(self, pod: Pod) -> None:
        """Something happens to a pod that is there."""
        roll = self._dice.random()
        if roll < 0.15:  # the runtime asks again
            if not self._send_add(pod):
                self._pods.remove(pod)
        elif roll < 0.3:  # a new sandbox before the old one's DEL
            pod.containers.append(self._container())
            if not self._send_add(pod):
                self._pods.remove(pod)
        elif (
            roll < 0.4 and self._gone
        ):  # a DEL that comes again, though its pod's name has come back
            self._send_del(*self._dice.choice(self._gone))
        elif len(pod.containers) > 1 and roll < 0.8:
            self._send_del(pod.pool, pod.name, pod.containers.pop(0))
        else:
            self._pods.remove(pod)
            for container in pod.containers:
                self._send_del(pod.pool, pod.name, container)

    def _container(self) -> str:
        self._made += 1
        return f"c{self._number}-{self._made}"

    def _send_add(self, pod: Pod) -> bool:
        """ADD of the newest sandbox; if that does not succeed, the runtime takes the pod down."""
        container = pod.containers[-1]
        answer = UNKNOWN
        for tries_left in (1, 0):
            begun = self._journal.begin(
                "ADD", pod.pool.name, f"{pod.pool.name}/{pod.name}", container
            )
            answer = self._caller.add(pod.pool, pod.name, container)
            self._journal.end(begun, answer.phase, answer.addresses, answer.code)
            self._after(answer)
            if answer.phase == "ok":
                return True
            if answer.phase == "failed" or self._dice.random() < 0.3 or not tries_left:
                break
        if answer.phase == "failed" and self._dice.random() < 0.5:
            pod.containers.remove(
                container
            )  # a runtime that sends no DEL: there is nothing to delete
        for one in pod.containers:
            self._send_del(pod.pool, pod.name, one)
        return False

    def _send_del(self, pool: Pool, pod: str, container: str) -> None:
        begun = self._journal.begin("DEL", pool.name, f"{pool.name}/{pod}", container)
        answer = self._caller.delete(pool, pod, container)
        self._journal.end(begun, answer.phase, answer.addresses, answer.code)
        self._after(answer)
        if answer.phase != "ok":
            self._undeleted.append((pool, pod, container))
            return
        self._gone.append((pool, pod, container))
        if len(self._gone) > NAMES:
            self._gone.pop(0)

    def _after(self, answer: Answer) -> None:
        if answer.phase == "unknown":
            self._pause = min(MAX_PAUSE, self._pause * 2 or 0.005)
            self._stop_asked.wait(self._pause * self._dice.random())
            return
        self._pause = 0.0
        self._progress.count()
