"""Whatever is called, the answer is a CNI result or a CNI error, and the database keeps its word.

10,000 calls, split into chunks for the test processes; each chunk begins with an empty database
and goes on with what its calls leave there.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from netaddr import AddrFormatError, IPAddress

from fuzz.calls import CALLS, VERSIONS, Fuzzed

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from fixtures.wiping import SharedDatabase

CHUNKS = 10
CALLS_IN_A_CHUNK = 1000
CODES = {1, 4, 5, 6, 7, 50, 100, 101, 102, 103}
"""Those of design.md but for 11, "try again": one caller alone never meets another."""

_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F])0+(?=[0-9a-fA-F])")

# Without network_id and tenure_id: the first ordinary ADD on a pool that only isolated ones have
# used joins it to its network, whether or not it then finds a free address.
_WHAT_IS_HELD = """
SELECT r.pool_id, host(r.address), owner_kind, owner_cluster, owner_namespace, owner_name,
       owner_interface, slot, sticky, expires_at, a.cluster, a.container_id, a.interface, a.node
FROM reservations r LEFT JOIN attachments a USING (network_id, address)
ORDER BY r.pool_id, r.address, a.cluster, a.container_id, a.interface
"""


class Check:
    """Makes calls and judges each answer by the rows before and after it."""

    def __init__(self, client: FlaskClient, database: SharedDatabase) -> None:
        self.client = client
        self.database = database
        self.state = self._state()
        self.succeeded = 0

    def _state(self) -> list[tuple[Any, ...]]:
        return self.database.rows(_WHAT_IS_HELD)

    def __call__(self, call: Fuzzed) -> None:
        note(f"{call.headers}\n{call.body!r}")
        before = self.state
        response = self.client.post("/cni", data=call.body, environ_base=call.headers)
        self.state = self._state()
        if response.status_code != 200:
            document = json.loads(response.data)
            assert document["code"] in CODES, document
            assert response.status_code < 500 or document["code"] == 50
            assert document["msg"]
            assert document["cniVersion"] in VERSIONS
            assert self.state == before or call.command == "GC", "a failing call left something"
        elif call.command == "ADD":
            self.succeeded += 1
            self._judge_result(call, json.loads(response.data))
        elif call.command == "VERSION":
            assert json.loads(response.data)["supportedVersions"] == list(VERSIONS)
        else:
            assert response.data == b""

    def _judge_result(self, call: Fuzzed, result: dict[str, Any]) -> None:
        entries = [entry["address"] for entry in result.get("ips", [])]
        entries += [result[key]["ip"] for key in ("ip4", "ip6") if key in result]
        assert entries or b"strict" in call.body
        container = call.headers["HTTP_CNI_CONTAINERID"]
        mine = self.database.rows(
            "SELECT host(address) FROM attachments WHERE container_id = %s", (container,)
        )
        rows = {IPAddress(address) for (address,) in mine}
        untracked = _static(call)
        for entry in entries:
            address = IPAddress(entry.partition("/")[0])
            assert address in rows or address in untracked, f"{entry} is no row"


def _static(call: Fuzzed) -> set[IPAddress]:
    """The addresses that the call brings with it, which upstream does not track either."""
    ipam = {key.lower(): value for key, value in json.loads(call.body)["ipam"].items()}
    texts = [entry.get("address", "") for entry in ipam.get("addresses") or []]
    texts += call.headers["HTTP_CNI_ARGS"].rpartition("IP=")[2].split(",")
    found = set()
    for text in texts:
        with contextlib.suppress(ValueError, AddrFormatError):
            found.add(IPAddress(_LEADING_ZEROS.sub("", text.partition("/")[0].strip())))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_call_gets_a_result_or_an_error_and_every_address_a_row(
    app: Flask, database: SharedDatabase, chunk: int, pytestconfig: pytest.Config
) -> None:
    check = Check(app.test_client(), database)
    run = seed(f"{pytestconfig.getoption('randomly_seed', 0)} {chunk}")(
        given(CALLS)(check.__call__)
    )
    settings(
        max_examples=CALLS_IN_A_CHUNK,
        database=None,  # what a call finds depends on those before it
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )(run)()
    assert check.succeeded > CALLS_IN_A_CHUNK // 20, "too few good calls to find anything"
