"""The NetworkAttachmentDefinitions that use Rowhouse: can each of them serve an ADD?"""

from __future__ import annotations

import contextlib
import json
import shlex
from typing import TYPE_CHECKING, Any, Final

from rowhouse.cni.arguments import Arguments
from rowhouse.cni.configurations import Configurations
from rowhouse.cni.definitions import configuration_of, plugins_of
from rowhouse.cni.netconf import TYPES
from rowhouse.doctor.finding import failed, ok, skipped, warning
from rowhouse.doctor.surroundings import Unavailable
from rowhouse.domain.errors import RowhouseError
from rowhouse.domain.lasting_owners import IPAM_CLAIM, KEPT_BY
from rowhouse.k8s.raw import Refused
from rowhouse.settings import Settings
from rowhouse.store.connection import diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings

PATH: Final = "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions"
_ELSEWHERE: Final = (
    "Run it with the kubeconfig of an account that may list network-attachment-definitions."
)


def networks(where: Surroundings) -> Iterator[Finding]:
    """Parse each NAD like the server; each unusable one is a finding."""
    configurations = _configurations(where)
    pools = _pool_names(where)
    good = unknown = 0
    try:
        for definition in where.kubernetes.items(PATH):
            findings = list(_judge(definition, configurations, pools))
            yield from (one for one in findings if one.state in {"failed", "warning"})
            unknown += sum(one.state == "skipped" for one in findings)
            good += sum(one.state in {"ok", "skipped"} for one in findings)
    except Refused as refused:
        if refused.answer.is_absent:
            yield skipped("multus' kind is not served, so there are no NADs")
        elif refused.answer.is_denied:
            yield skipped(f"this account may not list them: {refused.answer.message}", _ELSEWHERE)
        else:
            raise
        return
    left = f"; without a database, the pool names of {unknown} were not checked" if unknown else ""
    yield ok(f"{good} are usable{left}")


def owner_kinds(where: Surroundings) -> list[str]:
    """Return the kinds of objects that keep addresses of the cluster's networks; none if NADs cannot be read."""
    configurations = _configurations(where)
    found: set[str] = set()
    try:
        definitions = list(where.kubernetes.items(PATH))
    except (Refused, RowhouseError):
        return []  # `networks` says so
    for definition in definitions:
        with contextlib.suppress(json.JSONDecodeError, RowhouseError):
            for _, body in _bodies(definition):
                netconf = configurations.netconf(body)
                if netconf.by_claim:
                    found.add(IPAM_CLAIM)
                if netconf.keep_for in KEPT_BY:
                    found.add(KEPT_BY[netconf.keep_for])
    return sorted(found)


def _configurations(where: Surroundings) -> Configurations:
    """Return the parser with the server's defaults, as far as they are known here."""
    names = ("ROWHOUSE_COMPAT", "ROWHOUSE_CNI_DEFAULTS")
    found = {name: where.setting_of("server", name) for name in names}
    settings = Settings.from_environment({"ROWHOUSE_DATABASE_URL": "postgresql://", **found})
    return Configurations(settings.compat, settings.cni_defaults)


def _pool_names(where: Surroundings) -> dict[str, str] | None:
    """Return the names and aliases of pools, each with the current name.

    None if the database is unreadable, which has its own check.
    """
    try:
        return diagnosis.pool_names(where.database)
    except (RowhouseError, Unavailable):
        return None


def _judge(
    definition: dict[str, Any], configurations: Configurations, pools: dict[str, str] | None
) -> Iterator[Finding]:
    metadata = definition["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    try:
        bodies = list(_bodies(definition))
    except json.JSONDecodeError as error:
        yield warning(
            f"its config is not JSON: {error}",
            f"kubectl edit net-attach-def -n {metadata['namespace']} {metadata['name']}",
            about=name,
        )
        return
    for kind, body in bodies:
        try:
            plan = configurations.plan(body, Arguments())
        except RowhouseError as error:
            state = failed if kind == TYPES[1] else warning
            remedy = error.hint or "docs/reference/config.md lists the keys and their values."
            if kind == TYPES[0]:
                remedy += (
                    ' Its type is "whereabouts", so this matters only if Rowhouse replaces it.'
                )
            yield state(error.message, f"Change its ipam object: {remedy}", about=name)
            continue
        yield from _judge_pools(
            name, [one.pool for one in plan.requests if one.pool is not None], pools
        )


def _judge_pools(name: str, named: list[str], pools: dict[str, str] | None) -> Iterator[Finding]:
    """Check the pools that a NAD names."""
    missing = [pool for pool in named if pools is not None and pool not in pools]
    for pool in missing:
        yield failed(
            f'there is no pool named "{pool}"',
            f"Create it (rowhouse pool create CIDR --name {shlex.quote(pool)}),"
            " or change `pool` in the ipam object.",
            about=name,
        )
    for pool in named:
        if pools is not None and pools.get(pool, pool) != pool:
            yield warning(
                f'"{pool}" is an alias of pool "{pools[pool]}"',
                f"Change `pool` in the ipam object to {json.dumps(pools[pool])}."
                f" Once no NAD uses the alias: rowhouse pool alias delete {shlex.quote(pool)}",
                about=name,
            )
    if named and pools is None:
        yield skipped("its pools were not checked", about=name)
    elif not missing:
        yield ok("usable", about=name)


def _bodies(definition: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield IPAM type and configuration of each plugin of a NAD that uses Rowhouse. Raises JSONDecodeError."""
    text = (definition.get("spec") or {}).get("config") or ""
    if not text.strip():
        return  # multus reads the configuration with this name from the node's disk
    config = json.loads(text)
    for part in plugins_of(config):
        ipam = part.get("ipam")
        kind = ipam.get("type") if isinstance(ipam, dict) else None
        if kind in TYPES:
            yield kind, configuration_of(definition["metadata"]["name"], config, part)
