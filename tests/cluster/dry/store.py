"""The objects of the dry cluster: what is stored, defaulted, refused and told to watchers.

It knows as much of an API server as the cluster suite and the product ask of one; tests/fixtures/apiserver is the
fake that is held against a real one.
"""

from __future__ import annotations

import base64
import copy
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import jsonschema  # type: ignore[import-untyped]

from chart.schemas import validate
from cluster.dry.kinds import KINDS, VERSION, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cluster.programs import Object

Key = tuple[str, str, str]
"""Plural, namespace, name."""
BY_PLURAL: Final = {one.plural: one for one in KINDS}
CUSTOM: Final = ("cni.cncf.io",)
IMMUTABLE: Final = {
    "jobs": ("template", "selector"),
    "deployments": ("selector",),
    "daemonsets": ("selector",),
    "statefulsets": ("selector", "serviceName", "volumeClaimTemplates"),
}


@dataclass
class Refused(Exception):
    """An answer that is no success."""

    code: int
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.code} {self.reason}: {self.message}"


@dataclass
class Store:
    """Every change is told to those who wait for `changed`."""

    objects: dict[Key, Object] = field(default_factory=dict)
    events: list[tuple[int, str, Key, Object]] = field(default_factory=list)
    version: int = 1
    changed: threading.Condition = field(default_factory=threading.Condition)
    is_closed: bool = False

    def get(self, plural: str, namespace: str, name: str) -> Object:
        """A copy. Raises Refused (404)."""
        with self.changed:
            found = self.objects.get((plural, namespace, name))
            if found is None:
                kind = BY_PLURAL[plural]
                group = kind.api_version.rpartition("/")[0]
                what = f"{plural}.{group}" if group else plural
                raise Refused(404, "NotFound", f'{what} "{name}" not found')
            return copy.deepcopy(found)

    def list(self, plural: str, namespace: str = "", **labels: str) -> list[Object]:
        """Copies, by namespace and name."""
        with self.changed:
            return [
                copy.deepcopy(one)
                for key, one in sorted(self.objects.items())
                if key[0] == plural
                and namespace in {"", key[1]}
                and labels.items() <= (one["metadata"].get("labels") or {}).items()
            ]

    def check_namespace(self, plural: str, namespace: str, name: str) -> None:
        """A client's new object needs a namespace that is not about to end. Raises Refused (403, 404)."""
        if not BY_PLURAL[plural].namespaced:
            return
        if "deletionTimestamp" in self.get("namespaces", "", namespace)["metadata"]:
            said = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise Refused(403, "Forbidden", f'{plural} "{name}" is forbidden: {said}')

    def put(self, plural: str, namespace: str, new: Object, *, dry: bool = False) -> Object:
        """Create or replace; `status` stays unless `new` brings one. Raises Refused."""
        kind = BY_PLURAL[plural]
        name = str(new["metadata"]["name"])
        with self.changed:
            was = self.objects.get((plural, namespace, name))
            new = prepared(kind, copy.deepcopy(new), was, namespace)
            _check_immutable(plural, was, new)
            if was is not None and _content(was) == _content(new):
                return copy.deepcopy(was)
            metadata = new["metadata"]
            spec_changed = was is None or was.get("spec") != new.get("spec")
            generation = (was or {}).get("metadata", {}).get("generation", 0)
            metadata["generation"] = generation + 1 if spec_changed else generation
            metadata["uid"] = (was or {}).get("metadata", {}).get("uid") or str(uuid.uuid4())
            metadata["creationTimestamp"] = (was or {}).get("metadata", {}).get(
                "creationTimestamp"
            ) or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if not dry:
                self._tell("MODIFIED" if was else "ADDED", (plural, namespace, name), new)
            return copy.deepcopy(new)

    def change(
        self, plural: str, namespace: str, name: str, how: Callable[[Object], Any]
    ) -> Object:
        """Change an object in place, as nothing else changes it meanwhile. Raises Refused."""
        with self.changed:
            obj = self.get(plural, namespace, name)
            changed = how(obj)
            return self.put(plural, namespace, obj if changed is None else changed)

    def remove(self, plural: str, namespace: str, name: str) -> Object:
        """Take an object away at once. Raises Refused (404)."""
        with self.changed:
            gone = self.get(plural, namespace, name)
            del self.objects[plural, namespace, name]
            self._tell("DELETED", (plural, namespace, name), gone)
            return gone

    def after(self, version: int) -> Iterator[tuple[int, str, Key, Object]]:
        """Changes after a version as they come, and empty ones in between, until the store is closed."""
        seen = 0
        while not self.is_closed:
            with self.changed:
                if len(self.events) == seen:
                    self.changed.wait(0.5)
                news, seen = self.events[seen:], len(self.events)
            yield from (one for one in news if one[0] > version)
            yield (0, "", ("", "", ""), {})

    def close(self) -> None:
        """End all watches."""
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()

    def _tell(self, event: str, key: Key, obj: Object) -> None:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        if event != "DELETED":
            self.objects[key] = obj
        self.events.append((self.version, event, key, copy.deepcopy(obj)))
        self.changed.notify_all()


def prepared(kind: Kind, new: Object, was: Object | None, namespace: str) -> Object:
    """An object as it is stored: checked against its schema, with defaults. Raises Refused (422)."""
    new["apiVersion"], new["kind"] = kind.api_version, kind.kind
    metadata = new["metadata"]
    if kind.namespaced:
        metadata["namespace"] = namespace
    metadata.pop("managedFields", None)
    text = new.pop("stringData", None) or {}
    if text:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
        new["data"] = {**((was or {}).get("data") or {}), **(new.get("data") or {}), **encoded}
    if was is not None and "status" in was:
        new.setdefault("status", was["status"])
    is_known = was is not None and all(was.get(key) == new.get(key) for key in ("spec", "data"))
    if not is_known and not any(one in kind.api_version for one in CUSTOM):
        checked = {key: value for key, value in new.items() if key != "status"}
        try:
            validate(checked, VERSION)
        except jsonschema.ValidationError as error:
            raise Refused(422, "Invalid", str(error)) from error
    _default(kind, new)
    return new


def _default(kind: Kind, new: Object) -> None:
    spec = new.get("spec") or {}
    if kind.plural in {"daemonsets", "statefulsets"}:
        spec.setdefault("updateStrategy", {}).setdefault("type", "RollingUpdate")
    if kind.plural in {"deployments", "statefulsets", "replicasets"}:
        spec.setdefault("replicas", 1)
    if kind.plural == "deployments":
        spec.setdefault("strategy", {}).setdefault("type", "RollingUpdate")
    if kind.plural == "jobs":
        labels = {"batch.kubernetes.io/job-name": new["metadata"]["name"]}
        spec.setdefault("completions", 1)
        spec.setdefault("selector", {"matchLabels": labels})
        meta = spec["template"].setdefault("metadata", {})
        meta["labels"] = {**(meta.get("labels") or {}), **labels}
    if kind.plural == "services":
        spec.setdefault("clusterIP", "10.96.0.10")
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
    if kind.plural == "pods":
        new.setdefault("status", {"phase": "Pending"})
    if kind.plural == "namespaces":
        new.setdefault("status", {"phase": "Active"})
        spec.setdefault("finalizers", ["kubernetes"])
        new["spec"] = spec
    if kind.plural == "customresourcedefinitions":
        condition = {"type": "Established", "status": "True"}
        accepted = {"type": "NamesAccepted", "status": "True"}
        new.setdefault("status", {"conditions": [condition, accepted]})


def _check_immutable(plural: str, was: Object | None, new: Object) -> None:
    if was is None:
        return
    for part in IMMUTABLE.get(plural, ()):
        if new["spec"].get(part) != was["spec"].get(part):
            raise Refused(422, "Invalid", f"{plural}: spec.{part}: field is immutable")
    if plural in {"clusterrolebindings", "rolebindings"} and new["roleRef"] != was["roleRef"]:
        raise Refused(422, "Invalid", f"{plural}: cannot change roleRef")


def _content(obj: Object) -> Object:
    ignored = {"resourceVersion", "generation", "uid", "creationTimestamp"}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in ignored}
    return {**obj, "metadata": metadata}
