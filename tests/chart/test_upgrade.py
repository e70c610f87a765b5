"""What helm does to a cluster: installs, upgrades, rollbacks, and what outlives the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chart.cluster import serving
from chart.helm import values
from chart.release import Release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chart.helm import Helm

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def release(helm: Helm, tmp_path: Path) -> Iterator[Release]:
    with serving(tmp_path) as (cluster, kubeconfig):
        yield Release(helm, cluster, kubeconfig)


KEPT = ("database", "tls", "postgresql-tls")


def test_an_upgrade_keeps_passwords_and_certificates(release: Release) -> None:
    release.do("install")
    before = {name: release.cluster.data(f"rowhouse-{name}") for name in KEPT}
    postgresql = release.pod("postgresql")
    passwords = before["database"]
    assert passwords.keys() == {"postgres-password", "migrate-password", "server-password"}
    assert min(map(len, passwords.values())) >= 32
    assert len(set(passwords.values())) == 3
    for step in (
        ("upgrade", "--set=image.tag=0.2.0", "--set=server.replicas=3"),
        ("rollback", "1"),
    ):
        release.do(*step)
        assert {name: release.cluster.data(f"rowhouse-{name}") for name in KEPT} == before
        # So it does not restart.
        assert release.pod("postgresql") == postgresql


def test_what_outlives_the_release_is_taken_over_by_the_next_one(release: Release) -> None:
    release.do("install", "--set=backup.enabled=true")
    before = {name: release.cluster.data(f"rowhouse-{name}") for name in KEPT}
    release.do("uninstall")
    left = {(one["kind"], one["metadata"]["name"]) for one in release.cluster.objects.values()}
    assert left == {
        ("Secret", "rowhouse-database"),
        ("Secret", "rowhouse-tls"),
        ("Secret", "rowhouse-postgresql-tls"),
        ("PersistentVolumeClaim", "rowhouse-backup"),
    }
    release.do("install", "--set=backup.enabled=true")
    assert {name: release.cluster.data(f"rowhouse-{name}") for name in KEPT} == before


def test_the_passwords_of_cloudnativepg_are_kept(release: Release) -> None:
    cnpg = values("cloudnativepg-values.yaml")
    release.do("install", *cnpg)
    names = [f"rowhouse-database-login-{role}" for role in ("migrate", "server")]
    before = [release.cluster.data(name) for name in names]
    assert [one["username"] for one in before] == ["rowhouse_migrate", "rowhouse_app"]
    release.do("upgrade", *cnpg, "--set=image.tag=0.2.0")
    assert [release.cluster.data(name) for name in names] == before
    release.do("uninstall")
    assert release.cluster.find("Cluster", "rowhouse-database") is not None


def test_a_deleted_certificate_is_created_again_without_losing_a_password(
    release: Release,
) -> None:
    release.do("install")
    before = {name: release.cluster.data(f"rowhouse-{name}") for name in KEPT}
    postgresql = release.pod("postgresql")
    certificates = ("rowhouse-tls", "rowhouse-postgresql-tls")
    for path, one in list(release.cluster.objects.items()):
        if one["metadata"]["name"] in certificates:
            release.cluster.remove(path)
    release.do("upgrade")
    for name in KEPT:
        assert (release.cluster.data(f"rowhouse-{name}") == before[name]) is (name == "database")
    # PostgreSQL reads its certificate when it starts.
    assert release.pod("postgresql") != postgresql


def test_every_revision_migrates_once_and_an_unfinished_job_of_the_last_one_goes(
    release: Release,
) -> None:
    release.do("install")
    first = release.jobs
    release.do("upgrade")
    second = release.jobs
    assert len(first) == len(second) == 1
    assert first.isdisjoint(second)
    # One that is complete stays until Kubernetes removes it.
    release.finish(*second)
    made = [one for one in release.do("upgrade") if one[1] == "Job"]
    assert sorted(verb for verb, _, _ in made) == ["apply", "create"]
    assert len(release.jobs) == 2
    assert release.jobs > second


def test_things_are_there_before_what_needs_them(release: Release) -> None:
    """And nothing is a hook that waits for what comes after it: helm never waits in between."""
    kinds = [kind for _, kind, _ in release.do("install")]
    for first, then in (
        ("NetworkPolicy", "Deployment"),
        ("ServiceAccount", "Deployment"),
        ("Secret", "Deployment"),
        ("ConfigMap", "StatefulSet"),
        # The node daemon takes the server's address from a variable that Kubernetes makes of its Service.
        ("Service", "DaemonSet"),
    ):
        last = len(kinds) - kinds[::-1].index(first)
        assert last <= kinds.index(then), (first, then)
    hooks = [
        one
        for one in release.cluster.objects.values()
        if "helm.sh/hook" in one["metadata"].get("annotations", {})
    ]
    assert hooks == []


def test_all_that_may_change_in_an_upgrade_can_be_changed(release: Release) -> None:
    """No selector, no Job and no claim of a StatefulSet, which Kubernetes would refuse to change."""
    release.do("install")
    changes = release.do("upgrade", *values("customised-values.yaml"), "--set=fullnameOverride=")
    assert ("apply", "StatefulSet", "rowhouse-postgresql") in changes
