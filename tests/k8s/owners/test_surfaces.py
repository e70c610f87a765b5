"""What the API, the pages, `explain` and the mirror say about an owner that outlives its pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8s.owners.stage import Stage

MIRRORED = """SELECT own, namespace, pod, interface FROM pools,
                      mirrored_addresses_v1(pools.id, '', NULL, 100) WHERE cidr = '10.0.0.0/24'"""


def get(stage: Stage, path: str) -> Any:
    answer = stage.node_calls.get(path)
    assert answer.status_code == 200, answer.text
    return answer.get_json() if answer.is_json else answer.text


def test_each_of_them_knows_the_machine_with_and_without_a_pod(stage: Stage) -> None:
    stage.ipam["sticky"] = "vm"
    stage.machine()
    stage.launcher("source")
    stage.launcher("target", node="node2")

    [held] = get(stage, "/api/v1/reservations?kind=virtual_machine")["items"]
    assert (held["owner"]["name"], held["node"], held["attachments"]) == ("db", "node2", 2)
    [detail] = [get(stage, f"/api/v1/reservations/{held['network_id']}/10.0.0.1")]
    assert [one["pod_name"] for one in detail["attached"]] == ["target", "source"]
    explained = get(stage, "/api/v1/explain?address=10.0.0.1")
    assert (explained["owner"], explained["owner_kind"]) == ("default/db", "virtual_machine")
    assert stage.dba.execute(MIRRORED).fetchall() == [(True, "default", "target", "net1")]
    page = get(stage, f"/addresses/{held['network_id']}/10.0.0.1")
    assert "its virtual machine keeps it after the pod is gone" in page

    stage.stop("source")
    stage.stop("target")
    explained = get(stage, "/api/v1/explain?address=10.0.0.1")
    assert explained["because"].startswith("kept while VirtualMachine default/db exists")
    assert stage.dba.execute(MIRRORED).fetchall() == [(False, "default", "db", "net1")]
    page = get(stage, f"/addresses/{held['network_id']}/10.0.0.1")
    assert "No pod uses it. It is kept for its virtual machine." in page
