"""`rowhouse import whereabouts`: from files and from a cluster, its diff, its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from fixtures.apiserver import ApiServer
from fixtures.whereabouts import entry, ip_pool, listed, pod, reservation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from cli.conftest import Rowhouse
    from fixtures.databases import Database

WEB = ip_pool("10.0.0.0/24", {"5": entry("shop/web", "aa")})


@pytest.fixture
def kube() -> Iterator[ApiServer]:
    with ApiServer() as running:
        yield running


def written(folder: Path, name: str, *documents: Any) -> str:
    file = folder / name
    file.write_text(yaml.safe_dump_all(documents))
    return str(file)


def test_a_dry_run_is_a_diff_and_changes_nothing(
    direct: Rowhouse, tmp_path: Path, dba: psycopg.Connection[TupleRow]
) -> None:
    direct("pool", "create", "10.0.0.0/24")
    direct("address", "reserve", "10.0.0.0/24", "10.0.0.9", "--name", "printer")
    allocations = {
        "5": entry("shop/web", "aa"),
        "9": entry("shop/db", "bb"),
        "oops": entry("shop/lost", "cc"),
        "7": {"id": "", "podref": "shop/no-id", "ifname": "net1"},
    }
    file = written(
        tmp_path, "all.yaml", listed(ip_pool("10.0.0.0/24", allocations), pod("shop/web"))
    )
    done = direct("import", "whereabouts", file, "--dry-run", code=6)
    since = done.stdout.partition("since ")[2][:20]
    assert done.stdout == (
        "default network, pool 10.0.0.0/24: there\n"
        "  + 10.0.0.5         shop/web net1\n"
        "  + 10.0.0.7         shop/no-id net1\n"
        "      no container id: released by the controller when its pod is gone, not by a DEL"
        " [IPPool kube-system/10.0.0.0-24, key 7]\n"
        "      there is no pod with this name: the controller will release it"
        " [IPPool kube-system/10.0.0.0-24, key 7]\n"
        f"  ! 10.0.0.9         shop/db net1  conflict: held by printer since {since}"
        " [IPPool kube-system/10.0.0.0-24, key 9]\n"
        "      there is no pod with this name: the controller will release it"
        " [IPPool kube-system/10.0.0.0-24, key 9]\n"
        "not taken\n"
        "  x IPPool kube-system/10.0.0.0-24, key oops: key 'oops' is not a whole number\n"
        "would be: 0 pools and slices new; addresses: 2 new, 0 there, 1 conflict; 1 not taken\n"
    )
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (1,)


def test_it_is_done_once_and_said_twice(direct: Rowhouse, tmp_path: Path) -> None:
    file = written(
        tmp_path, "all.yaml", listed(WEB, reservation("10.0.0.5", "shop/web"), pod("shop/web"))
    )
    assert direct("import", "whereabouts", file).stdout == (
        "default network, pool 10.0.0.0/24: new\n"
        "done: 1 pools and slices new; addresses: 1 new, 0 there, 0 conflict; 0 not taken\n"
    )
    assert direct("import", "whereabouts", file).stdout == (
        "default network, pool 10.0.0.0/24: there\n"
        "done: 0 pools and slices new; addresses: 0 new, 1 there, 0 conflict; 0 not taken\n"
    )
    [found] = direct.items("who", "10.0.0.5")
    assert found["owner"]["name"] == "web"
    assert "import" in direct("audit", "-o", "json").stdout


def test_documents_for_programs(direct: Rowhouse, tmp_path: Path) -> None:
    file = written(
        tmp_path, "all.yaml", listed(ip_pool("10.0.0.0/24", {"5": entry("shop/web"), "x": 1}))
    )
    told = direct.json("import", "whereabouts", file, "--dry-run", code=6)
    assert [(one["what"], one["outcome"], one["address"]) for one in told["items"]] == [
        ("pool", "new", None),
        ("address", "new", "10.0.0.5"),
    ]
    assert told["not_taken"][0]["source"] == "IPPool kube-system/10.0.0.0-24, key x"
    assert told["summary"]["addresses_new"] == 1
    assert told["dry_run"] is True


def test_folders_documents_json_and_standard_input_are_read(
    direct: Rowhouse, tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    written(tmp_path, "a.yaml", WEB, None, ip_pool("10.1.0.0/24", {"1": entry("shop/a")}))
    typed = listed(ip_pool("10.2.0.0/24", {"1": entry("shop/b")})) | {"kind": "IPPoolList"}
    for item in typed["items"]:
        del item["kind"], item["apiVersion"]
    (tmp_path / "deep" / "b.json").write_text(json.dumps(typed) + json.dumps(listed()))
    (tmp_path / "notes.txt").write_text("{{ no YAML")
    told = direct.json("import", "whereabouts", str(tmp_path), "--dry-run")
    assert [one["address"] for one in told["items"] if one["address"]] == [
        "10.0.0.5",
        "10.1.0.1",
        "10.2.0.1",
    ]


def test_a_file_that_is_cut_off_imports_nothing(
    direct: Rowhouse, tmp_path: Path, dba: psycopg.Connection[TupleRow]
) -> None:
    file = written(tmp_path, "a.yaml", WEB)
    broken = tmp_path / "b.json"
    broken.write_text(json.dumps(WEB)[:-9])
    done = direct("import", "whereabouts", file, str(broken), code=1)
    assert "b.json cannot be read" in done.stderr
    assert "Nothing was imported" in done.stderr
    assert dba.execute("SELECT count(*) FROM pools").fetchone() == (0,)


def test_what_is_no_import_at_all(direct: Rowhouse, tmp_path: Path) -> None:
    file = written(tmp_path, "a.yaml", {"apiVersion": "v1", "kind": "ConfigMap"})
    done = direct("import", "whereabouts", file, code=3)
    assert "found no IPPool" in done.stderr
    direct("import", "whereabouts", str(tmp_path / "missing.yaml"), code=1)
    direct("import", "whereabouts", file, "--context", "prod", code=2)


def test_without_pods_it_says_what_stays_unknown(direct: Rowhouse, tmp_path: Path) -> None:
    other = {"apiVersion": "v1", "kind": "ConfigMap"}
    done = direct("import", "whereabouts", written(tmp_path, "a.yaml", WEB, other))
    assert "the objects contain no pods" in done.stderr
    assert "ignored: 1 objects of kind ConfigMap" in done.stderr


def test_pools_with_a_space_of_their_own(direct: Rowhouse, tmp_path: Path) -> None:
    twin = ip_pool("10.0.0.0/16", {"5": entry("shop/twin")})
    file = written(tmp_path, "a.yaml", WEB, twin)
    assert "is also used by" in direct("import", "whereabouts", file, "--dry-run", code=6).stdout
    direct("import", "whereabouts", file, "--isolated", "10.0.0.0-16")
    assert len(direct.items("who", "10.0.0.5")) == 2


def test_what_is_gone_is_shown_and_released_on_request(direct: Rowhouse, tmp_path: Path) -> None:
    direct("import", "whereabouts", written(tmp_path, "a.yaml", WEB))
    later = written(tmp_path, "b.yaml", ip_pool("10.0.0.0/24"))
    kept = direct("import", "whereabouts", later)
    assert (
        "  - 10.0.0.5         shop/web net1  kept; use --release-gone to release it" in kept.stdout
    )
    direct("who", "10.0.0.5")
    assert "  - 10.0.0.5" in direct("import", "whereabouts", later, "--release-gone").stdout
    direct("who", "10.0.0.5", code=3)


def test_killed_again_and_again_it_takes_everything_once(
    direct: Rowhouse, database: Database, tmp_path: Path, dba: psycopg.Connection[TupleRow]
) -> None:
    entries = {str(n): entry(f"shop/p{n}") for n in range(1, 2001)}
    file = written(tmp_path, "a.yaml", ip_pool("10.0.0.0/16", entries))

    def taken() -> int:
        row = dba.execute("SELECT count(*) FROM reservations").fetchone()
        assert row
        return int(row[0])

    for step in (1, 1000):
        process = subprocess.Popen(
            [sys.executable, "-m", "rowhouse", "import", "whereabouts", file],
            env={**os.environ, "ROWHOUSE_DATABASE_URL": database.url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 100
        while taken() < step and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()  # somewhere within the next batches
        process.wait()
        assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
    told = direct.json("import", "whereabouts", file)["summary"]
    assert told.get("addresses_new", 0) + told.get("addresses_there", 0) == 2000
    assert taken() == 2000
    row = dba.execute("SELECT count(*) FROM attachments").fetchone()
    assert row == (2000,)


class TestLive:
    """Straight from a cluster's API."""

    def test_everything_is_read_in_pages_with_the_pods(
        self, kube: ApiServer, direct: Rowhouse, tmp_path: Path
    ) -> None:
        entries = {str(n): entry(f"shop/p{n}", interface=None) for n in range(1, 61)}
        for number in range(60):
            kube.put("ippools", ip_pool(f"10.{number}.0.0/24", entries if number == 0 else {}))
        kube.pod(
            "p1", namespace="shop", node="n7", networks=[{"interface": "net3", "ips": ["10.0.0.1"]}]
        )
        config = str(kube.kubeconfig(tmp_path))
        told = direct.json("import", "whereabouts", "--kubeconfig", config)
        assert told["summary"]["addresses_new"] == 60
        assert told["summary"]["pools_and_slices_new"] == 60
        [first] = direct.items("who", "10.0.0.1")
        assert (first["owner"]["interface"], first["node"]) == ("net3", "n7")
        assert any("ippools?" in one and "continue=" in one for one in kube.seen)

    def test_of_one_namespace(self, kube: ApiServer, direct: Rowhouse, tmp_path: Path) -> None:
        kube.put("ippools", WEB)
        kube.put("ippools", {**WEB, "metadata": {**WEB["metadata"], "namespace": "other"}})
        config = str(kube.kubeconfig(tmp_path))
        where = ("--kubeconfig", config, "--namespace", "other", "--dry-run")
        told = direct.json("import", "whereabouts", *where)
        assert told["items"][1]["source"] == "IPPool other/10.0.0.0-24, key 5"

    def test_a_cluster_before_node_slices_has_no_such_kind(
        self, kube: ApiServer, direct: Rowhouse, tmp_path: Path
    ) -> None:
        kube.put("ippools", WEB)
        kube.faults.forget("nodeslicepools")
        direct("import", "whereabouts", "--kubeconfig", str(kube.kubeconfig(tmp_path)))

    def test_a_cluster_that_never_had_whereabouts(
        self, kube: ApiServer, direct: Rowhouse, tmp_path: Path
    ) -> None:
        kube.faults.forget("ippools")
        config = str(kube.kubeconfig(tmp_path))
        done = direct("import", "whereabouts", "--kubeconfig", config, code=3)
        assert "the cluster does not serve the kind IPPool" in done.stderr

    @pytest.mark.parametrize("resource", ["ippools", "overlappingrangeipreservations", "pods"])
    def test_an_account_that_may_not_look_imports_nothing(
        self,
        kube: ApiServer,
        direct: Rowhouse,
        tmp_path: Path,
        dba: psycopg.Connection[TupleRow],
        resource: str,
    ) -> None:
        kube.put("ippools", WEB)
        kube.faults.deny("list", resource)
        config = str(kube.kubeconfig(tmp_path))
        done = direct("import", "whereabouts", "--kubeconfig", config, code=4)
        assert f"{resource}" in done.stderr
        assert "is forbidden: User" in done.stderr
        assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)

    def test_a_list_that_breaks_off_imports_nothing(
        self,
        kube: ApiServer,
        direct: Rowhouse,
        tmp_path: Path,
        dba: psycopg.Connection[TupleRow],
    ) -> None:
        for number in range(60):
            kube.put("ippools", ip_pool(f"10.{number}.0.0/24", {"1": entry("shop/web")}))
        kube.faults.page_expires = 2
        config = str(kube.kubeconfig(tmp_path))
        direct("import", "whereabouts", "--kubeconfig", config, code=4)
        assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)
