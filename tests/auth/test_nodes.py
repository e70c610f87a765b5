"""A node acts for itself: it can neither release, nor see, nor clean up what another one uses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from auth.issuer import claims
from fixtures.signing import signed

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.rows import TupleRow

    from auth.conftest import Service

NOTHING_VALID: dict[str, Any] = {"cni.dev/valid-attachments": []}
ONE, TWO = signed(claims("node1")), signed(claims("node2"))


def held(dba: psycopg.Connection[TupleRow]) -> list[TupleRow]:
    query = "SELECT container_id, node, host(address) FROM attachments ORDER BY 1, 2"
    return dba.execute(query).fetchall()


@pytest.mark.parametrize("command", ["ADD", "DEL", "CHECK", "STATUS", "GC"])
@pytest.mark.parametrize("spoofed", [{"node": "node1"}, {"cluster": "prod-b"}], ids=str)
def test_a_header_cannot_name_another_node_or_cluster(
    trusting: Service, command: str, spoofed: dict[str, str]
) -> None:
    answer = trusting.cni(command, TWO, more=NOTHING_VALID, **spoofed)
    assert (answer.status_code, json.loads(answer.data)["code"]) == (403, 110)


def test_node_and_cluster_come_from_the_token(
    trusting: Service, dba: psycopg.Connection[TupleRow]
) -> None:
    assert trusting.cni("ADD", TWO).status_code == 200
    assert dba.execute("SELECT cluster, node FROM attachments").fetchall() == [("prod-a", "node2")]


def test_del_of_another_nodes_sandbox_releases_nothing_and_does_not_block_a_teardown(
    trusting: Service, dba: psycopg.Connection[TupleRow]
) -> None:
    trusting.cni("ADD", ONE)
    before = held(dba)
    answer = trusting.cni("DEL", TWO)
    assert (answer.status_code, answer.data) == (200, b"")
    assert held(dba) == before != []
    assert trusting.cni("DEL", ONE).status_code == 200
    assert held(dba) == []
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)


def test_del_of_a_container_id_that_two_nodes_use_ends_only_ones_own(
    trusting: Service, dba: psycopg.Connection[TupleRow]
) -> None:
    """A container id is no secret: who knows one may make an attachment with it."""
    trusting.cni("ADD", ONE, pod="victim")
    trusting.cni("ADD", TWO, pod="other")
    trusting.cni("DEL", TWO)
    assert held(dba) == [("c1", "node1", "10.0.0.1")]
    assert dba.execute("SELECT owner_name FROM reservations").fetchall() == [("victim",)]


def test_an_add_in_the_name_of_another_nodes_pod_does_not_let_it_be_released(
    trusting: Service, dba: psycopg.Connection[TupleRow]
) -> None:
    trusting.cni("ADD", ONE)
    for container in ("c1", "c2"):
        trusting.cni("ADD", TWO, container=container)
        trusting.cni("DEL", TWO, container=container)
    assert held(dba) == [("c1", "node1", "10.0.0.1")]


def test_check_tells_nothing_about_another_nodes_sandbox(trusting: Service) -> None:
    result = json.loads(trusting.cni("ADD", ONE).data)
    assert trusting.cni("CHECK", ONE, more={"prevResult": result}).status_code == 200
    answer = trusting.cni("CHECK", TWO, more={"prevResult": {"cniVersion": "1.1.0"}})
    assert json.loads(answer.data)["code"] == 103
    assert "10.0.0.1" not in answer.text


def test_gc_is_for_ones_own_node(trusting: Service, dba: psycopg.Connection[TupleRow]) -> None:
    trusting.cni("ADD", ONE, pod="a", container="a")
    trusting.cni("ADD", TWO, pod="b", container="b")
    # The same container id on both: a GC that finds its own must not take the other's along.
    trusting.cni("ADD", ONE, pod="c", container="c")
    trusting.cni("ADD", TWO, pod="d", container="c")
    assert trusting.cni("GC", TWO, more=NOTHING_VALID).status_code == 200
    assert [(container, node) for container, node, _ in held(dba)] == [
        ("a", "node1"),
        ("c", "node1"),
    ]


def test_a_static_token_is_as_bound_as_it_was_made(
    service: Callable[..., Service], make_token: Callable[..., str]
) -> None:
    required = service(auth="required")
    bound = make_token("node", name="n1", node="node1", cluster="edge")
    cluster = make_token("node", name="edge", cluster="edge")
    free = make_token("node", name="free")
    cases: list[tuple[str, dict[str, Any], int]] = [
        (bound, {}, 200),
        (bound, {"node": "node1", "cluster": "edge"}, 200),
        (bound, {"node": "node2"}, 403),
        (bound, {"cluster": "prod-a"}, 403),
        (cluster, {"node": "node2"}, 200),
        (cluster, {"node": "node2", "cluster": "prod-a"}, 403),
        (free, {"node": "node2", "cluster": "prod-a"}, 200),
    ]
    for token, headers, status in cases:
        assert required.cni("DEL", token, **headers).status_code == status, headers


def test_an_administrator_may_act_for_every_node(
    service: Callable[..., Service],
    make_token: Callable[..., str],
    dba: psycopg.Connection[TupleRow],
) -> None:
    required = service(auth="required")
    admin = make_token("admin")
    required.cni("ADD", admin, node="node1")
    assert required.cni("DEL", admin, node="node2").status_code == 200
    assert held(dba) == []
