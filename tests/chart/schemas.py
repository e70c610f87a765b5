"""What a version of Kubernetes takes, by its own schemas."""

from __future__ import annotations

import functools
import re
import warnings
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
from referencing import Registry, Resource

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kubernetes_validate import utils  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from chart.manifests import Object

NEWEST = ".".join(utils.latest_version().split(".")[:2])


def validate(one: Object, version: str) -> None:
    """As `kubernetes_validate.validate(…, strict=True)`, which reads megabytes of schemas for every object.

    Errors: jsonschema.ValidationError.
    """
    _validator(_folder(version), one["kind"].lower(), one["apiVersion"]).validate(one)


@functools.cache
def _folder(version: str) -> str:
    """The schemas of the newest version that is not newer."""

    def number(text: str) -> tuple[int, ...]:
        return tuple(map(int, text.split(".")[:2]))

    found = [one for one in utils.all_versions() if number(one) <= number(version)]
    return f"kubernetes-json-schema/v{found[-1]}-local-strict"


@functools.cache
def _definitions(folder: str) -> Registry[Any]:
    return _registered(Registry(), folder, "_definitions")


def _registered(registry: Registry[Any], folder: str, name: str) -> Registry[Any]:
    return Resource.from_contents(_contents(folder, name)) @ registry


@functools.cache
def _contents(folder: str, name: str) -> Any:
    return utils.schema_contents(f"{folder}/{name}.json", "")


@functools.cache
def _validator(folder: str, kind: str, api_version: str) -> Any:
    # rbac.authorization.k8s.io/v1 → rbac-v1
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    name = f"{kind}-{group}"
    registry = _registered(_definitions(folder), folder, name).crawl()
    return jsonschema.Draft202012Validator(_contents(folder, name), registry=registry)
