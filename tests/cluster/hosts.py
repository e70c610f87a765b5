"""Looking at the hosts, and taking a bridge away: pods as root, one on each node, only while a question lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cluster.waiting import until

if TYPE_CHECKING:
    from cluster.live import Live

# SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCBRDELBR and IFF_UP of Linux: a bridge has to be down to be deleted.
DELETE_BRIDGE: Final = """
import fcntl, socket, struct, sys
name = sys.argv[1].encode()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    request = struct.pack("16sH14x", name, 0)
    try:
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, 0x8913, request))[1]
    except OSError:
        print("there is no", sys.argv[1])
    else:
        fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", name, flags & ~1))
        fcntl.ioctl(control, 0x89A1, name.ljust(16, b"\\0"))
        print("deleted", sys.argv[1])
"""
_SECONDS: Final = 180.0


def on_every_node(
    live: Live, name: str, command: list[str], *, image: str = "", **security: object
) -> dict[str, str]:
    """Node → what a command printed there; the host's files are in /host."""
    namespace = live.namespace
    made = {
        node: live.make.host_pod(
            f"{name}-{number}", namespace, node, command, image=image, **security
        )
        for number, node in enumerate(live.facts.nodes)
    }
    live.kubectl.apply(*made.values())
    names = {one["metadata"]["name"] for one in made.values()}

    def look() -> bool | None:
        phases = {
            one["metadata"]["name"]: one["status"].get("phase") for one in live.pods(namespace)
        }
        return all(phases.get(one) in {"Succeeded", "Failed"} for one in names) or None

    try:
        until(look, f"{name} ends on every node", seconds=_SECONDS)
        return {
            node: live.kubectl.text("logs", "--namespace", namespace, str(one["metadata"]["name"]))
            for node, one in made.items()
        }
    finally:
        for one in sorted(names):
            live.kubectl.delete("pod", one, namespace)


def files_of_rowhouse(live: Live) -> dict[str, list[str]]:
    """Node → files and links of Rowhouse on the host, and what has the name whereabouts."""
    folders = [live.facts.bin_dir, "/etc/cni/net.d", "/var/lib/rowhouse"]
    roots = " ".join(f"/host{one}" for one in folders)
    script = (
        f"find {roots} -maxdepth 3 \\( -name 'rowhouse*' -o -name 'whereabouts*' -o -name '.rowhouse*'"
        " -o -path '*/lib/rowhouse/*' \\) ! -type d 2>/dev/null; true"
    )
    found = on_every_node(live, "look", ["sh", "-c", script])
    return {node: sorted(text.split()) for node, text in found.items()}


def delete_bridge(live: Live, bridge: str) -> dict[str, str]:
    """Take a bridge of the suite's away from every node; node → what was done."""
    command = ["python3", "-c", DELETE_BRIDGE, bridge]
    # The suite's own image has Python, which another one for test pods may lack.
    return on_every_node(
        live, "bridge", command, image=live.settings.image, capabilities={"add": ["NET_ADMIN"]}
    )
