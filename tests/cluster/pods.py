"""Reading pods: their networks as multus tells them, and why one does not start."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cluster.programs import Object

STATUS: Final = "k8s.v1.cni.cncf.io/network-status"
_LOCAL: Final = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")


def networks_of(pod: Object) -> dict[str, Object]:
    """Interface → what multus tells of it, without the cluster's own network."""
    text = (pod["metadata"].get("annotations") or {}).get(STATUS, "[]")
    return {one["interface"]: one for one in json.loads(text) if not one.get("default")}


def addresses_of(pod: Object, interface: str = "net1") -> list[str]:
    """The addresses of an interface, in multus' order; empty before it tells them."""
    return list(networks_of(pod).get(interface, {}).get("ips") or [])


def is_running(pod: Object) -> bool:
    """Whether a pod runs, with every container ready, and is not about to end."""
    status = pod.get("status", {})
    containers = status.get("containerStatuses") or []
    return (
        status.get("phase") == "Running"
        and "deletionTimestamp" not in pod["metadata"]
        and bool(containers)
        and all(one["ready"] for one in containers)
    )


def told(pods: Iterable[Object], events: Iterable[Object]) -> str:
    """Each pod with its phase, and what events say of it."""
    lines = []
    said: dict[str, list[str]] = {}
    for event in events:
        subject = event.get("involvedObject", {})
        if subject.get("kind") == "Pod" and event.get("type") == "Warning":
            line = f"    {event.get('reason')}: {event.get('message')}"
            said.setdefault(subject.get("name", ""), []).append(line)
    for pod in pods:
        metadata, status = pod["metadata"], pod.get("status", {})
        ending = ", being deleted" if "deletionTimestamp" in metadata else ""
        node = pod.get("spec", {}).get("nodeName", "no node")
        lines.append(f"  {metadata['name']} on {node}: {status.get('phase')}{ending}")
        lines += said.get(metadata["name"], [])[-3:]
    return "\n".join(lines)


def inside(fib_trie: str, if_inet6: str) -> set[str]:
    """The addresses of a network namespace, by /proc/net/fib_trie and /proc/net/if_inet6.

    Without those of loopback and without link-local ones.
    """
    found = {ipaddress.ip_address(one) for one in _LOCAL.findall(fib_trie)}
    for line in if_inet6.splitlines():
        packed = line.split()[0]
        found.add(ipaddress.ip_address(int(packed, 16).to_bytes(16)))
    return {str(one) for one in found if not one.is_loopback and not one.is_link_local}
