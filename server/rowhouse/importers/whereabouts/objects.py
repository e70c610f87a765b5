"""The objects that the import reads, from a cluster or from files of `kubectl get -o yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rowhouse.domain.importing import NotTaken
from rowhouse.domain.network_status import attached_interfaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePod:
    """A pod that exists. `interfaces` are those of multus' network-status: address → interface."""

    uid: str
    node: str
    interfaces: Mapping[str, str]


@dataclass(slots=True)
class Objects:
    """Objects by kind, unprocessed; `pods` None: the input has no pods."""

    pools: list[Object] = field(default_factory=list)
    reservations: list[Object] = field(default_factory=list)
    slice_pools: list[Object] = field(default_factory=list)
    pods: dict[tuple[str, str], LivePod] | None = None
    others: dict[str, int] = field(default_factory=dict)
    """The number of objects of each other kind, which are ignored."""
    unreadable: list[NotTaken] = field(default_factory=list)

    def add_all(self, found: Iterable[Any], where: str, *, in_list: bool = False) -> None:
        """Add the relevant objects, including those in a List. `where` is for messages.

        A List inside a List is refused: tools do not write it, and with YAML aliases a few lines could expand
        without end.
        """
        for obj in found:
            if obj is None:
                continue  # between two `---`
            if not isinstance(obj, dict) or not isinstance(obj.get("kind"), str):
                self.unreadable.append(NotTaken(source=where, reason="not a Kubernetes object"))
            elif isinstance(obj.get("items"), list) and in_list:
                self.unreadable.append(NotTaken(source=where, reason="a List inside a List"))
            elif isinstance(obj.get("items"), list):
                kind = obj["kind"].removesuffix("List")
                # The items of a typed list (`kubectl get --raw`) do not say their kind.
                self.add_all(
                    (
                        {"kind": kind, **item} if isinstance(item, dict) else item
                        for item in obj["items"]
                    ),
                    where,
                    in_list=True,
                )
                if kind == "Pod" and self.pods is None:
                    self.pods = {}
            else:
                self._add(obj)

    def add_pod(self, namespace: str, name: str, pod: LivePod) -> None:
        """Add a pod that exists."""
        if self.pods is None:
            self.pods = {}
        self.pods[namespace, name] = pod

    def _add(self, obj: Object) -> None:
        kind = obj["kind"]
        into = {
            "IPPool": self.pools,
            "OverlappingRangeIPReservation": self.reservations,
            "NodeSlicePool": self.slice_pools,
        }.get(kind)
        if into is not None:
            into.append(obj)
        elif kind == "Pod":
            metadata, spec = section(obj, "metadata"), section(obj, "spec")
            self.add_pod(
                text(metadata, "namespace"),
                text(metadata, "name"),
                LivePod(
                    uid=text(metadata, "uid"),
                    node=text(spec, "nodeName"),
                    interfaces=interfaces_of(section(metadata, "annotations")),
                ),
            )
        else:
            self.others[kind] = self.others.get(kind, 0) + 1


def interfaces_of(annotations: Mapping[str, Any]) -> dict[str, str]:
    """Return address → interface of the networks that multus attached to a pod."""
    try:
        attached = attached_interfaces(annotations)
    except ValueError:
        return {}
    return {address: one.interface for one in attached for address in one.addresses}


def section(obj: Mapping[str, Any], key: str) -> Object:
    """Return an object inside an object; anything else counts as empty."""
    found = obj.get(key)
    return found if isinstance(found, dict) else {}


def text(obj: Mapping[str, Any], key: str) -> str:
    """Return a text inside an object; anything else counts as empty."""
    found = obj.get(key)
    return found if isinstance(found, str) else ""


def name_of(obj: Object) -> str:
    """Return `kind namespace/name`, for messages."""
    metadata = section(obj, "metadata")
    place = "/".join(part for part in (text(metadata, "namespace"), text(metadata, "name")) if part)
    return f"{obj['kind']} {place or '(no name)'}"
