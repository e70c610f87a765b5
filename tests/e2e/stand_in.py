"""A main plugin that speaks every version of CNI: a veth pair, both ends in the sandbox.

It stands in for a real one where those of the distribution do not speak CNI 1.1 yet (Debian 12).
It does what the specification asks of a main plugin: ADD, CHECK, DEL, STATUS and GC all reach the
IPAM plugin. Run as a program, with the standard library alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

VERSIONS = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"]


def main() -> NoReturn:
    """Serve one call."""
    command = os.environ["CNI_COMMAND"]
    if command == "VERSION":
        sys.stdout.write(json.dumps({"cniVersion": VERSIONS[-1], "supportedVersions": VERSIONS}))
        sys.exit(0)
    stdin = sys.stdin.buffer.read()
    if command == "ADD":
        add(stdin)
    if command == "CHECK":
        ip("link", "show", os.environ["CNI_IFNAME"])
    done = ipam(stdin)
    if command == "DEL":
        ip("link", "delete", os.environ["CNI_IFNAME"], check=False)
    end(done)


def add(stdin: bytes) -> NoReturn:
    """Make the link, ask for its addresses, put them on; all or nothing."""
    link = os.environ["CNI_IFNAME"]
    ip("link", "add", link, "type", "veth", "peer", "name", "peer0")
    ip("link", "set", "peer0", "up")
    ip("link", "set", link, "up")
    done = ipam(stdin)
    if done.returncode != 0:
        ip("link", "delete", link)
        end(done)
    result: dict[str, Any] = json.loads(done.stdout)
    for entry in result["ips"]:
        ip("address", "add", entry["address"], "dev", link)
        entry["interface"] = 0
    for route in result.get("routes", []):
        ip("route", "add", route["dst"], "via", route["gw"], "dev", link)
    result["interfaces"] = [{"name": link, "sandbox": os.environ["CNI_NETNS"]}]
    sys.stdout.write(json.dumps(result))
    sys.exit(0)


def ip(*words: str, check: bool = True) -> None:
    """Run `ip` in the sandbox."""
    sandbox = Path(os.environ["CNI_NETNS"]).name
    subprocess.run(["ip", "-netns", sandbox, *words], capture_output=True, check=check)


def ipam(stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run the IPAM plugin of the configuration with the same environment and standard input."""
    kind = json.loads(stdin)["ipam"]["type"]
    folders = os.environ["CNI_PATH"].split(":")
    program = next(Path(folder, kind) for folder in folders if Path(folder, kind).exists())
    return subprocess.run([program], input=stdin, capture_output=True, check=False)


def end(done: subprocess.CompletedProcess[bytes]) -> NoReturn:
    """Say what the IPAM plugin said."""
    sys.stdout.buffer.write(done.stdout)
    sys.stdout.flush()
    sys.stderr.buffer.write(done.stderr)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
