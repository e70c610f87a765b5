"""Read the running pods of a cluster and its NADs, from the cluster or from files that `kubectl get -o json` wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from lightkube.generic_resource import create_namespaced_resource
from lightkube.resources.core_v1 import Pod

from rowhouse.domain.errors import InputFailure, NotFound
from rowhouse.domain.importing import NotTaken
from rowhouse.domain.liveness import FINISHED, STATIC_POD_UIDS
from rowhouse.domain.network_status import attached_interfaces
from rowhouse.importers.pods.inventory import RunningPod, RunningPods
from rowhouse.importers.whereabouts.objects import Object, Objects, name_of, section, text
from rowhouse.k8s.failures import ERRORS, explain, failure_of

if TYPE_CHECKING:
    from lightkube import Client

NetworkAttachmentDefinition = create_namespaced_resource(
    "k8s.cni.cncf.io",
    "v1",
    "NetworkAttachmentDefinition",
    "network-attachment-definitions",
)
_PAGE: Final = 500


@dataclass(slots=True)
class RunningObjects(Objects):
    """Pods and NADs as received. `definitions`: `spec.config` by NAMESPACE/NAME."""

    raw_pods: list[Object] = field(default_factory=list)
    definitions: dict[str, str] = field(default_factory=dict)

    def running(self) -> RunningPods:
        """Return the running pods. Raises InputFailure if there is none, or one without a time."""
        if not self.raw_pods:
            raise InputFailure(
                "the objects contain no pod",
                hint="Save them with kubectl get pods,network-attachment-definitions -A -o json",
            )
        pods, not_taken = [], list(self.unreadable)
        newest = datetime.min.replace(tzinfo=UTC)
        for obj in self.raw_pods:
            created_at = _time(obj)
            newest = max(newest, created_at)
            found = _running(obj, created_at)
            if isinstance(found, NotTaken):
                not_taken.append(found)
            elif found is not None:
                pods.append(found)
        return RunningPods(pods=tuple(pods), listed_at=newest, not_taken=tuple(not_taken))

    def _add(self, obj: Object) -> None:
        if obj["kind"] == "Pod":
            self.raw_pods.append(obj)
        elif obj["kind"] == "NetworkAttachmentDefinition":
            metadata = section(obj, "metadata")
            name = f"{text(metadata, 'namespace')}/{text(metadata, 'name')}"
            self.definitions[name] = text(section(obj, "spec"), "config")
        else:
            self.others[obj["kind"]] = self.others.get(obj["kind"], 0) + 1


def read_running(client: Client) -> RunningObjects:
    """Read all pods and NADs. Raises TryAgain if a list is incomplete, NotFound without multus."""
    objects = RunningObjects()
    try:
        for one in client.list(NetworkAttachmentDefinition, namespace="*", chunk_size=_PAGE):
            metadata = one.metadata
            name = f"{metadata.namespace}/{metadata.name}" if metadata else ""
            objects.definitions[name] = str((one.get("spec") or {}).get("config") or "")
    except ERRORS as error:
        if failure_of(error).is_unknown_kind:
            raise NotFound(
                "the cluster does not serve the kind NetworkAttachmentDefinition",
                hint="Check that this is the right cluster: multus is not installed here.",
            ) from error
        raise explain(error, "a list of all NetworkAttachmentDefinitions") from error
    try:
        for pod in client.list(Pod, namespace="*", chunk_size=_PAGE):
            objects.raw_pods.append({"kind": "Pod", **pod.to_dict()})
    except ERRORS as error:
        raise explain(error, "a list of all pods") from error
    return objects


def _running(obj: Object, created_at: datetime) -> RunningPod | NotTaken | None:
    metadata, spec = section(obj, "metadata"), section(obj, "spec")
    if text(section(obj, "status"), "phase") in FINISHED or not text(spec, "nodeName"):
        return None
    annotations = section(metadata, "annotations")
    try:
        attached = attached_interfaces(annotations)
    except ValueError as error:
        return NotTaken(source=name_of(obj), reason=f"its network status cannot be read: {error}")
    interfaces = tuple(one for one in attached if one.interface and one.addresses)
    if not interfaces:
        return None
    static = [str(annotations[key]) for key in STATIC_POD_UIDS if key in annotations]
    return RunningPod(
        namespace=text(metadata, "namespace"),
        name=text(metadata, "name"),
        uid=static[0] if static else text(metadata, "uid"),
        node=text(spec, "nodeName"),
        created_at=created_at,
        interfaces=interfaces,
    )


def _time(obj: Object) -> datetime:
    written = section(obj, "metadata").get("creationTimestamp")
    try:
        found = written if isinstance(written, datetime) else datetime.fromisoformat(str(written))
    except ValueError:
        raise InputFailure(
            f"{name_of(obj)} has no creationTimestamp: the list was edited",
            hint="Save it again with kubectl get pods,network-attachment-definitions -A -o json",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
