"""The release runs: what the manifests say, as processes, on the bundled PostgreSQL that they describe."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from chart.running import eventually, probe, running

if TYPE_CHECKING:
    from pathlib import Path

    from chart.running import Running

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
def test_the_release_gives_a_pod_its_address_and_takes_it_back(
    release: Running, plugin: Path, tmp_path: Path
) -> None:
    kubelet, parts = release.kubelet, release.release
    waits = kubelet.start(parts.pod("server").only("wait-for-schema"))
    said = kubelet.log_of(parts.pod("server"))
    eventually(lambda: "no Rowhouse schema" in said.read_text(), "it does not look")
    assert waits.poll() is None
    release.migrate()
    release.migrate()  # a second replica, or the next revision
    assert waits.wait(timeout=240) == 0
    # One line while it waits, whatever that takes, and one when it is done.
    assert said.read_text().count("\n") == 2

    config = release.as_controller(tmp_path)
    uid = release.kubernetes.pod("web-0", namespace="shop", node="node1")
    image = {"ROWHOUSE_NODE_PLUGIN": str(plugin.parent)}
    with running(kubelet, "server", "node", "controller", **config, **image):
        for part in ("server", "node", "controller"):
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                if kind in parts.pod(part).main:
                    assert probe(kubelet, parts.pod(part), kind) == 200, (part, kind)

        # The runtime's side: under either name, as this node of this cluster, by the token.
        assert "192.168.40.1/24" in release.call("ADD", "web-0", uid=uid)
        assert "192.168.40.2/24" in release.call("ADD", "web-1", name="whereabouts", uid="gone")
        assert release.holders()["web-0"] == ("192.168.40.1", "node1", "prod-a")

        # The controller's: Kubernetes never had web-1, whose sandbox holds an address.
        eventually(lambda: "web-1" not in release.holders(), "web-1 keeps its address")
        assert "web-0" in release.holders()
        assert release.call("DEL", "web-0") == ""
        # At DEBUG it tells of its own work, not of each request to the API server.
        told = kubelet.log_of(parts.pod("controller")).read_text()
        assert '"level": "debug"' in told or '"level": "info"' in told
        assert not re.search(r'"logger": "(http|werkzeug)', told)
        assert release.holders() == {}

        # What the chart's notes tell to do first, in the server's container.
        made = executed(release, "server", "rowhouse", "token", "create", "me", "--role", "admin")
        assert "rh_" in made.stdout, made.stderr

        # And where something is wrong.
        assert diagnosed(release, "server") >= {"database", "schema", "grants", "tokens", "leader"}
        in_the_controller = diagnosed(release, "controller", **config)
        # Its account may not list NetworkAttachmentDefinitions: that check is skipped there.
        assert in_the_controller >= {"database", "leader", "API server", "permissions"}
        assert diagnosed(release, "node", **image) == {"node"}


def executed(
    release: Running, part: str, *line: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """A command in the container of a part, as by `kubectl exec`."""
    environment = release.kubelet.environment(release.release.pod(part)) | more
    return subprocess.run(
        line, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


def diagnosed(release: Running, part: str, **more: str) -> set[str]:
    """The checks that find all well when the doctor runs in a part's container; none fails."""
    done = executed(release, part, "rowhouse", "doctor", "-o", "json", **more)
    items = json.loads(done.stdout)["items"]
    assert [item for item in items if item["state"] == "failed"] == []
    return {item["check"] for item in items if item["state"] == "ok"}
