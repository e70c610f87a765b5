"""CNI_ARGS: `KEY=value` pairs joined by `;`, read as the CNI project's `types.LoadArgs` does.

If a key is repeated, the last value wins: multus appends keys that are already set.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from rowhouse.domain.errors import InvalidEnvironment
from rowhouse.domain.limits import MAX_NAME

_KNOWN = {
    "IgnoreUnknown",
    "IP",
    "GATEWAY",
    "K8S_POD_NAME",
    "K8S_POD_NAMESPACE",
    "K8S_POD_INFRA_CONTAINER_ID",
}
_TRUTH = {"1": True, "true": True, "0": False, "false": False}
_NAMES = ("K8S_POD_NAME", "K8S_POD_NAMESPACE", "K8S_POD_UID")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The contents of CNI_ARGS: the pod, the comma-separated lists `IP` and `GATEWAY` (blanks stripped), and `MAC`."""

    pod_name: str = ""
    pod_namespace: str = ""
    pod_uid: str | None = None
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    mac: str = ""


def parse_arguments(text: str) -> Arguments:
    """Read CNI_ARGS. Raises InvalidEnvironment."""
    if not text:
        return Arguments()
    values: dict[str, str] = {}
    unknown: list[str] = []
    for pair in text.split(";"):
        key, equals, value = pair.partition("=")
        if not equals or "=" in value:
            raise _error(f"ARGS: invalid pair {_quoted(pair)}")
        if key == "IgnoreUnknown" and value.lower() not in _TRUTH:
            raise _error(
                f"ARGS: error parsing value of pair {_quoted(pair)}: "
                f"boolean unmarshal error: invalid input {value.lower()}"
            )
        if key not in _KNOWN:
            unknown.append(pair)
        values[key] = value
    if unknown and not _TRUTH[values.get("IgnoreUnknown", "0").lower()]:
        raise _error(f"ARGS: unknown args [{' '.join(map(_quoted, unknown))}]")
    for key in _NAMES:
        if len(values.get(key, "").encode()) > MAX_NAME:
            raise _error(f"{key} is longer than {MAX_NAME} bytes")
    return Arguments(
        pod_name=values.get("K8S_POD_NAME", ""),
        pod_namespace=values.get("K8S_POD_NAMESPACE", ""),
        pod_uid=values.get("K8S_POD_UID") or None,
        addresses=_list(values.get("IP", "")),
        gateways=_list(values.get("GATEWAY", "")),
        mac=values.get("MAC", ""),
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",")) if text else ()


def _quoted(pair: str) -> str:
    return json.dumps(pair, ensure_ascii=False)


def _error(message: str) -> InvalidEnvironment:
    return InvalidEnvironment(f"LoadArgs - CNI Args Parsing Error: {message}")
