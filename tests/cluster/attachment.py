"""Which CNI plugin makes interfaces in this cluster: found out by a pod on each node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.pods import is_running, networks_of, told
from cluster.waiting import InVainError, until

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.programs import Object

CANDIDATES = ("bridge", "macvlan", "ipvlan")
PROBE_SECONDS = 60.0
BRIDGE_PREFIX = "rht"


class NoneWorksError(AssertionError):
    """No candidate makes an interface on every node."""


def interface_config(kind: str, *, run: str, master: str) -> Object:
    """The part of a network configuration that says how the interface is made.

    A bridge of the suite's own comes first, since it reaches nothing of the host's network. macvlan and
    ipvlan take the interface of the default route unless `master` names one.
    """
    if kind == "bridge":
        return {"type": "bridge", "bridge": f"{BRIDGE_PREFIX}{run}"}
    mode = {"macvlan": "bridge", "ipvlan": "l2"}[kind]
    return {"type": kind, "mode": mode, **({"master": master} if master else {})}


def choose(live: Live) -> Object:
    """The first candidate with which a pod starts on every node. Raise NoneWorksError."""
    namespace = live.space("probe")
    settings = live.settings
    reasons = []
    for kind in [settings.attach] if settings.attach else CANDIDATES:
        config = interface_config(kind, run=live.run, master=settings.master)
        try:
            _try(live, namespace, kind, config)
        except InVainError as failure:
            reasons.append(f"{kind}: {failure}")
        else:
            return config
        finally:
            live.kubectl.run(
                "delete", "pods", "--namespace", namespace, "--all", "--wait=false", check=False
            )
    raise NoneWorksError(
        "multus makes no interface on every node: are the CNI plugins (bridge, macvlan or ipvlan) in"
        f" {live.facts.bin_dir} of every node?\n" + "\n".join(reasons)
    )


def _try(live: Live, namespace: str, kind: str, config: Object) -> None:
    network = {"cniVersion": "0.3.1", "name": f"probe-{kind}", **config}
    pods = [
        live.make.pod(f"{kind}-{number}", namespace, f"probe-{kind}", node=node)
        for number, node in enumerate(live.facts.nodes)
    ]
    live.kubectl.apply(live.make.network(f"probe-{kind}", namespace, network), *pods)
    names = {one["metadata"]["name"] for one in pods}

    def look() -> bool | None:
        found = [one for one in live.pods(namespace) if one["metadata"]["name"] in names]
        ready = [one for one in found if is_running(one) and "net1" in networks_of(one)]
        return len(ready) == len(names) or None

    def explain() -> str:
        return told(live.pods(namespace), live.kubectl.list("events", namespace))

    until(look, f"pods with a {kind} start", seconds=PROBE_SECONDS, explain=explain)
