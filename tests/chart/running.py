"""A release that runs, on one node: the programs of its manifests, and the runtime's calls of the plugin."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import psycopg
import trustme

from auth.issuer import ApiServer as Issuer
from auth.issuer import claims
from chart.kubelet import Kubelet
from chart.postgres import bundled
from fixtures.apiserver import ApiServer
from fixtures.shared import closed_port
from fixtures.signing import signed
from rowhouse.embedded import binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chart.manifests import Pod, Release

POSTGRESQL = "rowhouse-postgresql.kube-system.svc"
NETCONF = {
    "cniVersion": "1.0.0",
    "name": "storage",
    "type": "ipvlan",
    "ipam": {"type": "whereabouts", "range": "192.168.40.0/24"},
}
# What takes a minute in a cluster takes seconds here; and `whereabouts` is stood in for.
QUICK = (
    "--set=controller.grace=1s",
    "--set=controller.settle=1s",
    "--set=controller.interval=2s",
    "--set=node.asWhereabouts=true",
    "--set=cluster=prod-a",
    "--set=backup.enabled=true",
    "--set=controller.logLevel=DEBUG",
    # The wheel's PostgreSQL is built without TLS: test_postgresql_tls.py has another one.
    "--set=postgresql.tls.enabled=false",
)


def eventually(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def probe(kubelet: Kubelet, pod: Pod, kind: str) -> int:
    """The status of a probe of a pod's main container, as the kubelet asks it."""
    http = pod.main[kind]["httpGet"]
    (port,) = [p["containerPort"] for p in pod.main["ports"] if p["name"] == http["port"]]
    here = kubelet.places[f"0.0.0.0:{port}"]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    url = f"{http.get('scheme', 'HTTP').lower()}://{here}{http['path']}"
    try:
        with urllib.request.urlopen(url, timeout=5, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def call_plugin(line: list[str], config: Path, command: str, pod: str, uid: str) -> str:
    """A call of the plugin as the runtime makes it, for a pod of the namespace shop; what it prints."""
    done = subprocess.run(
        line,
        input=json.dumps(NETCONF),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": f"sandbox-of-{pod}",
            "CNI_NETNS": "/var/run/netns/none",
            "CNI_IFNAME": "net1",
            "CNI_PATH": "/opt/cni/bin",
            "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME={pod};K8S_POD_UID={uid}",
            "ROWHOUSE_CONFIG": str(config),
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Running:
    """A release that runs on one node."""

    def __init__(self, kubelet: Kubelet, kubernetes: ApiServer, database: str) -> None:
        self.kubelet = kubelet
        self.release = kubelet.release
        self.kubernetes = kubernetes
        self.database = database

    def call(self, command: str, pod: str, *, name: str = "rowhouse", uid: str = "") -> str:
        """A call of the plugin on the host, as the runtime makes it."""
        plugin = self.kubelet.host("/opt/cni/bin") / name
        config = self.kubelet.host("/etc/cni/net.d/rowhouse.d") / "rowhouse.conf"
        return call_plugin([str(plugin)], config, command, pod, uid)

    def migrate(self) -> None:
        """Run the migration Job."""
        done = self.kubelet.run(self.release.pod("migrate"))
        assert done.returncode == 0, done.stdout + done.stderr

    def holders(self) -> dict[str, tuple[str, str, str]]:
        """Pod → address, node, cluster."""
        with psycopg.connect(self.database) as session:
            rows = session.execute(
                "SELECT name, host(address), node, cluster FROM rowhouse.current_reservations"
            ).fetchall()
        return {name: (address, node, cluster) for name, address, node, cluster in rows}


@contextlib.contextmanager
def running(
    kubelet: Kubelet, *parts: str, **more: str
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run parts of a release until the end, which they have to reach by themselves on SIGTERM."""
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for part in parts:
            pod = kubelet.release.pod(part)
            started[part] = kubelet.start(pod, **more)

            def ready(pod: Pod = pod, part: str = part) -> bool:
                log = kubelet.log_of(pod).read_text()
                assert started[part].poll() is None, log
                return probe(kubelet, pod, "readinessProbe") == 200

            eventually(ready, f"{part} is not ready")
        yield started
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def installed(release: Release, folder: Path, *, programs: Path | None = None) -> Iterator[Running]:
    """A release whose PostgreSQL runs, and nothing else yet; `programs`: others than the wheel's."""
    programs = programs or binaries()
    port = {number: closed_port() for number in (8443, 8081, 8082, 5432)}
    authority = trustme.CA().cert_pem.bytes().decode()
    with Issuer() as issuer, ApiServer() as kubernetes:
        kubelet = Kubelet(
            release,
            folder,
            node="node1",
            token=lambda audience: signed(claims("node1", aud=[audience])),
            places={
                f"{POSTGRESQL}:5432": f"{POSTGRESQL}:{port[5432]}",
                "https://rowhouse.kube-system.svc:8443": f"https://127.0.0.1:{port[8443]}",
                "https://kubernetes.default.svc/": f"{issuer.url}/",
                **{f"0.0.0.0:{n}": f"127.0.0.1:{here}" for n, here in port.items()},
            },
            services={"ROWHOUSE_PORT": f"tcp://127.0.0.1:{port[8443]}"},
            # PostgreSQL keeps its name, which a certificate may be for.
            hosts={"PGHOSTADDR": "127.0.0.1"},
            brought={("ConfigMap", "kube-root-ca.crt"): {"ca.crt": authority}},
            path=(programs,),
        )
        migrate = kubelet.environment(kubelet.release.pod("migrate"))
        with bundled(kubelet, port[5432], programs=programs):
            url = migrate["ROWHOUSE_DATABASE_URL"].partition("?")[0]
            url = url.replace(POSTGRESQL, "127.0.0.1")
            database = url.replace("@", f":{migrate['PGPASSWORD']}@")
            yield Running(kubelet, kubernetes, database)
