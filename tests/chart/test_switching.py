"""An upgrade leads from every file of ci/ to every other: nothing is changed that is immutable in Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chart.cluster import serving
from chart.helm import CASES, values
from chart.immutable import refusals
from chart.release import Release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chart.helm import Helm
    from chart.manifests import Object

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = [pytest.mark.timeout(600), pytest.mark.releases]

ACCEPT = "--set=acceptDatabaseChange=true"
REFUSE = "--set=acceptDatabaseChange=false"
# Which database a case uses, where that is not the bundled one under its usual name.
DATABASE = {
    "cloudnativepg-values.yaml": "CloudNativePG",
    "external-values.yaml": "PostgreSQL of yours",
    "external-hosts-values.yaml": "PostgreSQL of yours",
    "customised-values.yaml": "StatefulSet ipam-postgresql",
}
BUNDLED = "StatefulSet rowhouse-postgresql"


@pytest.fixture
def release(helm: Helm, tmp_path: Path) -> Iterator[Release]:
    with serving(tmp_path) as (cluster, kubeconfig):
        yield Release(helm, cluster, kubeconfig)


def shape(release: Release, part: str) -> dict[str, str]:
    """The data of each Secret that the chart makes."""
    return {
        one["metadata"]["name"]: str(one["data"])
        for one in release.cluster.objects.values()
        if one["kind"] == "Secret" and one["metadata"]["name"].endswith(part)
    }


@pytest.mark.parametrize("case", CASES)
def test_no_upgrade_from_a_case_to_another_changes_what_cannot_be_changed(
    helm: Helm, case: str
) -> None:
    """Each pair, as far as the rendered objects tell."""

    def identity(one: Object) -> tuple[str, str | None, str]:
        return one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]

    def tracked(case: str) -> list[Object]:
        # A hook is deleted before it is made again.
        hook = "helm.sh/hook"
        return [
            one for one in helm.template(case) if hook not in one["metadata"].get("annotations", {})
        ]

    there = {identity(one): one for one in tracked(case)}
    for other in CASES:
        for one in tracked(other):
            if was := there.get(identity(one)):
                assert list(refusals(was, one)) == [], (other, identity(one))


@pytest.mark.parametrize("case", CASES[1:])
def test_an_upgrade_leads_from_a_case_to_the_defaults_and_back(release: Release, case: str) -> None:
    """By helm itself, with what operators and controllers make in between."""
    release.do("install", *values(case))
    for there in ("", case):
        release.act_as_operators()
        release.do("upgrade", *values(there), ACCEPT)


@pytest.mark.parametrize("case", sorted(DATABASE))
def test_another_database_is_refused_before_anything_has_changed(
    release: Release, case: str
) -> None:
    release.do("install")
    passwords = shape(release, "-database")
    before = len(release.cluster.changes)
    told = release.attempt("upgrade", *values(case), REFUSE)
    assert BUNDLED in told
    assert DATABASE[case] in told
    assert "acceptDatabaseChange=true" in told
    assert release.changes_after(before) == []

    release.do("upgrade", *values(case), ACCEPT)
    before = len(release.cluster.changes)
    told = release.attempt("upgrade", REFUSE)
    assert DATABASE[case] in told
    assert release.changes_after(before) == []
    # The way back finds what the volume has: nothing that was kept has been overwritten.
    release.do("upgrade", ACCEPT)
    assert shape(release, "-database").items() >= passwords.items()


def test_values_that_change_no_database_need_no_word(release: Release) -> None:
    release.do("install", REFUSE)
    for case in CASES:
        if case not in DATABASE:
            release.do("upgrade", *values(case), REFUSE)


@pytest.mark.parametrize("asks", [True, False])
def test_who_verifies_tokens_changes_without_a_moment_without_rights(
    release: Release, *, asks: bool
) -> None:
    def bound() -> set[str]:
        bindings = release.cluster.release.of("ClusterRoleBinding")
        return {one["roleRef"]["name"] for one in bindings} & {KEYS, REVIEWS}

    values = [f"--set=kubernetes.tokenReview={str(one).lower()}" for one in (asks, not asks)]
    release.do("install", values[0])
    assert bound() == ({KEYS, REVIEWS} if asks else {KEYS})
    before = len(release.cluster.changes)
    release.do("upgrade", values[1])
    # Servers of before run on until the roll-out is over.
    assert bound() == {KEYS, REVIEWS}
    assert "delete" not in {
        verb for verb, kind, _ in release.changes_after(before) if kind == "ClusterRoleBinding"
    }
    release.do("upgrade", values[1])
    assert bound() == ({KEYS} if asks else {KEYS, REVIEWS})


KEYS = "system:service-account-issuer-discovery"
REVIEWS = "system:auth-delegator"


def test_volumes_that_are_there_stay_as_they_are(release: Release) -> None:
    classes = "--set=backup.enabled=true,postgresql.storageClass={0},backup.storageClass={0}"
    sizes = "--set=postgresql.size={0},backup.size={0}"

    def claims() -> list[tuple[str, str]]:
        stateful = release.cluster.find("StatefulSet", "rowhouse-postgresql")
        backup = release.cluster.find("PersistentVolumeClaim", "rowhouse-backup")
        assert stateful is not None
        assert backup is not None
        specs = [stateful["spec"]["volumeClaimTemplates"][0]["spec"], backup["spec"]]
        return [(s["storageClassName"], s["resources"]["requests"]["storage"]) for s in specs]

    release.do("install", classes.format("slow"), sizes.format("10Gi"))
    assert claims() == [("slow", "10Gi")] * 2
    release.do("upgrade", classes.format("fast"), sizes.format("5000Mi"))
    assert claims() == [("slow", "10Gi")] * 2
    # A claim may grow; the template of one cannot be changed.
    release.do("upgrade", classes.format("fast"), sizes.format("1Ti"))
    assert claims() == [("slow", "10Gi"), ("slow", "1Ti")]


def test_a_database_without_a_volume_gives_way_to_one_with_it(release: Release) -> None:
    release.do("install", "--set=postgresql.ephemeral=true")
    assert "ephemeral" in release.attempt("upgrade", REFUSE)
    changes = release.do("upgrade", ACCEPT)
    assert ("create", "StatefulSet", "rowhouse-postgresql") in changes
    assert ("delete", "StatefulSet", "rowhouse-postgresql-ephemeral") in changes


def test_another_address_of_the_service_is_refused_before_anything_has_changed(
    release: Release,
) -> None:
    release.do("install", "--set=server.service.clusterIP=10.96.0.20")
    before = len(release.cluster.changes)
    told = release.attempt("upgrade", "--set=server.service.clusterIP=10.96.0.21")
    assert "the Service rowhouse has 10.96.0.20" in told
    assert release.changes_after(before) == []
    release.do("upgrade")


def test_another_name_in_the_names_of_objects_changes_no_selector(release: Release) -> None:
    release.do("install")
    release.do("upgrade", "--set=nameOverride=row")


def test_the_job_of_a_failed_upgrade_goes_with_the_release(release: Release) -> None:
    release.do("install")
    (first,) = release.jobs
    release.finish(first)
    for _ in range(2):
        release.cluster.refused = {"rowhouse-server"}
        assert "denied by the test" in release.attempt("upgrade", "--set=image.tag=broken")
        release.cluster.refused = set()
        assert len(release.jobs) > 1
        release.do("upgrade")
    release.do("uninstall")
    assert release.jobs == set()


@pytest.mark.parametrize("tag", ["", "broken"])
def test_a_release_whose_first_upgrade_fails_leaves_no_job(release: Release, tag: str) -> None:
    release.do("install")
    (first,) = release.jobs
    release.finish(first)
    release.cluster.refused = {"rowhouse-server"}
    assert release.attempt("upgrade", f"--set=image.tag={tag}")
    assert len(release.jobs) == 2
    release.cluster.refused = set()
    release.do("uninstall")
    assert release.jobs == set()
