"""What upstream left in the cluster after each recorded call, and what our mirror leaves after the same call."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.case import DEFAULT, Taken, recorded
from fixtures.apiserver import ApiServer
from rowhouse.k8s.client import kubernetes_client
from rowhouse.k8s.mirror.mirror import Mirror, Pacing
from rowhouse.store.cluster.mirror import MirrorStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.case import Case
    from conformance.play import Stage
    from fixtures.wiping import SharedDatabase

Objects = dict[str, Any]
POOLS, RESERVATIONS = "ippools", "overlappingrangeipreservations"
RECORDED = {
    entry["id"]: entry["upstream_objects_after"]
    for entry in json.loads((Path(__file__).parent / "cases.json").read_text())
    if "upstream_objects_after" in entry
}
CASES = [case for case in recorded() if case.id in RECORDED]

HOLDER = {"id": "ctr-new", "ifname": "net1", "podref": "default/pod-new"}
RESERVED = {"ifname": "net1", "podref": "default/pod-new"}
NOTHING = (
    "upstream makes the pool before it finds that it cannot serve the call; of ours nothing is left"
)
# Where ours differ: what they are instead, and why.
DIFFERENT: dict[str, tuple[Objects, str]] = {
    **dict.fromkeys(("A11", "A29", "A39", "A41", "D18"), ({}, NOTHING)),
    "A03": (
        {},
        "a real API server refuses the names ---126 and --1 (RFC 1123), so upstream fails; it is reported",
    ),
    "A12": (
        {
            f"{POOLS}/2001-db8---30": {"range": "2001:db8::/30", "allocations": {}},
            f"{RESERVATIONS}/2001-db9--0": RESERVED,
        },
        "the offset is 2^96; upstream cuts it off and writes another address's key; it is reported",
    ),
    "A38": (
        {
            f"{POOLS}/10.0.0.0-24": {"range": "10.0.0.0/24", "allocations": {"2": HOLDER}},
            f"{RESERVATIONS}/10.0.0.2": RESERVED,
        },
        "the gateway is never assigned",
    ),
    "B44": (
        {
            f"{POOLS}/10.0.0.0-24": {"range": "10.0.0.0/24", "allocations": {"1": HOLDER}},
            f"{RESERVATIONS}/10.0.0.1": RESERVED,
        },
        "no kubeconfig is read, so the call succeeds",
    ),
    "D20": (
        {
            f"{POOLS}/10.0.0.0-30": {
                "range": "10.0.0.0/30",
                "allocations": {"1": HOLDER, "2": HOLDER},
            },
            f"{RESERVATIONS}/10.0.0.1": RESERVED,
            f"{RESERVATIONS}/10.0.0.2": RESERVED,
        },
        "a range listed twice gives two addresses",
    ),
    "O06": (
        {
            f"{POOLS}/192.168.22.0-24": {"range": "192.168.22.0/24", "allocations": {}},
            f"{POOLS}/192.168.22.0-28": {"range": "192.168.22.0/28", "allocations": {"1": HOLDER}},
            f"{RESERVATIONS}/192.168.22.1": RESERVED,
        },
        "an interface whose range changed keeps its address, which is of the new range then",
    ),
}


@pytest.fixture(scope="module")
def mirrored(
    shared_database: SharedDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Objects]]:
    """One mirror for all cases: what one leaves must go with the next."""
    folder = tmp_path_factory.mktemp("kube")
    with (
        ApiServer() as kube,
        MirrorStore(shared_database.url, "") as store,
        kubernetes_client(str(kube.kubeconfig(folder))) as client,
    ):
        pacing = Pacing(rate=10_000, window=0.0)
        mirror = Mirror(store, client, "kube-system", threading.Event(), pacing, watch=False)
        store.turn_on("kube-system")

        def look() -> Objects:
            mirror.round()
            return {
                f"{plural}/{name}": spec
                for plural in (POOLS, RESERVATIONS)
                for name, spec in kube.specs(plural).items()
            }

        yield look
        store.turn_off()


def named_as_upstream(case: Case) -> Case:
    """The addresses that others hold, with the names that the recorder gave to the holders."""
    taken = [
        Taken(address=one.address, podref=f"default/other-{i}", container_id=f"ctr-other-{i}")
        if one.podref.startswith("default/other-")
        else one
        for i, one in enumerate(case.taken)
    ]
    return replace(case, taken=tuple(taken))


def reservations_of(taken: tuple[Taken, ...]) -> Objects:
    """The recorder wrote the pool entries of others alone; who asks for an address has both objects."""
    return {
        f"{RESERVATIONS}/{one.address.replace(':', '-')}": {
            "ifname": one.interface,
            "podref": one.podref,
        }
        for one in taken
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_objects_are_upstreams(
    stage: Stage, case: Case, mirrored: Callable[[], Objects]
) -> None:
    assert mirrored() == {}
    case = named_as_upstream(case)
    caller = stage.caller("http", DEFAULT)
    stage.set_up(case, caller, caller)
    caller.run(case.call)
    different, _ = DIFFERENT.get(case.id, (RECORDED[case.id], ""))
    assert mirrored() == different | reservations_of(case.taken)
