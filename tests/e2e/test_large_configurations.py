"""A main plugin may hand over any amount of `prevResult`: a DEL must come through with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import trustme

from fixtures.calls import Answer, Call, ThroughPlugin
from fixtures.servers import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fixtures.wiping import SharedDatabase

ENVIRONMENT = {
    "CNI_CONTAINERID": "ctr",
    "CNI_NETNS": "/run/netns/web-0",
    "CNI_IFNAME": "net1",
    "CNI_PATH": "/opt/cni/bin",
    "CNI_ARGS": "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0",
}

ROUTES, SIZES = [50_000, 500_000], ["1.2 MB", "12 MB"]


@pytest.fixture(params=["default", "strict"])
def caller(
    request: pytest.FixtureRequest,
    database: SharedDatabase,
    url_of: Callable[[str], str],
    plugin: Path,
    tmp_path: Path,
) -> ThroughPlugin:
    assert database.reserved() == []
    return ThroughPlugin(plugin, url_of(request.param), tmp_path)


@pytest.fixture
def caller_with_tls(
    database: SharedDatabase, plugin: Path, tmp_path: Path
) -> Iterator[ThroughPlugin]:
    assert database.reserved() == []
    authority = trustme.CA()
    certificate, ca_file = tmp_path / "server.pem", tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    with serving(
        tmp_path,
        arguments=["--tls-cert", str(certificate)],
        environment={"ROWHOUSE_DATABASE_URL": database.url},
    ) as server:
        made = ThroughPlugin(plugin, server.url, tmp_path)
        with made.settings("node1").open("a") as settings:
            settings.write(f"ca_file = {ca_file}\n")
        yield made


def call(caller: ThroughPlugin, command: str, routes: int = 0) -> Answer:
    previous = {"prevResult": {"routes": [{"dst": "10.0.0.0/8"}] * routes}} if routes else {}
    config = {
        "cniVersion": "1.0.0",
        "name": "storage",
        "type": "macvlan",
        "ipam": {"type": "rowhouse", "range": "192.168.40.0/24"},
        **previous,
    }
    return caller.run(
        Call(env=ENVIRONMENT | {"CNI_COMMAND": command}, stdin=json.dumps(config).encode())
    )


def released(caller: ThroughPlugin, database: SharedDatabase, routes: int) -> None:
    assert call(caller, "ADD").exit_status == 0
    assert len(database.reserved()) == 1
    done = call(caller, "DEL", routes)
    assert (done.exit_status, done.stdout, done.stderr) == (0, b"", "")
    assert database.reserved() == []


@pytest.mark.parametrize("routes", ROUTES, ids=SIZES)
def test_a_del_releases_however_large_its_configuration_is(
    caller: ThroughPlugin, database: SharedDatabase, routes: int
) -> None:
    released(caller, database, routes)


@pytest.mark.parametrize("routes", ROUTES, ids=SIZES)
def test_so_it_does_over_tls(
    caller_with_tls: ThroughPlugin, database: SharedDatabase, routes: int
) -> None:
    released(caller_with_tls, database, routes)


def test_an_add_with_such_a_configuration_is_refused_in_words(caller: ThroughPlugin) -> None:
    refused = call(caller, "ADD", 100_000)
    assert refused.code == 5
    assert "more than 1048576 bytes" in refused.document["msg"]
