"""The NetworkAttachmentDefinitions whose addresses come from Rowhouse: can an ADD be served with each?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rowhouse.cni.arguments import Arguments
from rowhouse.cni.configurations import Configurations
from rowhouse.cni.definitions import configuration_of, plugins_of
from rowhouse.cni.netconf import TYPES
from rowhouse.doctor.finding import failed, ok, skipped, warning
from rowhouse.domain.errors import RowhouseError
from rowhouse.k8s.raw import Refused
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings

PATH: Final = "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions"
_ELSEWHERE: Final = (
    "Run it with the kubeconfig of an account that may list network-attachment-definitions."
)


def networks(where: Surroundings) -> Iterator[Finding]:
    """Read each as the server reads it; each that cannot be used is a finding."""
    configurations = _configurations(where)
    good = 0
    try:
        for definition in where.kubernetes.items(PATH):
            findings = list(_judge(definition, configurations))
            yield from (one for one in findings if one.state != "ok")
            good += sum(one.state == "ok" for one in findings)
    except Refused as refused:
        if refused.answer.is_absent:
            yield skipped("multus' kind is not served, so there are none")
        elif refused.answer.is_denied:
            yield skipped(f"this account may not list them: {refused.answer.message}", _ELSEWHERE)
        else:
            raise
        return
    yield ok(f"{good} can be used")


def _configurations(where: Surroundings) -> Configurations:
    """With the server's defaults, as far as they can be seen from here."""
    names = ("ROWHOUSE_COMPAT", "ROWHOUSE_CNI_DEFAULTS")
    found = {name: where.setting_of("server", name) for name in names}
    settings = Settings.from_environment({"ROWHOUSE_DATABASE_URL": "postgresql://", **found})
    return Configurations(settings.compat, settings.cni_defaults)


def _judge(definition: dict[str, Any], configurations: Configurations) -> Iterator[Finding]:
    metadata = definition["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    text = (definition.get("spec") or {}).get("config") or ""
    if not text.strip():
        return  # multus reads the configuration of this name from the node's disk
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        yield warning(
            f"its config is not JSON: {error}",
            f"kubectl edit net-attach-def -n {metadata['namespace']} {metadata['name']}",
            about=name,
        )
        return
    for part in plugins_of(config):
        ipam = part.get("ipam")
        kind = ipam.get("type") if isinstance(ipam, dict) else None
        if kind not in TYPES:
            continue
        try:
            configurations.plan(configuration_of(metadata["name"], config, part), Arguments())
        except RowhouseError as error:
            state = failed if kind == TYPES[1] else warning
            remedy = error.hint or "docs/reference/config.md lists the keys and their values."
            if kind == TYPES[0]:
                remedy += ' Its type is "whereabouts": it matters where Rowhouse stands in for it.'
            yield state(error.message, f"Change its ipam object: {remedy}", about=name)
        else:
            yield ok("can be used", about=name)
