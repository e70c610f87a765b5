"""What the container runs: the Dockerfile's steps in a root of debootstrap, and the chart's pods in what they make.

Each pod has the user, the capabilities, the read-only root and the mounts that its manifest gives it, at the
paths, ports and names of the manifests. `make image-test`; not part of `make test`, since a root takes a minute.
"""

from __future__ import annotations

import json
import re
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import trustme

from chart.expansion import command_line
from chart.helm import Helm, extract
from chart.kubelet import Kubelet
from chart.postgres import bundled
from chart.running import NODE, QUICK, call_plugin, eventually, grant, tokens_of
from fixtures.apiserver import ApiServer
from image.dockerfile import Build, Stage
from image.network import listening, namespace, tls_in_front, unique
from image.root import Bind, debootstrap, in_root, pip_configuration, proxies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chart.manifests import Pod

pytestmark = [
    pytest.mark.needs("root", "netns", "debootstrap"),
    pytest.mark.timeout(900),
]

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "0" * 64
NAMES = (
    "kubernetes.default.svc",
    "rowhouse.kube-system.svc",
    "rowhouse-postgresql.kube-system.svc",
)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The Dockerfile, done."""
    scratch = tmp_path_factory.mktemp("image")
    debootstrap(scratch / "base")
    variables, binds = pip_configuration()
    made = Build(
        context=ROOT,
        base=scratch / "base",
        scratch=scratch,
        arguments={"BASE_DIGEST": DIGEST, "REVISION": "abc"},
        environment=variables | proxies(),
        binds=binds,
    )
    made.run()
    return made


@pytest.fixture(scope="module")
def image(build: Build) -> Stage:
    return build.stages[-1]


def run(image: Stage, *command: str, user: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command as the image does by itself, on a read-only root."""
    return subprocess.run(
        in_root(image.root, [*command], user=user or image.user, read_only=True, privileged=False),
        env=image.environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_all_stages_are_of_one_base_that_is_pinned(build: Build) -> None:
    assert build.bases == [f"python:3.13-slim-bookworm@{DIGEST}"] * 2


def test_the_image_says_what_it_is(image: Stage) -> None:
    assert image.user == "65532:65532"
    assert image.labels["org.opencontainers.image.base.digest"] == DIGEST
    assert image.labels["org.opencontainers.image.revision"] == "abc"
    assert image.labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert image.command == ["rowhouse", "serve"]


def test_its_sbom_lists_what_is_installed_at_the_versions_that_are_tested(image: Stage) -> None:
    file = image.labels["io.rowhouse.sbom"]
    sbom = json.loads((image.root / file.lstrip("/")).read_text())
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["name"] == "rowhouse-ipam"
    listed = {one["name"].lower().replace("_", "-"): one["version"] for one in sbom["components"]}
    text = (ROOT / "requirements" / "server.txt").read_text()
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))
    assert len(pinned) > 20
    assert {name: listed.get(name) for name in pinned} == pinned
    assert listed.keys() - pinned.keys() <= {"pip", "setuptools", "rowhouse-ipam"}


def test_what_only_builds_is_not_in_it(image: Stage) -> None:
    for gone in ("usr/bin/gcc", "opt/build", "src", "dist"):
        assert not (image.root / gone).exists(), gone


def test_no_user_can_change_it(image: Stage) -> None:
    done = run(image, "sh", "-c", "echo x >/opt/rowhouse/x || echo x >/tmp/x || echo x >/x")
    assert done.returncode != 0
    owned = subprocess.run(
        ["find", image.root / "opt", "-uid", "65532", "-o", "-perm", "-o+w", "-not", "-type", "l"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert owned.stdout == ""


def test_its_programs_run(image: Stage) -> None:
    assert "rowhouse" in run(image, "rowhouse", "--version").stdout
    assert "--server" in run(image, "rowhouse-node", "--help").stdout
    said = run(image, "/opt/rowhouse/plugin/rowhouse").stderr
    assert "CNI" in said
    # The plugin's launcher is compiled: a shell script would cost every ADD milliseconds.
    launcher = (image.root / "opt/rowhouse/plugin/rowhouse").read_bytes()
    assert launcher.startswith(b"\x7fELF")


class Node:
    """A node whose pods are in the image, in a network of their own."""

    def __init__(self, image: Stage, kubelet: Kubelet, network: str, database: str) -> None:
        self.image = image
        self.kubelet = kubelet
        self.network = network
        self.database = database

    def line(self, pod: Pod) -> tuple[list[str], dict[str, str]]:
        """How a pod's main container is started, and its environment."""
        security = pod.spec["securityContext"] | pod.main["securityContext"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        user, group = security["runAsUser"], security.get("fsGroup", 0)
        binds = [Bind(self.kubelet.folder / "hosts", "/etc/hosts")]
        for path, (folder, read_only) in self.kubelet.mounts(pod).items():
            own(folder, group, writable=not read_only and "hostPath" not in str(folder))
            binds.append(Bind(folder, path, read_only))
        words = command_line(pod.main, self.kubelet.variables(pod))
        command = in_root(
            self.image.root,
            words,
            user=f"{user}:{security.get('runAsGroup', 0)}",
            binds=binds,
            read_only=security["readOnlyRootFilesystem"],
            privileged=security["allowPrivilegeEscalation"],
            network=self.network,
        )
        return command, self.image.environment | self.kubelet.variables(pod)

    def run(self, part: str) -> str:
        """Run a pod to its end; what it says."""
        command, environment = self.line(self.kubelet.release.pod(part))
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, pod: Pod) -> subprocess.Popen[bytes]:
        command, environment = self.line(pod)
        with self.kubelet.log_of(pod).open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def probe(self, pod: Pod, kind: str = "readinessProbe") -> bool:
        """What a probe of the kubelet finds."""
        http = pod.main[kind]["httpGet"]
        (port,) = [p["containerPort"] for p in pod.main["ports"] if p["name"] == http["port"]]
        url = f"{http.get('scheme', 'HTTP').lower()}://127.0.0.1:{port}{http['path']}"
        script = (
            "import ssl, sys, urllib.request as r;"
            "r.urlopen(sys.argv[1], timeout=5, context=ssl._create_unverified_context())"
        )
        asked = ["nsenter", f"--net=/run/netns/{self.network}", "python3", "-c", script, url]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def call(self, command: str, pod: str, uid: str) -> str:
        """The runtime's call of the plugin that the daemon has put on the host."""
        config = self.kubelet.host("/etc/cni/net.d/rowhouse.d") / "rowhouse.conf"
        # The settings name the paths that the host has; here the host is a folder.
        text = config.read_text().replace(" = /", f" = {self.kubelet.folder}/host/")
        elsewhere = self.kubelet.folder / "rowhouse.conf"
        elsewhere.write_text(text)
        plugin = self.kubelet.host("/opt/cni/bin") / "rowhouse"
        enter = ["nsenter", f"--net=/run/netns/{self.network}"]
        return call_plugin([*enter, str(plugin)], elsewhere, command, pod, uid)

    def holders(self) -> set[tuple[str, str, str]]:
        """(pod, node, cluster) of each reservation."""
        with psycopg.connect(self.database) as session:
            query = "SELECT name, node, cluster FROM rowhouse.current_reservations"
            return set(session.execute(query).fetchall())


def own(folder: Path, group: int, *, writable: bool) -> None:
    """What the kubelet does to a volume: the pod's group may read it, and write where it is not read-only."""
    for path in (folder, *folder.iterdir()):
        subprocess.run(["chown", f"0:{group}", path], check=True)
        path.chmod((0o2775 if writable else 0o755) if path.is_dir() else 0o640)


@pytest.fixture
def node(
    image: Stage, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Node, ApiServer]]:
    network = unique()
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", NAMES[0])
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost {' '.join(NAMES)}\n")
    release = Helm(extract(tmp_path_factory)).template("", *QUICK)
    with namespace(network), ApiServer() as kubernetes:
        grant(kubernetes, release)
        kubelet = Kubelet(
            release,
            tmp_path,
            node=NODE,
            token=tokens_of(kubernetes),
            services={
                "ROWHOUSE_PORT": "tcp://127.0.0.1:8443",
                "KUBERNETES_SERVICE_HOST": "127.0.0.1",
                "KUBERNETES_SERVICE_PORT": "443",
            },
            brought={
                ("ConfigMap", "kube-root-ca.crt"): {"ca.crt": authority.cert_pem.bytes().decode()}
            },
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(context)
        enter = ("nsenter", f"--net=/run/netns/{network}")
        with (
            tls_in_front(listening(network, 443), context, kubernetes.url),
            bundled(kubelet, 5432, enter=enter) as socket,
        ):
            password = kubelet.variables(kubelet.release.pod("migrate"))["PGPASSWORD"]
            database = f"host={socket} user=rowhouse_migrate dbname=rowhouse password={password}"
            yield Node(image, kubelet, network, database), kubernetes


def test_the_pods_of_the_chart_run_in_it(node: tuple[Node, ApiServer]) -> None:
    here, kubernetes = node
    release = here.kubelet.release
    uid = kubernetes.pod("web-0", namespace="shop", node="node1")
    assert "up to date" in here.run("migrate")
    waited = here.line(release.pod("server").only("wait-for-schema"))
    assert subprocess.run(waited[0], env=waited[1], timeout=240, check=False).returncode == 0
    started = []
    try:
        for part in ("server", "node", "controller"):
            pod = release.pod(part)
            process = here.start(pod)
            started.append(process)

            def ready(pod: Pod = pod, process: subprocess.Popen[bytes] = process) -> bool:
                assert process.poll() is None, here.kubelet.log_of(pod).read_text()
                return here.probe(pod)

            eventually(ready, f"{part}: {here.kubelet.log_of(pod).read_text()}", 60)
            assert here.probe(pod, "livenessProbe")
        assert "192.168.40.1/24" in here.call("ADD", "web-0", uid)
        here.call("ADD", "web-1", "gone")
        # The controller asks the cluster, with the token that is mounted for it.
        eventually(lambda: here.holders() == {("web-0", "node1", "prod-a")}, "web-1 stays", 60)
        here.call("DEL", "web-0", uid)
        assert here.holders() == set()
        assert "ADD and DEL: ok" in here.run("test")
    finally:
        for process in started:
            process.terminate()
        for process in started:
            assert process.wait(timeout=240) in {0, -15, 143}
