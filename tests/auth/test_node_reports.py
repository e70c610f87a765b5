"""The report of a node's agent: of its own node only, bounded, one row, and no line of the audit log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis import strategies

from auth.issuer import claims
from fixtures.signing import signed

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.rows import TupleRow
    from werkzeug.test import TestResponse

    from auth.conftest import Service

ONE, TWO = signed(claims("node1")), signed(claims("node2"))
REPORT: dict[str, Any] = {
    "plugin_version": "0.1.0",
    "agent_version": "0.1.0",
    "kept_dels": 3,
    "kept_bytes": 2048,
    "started_at": "2026-03-01T09:30:00Z",
}


def send(service: Service, token: str | None, body: Any = REPORT, **headers: str) -> TestResponse:
    """Post a report: a document, or bytes as they are. `Rowhouse_Node="…"` is a header."""
    data = body if isinstance(body, bytes) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.ask("POST", "/cni/report", token, data=data, headers=named)


def stored(dba: psycopg.Connection[TupleRow]) -> list[TupleRow]:
    return dba.execute(
        "SELECT cluster, node, plugin_version, agent_version, kept_dels, kept_bytes,"
        " started_at = '2026-03-01 09:30+00' FROM nodes ORDER BY 1, 2"
    ).fetchall()


def test_a_report_becomes_the_nodes_one_row(
    trusting: Service, dba: psycopg.Connection[TupleRow]
) -> None:
    for _ in range(3):
        answer = send(trusting, ONE, Rowhouse_Call="x-1")
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["Rowhouse-Answer"] == "x-1"
    send(trusting, TWO, {**REPORT, "kept_dels": 0, "plugin_version": ""})
    assert stored(dba) == [
        ("prod-a", "node1", "0.1.0", "0.1.0", 3, 2048, True),
        ("prod-a", "node2", "", "0.1.0", 0, 2048, True),
    ]


def test_a_later_report_replaces_all_but_the_time_of_the_first(
    trusting: Service, dba: psycopg.Connection[TupleRow]
) -> None:
    send(trusting, ONE)
    dba.execute("UPDATE nodes SET first_seen = '2026-01-01', last_seen = '2026-01-01'")
    send(trusting, ONE, {**REPORT, "agent_version": "0.2.0", "kept_dels": 0, "kept_bytes": 0})
    assert stored(dba) == [("prod-a", "node1", "0.1.0", "0.2.0", 0, 0, True)]
    seen = "SELECT first_seen = '2026-01-01', last_seen > now() - interval '1 hour' FROM nodes"
    assert dba.execute(seen.encode()).fetchall() == [(True, True)]


@pytest.mark.parametrize(
    "spoofed", [{"Rowhouse_Node": "node1"}, {"Rowhouse_Cluster": "prod-b"}], ids=str
)
def test_a_node_reports_for_itself_only(
    trusting: Service, dba: psycopg.Connection[TupleRow], spoofed: dict[str, str]
) -> None:
    answer = send(trusting, TWO, **spoofed)
    assert (answer.status_code, json.loads(answer.data)["code"]) == (403, 110)
    assert stored(dba) == []


def test_a_token_that_is_bound_to_no_node_reports_about_none(
    service: Callable[..., Service],
    make_token: Callable[..., str],
    dba: psycopg.Connection[TupleRow],
) -> None:
    """Else one stolen token would be able to write any number of rows, and hide what nodes say."""
    required = service(auth="required")
    unbound = make_token("node", cluster="edge")
    bound = make_token("node", name="edge-7", cluster="edge", node="edge-7")
    answer = send(required, unbound, Rowhouse_Node="edge-7")
    assert (answer.status_code, json.loads(answer.data)["code"]) == (403, 110)
    assert "--node" in json.loads(answer.data)["details"]
    assert stored(dba) == []
    assert send(required, bound).status_code == 200
    assert send(required, make_token("admin"), Rowhouse_Node="edge-8").status_code == 200
    assert [row[:2] for row in stored(dba)] == [("", "edge-8"), ("edge", "edge-7")]


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_a_person_reports_for_no_node(
    service: Callable[..., Service], make_token: Callable[..., str], role: str
) -> None:
    required = service(auth="required")
    assert send(required, make_token(role), Rowhouse_Node="node1").status_code == 403
    assert send(required, None, Rowhouse_Node="node1").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Rowhouse_Node": ""},
        {"Rowhouse_Node": "n" * 254},
        {"Rowhouse_Node": "n\x1b[31m"},
        {"Rowhouse_Node": "n\xff"},
        {"Rowhouse_Node": "n\xc2\x85"},
        {"Rowhouse_Node": "node1", "Rowhouse_Cluster": "c" * 254},
    ],
    ids=ascii,
)
def test_a_name_that_no_node_has_is_refused(
    service: Callable[..., Service], dba: psycopg.Connection[TupleRow], headers: dict[str, str]
) -> None:
    answer = send(service(auth="off"), None, **headers)
    assert (answer.status_code, json.loads(answer.data)["code"]) == (400, 4)
    assert stored(dba) == []


INVALID: dict[str, list[Any]] = {
    "plugin_version": [None, 1, "v" * 65, "1.0\n", "1 0", "é", "<b>"],
    "agent_version": [None, ["0.1.0"], "1\x00"],
    "kept_dels": [None, -1, 1.5, "3", True, 2**53, float("inf")],
    "kept_bytes": [None, -1, "0", 10**400],
    "started_at": [
        *(None, 0, 1e12, "", "0", "1772357400", "2026-03-01", "2026-03-01T09:30:00", "now"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "2026-13-01T00:00:00Z"),
        *("1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2026-03-01T09:30:00+99:99"),
    ],
}


@pytest.mark.parametrize("field", INVALID)
def test_a_value_that_makes_no_sense_is_refused(
    trusting: Service, dba: psycopg.Connection[TupleRow], field: str
) -> None:
    absent = {name: value for name, value in REPORT.items() if name != field}
    for body in [absent, *({**REPORT, field: value} for value in INVALID[field])]:
        answer = send(trusting, ONE, body)
        document = json.loads(answer.data)
        assert (answer.status_code, document["code"]) == (400, 6), body
        assert field in document["msg"]
    assert stored(dba) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *((b"", 400), (b"[]", 400), (b"null", 400), (b"{", 400), (b"\xff", 400)),
        *((b"[" * 4000, 400), (b" " * 4097, 413), (b" " * (2 << 20), 413)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_body_that_is_no_report_is_refused(trusting: Service, body: bytes, status: int) -> None:
    assert send(trusting, ONE, body).status_code == status


@hypothesis.settings(
    max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(
    document=strategies.fixed_dictionaries(
        {},
        optional={
            name: strategies.just(REPORT[name])
            | strategies.none()
            | strategies.integers()
            | strategies.floats()
            | strategies.text(max_size=80)
            | strategies.datetimes().map(lambda moment: f"{moment.isoformat()}+00:00")
            for name in REPORT
        },
    )
)
def test_no_report_breaks_the_server(trusting: Service, document: dict[str, Any]) -> None:
    assert send(trusting, ONE, document).status_code in {200, 400}


def test_fields_of_a_newer_agent_are_ignored(
    trusting: Service, dba: psycopg.Connection[TupleRow]
) -> None:
    assert send(trusting, ONE, {**REPORT, "sockets": {"open": 4}}).status_code == 200
    assert len(stored(dba)) == 1


def test_a_report_writes_no_history_and_no_audit_log(
    trusting: Service, dba: psycopg.Connection[TupleRow]
) -> None:
    send(trusting, ONE)
    send(trusting, ONE)
    assert dba.execute("SELECT count(*) FROM audit_log").fetchone() == (0,)


def test_a_report_is_a_heap_only_update_that_does_not_wait_for_the_disk(
    trusting: Service, dba: psycopg.Connection[TupleRow]
) -> None:
    send(trusting, ONE)
    index = "SELECT pg_relation_size('nodes_pkey'), pg_relation_size('nodes')"
    before = dba.execute(index.encode()).fetchone()
    for _ in range(300):
        send(trusting, ONE)
    # Without HOT pruning, 300 versions of a row would not fit into its page.
    assert dba.execute(index.encode()).fetchone() == before
    call = "SELECT report_node_v1('c', 'n', '', '', 0, 0, now())"
    with dba.transaction():
        dba.execute(call.encode())
        assert dba.execute("SHOW synchronous_commit").fetchone() == ("off",)
    assert dba.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_an_administrator_may_report_for_every_node(
    service: Callable[..., Service],
    make_token: Callable[..., str],
    dba: psycopg.Connection[TupleRow],
) -> None:
    send(service(auth="required"), make_token("admin"), Rowhouse_Node="n1", Rowhouse_Cluster="edge")
    assert [row[:2] for row in stored(dba)] == [("edge", "n1")]
