"""What multus does for a pod: each network's IPAM plugin is called, and the pod's annotation tells the results."""

from __future__ import annotations

import json
import secrets
import subprocess
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from cluster.pods import STATUS

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.dry.store import Store
    from cluster.programs import Object


class RefusedSandboxError(Exception):
    """A plugin failed."""


@dataclass(frozen=True)
class Attached:
    """An interface, and with which configuration it was made."""

    interface: str
    config: Object
    network: str
    ips: list[str]


def wanted(store: Store, pod: Object) -> list[Attached]:
    """The networks that a pod's annotation asks for, without addresses yet."""
    text = (pod["metadata"].get("annotations") or {}).get("k8s.v1.cni.cncf.io/networks", "")
    if not text:
        return []
    own = pod["metadata"]["namespace"]
    if text.lstrip().startswith("["):
        asked = json.loads(text)
    else:
        asked = [
            {"name": one.strip().rpartition("/")[2], "namespace": one.strip().rpartition("/")[0]}
            for one in text.split(",")
        ]
    found = []
    for number, one in enumerate(asked, 1):
        namespace = one.get("namespace") or own
        definition = store.get("network-attachment-definitions", namespace, one["name"])
        config = json.loads(definition["spec"]["config"])
        if config.get("capabilities", {}).get("ips") and one.get("ips"):
            config["runtimeConfig"] = {"ips": one["ips"]}
        interface = one.get("interface") or f"net{number}"
        found.append(Attached(interface, config, f"{namespace}/{one['name']}", []))
    return found


def call(command: str, host: Path, pod: Object, sandbox: str, one: Attached) -> list[str]:
    """An ADD or DEL of the IPAM plugin on a host; the addresses. Raises RefusedSandboxError."""
    kind = one.config.get("ipam", {}).get("type", "")
    if not kind:
        return []
    metadata = pod["metadata"]
    arguments = {
        "IgnoreUnknown": "1",
        "K8S_POD_NAMESPACE": metadata["namespace"],
        "K8S_POD_NAME": metadata["name"],
        "K8S_POD_INFRA_CONTAINER_ID": sandbox,
        "K8S_POD_UID": metadata["uid"],
    }
    plugin = host / "opt/cni/bin" / kind
    if not plugin.exists():
        raise RefusedSandboxError(f'failed to find plugin "{kind}" in path [/opt/cni/bin]')
    done = subprocess.run(
        [plugin],
        input=json.dumps(one.config),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": sandbox,
            "CNI_NETNS": f"/var/run/netns/{sandbox[:12]}",
            "CNI_IFNAME": one.interface,
            "CNI_PATH": "/opt/cni/bin",
            "CNI_ARGS": ";".join(f"{key}={value}" for key, value in arguments.items()),
            "ROWHOUSE_CONFIG": str(host / "etc/cni/net.d/rowhouse.d/rowhouse.conf"),
        },
    )
    if done.returncode != 0:
        raise RefusedSandboxError(done.stdout + done.stderr)
    if command != "ADD":
        return []
    return [ip["address"].partition("/")[0] for ip in json.loads(done.stdout).get("ips", [])]


def annotation(attached: list[Attached]) -> dict[str, str]:
    """What multus writes on the pod."""
    status: list[Object] = [
        {"name": "kindnet", "interface": "eth0", "ips": ["10.244.0.9"], "default": True, "dns": {}}
    ]
    for one in attached:
        mac = ":".join(f"{byte:02x}" for byte in b"\x02" + secrets.token_bytes(5))
        said = {"name": one.network, "interface": one.interface, "mac": mac, "dns": {}}
        status.append(said | ({"ips": one.ips} if one.ips else {}))
    return {STATUS: json.dumps(status, indent=4)}


def proc_net(attached: list[Attached]) -> dict[str, str]:
    """/proc/net of a pod that has no network namespace here: this much is pretended."""
    addresses = [ip for one in attached for ip in one.ips]
    trie = "".join(
        f"        |-- {ip}\n           /32 host LOCAL\n" for ip in addresses if ":" not in ip
    )
    return {"fib_trie": f"Local:\n{trie}", "if_inet6": _if_inet6(addresses)}


def _if_inet6(addresses: list[str]) -> str:
    return "".join(
        f"{IPv6Address(ip).packed.hex()} 02 40 00 80 net1\n" for ip in addresses if ":" in ip
    )
