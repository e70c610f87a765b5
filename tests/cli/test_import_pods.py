"""`rowhouse import pods`, `hold` and `resume` on a database, from files and from a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.running import definition, running, saved

if TYPE_CHECKING:
    from cli.conftest import Rowhouse

STORAGE = definition("storage", {"type": "rowhouse", "range": "10.0.0.0/24"})
RECORDED = Path(__file__).parents[1] / "recorded" / "objects"


def test_from_a_file_with_a_diff_first(direct: Rowhouse, tmp_path: Path) -> None:
    file = tmp_path / "pods.json"
    file.write_text(saved(STORAGE, running("web-0", "10.0.0.5"), running("web-1", "10.9.0.5")))
    looked = direct("import", "pods", str(file), "--dry-run", code=6).output
    assert "+ 10.0.0.5         default/web-0 net1" in looked
    assert "10.9.0.5 is outside every range" in looked
    assert "would be: 1 pools and slices new; addresses: 1 new" in looked
    assert direct.items("address", "list") == []
    direct("import", "pods", str(file), code=6)
    [kept] = direct.items("address", "list")
    assert (kept["address"], kept["owner"]["name"]) == ("10.0.0.5", "web-0")
    again = direct("import", "pods", str(file), code=6).output
    assert "0 new, 1 there" in again


def test_gateways_are_told_apart_from_the_pods_addresses(direct: Rowhouse, tmp_path: Path) -> None:
    file = tmp_path / "pods.json"
    ipam = {"type": "rowhouse", "range": "10.0.0.0/24", "gateway": "10.0.0.1"}
    file.write_text(saved(definition("storage", ipam), running("web-0", "10.0.0.5")))
    looked = direct("import", "pods", str(file), "--dry-run").output
    assert "+ 10.0.0.1         gateway of CNI network storage" in looked
    assert "1 pools and slices new, 1 gateways new; addresses: 1 new" in looked
    direct("import", "pods", str(file))
    assert [one["address"] for one in direct.items("gateway", "list")] == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([STORAGE], "the objects contain no pod"),
        ([running("web-0", "10.0.0.5")], "no NetworkAttachmentDefinition"),
    ],
)
def test_a_file_that_lacks_something_says_how_to_save_it(
    direct: Rowhouse, tmp_path: Path, objects: list[dict[str, Any]], said: str
) -> None:
    file = tmp_path / "pods.json"
    file.write_text(saved(*objects))
    done = direct("import", "pods", str(file), code=2 if "Network" in said else 1)
    assert said in done.output
    assert "kubectl get pods,network-attachment-definitions -A -o json" in done.output


def test_hold_and_resume_say_what_they_did(direct: Rowhouse) -> None:
    assert "now held back." in direct("import", "hold", "--reason", "restore").output
    assert "already" in direct("import", "hold").output
    assert "assign addresses again" in direct("import", "resume").output
    assert "No addresses were held back" in direct("import", "resume").output
    acts = [one["action"] for one in direct.items("audit")]
    assert {"assignment_hold.create", "assignment_hold.delete"} <= set(acts)


def test_pods_as_a_real_cluster_writes_them(direct: Rowhouse, tmp_path: Path) -> None:
    pods: list[dict[str, Any]] = []
    for file in sorted((RECORDED / "pods").glob("*.json")):
        document = json.loads(file.read_text())
        pods += document.get("items", [document])
    nads = json.loads((RECORDED / "nads.json").read_text())["items"]
    file = tmp_path / "all.json"
    file.write_text(saved(*nads, *pods))
    direct("import", "pods", str(file), code=6)
    found = {one["address"]: one["owner"]["name"] for one in direct.items("address", "list")}
    assert {"10.110.0.18", "10.110.3.1", "fd11::1", "10.110.4.77", "10.110.1.3"} <= set(found)
    first = direct.json("address", "show", "10.110.3.1")
    assert first["attached"][0]["container_id"] == ""
