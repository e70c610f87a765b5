"""The objects whose existence keeps addresses: virtual machines, StatefulSets, IPAMClaims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lightkube.generic_resource import create_namespaced_resource

from rowhouse.domain.lasting_owners import (
    IPAM_CLAIM,
    STATEFUL_SET,
    VIRTUAL_MACHINE,
    Existence,
)
from rowhouse.k8s.failures import ERRORS, explain, failure_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from lightkube import Client

    from rowhouse.domain.lasting_owners import ObjectName

VirtualMachine = create_namespaced_resource(
    "kubevirt.io", "v1", "VirtualMachine", "virtualmachines"
)
VirtualMachineInstance = create_namespaced_resource(
    "kubevirt.io", "v1", "VirtualMachineInstance", "virtualmachineinstances"
)
# Generic as well: only names are needed, not the contents.
StatefulSet = create_namespaced_resource("apps", "v1", "StatefulSet", "statefulsets")
IPAMClaim = create_namespaced_resource("k8s.cni.cncf.io", "v1alpha1", "IPAMClaim", "ipamclaims")

KINDS: Final[dict[str, tuple[Any, ...]]] = {
    # An instance has the name of its machine, and may exist without one.
    VIRTUAL_MACHINE: (VirtualMachine, VirtualMachineInstance),
    STATEFUL_SET: (StatefulSet,),
    IPAM_CLAIM: (IPAMClaim,),
}
_MAX_READ_SINGLY: Final = 20
"""More objects than these are listed first."""
_MAX_CONFIRMED: Final = 200
"""How many absences one call confirms with a GET each; the next call confirms others."""
_PAGE: Final = 500


class _Unseen(Exception):
    """The API server does not serve a kind, or not to this account."""


class OwnerObjects:
    """Looks for objects in one cluster (`rowhouse.ipam.owner_release.ObjectSource`).

    An object that is being deleted still exists: its finalizers may need its addresses.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def existence(self, kind: str, wanted: AbstractSet[ObjectName]) -> Existence:
        """Look for objects of one kind. Raises TryAgain if the API server does not answer."""
        exist: set[ObjectName] = set()
        missing = set(wanted)
        reason = "" if kind in KINDS else f"this version does not know the kind {kind}"
        for resource in KINDS.get(kind, ()):
            try:
                found = self._found(resource, missing)
            except _Unseen as error:
                reason = str(error)
                continue
            exist |= found.exist
            missing = set(found.gone)
        if reason:
            # One of the kinds cannot be seen, so no absence is certain.
            return Existence(exist=frozenset(exist), unseen=frozenset(missing), reason=reason)
        return Existence(exist=frozenset(exist), gone=frozenset(missing))

    def _found(self, resource: Any, wanted: set[ObjectName]) -> Existence:
        what = resource._api_info.plural  # noqa: SLF001 - lightkube has no other way to it
        exist: set[ObjectName] = set()
        try:
            if len(wanted) > _MAX_READ_SINGLY:
                for obj in self._client.list(resource, namespace="*", chunk_size=_PAGE):
                    exist.add((str(obj.metadata.namespace), str(obj.metadata.name)))
                exist &= wanted
            gone = set()
            for namespace, name in sorted(wanted - exist)[:_MAX_CONFIRMED]:
                if self._exists(resource, namespace, name):
                    exist.add((namespace, name))
                else:
                    gone.add((namespace, name))
        except ERRORS as error:
            failure = failure_of(error)
            told = explain(error, f"a look at {what}")
            if failure.is_unknown_kind or failure.is_denied:
                raise _Unseen(told.message) from error
            raise told from error
        return Existence(exist=frozenset(exist), gone=frozenset(gone))

    def _exists(self, resource: Any, namespace: str, name: str) -> bool:
        try:
            self._client.get(resource, name, namespace=namespace)
        except ERRORS as error:
            # Any other 404 (from a proxy, or a starting API server) proves nothing about the object.
            if failure_of(error).is_absence_of(name):
                return False
            raise
        return True
