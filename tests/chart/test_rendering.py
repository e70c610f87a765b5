"""The chart renders, lints and validates, with its defaults and with every file in its ci/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from chart import schemas
from chart.helm import CASES, CHART, values

if TYPE_CHECKING:
    from chart.helm import Helm

OLDEST, NEWEST = "1.30", "1.37"
# Kinds that operators bring: their fields that we use, from their own definitions.
FOREIGN = yaml.safe_load((Path(__file__).parent / "foreign_kinds.yaml").read_text())


@pytest.mark.parametrize("case", CASES)
def test_it_lints_strictly(helm: Helm, case: str) -> None:
    done = helm.run("lint", "--strict", str(CHART), *values(case))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("case", CASES)
def test_every_object_is_what_kubernetes_takes(helm: Helm, case: str, version: str) -> None:
    for one in helm.template(case, f"--kube-version={version}"):
        if one["apiVersion"] not in FOREIGN:
            schemas.validate(one, version)


def test_the_oldest_version_is_the_one_that_the_chart_names() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["kubeVersion"] == f">={OLDEST}.0-0"
    assert schemas.NEWEST == NEWEST


@pytest.mark.parametrize("case", CASES)
def test_every_object_of_an_operator_is_what_its_definition_takes(helm: Helm, case: str) -> None:
    for one in helm.template(case):
        if one["apiVersion"] in FOREIGN:
            jsonschema.validate(one["spec"], FOREIGN[one["apiVersion"]][one["kind"]])


def test_the_definitions_of_operators_refuse_what_is_misspelt() -> None:
    cluster = FOREIGN["postgresql.cnpg.io/v1"]["Cluster"]
    with pytest.raises(jsonschema.ValidationError, match="dataDurabilty"):
        jsonschema.validate(
            {
                "instances": 3,
                "storage": {"size": "1Gi"},
                "postgresql": {"synchronous": {"method": "any", "number": 1, "dataDurabilty": "x"}},
            },
            cluster,
        )


def test_all_kinds_of_operators_are_rendered_by_some_case(helm: Helm) -> None:
    rendered = {(one["apiVersion"], one["kind"]) for case in CASES for one in helm.template(case)}
    assert {(group, kind) for group, kinds in FOREIGN.items() for kind in kinds} <= rendered


@pytest.mark.parametrize("case", CASES)
def test_no_two_objects_have_the_same_name(helm: Helm, case: str) -> None:
    found = [
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in helm.template(case)
    ]
    assert len(found) == len(set(found))


def test_names_stay_short_enough_for_a_long_release(helm: Helm) -> None:
    release = "r" * 53
    done = helm.run("template", release, str(CHART), "--set=backup.enabled=true")
    assert done.returncode == 0, done.stderr
    for one in filter(None, yaml.safe_load_all(done.stdout)):
        # What is no part of a host name or a label may have a longer one.
        limits = {"CronJob": 52, "ClusterRole": 253, "ClusterRoleBinding": 253}
        limit = limits.get(one["kind"], 63)
        assert len(one["metadata"]["name"]) <= limit, one["metadata"]["name"]


def test_the_notes_say_what_is_promised(helm: Helm) -> None:
    def notes(*more: str) -> str:
        line = ["install", "rowhouse", str(CHART), "--dry-run=client", "--output=json", *more]
        done = helm.run(*line)
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["info"]["notes"])

    assert "one instance, no failover" in notes()
    assert "no backups" in notes()
    assert "no backups" not in notes("--set=backup.enabled=true")
    cnpg = values("cloudnativepg-values.yaml")
    assert "may be assigned twice" not in notes(*cnpg)
    preferred = "--set=cloudnativepg.synchronous.dataDurability=preferred"
    assert "may be assigned twice" in notes(*cnpg, preferred)
    assert "your own PostgreSQL" in notes(*values("external-values.yaml"))
    assert "being removed from every node" in notes("--set=node.uninstall=true")


@pytest.mark.parametrize(
    ("values", "mounted"),
    [
        # The last has the socket that a killed agent leaves. Not all of /run, which is empty after a restart anyway.
        ("", {"/opt/cni/bin", "/etc/cni/net.d", "/var/lib", "/run/rowhouse"}),
        ("node.agent=false", {"/opt/cni/bin", "/etc/cni/net.d", "/var/lib"}),
        # Not all of /etc, and one folder once.
        ("node.configDir=/etc/rh,node.agent=false", {"/opt/cni/bin", "/etc/rh", "/var/lib"}),
        (
            "node.configDir=/srv/rh/c,node.stateDir=/srv/rh/s,node.runDir=/srv/rh/r",
            {"/opt/cni/bin", "/srv/rh"},
        ),
    ],
)
def test_to_uninstall_takes_the_folders_that_ours_are_in(
    helm: Helm, values: str, mounted: set[str]
) -> None:
    """What is mounted itself cannot be removed."""
    pod = helm.template("", f"--set=node.uninstall=true,{values}").pod("node")
    paths = {volume["hostPath"]["path"] for volume in pod.volumes.values() if "hostPath" in volume}
    assert paths == mounted
    mounts = {mount["mountPath"] for mount in pod.main["volumeMounts"]}
    assert mounts == mounted | {"/var/run/secrets/rowhouse", "/etc/rowhouse/ca"}
    schemas.validate(pod.owner, NEWEST)


def test_the_annotations_for_artifact_hub_are_what_it_reads(helm: Helm) -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    annotations: dict[str, Any] = {
        key.removeprefix("artifacthub.io/"): yaml.safe_load(value)
        for key, value in chart["annotations"].items()
    }
    images = {one["image"] for one in annotations["images"]}
    rendered = {c["image"] for pod in helm.template("").pods for c in pod.containers}
    assert images == rendered
    assert {one["kind"] for one in annotations["changes"]} <= {
        "added", "changed", "deprecated", "removed", "fixed", "security",
    }  # fmt: skip
    assert all(one["url"].startswith("https://") for one in annotations["links"])
    root = CHART.parents[1]
    for one in annotations["links"]:
        assert (root / one["url"].partition("/blob/main/")[2]).is_file()
