"""Parts that are away: servers, the leading controller, the API server."""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from cluster.pods import addresses_of, is_running
from cluster.release import NAME
from cluster.waiting import until

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.release import Release

METRICS = (
    "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8081/metrics').read().decode())"
)
METRICS_IPV6 = METRICS.replace("127.0.0.1", "[::1]")


def test_pods_end_while_no_server_runs_and_their_addresses_come_back_later(
    live: Live, release: Release, space: str
) -> None:
    config = live.config("away", range="10.110.30.0/24")
    live.kubectl.apply(
        live.make.network("away", space, config), live.make.deployment("away", space, "away", 4)
    )
    pods = live.replicas(space, "away", 4)
    try:
        release.stop_servers()
        live.kubectl.run("scale", "deployment/away", "--replicas=0", "--namespace", space)
        live.gone(space, [one["metadata"]["name"] for one in pods])
        # A new pod waits, and is not given up.
        live.kubectl.apply(live.make.pod("waits", space, "away"))
    finally:
        release.upgrade()
    pod = live.running(space, ["waits"])["waits"]
    release.wait_for_holders(space, {"waits": set(addresses_of(pod))})


def test_another_controller_leads_when_the_leader_is_killed(
    live: Live, release: Release, space: str
) -> None:
    first = leader(live)
    live.kubectl.run(
        "delete", "pod", first, "--namespace", live.namespace, "--force", "--grace-period=0"
    )

    def another() -> str | None:
        found = leaders(live)
        return found[0] if found and first not in found else None

    until(another, "another controller leads", seconds=live.settings.wait_seconds)
    release.rollout("deployment", "controller")
    # It works: a pod's address appears in whereabouts' objects.
    config = live.config("led", range="10.110.31.0/24")
    live.kubectl.apply(live.make.network("led", space, config), live.make.pod("a", space, "led"))
    live.running(space, ["a"])

    def is_mirrored() -> bool | None:
        pool = live.kubectl.get("ippools", "10.110.31.0-24", live.namespace)
        return bool(pool and pool["spec"].get("allocations")) or None

    live.wait(is_mirrored, "the new leader mirrors", live.namespace, seconds=120)


def test_nothing_is_released_because_the_api_server_is_away(
    live: Live, release: Release, space: str
) -> None:
    stop, start = live.settings.api_server_stop, live.settings.api_server_start
    if not (stop and start):
        pytest.skip("API_SERVER_STOP and API_SERVER_START name no commands")
    config = live.config("headless", range="10.110.32.0/24")
    live.kubectl.apply(
        live.make.network("headless", space, config),
        live.make.deployment("headless", space, "headless", 3),
    )
    pods = live.replicas(space, "headless", 3)
    before = release.holders(space)
    subprocess.run(["sh", "-c", stop], check=True, timeout=120)
    try:
        until(lambda: not answers(live) or None, "the API server is away", seconds=120)
        time.sleep(90)  # longer than grace and interval: the controller would have had its chance
    finally:
        subprocess.run(["sh", "-c", start], check=True, timeout=120)
        until(lambda: answers(live) or None, "the API server is back", seconds=300)
    release.rollout("deployment", "controller")
    assert release.holders(space) == before
    names = [one["metadata"]["name"] for one in pods]
    assert {n: set(addresses_of(p)) for n, p in live.running(space, names).items()} == before


def answers(live: Live) -> bool:
    return live.kubectl.run("get", "--raw", "/readyz", check=False, seconds=30).returncode == 0


def leader(live: Live) -> str:
    """The pod of the controller that leads."""
    (found,) = until(lambda: leaders(live) or None, "a controller leads", seconds=120)
    return found


def leaders(live: Live) -> list[str]:
    script = METRICS_IPV6 if live.facts.is_ipv6_only else METRICS
    selector = f"app.kubernetes.io/instance={NAME},app.kubernetes.io/component=controller"
    found = []
    for one in live.kubectl.list("pods", live.namespace, selector):
        if not is_running(one):
            continue
        name = str(one["metadata"]["name"])
        line = ["exec", "--namespace", live.namespace, name, "--container", "controller", "--"]
        done = live.kubectl.run(*line, "python3", "-c", script, check=False)
        if re.search(r"^rowhouse_controller_leader 1(\.0)?$", done.stdout, re.MULTILINE):
            found.append(name)
    return found
