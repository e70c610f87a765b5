"""The clients that are nodes: their pods come, reboot, migrate, are rescheduled, and go."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

from faults.second import nads
from faults.second.wire import NAMESPACE, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.second.gate import Gate
    from faults.second.nads import Nad
    from faults.second.records import Record, Records

NODES: Final = tuple(f"node{number}" for number in range(12))
MAX_PODS: Final = 10
STICKY_NAMES: Final = 4


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """A sandbox that runs; `add` is the call that the runtime heard last about it."""

    container: str
    node: str
    uid: str
    add: Record
    result: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Pod:
    """A pod; `nad` may change to one whose range holds the other's."""

    nad: Nad
    name: str
    wish: str = ""
    sandboxes: list[Sandbox] = field(default_factory=list)


class Node(threading.Thread):
    """One client. Its pods are its own; their addresses are everyone's."""

    def __init__(
        self,
        number: int,
        url: str,
        records: Records,
        gate: Gate,
        stop: threading.Event,
        *,
        epoch: Callable[[], int],
        seed: str,
    ) -> None:
        super().__init__(name=f"node client {number}", daemon=True)
        self.pods: list[Pod] = []
        self.failure: BaseException | None = None
        self._number = number
        self._wire = Wire(url, records)
        self._gate = gate
        self._stop_asked = stop
        self._epoch = epoch
        self._dice = Random(f"{seed}/second/node/{number}")
        self._made = 0
        self._ghosts: list[tuple[Nad, str, str, str]] = []
        self._undeleted: list[tuple[Nad, str, str, str]] = []

    def run(self) -> None:
        try:
            while not self._stop_asked.is_set():
                with self._gate.passed():
                    self.step()
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that joins
            self.failure = failure

    def step(self) -> None:
        """One thing happens to a pod."""
        if self._undeleted:
            self._send_del(*self._undeleted.pop())
        elif not self.pods or (len(self.pods) < MAX_PODS and self._dice.random() < 0.4):
            self._come()
        else:
            self._change(self._dice.choice(self.pods))

    def unsure(self) -> set[str]:
        """Sandboxes whose DEL has not succeeded yet."""
        return {container for *_, container in self._undeleted}

    def drain(self) -> None:
        """Every pod goes."""
        while self.pods:
            self._go(self.pods[0])
        for _ in range(50):
            if not self._undeleted:
                break
            self._send_del(*self._undeleted.pop())
        for ghost in self._ghosts:
            self._send_del(*ghost)
        self._wire.close()

    def _come(self) -> None:
        nad = self._dice.choice((*nads.FIXED, *nads.mixed(self._epoch())))
        if nad is nads.REMADE and self._dice.random() < 0.8:
            return  # its pool is to be empty now and then
        if nad.is_sticky:
            name = f"{nad.name}-{self._number}-{self._dice.randrange(STICKY_NAMES)}"
            if any(pod.name == name for pod in self.pods):
                return
        else:
            name = f"{nad.name}-{self._number}-{self._next()}"
        pod = Pod(nad=nad, name=name)
        if self._dice.random() < 0.1 and len(nad.cidrs) == 1:
            base = nad.cidrs[0].partition("/")[0].rpartition(".")[0]
            pod.wish = f"{base}.{self._dice.randrange(1, 31)}"
        if self._add(pod, self._home(), self._uid(), self._container()):
            self.pods.append(pod)

    def _change(self, pod: Pod) -> None:
        last = pod.sandboxes[-1]
        roll = self._dice.random()
        if roll < 0.12:
            self._add(pod, last.node, last.uid, last.container)
        elif roll < 0.27:
            self._check(pod, self._dice.choice(pod.sandboxes))
        elif roll < 0.37:  # the node has rebooted
            self._add(pod, last.node, last.uid, self._container())
        elif roll < 0.43:  # a migration
            self._add(pod, self._dice.choice(NODES), last.uid, self._container())
        elif roll < 0.49:  # a rescheduled pod of a StatefulSet
            self._add(pod, self._dice.choice(NODES), self._uid(), self._container())
        elif roll < 0.53 and self._ghosts:
            self._send_del(*self._dice.choice(self._ghosts))
        elif roll < 0.60 and pod.nad is nads.BEFORE:  # its range was grown
            pod.nad = nads.GROWN
            self._add(pod, last.node, last.uid, last.container)
        elif roll < 0.72 and len(pod.sandboxes) > 1:
            sandbox = pod.sandboxes.pop(self._dice.randrange(len(pod.sandboxes)))
            self._end(pod, sandbox)
        else:
            self._go(pod)

    def _go(self, pod: Pod) -> None:
        self.pods.remove(pod)
        for sandbox in pod.sandboxes:
            self._end(pod, sandbox)
        pod.sandboxes.clear()

    def _end(self, pod: Pod, sandbox: Sandbox) -> None:
        gone = (pod.nad, pod.name, sandbox.node, sandbox.container)
        self._send_del(*gone)
        self._ghosts = [*self._ghosts[-20:], gone]

    def _add(self, pod: Pod, node: str, uid: str, container: str) -> bool:
        call = self._call("ADD", pod.nad, pod.name, node, container)
        call.uid = uid
        arguments = f"{_pod(pod.name)};K8S_POD_UID={uid}"
        if pod.wish:
            call.details["wish"] = pod.wish
            arguments += f";IP={pod.wish}"
        result = self._wire.cni(call, pod.nad.netconf(), arguments)
        if call.outcome == "ok":
            # What it replaces is gone: the same pod on the same node.
            replaced = [
                one
                for one in pod.sandboxes
                if (one.node, one.uid) == (node, uid) or one.container == container
            ]
            for one in replaced:
                pod.sandboxes.remove(one)
                if one.container != container:
                    ghost = (pod.nad, pod.name, one.node, one.container)
                    self._ghosts = [*self._ghosts[-20:], ghost]
            made = Sandbox(container=container, node=node, uid=uid, add=call, result=result)
            pod.sandboxes.append(made)
            return True
        if call.outcome == "unknown":
            if not any(one.container == container for one in pod.sandboxes):
                self._send_del(pod.nad, pod.name, node, container)
            if pod in self.pods:
                self._go(pod)
        return False

    def _check(self, pod: Pod, sandbox: Sandbox) -> None:
        call = self._call("CHECK", pod.nad, pod.name, sandbox.node, sandbox.container)
        call.addresses = sandbox.add.addresses
        netconf = pod.nad.netconf() | {"prevResult": sandbox.result}
        self._wire.cni(call, netconf, f"{_pod(pod.name)};K8S_POD_UID={sandbox.uid}")

    def _send_del(self, nad: Nad, name: str, node: str, container: str) -> None:
        call = self._call("DEL", nad, name, node, container)
        self._wire.cni(call, nad.netconf(), _pod(name))
        if call.outcome != "ok":
            self._undeleted.append((nad, name, node, container))

    def _call(self, kind: str, nad: Nad, name: str, node: str, container: str) -> Record:
        return self._wire.records.begin(
            kind,
            network=nad.network,
            nad=nad.name,
            keys=nad.keys,
            owner=f"pod {NAMESPACE}/{name}",
            node=node,
            container=container,
        )

    def _next(self) -> int:
        self._made += 1
        return self._made

    def _home(self) -> str:
        return NODES[self._number % len(NODES)]

    def _uid(self) -> str:
        return f"uid-{self._number}-{self._next()}"

    def _container(self) -> str:
        return f"c-{self._number}-{self._next()}"


def _pod(name: str) -> str:
    return f"K8S_POD_NAMESPACE={NAMESPACE};K8S_POD_NAME={name}"
