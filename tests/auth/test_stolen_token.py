"""What a node's stolen token can do, and what it cannot: the table of docs/reference/access.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from auth.issuer import ISSUER, ApiServer, claims
from fixtures.signing import signed

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.rows import TupleRow

    from auth.conftest import Service

VICTIM, THIEF = signed(claims("node1")), signed(claims("node2"))
ROWS = """
SELECT host(r.address), r.owner_name, r.node, r.container_id, r.sticky, r.policy_source,
       ARRAY(SELECT (a.container_id, a.node)::text FROM attachments a
              WHERE a.network_id = r.network_id AND a.address = r.address ORDER BY 1)
  FROM reservations r WHERE r.owner_name IN ('web-0', 'db-0') ORDER BY r.address
"""
HISTORY = "SELECT host(address), owner_name, node, container_id, upper_inf(during) FROM tenures ORDER BY id"


class Try(NamedTuple):
    """A call of the thief, and the CNI code of its answer; 0: success."""

    command: str
    container: str
    pod: str
    code: int
    ipam: dict[str, str] = {}  # noqa: RUF012 - never written


PATH = "/api/v1/namespaces/default/pods/"
TRIES = {
    "ADD of a sandbox of another node": Try("ADD", "c1", "web-0", 110),
    "ADD for a plain pod of another node": Try("ADD", "mine", "web-0", 0),
    "ADD in strict mode, by a range that overlaps": Try(
        "ADD", "mine", "web-0", 0, {"range": "10.0.0.0/25", "compat": "strict"}
    ),
    "ADD for a sticky pod of another node": Try("ADD", "mine", "db-0", 11),
    "DEL of a sandbox of another node": Try("DEL", "c1", "web-0", 0),
    "DEL of an imported sandbox whose node is unknown": Try("DEL", "imported", "web-0", 0),
    "CHECK of a sandbox of another node": Try("CHECK", "c1", "web-0", 103),
    "CHECK of an imported sandbox whose node is unknown": Try("CHECK", "imported", "web-0", 103),
    "GC that lists nothing": Try("GC", "", "", 0),
}


@pytest.fixture(params=[True, False], ids=["verified", "not verified"])
def asked(
    request: pytest.FixtureRequest, service: Callable[..., Service], api_server: ApiServer
) -> Service:
    """A cluster that says that both pods run on node1; asked, or not."""
    for name, uid in (("web-0", "1"), ("db-0", "2")):
        api_server.pods[PATH + name] = {
            "metadata": {"name": name, "uid": uid},
            "spec": {"nodeName": "node1"},
        }
    jwks = api_server.url + "/openid/v1/jwks"
    return service(jwks=jwks, jwt_issuer=ISSUER, cluster="prod-a", verify_placement=request.param)


@pytest.mark.parametrize("tried", TRIES.values(), ids=TRIES)
def test_it_touches_nothing_that_another_node_has(
    asked: Service, dba: psycopg.Connection[TupleRow], tried: Try
) -> None:
    sticky = {"ipam": {"type": "rowhouse", "range": "10.1.0.0/24", "sticky": True}}
    plain = {"ipam": {"type": "rowhouse", "range": "10.0.0.0/24"}}
    config: dict[str, Any] = {**(sticky if tried.pod == "db-0" else plain)}
    config["ipam"] = config["ipam"] | tried.ipam
    for container, pod, more in (("c1", "web-0", plain), ("c2", "db-0", sticky)):
        assert asked.cni("ADD", VICTIM, container=container, pod=pod, more=more).status_code == 200
    assert (
        asked.cni("ADD", VICTIM, container="imported", pod="web-0", more=plain).status_code == 200
    )
    dba.execute("UPDATE attachments SET node = '' WHERE container_id = 'imported'")
    before, history = dba.execute(ROWS).fetchall(), dba.execute(HISTORY).fetchall()

    if tried.command == "GC":
        config["cni.dev/valid-attachments"] = []
    if tried.command == "CHECK":
        config["prevResult"] = {"cniVersion": "1.1.0", "ips": [{"address": "10.0.0.1/24"}]}
    answer = asked.cni(tried.command, THIEF, container=tried.container, pod=tried.pod, more=config)
    assert (json.loads(answer.data)["code"] if answer.status_code != 200 else 0) == tried.code
    assert [row for row in dba.execute(ROWS) if row[2] != "node2"] == before
    assert [row for row in dba.execute(HISTORY) if row[2] != "node2"] == history


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_a_pod_that_moved_gets_its_address_where_the_cluster_says_that_it_runs(
    service: Callable[..., Service], api_server: ApiServer, node: str
) -> None:
    trusting = service(
        jwks=api_server.url + "/openid/v1/jwks",
        jwt_issuer=ISSUER,
        cluster="prod-a",
        verify_placement=True,
    )
    api_server.pods[PATH + "web-0"] = {"metadata": {"uid": "1"}, "spec": {"nodeName": node}}
    first = json.loads(trusting.cni("ADD", VICTIM).data)["ips"][0]["address"]
    second = json.loads(trusting.cni("ADD", THIEF, container="c2").data)["ips"][0]["address"]
    assert (first == second) == (node == "node2")
    assert [path for path in api_server.asked if path.startswith(PATH)] == [PATH + "web-0"]


def test_where_the_cluster_refuses_to_say_the_other_nodes_address_stays(
    service: Callable[..., Service], api_server: ApiServer
) -> None:
    trusting = service(
        jwks=api_server.url + "/openid/v1/jwks",
        jwt_issuer=ISSUER,
        cluster="prod-a",
        verify_placement=True,
    )
    first = json.loads(trusting.cni("ADD", VICTIM).data)["ips"][0]["address"]
    answers: list[dict[str, Any]] = [
        {},
        {"metadata": {}},
        {"spec": {"nodeName": "node2"}},
        {"metadata": [], "spec": 1},
    ]
    for pod in answers:
        api_server.pods[PATH + "web-0"] = pod
        answer = trusting.cni("ADD", THIEF, container="c2")
        assert json.loads(answer.data)["ips"][0]["address"] != first
