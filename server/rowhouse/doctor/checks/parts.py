"""The pods of the release: whether they are Ready, and the plugin's version on each node."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rowhouse.doctor.finding import failed, ok, skipped, warning
from rowhouse.doctor.installation import COMPONENT, PARTS, pods_of
from rowhouse.domain.version import VERSION
from rowhouse.k8s.raw import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings
    from rowhouse.k8s.raw import Answer, KubernetesApi

_MAX_THREADS: Final = 16
_INFO: Final = re.compile(
    r'^rowhouse_node_info\{version="([^"]*)",plugin="([^"]*)"\} 1', re.MULTILINE
)
_SHOWN: Final = 5


def parts(where: Surroundings) -> Iterator[Finding]:
    """Count the Ready pods of each part, and show why the others are not.

    A node daemon is Ready when a STATUS through the plugin succeeds, so this also checks the path from the node.
    """
    installation = where.installation
    for part in PARTS:
        workload = installation.of(part)
        if workload is None:
            yield skipped("is not installed", about=part)
            continue
        try:
            found = pods_of(where.kubernetes, workload)
            pods = [one for one in found if not one["metadata"].get("deletionTimestamp")]
        except Refused as refused:
            yield skipped(
                f"this account may not list its pods: {refused.answer.message}", about=part
            )
            continue
        unready = [pod for pod in pods if not _is_ready(pod)]
        if not pods and not installation.are_known:
            yield skipped(
                "has no pod; this account cannot see whether it should have one", about=part
            )
        elif not pods:
            yield failed(
                "has no pod", f"kubectl describe {part} -n {workload.namespace}", about=part
            )
        elif unready:
            yield _unready(where, part, pods, unready)
        else:
            yield ok(f"{len(pods)} of {len(pods)} pods are Ready", about=part)


def nodes(where: Surroundings) -> Iterator[Finding]:
    """Get the plugin's version on each node from its daemon, through the API server's proxy."""
    workload = where.installation.of("node")
    if workload is None:
        yield skipped("the chart does not install the node daemon (node.enabled)")
        return
    pods = {one["spec"].get("nodeName") or "": one for one in pods_of(where.kubernetes, workload)}
    if not pods and not where.installation.are_known:
        yield skipped(
            "there is no node daemon; this account cannot see whether there should be one"
        )
        return
    with ThreadPoolExecutor(_MAX_THREADS) as threads:
        answers = threads.map(partial(_metrics, where.kubernetes), pods.values())
        told = dict(zip(pods, answers, strict=True))
    if any(answer.is_denied for answer in told.values()):
        yield skipped(
            "this account may not query the node daemons (get on pods/proxy)",
            "Run it as an account that may, or in a node's pod: kubectl exec ds/rowhouse-node --"
            " rowhouse-node doctor",
        )
    else:
        yield from _versions(told)
    yield from _uncovered(where, set(pods))


def _metrics(api: KubernetesApi, pod: dict[str, Any]) -> Answer:
    return api.get(_proxied(pod, "node", "metrics"), accept="text/plain")


def _versions(told: dict[str, Answer]) -> Iterator[Finding]:
    plugins: dict[tuple[str, str], list[str]] = {}
    for node, answer in told.items():
        if found := _INFO.search(answer.text):
            plugins.setdefault((found[1], found[2]), []).append(node)
        else:
            yield warning(
                f"its daemon does not report its version: {answer.message}",
                f"kubectl get pods -o wide -l {COMPONENT}=node shows its pod; see its log.",
                about=node,
            )
    for (version, folder), names in sorted(plugins.items()):
        said = f"plugin {version} ({folder}) on {_listed(names)}"
        if version != VERSION or len(plugins) > 1:
            yield warning(
                f"{said}; this is {VERSION}"
                if version != VERSION
                else f"{said}, other versions elsewhere",
                "A rollout is in progress or stuck: kubectl rollout status ds/rowhouse-node",
            )
        else:
            yield ok(said)


def _uncovered(where: Surroundings, covered: set[str]) -> Iterator[Finding]:
    try:
        there = {one["metadata"]["name"] for one in where.kubernetes.items("/api/v1/nodes")}
    except Refused:
        return
    if missing := sorted(there - covered):
        yield warning(
            f"no node daemon on {_listed(missing)}",
            "Pods there get no address from Rowhouse. If they should, check node.tolerations and"
            " node.nodeSelector of the chart.",
        )


def _unready(
    where: Surroundings, part: str, pods: list[dict[str, Any]], unready: list[dict[str, Any]]
) -> Finding:
    pod = unready[0]
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    why = _waiting(pod)
    if not why:
        answer = where.kubernetes.get(_proxied(pod, part, "readyz"), accept="*/*")
        said = answer.document if isinstance(answer.document, dict) else {}
        why = str(said.get("reason") or ("" if answer.is_denied else answer.text.strip()))
    return failed(
        f"{len(pods) - len(unready)} of {len(pods)} pods are Ready; {name}: {why or 'see its log'}",
        f"kubectl logs -n {namespace} {name}, kubectl describe pod -n {namespace} {name}",
        about=part,
    )


def _proxied(pod: dict[str, Any], part: str, path: str) -> str:
    """Query a path of a pod, at the first port that it declares."""
    metadata = pod["metadata"]
    name = f"https:{metadata['name']}:" if part == "server" else metadata["name"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{name}/proxy/{path}"


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _waiting(pod: dict[str, Any]) -> str:
    """Return why a container is not running, "" if all are."""
    for one in (pod.get("status") or {}).get("containerStatuses") or ():
        waiting = (one.get("state") or {}).get("waiting")
        if waiting:
            return f"{waiting.get('reason', '')} {waiting.get('message', '')}".strip()
    return ""


def _listed(names: list[str]) -> str:
    names = sorted(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
