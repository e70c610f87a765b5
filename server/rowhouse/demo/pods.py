"""The steps that start and delete pods, as the container runtime and multus do."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rowhouse.demo.namespace import Namespace
from rowhouse.demo.network import FIRST, GATEWAY, POOL, SECOND
from rowhouse.demo.programs import run
from rowhouse.demo.runtime import INTERFACE, Pod

if TYPE_CHECKING:
    import contextlib

    from rowhouse.demo.network import Network
    from rowhouse.demo.runtime import Answer, Runtime
    from rowhouse.demo.screen import Screen

_PROMPT: Final = "node2$ "
_EXHAUSTED: Final = 100
_PREFIX_LENGTH: Final = POOL.partition("/")[2]
# The sandboxes of the walkthrough.
_CONTAINER_IDS: Final = {
    "ipvl": "aa3576c85e9b699a8bbe5360edd5d84cccffdfc2e1c017b6b6e52c77c0308dcd",
    "ipvl2": "7a8bbfed7f98586779ac089358102078bca0f1946fe131c6abd8bd66e685688a",
}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What all steps need."""

    screen: Screen
    runtime: Runtime
    network: Network


def make_pod(name: str, *, namespaces: contextlib.ExitStack | None) -> Pod:
    """Return the sandbox of devops/`name`, with a network namespace that `namespaces` ends, if given."""
    netns, enter = f"/var/run/netns/{name}", list[str]()
    if namespaces is not None:
        own = namespaces.enter_context(Namespace(f"rowhouse-demo-pod-{name}"))
        netns, enter = own.path, own.enter
    return Pod(
        namespace="devops",
        name=name,
        container_id=_CONTAINER_IDS[name],
        netns=netns,
        enter=tuple(enter),
    )


def starts(stage: Stage, pod: Pod) -> None:
    """The first pod gets the only address of the range."""
    stage.screen.headline(f"Pod {pod.full_name} starts: ADD")
    _gets(stage, pod, FIRST)


def is_refused(stage: Stage, pod: Pod) -> None:
    """The second pod is refused, because the range is exhausted."""
    stage.screen.headline(f"Pod {pod.full_name} is refused: the range has only one address")
    answer = _call(stage, "ADD", pod)
    stage.screen.expect("exit status", answer.exit_status, 1)
    stage.screen.expect("CNI error code", answer.document().get("code"), _EXHAUSTED)
    stage.screen.say("After a failed ADD, the runtime calls DEL. Here it has nothing to release.")
    stage.screen.expect("exit status", _call(stage, "DEL", pod).exit_status, 0)


def starts_in_widened_range(stage: Stage, pod: Pod) -> None:
    """The range is widened, and the second pod gets the next address."""
    stage.screen.headline("The range is widened: range_end of the configuration")
    stage.screen.output(stage.network.widen())
    _gets(stage, pod, SECOND)


def are_deleted(stage: Stage, *pods: Pod) -> None:
    """Both pods are deleted."""
    stage.screen.headline("Both pods are deleted: DEL")
    for pod in pods:
        answer = _call(stage, "DEL", pod)
        stage.screen.expect("exit status", answer.exit_status, 0)
        if pod.enter:
            links = _run_in(stage, pod, "ip", "-brief", "link").splitlines()
            left = [link for link in links if link.startswith(INTERFACE)]
            stage.screen.expect(f"{INTERFACE} in its namespace", left, [])


def left_a_log(stage: Stage) -> None:
    """The configuration's log_file lists all calls."""
    stage.screen.headline("The log_file of the configuration")
    file = stage.network.log_file
    verbs = [
        line.split()[2] for line in _shown(stage, "sed", "s/ ms .*/ ms/", str(file)).splitlines()
    ]
    stage.screen.expect("calls", verbs, ["ADD", "ADD", "DEL", "ADD", "DEL", "DEL"])


def _gets(stage: Stage, pod: Pod, address: str) -> None:
    answer = _call(stage, "ADD", pod)
    stage.screen.expect("exit status", answer.exit_status, 0)
    ips = answer.document().get("ips", [])
    given = [f"{ip.get('address')} via {ip.get('gateway')}" for ip in ips]
    with_length = f"{address}/{_PREFIX_LENGTH}"
    stage.screen.expect("address", given, [f"{with_length} via {GATEWAY}"])
    if pod.enter:
        shown = _run_in(stage, pod, "ip", "addr", "show", INTERFACE)
        found = [line.split()[1] for line in shown.splitlines() if line.split()[0] == "inet"]
        stage.screen.expect(f"on {INTERFACE}", found, [with_length])


def _call(stage: Stage, command: str, pod: Pod) -> Answer:
    typed = stage.runtime.as_typed(command, pod, stage.network.file)
    stage.screen.command(typed, prompt=_PROMPT, continued="  ")
    answer = stage.runtime.call(command, pod, stage.network.file)
    stage.screen.output(answer.body)
    stage.screen.output(answer.notes)
    return answer


def _run_in(stage: Stage, pod: Pod, *command: str) -> str:
    return _shown(stage, *pod.enter, *command)


def _shown(stage: Stage, *command: str) -> str:
    stage.screen.command(shlex.join(command), prompt=_PROMPT)
    done = run(command)
    stage.screen.output(done.stdout + done.stderr)
    return done.stdout
