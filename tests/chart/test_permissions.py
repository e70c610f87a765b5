"""The chart gives each account what its part needs, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chart.helm import NAMESPACE
from rowhouse.k8s.permissions import (
    Permission,
    of_controller,
    of_import,
    of_owner_objects,
    of_server_for_owners,
)

if TYPE_CHECKING:
    from chart.helm import Helm
    from chart.manifests import Object, Release


@pytest.mark.parametrize("mirror", [None, "kube-system", "elsewhere"])
def test_the_chart_grants_what_the_controller_needs(helm: Helm, mirror: str | None) -> None:
    values = ("--set=mirror.enabled=true", f"--set=mirror.namespace={mirror}") if mirror else ()
    release = helm.template("", *values)
    # (the last for `rowhouse import pods` in its pod, without which it is ready all the same)
    assert granted(release, "rowhouse-controller") == {
        *of_controller(mirror),
        Permission("list", "network-attachment-definitions", "k8s.cni.cncf.io"),
    }


def test_the_chart_grants_a_look_at_the_objects_that_keep_addresses_if_asked(helm: Helm) -> None:
    asked = [f"--set=rbac.{one}=true" for one in ("virtualMachines", "statefulSets", "ipamClaims")]
    release = helm.template("", *asked)
    plain = granted(helm.template(""), "rowhouse-controller")
    assert granted(release, "rowhouse-controller") - plain == set(of_owner_objects())
    role = f"{NAMESPACE}-rowhouse-server-pods"
    assert allowed(release, role) == set(of_server_for_owners())
    assert allowed(helm.template(""), role) == {Permission("get", "pods")}


def test_the_chart_grants_what_an_import_needs(helm: Helm) -> None:
    release = helm.template("", "--set=import.whereabouts.enabled=true")
    assert granted(release, "rowhouse-import") == set(of_import())


def allowed(release: Release, role: str) -> set[Permission]:
    """What a ClusterRole allows."""
    return {
        Permission(verb, resource, group)
        for rule in release.one("ClusterRole", role)["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def granted(release: Release, account: str) -> set[Permission]:
    """What the roles that are bound to an account allow."""
    return {
        Permission(verb, resource, group, binding["metadata"].get("namespace", ""))
        for binding in release.objects
        if binding["kind"] in {"ClusterRoleBinding", "RoleBinding"}
        and any(subject["name"] == account for subject in binding["subjects"])
        for rule in _role(release, binding)["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _role(release: Release, binding: Object) -> Object:
    return release.one(binding["roleRef"]["kind"], binding["roleRef"]["name"])
