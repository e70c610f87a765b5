"""The objects whose existence keeps addresses: virtual machines, StatefulSets, IPAMClaims."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from lightkube.generic_resource import create_namespaced_resource

from rowhouse.domain import claims
from rowhouse.domain.lasting_owners import (
    IPAM_CLAIM,
    STATEFUL_SET,
    VIRTUAL_MACHINE,
    Existence,
)
from rowhouse.k8s.failures import ERRORS, explain, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from lightkube import Client

    from rowhouse.domain.lasting_owners import ObjectName

_T = TypeVar("_T")

VirtualMachine = create_namespaced_resource(
    "kubevirt.io", "v1", "VirtualMachine", "virtualmachines"
)
VirtualMachineInstance = create_namespaced_resource(
    "kubevirt.io", "v1", "VirtualMachineInstance", "virtualmachineinstances"
)
# Generic as well: only names are needed, not the contents.
StatefulSet = create_namespaced_resource("apps", "v1", "StatefulSet", "statefulsets")
CLAIM_VERSIONS: Final = tuple(
    create_namespaced_resource(claims.GROUP, version, "IPAMClaim", claims.PLURAL)
    for version in claims.VERSIONS
)

KINDS: Final[dict[str, tuple[Any, ...]]] = {
    # An instance has the name of its machine, and may exist without one.
    VIRTUAL_MACHINE: (VirtualMachine, VirtualMachineInstance),
    STATEFUL_SET: (StatefulSet,),
    IPAM_CLAIM: CLAIM_VERSIONS[:1],
}
_MAX_READ_SINGLY: Final = 20
"""More objects than these are listed first."""
_CONFIRM_SECONDS: Final = 1.5
"""How long one call confirms absences with a GET each; the next call confirms others."""
_PAGE: Final = 500


class _Unseen(Exception):
    """The API server does not serve a kind, or not to this account."""


class _Sight:
    """The resources that an account can see, and why it cannot see another one."""

    def __init__(self, resources: list[Any]) -> None:
        self.seen = resources
        self.reason = ""

    def of(self, request: Callable[[Any], _T]) -> Iterator[_T]:
        """Yield the answer of each resource that can be seen."""
        for resource in list(self.seen):
            try:
                yield request(resource)
            except _Unseen as error:
                self.reason = str(error)
                self.seen.remove(resource)


class ServedClaims:
    """Finds the version of IPAMClaims that an API server serves, by asking for it."""

    def __init__(self) -> None:
        self._served = CLAIM_VERSIONS[0]

    def ask(self, request: Callable[[Any], _T]) -> _T:
        """Return the answer to a request for claims, sent with the resource class of the served version.

        Raises any of `failures.ERRORS`.
        """
        first: BaseException | None = None
        for kind in sorted(CLAIM_VERSIONS, key=lambda one: one is not self._served):
            try:
                answer = request(kind)
            except ERRORS as error:
                if not failure_of(error).is_unknown_kind:
                    raise
                first = first or error
                continue
            self._served = kind
            return answer
        assert first is not None
        raise first


class OwnerObjects:
    """Looks for objects in one cluster (`rowhouse.ipam.owner_release.ObjectSource`).

    An object that is being deleted still exists: its finalizers may need its addresses.
    """

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._claims = ServedClaims()
        self._confirmed: dict[str, ObjectName] = {}

    def existence(self, kind: str, wanted: AbstractSet[ObjectName]) -> Existence:
        """Look for objects of one kind. Raises TryAgain if the API server does not answer.

        An absence counts if two answers agree: many objects are missing in two lists, few in a list and in a GET. What
        one call cannot confirm is left to the next one, which begins after it, so that none waits forever.
        """
        if kind not in KINDS:
            reason = f"this version does not know the kind {kind}"
            return Existence(unseen=frozenset(wanted), reason=reason)
        sight = _Sight(list(KINDS[kind]))
        exist: dict[ObjectName, str] = {}
        gone: set[ObjectName] = set()
        if len(wanted) > _MAX_READ_SINGLY:
            exist |= self._listed(sight, wanted)
            for namespace, missing in _by_namespace(wanted - exist.keys()).items():
                if len(missing) > _MAX_READ_SINGLY:
                    exist |= self._listed(sight, missing, namespace)
                    gone |= missing - exist.keys()
        is_whole = self._confirm(kind, sight, wanted - exist.keys() - gone, exist, gone)
        if not sight.seen:
            gone = set(wanted - exist.keys())
        if sight.reason:
            # One of the kinds cannot be seen, so no absence is certain.
            return Existence(exist=exist, unseen=frozenset(gone), reason=sight.reason)
        return Existence(exist=exist, gone=frozenset(gone), is_whole=is_whole)

    def _listed(
        self, sight: _Sight, wanted: AbstractSet[ObjectName], namespace: str = "*"
    ) -> dict[ObjectName, str]:
        """Return those of the wanted objects that a list of a namespace has, or ("*") of all namespaces."""
        found: dict[ObjectName, str] = {}
        for names in sight.of(partial(self._ask, request=partial(self._names, namespace))):
            found |= {name: uid for name, uid in names.items() if name in wanted}
        return found

    def _confirm(
        self,
        kind: str,
        sight: _Sight,
        missing: AbstractSet[ObjectName],
        exist: dict[ObjectName, str],
        gone: set[ObjectName],
    ) -> bool:
        """Sort the missing objects into `exist` and `gone` by a GET each; return whether there was time for all."""
        ends, is_first = self._clock() + _CONFIRM_SECONDS, True
        for name in self._in_turn(kind, missing):
            if sight.seen and not is_first and self._clock() > ends:
                return False
            self._confirmed[kind], is_first = name, False
            answers = sight.of(partial(self._ask, request=partial(self._uid, name)))
            uid = next((one for one in answers if one is not None), None)
            if uid is None:
                gone.add(name)
            else:
                exist[name] = uid
        return True

    def _in_turn(self, kind: str, missing: AbstractSet[ObjectName]) -> list[ObjectName]:
        """Return the names to confirm, beginning after the last one of the call before."""
        last = self._confirmed.get(kind, ("", ""))
        return sorted(missing, key=lambda name: (name <= last, name))

    def _ask(self, resource: Any, request: Callable[[Any], _T]) -> _T:
        what = resource._api_info.plural  # noqa: SLF001 - lightkube has no other way to it
        try:
            if resource in CLAIM_VERSIONS:
                return self._claims.ask(request)
            return request(resource)
        except ERRORS as error:
            failure = failure_of(error)
            told = explain(error, f"a look at {what}")
            if failure.is_unknown_kind or failure.is_denied:
                raise _Unseen(told.message) from error
            raise told from error

    def _names(self, namespace: str, resource: Any) -> dict[ObjectName, str]:
        return {
            (str(obj.metadata.namespace), str(obj.metadata.name)): _uid_of(resource, obj)
            for obj in self._client.list(resource, namespace=namespace, chunk_size=_PAGE)
        }

    def _uid(self, name: ObjectName, resource: Any) -> str | None:
        """Return the uid of an object ("": only its name counts); None if there is none of this name."""
        try:
            found = self._client.get(resource, name[1], namespace=name[0])
        except ERRORS as error:
            # Any other 404 (from a proxy, or a starting API server) proves nothing about the object.
            if failure_of(error).is_absence_of(name[1]):
                return None
            raise
        return _uid_of(resource, found)


def _uid_of(resource: Any, obj: Any) -> str:
    """A machine and a StatefulSet are known by their names, as their pods and volumes are."""
    return str(obj.metadata.uid or "") if resource in CLAIM_VERSIONS else ""


def _by_namespace(names: AbstractSet[ObjectName]) -> dict[str, set[ObjectName]]:
    found: dict[str, set[ObjectName]] = {}
    for name in names:
        found.setdefault(name[0], set()).add(name)
    return found
