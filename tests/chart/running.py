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

from chart.kubelet import Kubelet
from chart.postgres import bundled
from fixtures.apiserver import ApiServer
from fixtures.apiserver.auth.issuer import ISSUER
from fixtures.shared import closed_port
from rowhouse.embedded import binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chart.manifests import Pod, Release

NODE = "node1"
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
    """The status of a probe of a pod's main container, as the kubelet asks it; 0 without an answer."""
    return asked(kubelet, pod, kind)[0]


def asked(kubelet: Kubelet, pod: Pod, kind: str) -> tuple[int, str]:
    """The same, and the body, which says why."""
    http = pod.main[kind]["httpGet"]
    (port,) = [p["containerPort"] for p in pod.main["ports"] if p["name"] == http["port"]]
    here = kubelet.places[f"0.0.0.0:{port}"]
    # No default context, which reads the certificates of all authorities each time.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    url = f"{http.get('scheme', 'HTTP').lower()}://{here}{http['path']}"
    try:
        with urllib.request.urlopen(url, timeout=5, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def call_plugin(line: list[str], config: Path, command: str, pod: str, uid: str) -> str:
    """A call of the plugin as the runtime makes it, for a pod of the namespace shop; what it prints."""
    done = subprocess.run(
        line,
        input=json.dumps(NETCONF),
        capture_output=True,
        text=True,
        timeout=120,
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

    def as_controller(self, folder: Path) -> dict[str, str]:
        """Variables by which the controller reaches the API server as its own account, without TLS."""
        token = self.kubelet.token(self.release.pod("controller"), "")
        config = self.kubernetes.kubeconfig(folder, namespace="kube-system", token=token)
        return {"KUBECONFIG": str(config)}

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
def started(
    kubelet: Kubelet, *parts: str, **more: str
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run parts of a release until the end, which they have to reach by themselves on SIGTERM."""
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for part in parts:
            processes[part] = kubelet.start(kubelet.release.pod(part), **more)
        yield processes
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            try:
                process.wait(timeout=240)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def running(
    kubelet: Kubelet, *parts: str, **more: str
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The same, once all are ready: each when the one before it is."""
    with contextlib.ExitStack() as stack:
        processes: dict[str, subprocess.Popen[bytes]] = {}
        for part in parts:
            processes |= stack.enter_context(started(kubelet, part, **more))
            wait_until_ready(kubelet, part, processes[part])
        yield processes


def wait_until_ready(kubelet: Kubelet, part: str, process: subprocess.Popen[bytes]) -> None:
    """As `helm install --wait` does."""
    pod = kubelet.release.pod(part)
    said = (0, "")

    def is_ready() -> bool:
        nonlocal said
        assert process.poll() is None, kubelet.log_of(pod).read_text()
        said = asked(kubelet, pod, "readinessProbe")
        return said[0] == 200

    try:
        eventually(is_ready, f"{part} is not ready")
    except AssertionError as late:
        raise AssertionError(
            f"{part} is not ready: {said}\n{kubelet.log_of(pod).read_text()}"
        ) from late


@contextlib.contextmanager
def installed(
    release: Release, folder: Path, *, programs: Path | None = None, issuer: str = ISSUER
) -> Iterator[Running]:
    """A release whose objects the API server has and whose PostgreSQL runs, and nothing else yet.

    `programs`: others than the wheel's. `issuer`: what the API server calls itself in the tokens that it signs.
    """
    programs = programs or binaries()
    port = {number: closed_port() for number in (8443, 8081, 8082, 5432)}
    authority = trustme.CA().cert_pem.bytes().decode()
    with ApiServer() as kubernetes:
        kubernetes.parts.issuer.name = issuer
        grant(kubernetes, release)
        kubelet = Kubelet(
            release,
            folder,
            node=NODE,
            token=tokens_of(kubernetes),
            places={
                f"{POSTGRESQL}:5432": f"{POSTGRESQL}:{port[5432]}",
                "https://rowhouse.kube-system.svc:8443": f"https://127.0.0.1:{port[8443]}",
                "https://kubernetes.default.svc": kubernetes.url,
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


def grant(kubernetes: ApiServer, release: Release) -> None:
    """Give the release's accounts what its roles and bindings say, and nothing else."""
    for kind in ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"):
        for one in release.of(kind):
            kubernetes.put(f"{kind.lower()}s", one)


def tokens_of(kubernetes: ApiServer) -> Callable[[Pod, str], str]:
    """Makes the tokens that a kubelet mounts: of a pod's account, bound to a pod on the one node."""
    kubernetes.node(NODE)

    def token(pod: Pod, audience: str) -> str:
        name = f"{pod.owner['metadata']['name']}-0"
        if name not in kubernetes.all("pods"):
            kubernetes.pod(name, namespace="kube-system", node=NODE)
        account = pod.spec.get("serviceAccountName", "default")
        audiences = [audience] if audience else []
        return kubernetes.token(account, audiences=audiences, pod=name)

    return token
