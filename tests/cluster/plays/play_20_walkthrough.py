"""The walkthrough that the project began with: the same commands, and what they show on Rowhouse."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import yaml

from cluster.facts import IPPOOLS, NADS, RESERVATIONS
from cluster.pods import addresses_of, networks_of

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.programs import Object
    from cluster.release import Release

# As in the walkthrough: its keys, its spelling, its gateway outside of the range.
NAD = """{ "cniVersion": "0.3.1",
             "LogFile": "/var/log/multus.log",
             "LogLevel": "debug",
             "name": "ipvlan1720",
             %(interface)s,
             "ipam": { "type": "%(type)s",
                       "datastore": "kubernetes",
                       "range": "10.11.88.96/28",
                       "range_start": "10.11.88.98",
                       "range_end": "%(end)s",
                       "gateway": "10.11.8.97",
                       "log_file" : "/tmp/whereabouts.log",
                       "log_level" : "debug"
                     }
           }"""


def nad(live: Live, release: Release, *, end: str) -> str:
    interface = json.dumps(live.interface).strip("{}")
    kind = "whereabouts" if release.may_stand_in else "rowhouse"
    return NAD % {"interface": interface, "type": kind, "end": end}


def test_one_pod_gets_the_one_address_and_a_second_one_waits_for_the_range_to_grow(
    live: Live, release: Release, space: str
) -> None:
    kubectl, make = live.kubectl, live.make
    kubectl.apply(make.network("ipvlan1720", space, nad(live, release, end="10.11.88.98")))
    listed = kubectl.text("get", "network-attachment-definition", "-n", space)
    assert re.search(r"^NAME +AGE\nipvlan1720 +\S+$", listed, re.MULTILINE)

    kubectl.apply(make.pod("ipvl", space, "ipvlan1720"))
    pod = live.running(space, ["ipvl"])["ipvl"]
    wide = kubectl.text("get", "po", "-n", space, "-o", "wide")
    assert re.search(r"^ipvl +1/1 +Running +0 ", wide, re.MULTILINE)
    network = networks_of(pod)["net1"]
    assert network["name"] == f"{space}/ipvlan1720"
    assert network["ips"] == ["10.11.88.98"]
    assert re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", network["mac"])
    described = kubectl.text("describe", "po", "ipvl", "-n", space)
    assert '"10.11.88.98"' in described
    assert "k8s.v1.cni.cncf.io/networks: ipvlan1720" in described
    live.check_inside(pod)

    check_objects(live, space, {"2": "ipvl"})
    check_described(live, space)

    # The range is full: the second pod waits, and its events say why.
    kubectl.apply(make.pod("ipvl2", space, "ipvlan1720"))
    live.wait(lambda: refusal(live, space, "ipvl2"), "the second pod is refused", space)
    live.wait(
        lambda: "NoAddress" in reasons(live, space, "ipvl2") or None, "the event NoAddress", space
    )
    # Growing the range is a change of the definition alone.
    kubectl.apply(make.network("ipvlan1720", space, nad(live, release, end="10.11.88.110")))
    second = live.running(space, ["ipvl2"])["ipvl2"]
    assert addresses_of(second) == ["10.11.88.99"]
    check_objects(live, space, {"2": "ipvl", "3": "ipvl2"})

    kubectl.text("delete", "po", "ipvl", "-n", space)
    kubectl.text("delete", "po", "ipvl2", "-n", space)
    check_objects(live, space, {})
    release.wait_for_holders(space, {})


def check_objects(live: Live, space: str, wanted: dict[str, str]) -> None:
    """Wait until the IPPool and the reservations are those of `wanted`: key → pod."""
    kubectl, namespace = live.kubectl, live.namespace

    def look() -> Object | None:
        printed = kubectl.text("get", "ippools", "10.11.88.96-28", "-n", namespace, "-o", "yaml")
        pool: Object = yaml.safe_load(printed)
        allocations = pool["spec"]["allocations"]
        podrefs = {key: one["podref"] for key, one in allocations.items()}
        return pool if podrefs == {key: f"{space}/{pod}" for key, pod in wanted.items()} else None

    pool = live.wait(look, f"the IPPool has {wanted}", namespace, seconds=60)
    assert pool["spec"]["range"] == "10.11.88.96/28"
    names = {f"10.11.88.{96 + int(key)}" for key in wanted}

    def reserved() -> bool | None:
        found = {one["metadata"]["name"] for one in kubectl.list(RESERVATIONS, namespace)}
        return {one for one in found if one.startswith("10.11.88.")} == names or None

    live.wait(reserved, f"the reservations are {names}", namespace, seconds=60)


def check_described(live: Live, space: str) -> None:
    """What `get` and `describe` print, as in the walkthrough."""
    kubectl, namespace = live.kubectl, live.namespace
    crds = kubectl.text("get", "crd")
    assert {IPPOOLS, RESERVATIONS, NADS} <= {line.split()[0] for line in crds.splitlines()}
    listed = kubectl.text("get", RESERVATIONS, "-n", namespace)
    assert re.search(r"^NAME +AGE$", listed, re.MULTILINE)
    assert re.search(r"^10\.11\.88\.98 +\S+$", listed, re.MULTILINE)
    listed = kubectl.text("get", IPPOOLS, "-n", namespace)
    assert re.search(r"^10\.11\.88\.96-28 +\S+$", listed, re.MULTILINE)
    reservation = kubectl.text("describe", RESERVATIONS, "10.11.88.98", "-n", namespace)
    spec = reservation.partition("\nSpec:\n")[2]
    # Containerid is whereabouts' of before v0.6; the walkthrough's has it, those of today have the interface.
    assert re.search(r"^ +Ifname: +net1$", spec, re.MULTILINE), reservation
    assert re.search(rf"^ +Podref: +{space}/ipvl$", spec, re.MULTILINE), reservation
    pool = kubectl.text("describe", IPPOOLS, "10.11.88.96-28", "-n", namespace)
    assert re.search(
        rf"^Spec:\n  Allocations:\n    2:\n      Id: +[0-9a-f]{{8,}}\n(?:      Ifname: +net1\n)?"
        rf"      Podref: +{space}/ipvl\n  Range: +10\.11\.88\.96/28$",
        pool,
        re.MULTILINE,
    ), pool


def refusal(live: Live, space: str, pod: str) -> str | None:
    """What the kubelet says of a sandbox that it could not make."""
    for event in events(live, space, pod):
        if event["reason"] == "FailedCreatePodSandBox":
            return str(event["message"])
    return None


def reasons(live: Live, space: str, pod: str) -> set[str]:
    return {str(one["reason"]) for one in events(live, space, pod)}


def events(live: Live, space: str, pod: str) -> list[Object]:
    return [
        one for one in live.kubectl.list("events", space) if one["involvedObject"]["name"] == pod
    ]
