"""Whatever the clock or a person did to the history, calls over HTTP succeed and the API says who has the address."""

from __future__ import annotations

import json
import urllib.request
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from fixtures.calls import Call, OverHttp
from fixtures.clock import jump

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.servers import Server

    Dba = psycopg.Connection[TupleRow]

NETCONF = json.dumps(
    {"cniVersion": "1.0.0", "name": "storage", "ipam": {"type": "rowhouse", "range": "10.0.0.0/30"}}
).encode()
WHO_HAD = "SELECT name FROM who_had('10.0.0.1')"


class Runtime:
    """What a kubelet asks of one pod's sandbox."""

    def __init__(self, server: Server) -> None:
        self._over = OverHttp(server.url)

    def add(self, pod: str, container: str = "") -> str:
        """ADD; the address."""
        document = self._call("ADD", pod, container or pod)
        address: str = document["ips"][0]["address"].partition("/")[0]
        return str(ip_address(address))

    def delete(self, pod: str, container: str = "") -> None:
        """DEL."""
        self._call("DEL", pod, container or pod)

    def _call(self, command: str, pod: str, container: str) -> dict[str, list[dict[str, str]]]:
        answer = self._over.run(
            Call(
                env={
                    "CNI_COMMAND": command,
                    "CNI_CONTAINERID": container,
                    "CNI_NETNS": f"/var/run/netns/{container}",
                    "CNI_IFNAME": "net1",
                    "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME={pod}",
                },
                stdin=NETCONF,
            )
        )
        assert answer.exit_status == 0, answer.stdout
        return answer.document if answer.stdout else {}


@pytest.fixture
def runtime(server: Server) -> Runtime:
    return Runtime(server)


def forward_and_back(runtime: Runtime, dba: Dba) -> None:
    jump(dba, 3600)
    runtime.delete("web-0")
    jump(dba, -3600)


def back_and_the_exclusion_lifted(runtime: Runtime, dba: Dba) -> None:
    runtime.delete("web-0")
    jump(dba, -3600)
    dba.execute(
        """INSERT INTO exclusions (network_id, first, last)
           SELECT network_id, '10.0.0.1', '10.0.0.2' FROM pools"""
    )
    dba.execute("DELETE FROM exclusions")


def back_and_the_pool_remade(runtime: Runtime, dba: Dba) -> None:
    runtime.delete("web-0")
    jump(dba, -3600)
    dba.execute("DELETE FROM pools")


def back_with_the_pod(runtime: Runtime, dba: Dba) -> None:
    jump(dba, -3600)
    runtime.delete("web-0")


def tenure_deleted(runtime: Runtime, dba: Dba) -> None:
    dba.execute("DELETE FROM tenures")
    runtime.delete("web-0")


def tenure_left_over(runtime: Runtime, dba: Dba) -> None:
    runtime.delete("web-0")
    dba.execute("UPDATE tenures SET during = tstzrange(lower(during), NULL), ended_by = NULL")


def tenure_forged(runtime: Runtime, dba: Dba) -> None:
    runtime.delete("web-0")
    dba.execute("UPDATE tenures SET during = tstzrange(lower(during), now() + interval '1 year')")


@pytest.mark.parametrize(
    "deed",
    [
        forward_and_back,
        back_and_the_exclusion_lifted,
        back_and_the_pool_remade,
        back_with_the_pod,
        tenure_deleted,
        tenure_left_over,
        tenure_forged,
    ],
)
def test_the_address_goes_to_the_next_pod_and_the_history_says_so(
    runtime: Runtime, server: Server, dba: Dba, deed: Callable[[Runtime, Dba], None]
) -> None:
    assert runtime.add("web-0") == "10.0.0.1"
    deed(runtime, dba)
    assert runtime.add("web-1") == "10.0.0.1"
    assert dba.execute(WHO_HAD).fetchall() == [("web-1",)]
    with urllib.request.urlopen(f"{server.url}/api/v1/history?address=10.0.0.1") as answer:
        [now, *_] = json.load(answer)["items"]
    assert (now["owner"]["name"], now["held_until"]) == ("web-1", None)
    runtime.delete("web-1")
    assert dba.execute(WHO_HAD).fetchall() == []
    assert dba.execute("SELECT problem FROM integrity_problems").fetchall() == []


def test_a_pod_whose_tenure_is_gone_can_be_added_again_and_deleted(
    runtime: Runtime, dba: Dba
) -> None:
    runtime.add("web-0")
    dba.execute("DELETE FROM tenures")
    assert runtime.add("web-0", "second") == "10.0.0.1"
    assert dba.execute(WHO_HAD).fetchall() == [("web-0",)]
    dba.execute("DELETE FROM tenures")
    runtime.delete("web-0", "web-0")
    runtime.delete("web-0", "second")
    assert dba.execute("SELECT * FROM reservations").fetchall() == []
