"""The objects of a rendered release, and the pods that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Object = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """The template of a pod, and the object that makes it."""

    owner: Object
    labels: dict[str, str]
    spec: Object

    @property
    def part(self) -> str:
        """The component that it is."""
        return self.labels["app.kubernetes.io/component"]

    @property
    def containers(self) -> list[Object]:
        """All, also those that run before the others."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def main(self) -> Object:
        """The container that does the work."""
        (container,) = self.spec["containers"]
        return dict(container)

    def only(self, name: str) -> Pod:
        """The same pod with one of its containers alone, such as one that runs before the others."""
        (container,) = [one for one in self.containers if one["name"] == name]
        return Pod(
            self.owner, self.labels, self.spec | {"initContainers": [], "containers": [container]}
        )

    @property
    def volumes(self) -> dict[str, Object]:
        """By name; also those that a StatefulSet claims."""
        claims = self.owner["spec"].get("volumeClaimTemplates", [])
        claimed: dict[str, Object] = {
            one["metadata"]["name"]: {"persistentVolumeClaim": {}} for one in claims
        }
        return claimed | {one["name"]: one for one in self.spec.get("volumes", [])}


class Release:
    """All objects of a release."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects = objects

    def __iter__(self) -> Iterator[Object]:
        return iter(self.objects)

    def of(self, kind: str) -> list[Object]:
        """All objects of a kind."""
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind: str, name: str) -> Object:
        """The object with a name."""
        (found,) = [one for one in self.of(kind) if one["metadata"]["name"] == name]
        return found

    @property
    def names(self) -> set[tuple[str, str]]:
        """(kind, name) of each object."""
        return {(one["kind"], one["metadata"]["name"]) for one in self.objects}

    @property
    def pods(self) -> list[Pod]:
        """Everything that becomes a pod."""
        return [pod for one in self.objects if (pod := pod_of(one))]

    def pod(self, part: str) -> Pod:
        """The one pod of a part."""
        (found,) = [pod for pod in self.pods if pod.part == part]
        return found


def pod_of(owner: Object) -> Pod | None:
    """The pod that an object makes, if any."""
    spec = owner.get("spec", {})
    if owner["kind"] == "Pod":
        return Pod(owner, owner["metadata"]["labels"], spec)
    if owner["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec.get("template")
    return Pod(owner, template["metadata"]["labels"], template["spec"]) if template else None


def environment(container: Object) -> dict[str, Object]:
    """A container's variables by name."""
    return {one["name"]: one for one in container.get("env", [])}
