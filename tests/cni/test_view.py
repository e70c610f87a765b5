"""POST /cni on a real database: every verb, and every kind of refusal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cni.conftest import ENVIRONMENT
from rowhouse.app import create_app
from rowhouse.cni import view
from rowhouse.cni.call import MAX_BODY
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from psycopg.rows import TupleRow
    from werkzeug.test import TestResponse

    from fixtures.databases import Database

NETWORK: dict[str, Any] = {"cniVersion": "1.1.0", "name": "mynet", "type": "ipvlan"}
RANGE = {"type": "whereabouts", "range": "10.0.0.0/29", "gateway": "10.0.0.1"}


@pytest.fixture
def post(database: Database) -> Iterator[Callable[..., TestResponse]]:
    """Send a call: headers by keyword with `_` for `-`, and keys of the configuration."""
    app = create_app(Settings(database_url=database.url))
    client = app.test_client()

    def send(command: str = "ADD", body: bytes | None = None, **more: Any) -> TestResponse:
        headers = ENVIRONMENT | {"CNI-Command": command}
        own = [key for key in more if key.startswith(("CNI", "Rowhouse"))]
        headers |= {key.replace("_", "-"): more.pop(key) for key in own}
        config = {**NETWORK, "ipam": RANGE, **more}
        return client.post("/cni", data=body or json.dumps(config).encode(), headers=headers)

    yield send
    app.extensions["rowhouse"].store.close()


def addresses(response: TestResponse) -> list[str]:
    assert response.status_code == 200, response.text
    return [entry["address"] for entry in json.loads(response.data)["ips"]]


def failure(response: TestResponse) -> dict[str, Any]:
    assert response.status_code != 200
    assert response.mimetype == "application/json"
    document: dict[str, Any] = json.loads(response.data)
    assert response.headers["X-Request-ID"] in document["details"]
    return document


@pytest.mark.parametrize(
    ("command", "status"), [("ADD", 200), ("DEL", 200), ("CHECK", 422), ("X", 400)]
)
def test_every_answer_repeats_the_number_of_its_call(
    post: Callable[..., TestResponse], command: str, status: int
) -> None:
    answer = post(command, Rowhouse_Call="1f-2")
    assert (answer.status_code, answer.headers["Rowhouse-Answer"]) == (status, "1f-2")


@pytest.mark.parametrize("call", ["", "a b", "a,b", "\xe9", "x" * 65, "<script>"])
def test_only_a_number_is_repeated(post: Callable[..., TestResponse], call: str) -> None:
    assert "Rowhouse-Answer" not in post("DEL", Rowhouse_Call=call).headers


def test_an_address_lives_from_add_to_del(post: Callable[..., TestResponse]) -> None:
    assert addresses(post()) == ["10.0.0.2/29"]
    assert addresses(post()) == ["10.0.0.2/29"]
    result = {"cniVersion": "1.1.0", "ips": [{"address": "10.0.0.2/29"}]}
    assert post("CHECK", prevResult=result).data == b""
    for _ in range(2):
        assert (post("DEL").status_code, post("DEL").data) == (200, b"")
    assert failure(post("CHECK", prevResult=result))["code"] == 103


def test_del_needs_no_readable_configuration_unless_strict(
    post: Callable[..., TestResponse],
) -> None:
    assert addresses(post())
    broken = {"type": "whereabouts", "range": "bogus"}
    refused = failure(post("DEL", ipam={**broken, "compat": "strict"}))
    assert (refused["code"], "invalid CIDR bogus" in refused["msg"]) == (7, True)
    assert post("DEL", ipam=broken).status_code == 200
    assert addresses(post(CNI_ContainerID="next", CNI_Args="K8S_POD_NAME=b")) == ["10.0.0.2/29"]


def test_a_requested_address_is_tracked(post: Callable[..., TestResponse]) -> None:
    asked = {"runtimeConfig": {"ips": ["10.0.0.5"]}}
    assert addresses(post(**asked)) == ["10.0.0.5/29"]
    taken = failure(post(CNI_ContainerID="b", CNI_Args="K8S_POD_NAME=b", **asked))
    assert taken["code"] == 101
    assert "10.0.0.5" in taken["msg"]
    outside = failure(post(CNI_IfName="net2", runtimeConfig={"ips": ["10.99.0.1"]}))
    assert outside["code"] == 102


def test_status_tells_when_a_range_is_full(post: Callable[..., TestResponse]) -> None:
    quiet = {"CNI_ContainerID": "", "CNI_NetNS": "", "CNI_IfName": "", "CNI_Args": ""}
    one = {**RANGE, "range_start": "10.0.0.6"}
    assert (post("STATUS", ipam=one, **quiet).status_code, post("STATUS", **quiet).data) == (
        200,
        b"",
    )
    assert addresses(post(ipam=one)) == ["10.0.0.6/29"]
    assert failure(post("STATUS", ipam=one, **quiet))["code"] == 50
    everything = {**RANGE, "exclude": ["10.0.0.0/8"]}
    assert failure(post("STATUS", ipam=everything, **quiet))["code"] == 50
    assert post("STATUS", ipam={**everything, "compat": "strict"}, **quiet).data == b""


def test_gc_keeps_what_the_runtime_lists(post: Callable[..., TestResponse]) -> None:
    post(CNI_ContainerID="a", CNI_Args="K8S_POD_NAME=a")
    post(CNI_ContainerID="b", CNI_Args="K8S_POD_NAME=b")
    post(CNI_ContainerID="c", CNI_Args="K8S_POD_NAME=c", name="other")
    assert failure(post("GC"))["code"] == 7
    kept = {"cni.dev/valid-attachments": [{"containerID": "b", "ifname": "net1"}]}
    assert (post("GC", **kept).status_code, post("GC", **kept).data) == (200, b"")
    given = [
        addresses(post(CNI_ContainerID=pod, CNI_Args=f"K8S_POD_NAME={pod}"))[0]
        for pod in ("d", "e")
    ]
    assert given == ["10.0.0.2/29", "10.0.0.5/29"]


def test_a_requested_mac_is_recorded_unless_strict(
    post: Callable[..., TestResponse], dba: psycopg.Connection[TupleRow]
) -> None:
    runtime = {"mac": "02-00-5E-00-53-01"}
    assert addresses(post(runtimeConfig=runtime)) == ["10.0.0.2/29"]
    other = {"CNI_ContainerID": "b", "CNI_Args": "K8S_POD_NAME=b"}
    strict = {**RANGE, "compat": "strict"}
    addresses(post(ipam=strict, runtimeConfig={"mac": "bad"}, **other))
    rows = dba.execute("SELECT mac::text FROM attachments ORDER BY address").fetchall()
    assert sorted(rows, key=str) == [("02:00:5e:00:53:01",), (None,)]
    refused = failure(post(runtimeConfig={"mac": "bad"}, **other))
    assert (refused["code"], '"bad" in runtimeConfig.mac' in refused["msg"]) == (7, True)


def test_each_pod_takes_one_of_the_candidates(post: Callable[..., TestResponse]) -> None:
    ipam = {**RANGE, "candidates": ["10.0.0.3", "10.0.0.5"]}
    for pod, last in (("a", 3), ("b", 5)):
        named = {"CNI_ContainerID": pod, "CNI_Args": f"K8S_POD_NAME={pod}"}
        assert addresses(post(ipam=ipam, **named)) == [f"10.0.0.{last}/29"]
    refused = failure(post(ipam=ipam, CNI_ContainerID="c", CNI_Args="K8S_POD_NAME=c"))
    assert (refused["code"], "all 2 candidates are taken" in refused["msg"]) == (101, True)
    strict = {**ipam, "compat": "strict"}
    given = post(ipam=strict, CNI_ContainerID="c", CNI_Args="K8S_POD_NAME=c")
    assert addresses(given) == ["10.0.0.2/29"]


def test_version_is_answered_without_plugin(post: Callable[..., TestResponse]) -> None:
    assert json.loads(post("VERSION", body=b"x").data)["cniVersion"] == "1.1.0"


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ({"CNI_NetNS": ""}, 4, "required env variables [CNI_NETNS] missing"),
        ({"CNI_Args": ""}, 4, "no pod name"),
        ({"body": b"{"}, 6, "error unmarshall network config"),
        ({"body": b" " * (MAX_BODY + 1)}, 5, "more than 1048576"),
        ({"cniVersion": "9.9.9"}, 1, "incompatible CNI versions"),
        ({"ipam": {"type": "whereabouts", "range": "x"}}, 7, "invalid CIDR x"),
    ],
)
def test_a_refusal_is_a_cni_error(
    post: Callable[..., TestResponse], call: dict[str, Any], code: int, message: str
) -> None:
    document = failure(post(**call))
    assert document["code"] == code
    assert message in document["msg"]
    assert document["cniVersion"] == "1.1.0"


def test_an_unexpected_exception_is_a_cni_error_too(
    post: Callable[..., TestResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(view._VERBS, "ADD", {}.pop)
    assert failure(post())["code"] == 999
