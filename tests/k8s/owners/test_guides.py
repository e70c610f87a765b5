"""The manifests and commands of the guides, applied and run: ADDs by the plugin, pods as KubeVirt makes them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml

from fixtures.apiserver.auth.users import ADMINISTRATOR_TOKEN
from fixtures.calls import Call, ThroughPlugin
from fixtures.servers import serving
from rowhouse.k8s.claims import ClaimStatus
from rowhouse.store.cluster.owners import held_claims

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.calls import Answer
    from fixtures.databases import Database
    from k8s.owners.stage import Stage

GUIDES = Path(__file__).parents[3] / "docs/how-to"
NETWORKS = "k8s.v1.cni.cncf.io/networks"
_BLOCK = re.compile(r"^( *)```(yaml|console)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> Iterator[str]:
    for found in _BLOCK.finditer((GUIDES / page).read_text()):
        if found[2] == language:
            yield textwrap.dedent(found[3])


class Guide:
    """A page whose manifests were applied, and the nodes of the cluster."""

    def __init__(self, page: str, stage: Stage, plugin: ThroughPlugin, database: Database) -> None:
        self.page = page
        self.stage = stage
        self.plugin = plugin
        self.database = database
        documents = [yaml.safe_load(block) for block in blocks(page, "yaml")]
        self.parts = [one for one in documents if "kind" not in one]
        self.objects = {
            (one["kind"], one["metadata"]["name"]): one for one in documents if "kind" in one
        }
        for one in self.objects.values():
            self.apply(one)

    def apply(self, obj: dict[str, Any]) -> None:
        group, _, version = obj["apiVersion"].partition("/")
        plural = {"NetworkAttachmentDefinition": "network-attachment-definitions"}.get(
            obj["kind"], f"{obj['kind'].lower()}s"
        )
        answer = httpx2.post(
            f"{self.stage.kube.url}/apis/{group}/{version}/namespaces/default/{plural}",
            json=obj,
            headers={"Authorization": f"Bearer {ADMINISTRATOR_TOKEN}"},
        )
        assert answer.status_code == 201, answer.text

    def call(
        self, command: str, network: str, pod: str, uid: str, node: str, **asked: Any
    ) -> list[str]:
        """A call as multus makes it, with the `cni-args` of the pod: the addresses of the result."""
        answer = self.answer(command, network, pod, uid, node, **asked)
        assert answer.code == 0, answer.stdout
        ips = answer.document["ips"] if command == "ADD" else []
        return [one["address"] for one in ips]

    def answer(
        self, command: str, network: str, pod: str, uid: str, node: str, **asked: Any
    ) -> Answer:
        """The answer to such a call."""
        nad = self.objects["NetworkAttachmentDefinition", network]
        config = json.loads(nad["spec"]["config"]) | ({"args": {"cni": asked}} if asked else {})
        arguments = f"K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod};K8S_POD_UID={uid}"
        env = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": f"sandbox-{uid}",
            "CNI_NETNS": "/run/netns/x",
            "CNI_IFNAME": "net1",
            "CNI_ARGS": f"IgnoreUnknown=1;{arguments}",
            "CNI_PATH": "/opt/cni/bin",
        }
        return self.plugin.run(Call(env=env, stdin=json.dumps(config).encode(), node=node))

    def command(self, first: int = 0, last: int | None = None) -> None:
        """Run the commands of the page, or some of them, and compare what they print."""
        for block in list(blocks(self.page, "console"))[first:last]:
            typed, _, expected = block.partition("\n")
            words = shlex.split(typed.removeprefix("$ "))
            ran = subprocess.run(
                [sys.executable, "-m", *words],
                env={**os.environ, "ROWHOUSE_DATABASE_URL": self.database.url},
                capture_output=True,
                text=True,
                check=True,
            )
            assert ran.stdout.strip() == expected.strip()


@pytest.fixture
def guide(
    request: pytest.FixtureRequest, stage: Stage, database: Database, plugin: Path, tmp_path: Path
) -> Iterator[Guide]:
    token = tmp_path / "server-token"
    token.write_text(ADMINISTRATOR_TOKEN)
    environment = {
        "ROWHOUSE_DATABASE_URL": database.url,
        "ROWHOUSE_JWKS": f"{stage.kube.url}/openid/v1/jwks",
        "ROWHOUSE_KUBERNETES_TOKEN_FILE": str(token),
        "ROWHOUSE_VERIFY_PLACEMENT": "true",
        "ROWHOUSE_AUTH": "off",
    }
    with serving(tmp_path, environment=environment) as server:
        yield Guide(request.param, stage, ThroughPlugin(plugin, server.url, tmp_path), database)


@pytest.mark.parametrize("guide", ["virtual-machines.md"], indirect=True)
def test_a_machine_keeps_its_address_with_and_without_claims(guide: Guide) -> None:
    stage = guide.stage
    assert ("VirtualMachine", "db") in guide.objects
    [reference] = [part[NETWORKS] for part in guide.parts if NETWORKS in part]
    for network, annotation, expected in (
        ("storage", "storage", ["10.0.0.1/24"]),
        ("backup", reference, ["10.1.0.20/24"]),
    ):
        uids = {
            node: stage.kube.pod(
                f"virt-launcher-{network}-{node}",
                node=node,
                labels={"kubevirt.io": "virt-launcher"},
                annotations={NETWORKS: annotation, "kubevirt.io/domain": "db"},
            )
            for node in ("node1", "node2")
        }
        for node, uid in uids.items():
            pod = f"virt-launcher-{network}-{node}"
            assert guide.call("ADD", network, pod, uid, node) == expected
        guide.call("DEL", network, f"virt-launcher-{network}-node1", uids["node1"], "node1")
    guide.command()
    ClaimStatus(stage.client).write(held_claims(stage.session, ""))
    status = stage.kube.all("ipamclaims")["db.backup"]["status"]
    assert status["ips"] == ["10.1.0.20/24"]
    assert status["ownerPod"] == {"name": "virt-launcher-backup-node2"}
    assert [(one["type"], one["status"]) for one in status["conditions"]] == [
        ("IPsAllocated", "True")
    ]


@pytest.mark.parametrize("guide", ["statefulsets.md"], indirect=True)
def test_a_stateful_set_keeps_its_addresses_through_a_scale_down(guide: Guide) -> None:
    reference = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "u"}
    template = guide.objects["StatefulSet", "web"]["spec"]["template"]["metadata"]
    uid = ""
    for _ in range(2):  # the second time, web-1 was away
        for number in range(2):
            pod = f"web-{number}"
            uid = guide.stage.kube.pod(
                pod, annotations=template["annotations"], ownerReferences=[reference]
            )
            address = guide.call("ADD", "storage", pod, uid, "node1")
            assert address == [f"10.0.0.{number + 1}/24"]
        guide.stage.kube.delete_pod("web-1")
        guide.call("DEL", "storage", "web-1", uid, "node1")
        assert guide.stage.owners.look() == 0
        guide.command()


@pytest.mark.parametrize("guide", ["part-of-a-pool.md"], indirect=True)
def test_a_part_of_a_pool_is_for_pods_that_ask_for_its_name(guide: Guide) -> None:
    [reference] = [part[NETWORKS] for part in guide.parts if NETWORKS in part]
    [asked] = json.loads(reference)
    kube = guide.stage.kube
    guide.command(0, 2)
    plain = kube.pod("plain", annotations={NETWORKS: "storage"})
    assert guide.call("ADD", "storage", "plain", plain, "node1") == ["10.0.0.1/24"]
    web = kube.pod("web-0", annotations={NETWORKS: "storage-web"})
    assert guide.call("ADD", "storage-web", "web-0", web, "node1") == ["10.0.0.20/24"]
    guide.command(2)
    late = kube.pod("web-1", annotations={NETWORKS: reference})
    full = guide.answer("ADD", "storage", "web-1", late, "node1", **asked["cni-args"])
    assert full.code != 0
    assert full.document["code"] == 101
    # A pod learns no owners outside of its namespace.
    assert b"firewall" not in full.stdout
    assert b"rowhouse event list" in full.stdout
    guide.call("DEL", "storage-web", "web-0", web, "node1")
    args = asked["cni-args"]
    assert guide.call("ADD", "storage", "web-1", late, "node1", **args) == ["10.0.0.20/24"]
    other = guide.answer("ADD", "storage", "web-2", late, "node1", candidates=["mail"])
    assert other.document["code"] == 7
