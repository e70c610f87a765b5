"""docs/migrate-from-whereabouts.md, step by step, with the real kubectl: whereabouts' objects in, and out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from chart.running import eventually
from docs.commands import Terminals, commands, matches
from fixtures import databases, servers
from fixtures.apiserver import ApiServer
from fixtures.calls import Call, OverHttp
from fixtures.kubernetes_programs import extract
from fixtures.shared import closed_port
from fixtures.whereabouts import entry, ip_pool, pod, reservation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database, PostgresServer

GUIDE = Path(__file__).parents[2] / "docs/migrate-from-whereabouts.md"
CONFIG = b"""{"cniVersion": "1.0.0", "name": "storage", "type": "macvlan",
              "ipam": {"type": "whereabouts", "range": "192.168.40.0/24"}}"""
HELD = """SELECT p.network_name, p.cidr, r.address, r.owner_namespace, r.owner_name, r.owner_interface, a.container_id
            FROM reservations r JOIN pools p ON p.id = r.pool_id
            JOIN attachments a ON a.network_id = r.network_id AND a.address = r.address
           ORDER BY 1, 2, 3"""
OLDER = b"""{"cniVersion": "0.3.1", "name": "ipvlan1720", "type": "ipvlan",
             "ipam": {"type": "whereabouts", "range": "10.11.88.96/28"}}"""


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the real one."""
    folder = tmp_path_factory.mktemp("kubectl")
    extract("kubectl", folder)
    return folder


@pytest.fixture
def kube() -> Iterator[ApiServer]:
    """A cluster with whereabouts, of which one network is from before v0.8."""
    with ApiServer() as api:
        api.node("node1")
        api.put("ippools", ip_pool("10.11.88.96/28", {"2": entry("devops/ipvl", "aa36", None)}))
        allocations = {
            "1": entry("shop/web-0", "w0"),
            "2": entry("shop/web-1", "w1"),
            "9": entry("shop/gone-7", "g7"),
            "-7": entry("shop/web-0", "w0"),
        }
        api.put("ippools", ip_pool("192.168.40.0/24", allocations))
        for made in (
            reservation("10.11.88.98", "devops/ipvl", None, container="aa36"),
            reservation("192.168.40.1", "shop/web-0"),
            reservation("192.168.40.2", "shop/web-1"),
        ):
            api.put("overlappingrangeipreservations", made)
        api.put("pods", pod("devops/ipvl", {"10.11.88.98": "net1"}))
        api.put("pods", pod("shop/web-0", {"192.168.40.1": "net1"}))
        api.put("pods", pod("shop/web-1", {"192.168.40.2": "net1"}))
        api.put("clusterrolebindings", {"metadata": {"name": "whereabouts"}})
        api.put("daemonsets", {"metadata": {"name": "whereabouts", "namespace": "kube-system"}})
        yield api


@pytest.fixture
def elsewhere(postgres: PostgresServer, migrated: Database) -> Iterator[Database]:
    """Another database, in which there is nothing yet."""
    with postgres.database(template=migrated.name) as fresh:
        yield fresh


def call(url: str, command: str, podref: str, container: str, config: bytes = CONFIG) -> str:
    """A call of the plugin; the address of its result, if it has one."""
    namespace, _, name = podref.partition("/")
    answer = OverHttp(url).run(
        Call(
            env={
                "CNI_COMMAND": command,
                "CNI_CONTAINERID": container,
                "CNI_NETNS": "/var/run/netns/x",
                "CNI_IFNAME": "net1",
                "CNI_PATH": "/opt/cni/bin",
                "CNI_ARGS": f"K8S_POD_NAMESPACE={namespace};K8S_POD_NAME={name}",
            },
            stdin=config,
        )
    )
    assert answer.exit_status == 0, answer.stdout
    return str(answer.document["ips"][0]["address"]) if answer.stdout else ""


class Controller:
    """`rowhouse controller --mirror`, which the guide starts and stops in between."""

    def __init__(self, kube: ApiServer, folder: Path, environment: dict[str, str]) -> None:
        self._kube = kube
        self._folder = folder
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until the mirror wrote what is new."""
        line = ["rowhouse", "controller", "--mirror", "--listen=127.0.0.1:0"]
        with (self._folder / "controller-log").open("wb") as log:
            self._process = subprocess.Popen(
                line, env=self._environment, cwd=self._folder, stdout=log, stderr=log
            )
        eventually(
            lambda: "192.168.40.2" in self._kube.all("overlappingrangeipreservations"), "no mirror"
        )

    def stop(self) -> None:
        """Stop it, and require that it ran until now."""
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "controller-log").read_text()
        self._process.terminate()
        self._process.wait(240)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()


def check_both_came_back(kube: ApiServer) -> None:
    """The freeze takes away whereabouts' right and its DaemonSet, and the way back restores both."""
    for plural in ("daemonsets", "clusterrolebindings"):
        assert "whereabouts" in kube.all(plural)
        assert [one for one in kube.seen if one.startswith("DELETE") and f"/{plural}/" in one]


# Some twenty processes, one after another.
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(shutil.which("bash") is None, reason="the page is written for bash")
def test_the_guide_leads_there_and_back(
    kube: ApiServer,
    kubectl: Path,
    database: Database,
    elsewhere: Database,
    dba: psycopg.Connection[TupleRow],
    tmp_path: Path,
) -> None:
    def whereabouts_goes_on() -> None:
        """web-1 went and web-3 came, and web-0 has another sandbox."""
        allocations = {
            "1": entry("shop/web-0", "w0-again"),
            "3": entry("shop/web-3", "w3"),
            "9": entry("shop/gone-7", "g7"),
            "-7": entry("shop/web-0", "w0"),
        }
        kube.put("ippools", ip_pool("192.168.40.0/24", allocations))
        kube.delete("pods", "web-1", "shop")
        kube.delete("overlappingrangeipreservations", "192.168.40.2", "kube-system")
        kube.put("overlappingrangeipreservations", reservation("192.168.40.3", "shop/web-3"))
        kube.put("pods", pod("shop/web-3", {"192.168.40.3": "net1"}))

    def nodes_change_over() -> None:
        """A waiting pod is served, one is recreated, and one ends, all as usual."""
        assert call(url, "ADD", "shop/waited", "x1") == "192.168.40.2/24"
        kube.put("pods", pod("shop/waited", {"192.168.40.2": "net1"}))
        assert call(url, "ADD", "shop/web-0", "w0-third") == "192.168.40.1/24"
        call(url, "DEL", "shop/web-0", "w0-again")
        call(url, "DEL", "shop/web-3", "w3")
        kube.delete("pods", "web-3", "shop")
        assert call(url, "ADD", "devops/ipvl", "aa37", OLDER) == "10.11.88.98/28"
        call(url, "DEL", "devops/ipvl", "aa36", OLDER)
        dba.execute("UPDATE attachments SET attached_at = attached_at - interval '1 minute'")

    def servers_stop() -> None:
        server.process.terminate()
        server.process.wait(240)

    kept = ("ROWHOUSE_", "CNI_", "PG", "NODENAME", "KUBE")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(kept)}
    environment |= {
        "PATH": f"{kubectl}:{Path(sys.executable).parent}:{environment['PATH']}",
        "HOME": str(tmp_path),
        "KUBECONFIG": str(kube.kubeconfig(tmp_path, namespace="kube-system", proxied=True)),
        "ROWHOUSE_DATABASE_URL": database.url,
        "COLUMNS": "200",
    }
    controller = Controller(kube, tmp_path, environment)
    orders: dict[str, Callable[[], None]] = {
        "whereabouts went on until it was frozen": whereabouts_goes_on,
        "the nodes change over": nodes_change_over,
        "the controller mirrors": controller.start,
        "the servers stop": servers_stop,
        "the controller stops": controller.stop,
    }
    served = servers.serving(tmp_path, environment={"ROWHOUSE_DATABASE_URL": database.url})
    with (
        served as server,
        controller,
        Terminals(tmp_path, port=closed_port(), environment=environment) as shell,
    ):
        url = server.url
        for command in commands(GUIDE.read_text()):
            where = f"line {command.line}: {command.text}"
            if command.text in orders:
                orders[command.text]()
                continue
            status, printed = shell.run(command.text)
            if command.expected is None:
                assert status == 0, f"{where}\n{printed}"
            else:
                assert matches(command.expected, printed), f"{where}\n{printed}"
        shell.run(f"export ROWHOUSE_DATABASE_URL='{elsewhere.url}'")
        assert shell.run("rowhouse import whereabouts whereabouts.yaml")[0] == 0
    check_both_came_back(kube)
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
    assert kube.specs("ippools") == {
        "10.11.88.96-28": {
            "range": "10.11.88.96/28",
            "allocations": {"2": entry("devops/ipvl", "aa37")},
        },
        "192.168.40.0-24": {
            "range": "192.168.40.0/24",
            "allocations": {
                "1": entry("shop/web-0", "w0-third"),
                "2": entry("shop/waited", "x1"),
                "9": entry("shop/gone-7", "g7"),
            },
        },
    }
    assert {
        name: spec["podref"] for name, spec in kube.specs("overlappingrangeipreservations").items()
    } == {
        "10.11.88.98": "devops/ipvl",
        "192.168.40.1": "shop/web-0",
        "192.168.40.2": "shop/waited",
        "192.168.40.9": "shop/gone-7",
    }
    with databases.session(elsewhere) as session:
        assert session.execute(HELD).fetchall() == dba.execute(HELD).fetchall()
