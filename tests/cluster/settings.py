"""What an operator tells the cluster suite: environment variables, which `make cluster-test NAME=value` passes on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Unusable(Exception):
    """A variable has a value that cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All but `kubeconfig` have a default. Docs: docs/how-to/try-in-a-cluster.md."""

    kubeconfig: Path
    image: str
    archive: Path | None
    load: str
    test_image: str
    postgres_image: str
    pull_secret: Path | None
    values: tuple[Path, ...]
    attach: str
    master: str
    may_replace_whereabouts: bool
    may_drain: bool
    api_server_stop: str
    api_server_start: str
    pods: int
    wait_seconds: float
    keep: bool
    kubectl: str
    helm: str


class _Given:
    """Variables, each read as what it has to be. All raise Unusable."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, otherwise: str = "") -> str:
        return self._environ.get(name, "").strip() or otherwise

    def file(self, name: str) -> Path | None:
        given = self.text(name)
        return existing(name, given) if given else None

    def number(self, name: str, otherwise: str) -> int:
        given = self.text(name, otherwise)
        if not given.isdecimal() or int(given) < 1:
            raise Unusable(f"{name}={given}: a whole number from 1 on is expected")
        return int(given)

    def is_yes(self, name: str, otherwise: str) -> bool:
        return self.choice(name, otherwise, ("yes", "no")) == "yes"

    def choice(self, name: str, otherwise: str, allowed: tuple[str, ...]) -> str:
        given = self.text(name, otherwise)
        if given not in allowed:
            raise Unusable(f"{name}={given}: one of {', '.join(filter(None, allowed))} is expected")
        return given


def existing(name: str, given: str) -> Path:
    """A file that is there. Raise Unusable."""
    path = Path(given).expanduser().resolve()
    if not path.is_file():
        raise Unusable(f"{name}={given}: there is no such file")
    return path


def settings(environ: Mapping[str, str] = os.environ, *, default_image: str) -> Settings | None:
    """The settings, or None without a kubeconfig. Raise Unusable.

    KUBECONFIG names one file: the suite has to know which cluster it changes.
    """
    given = _Given(environ)
    kubeconfig = given.file("KUBECONFIG")
    if kubeconfig is None:
        return None
    image = given.text("IMAGE", default_image)
    return Settings(
        kubeconfig=kubeconfig,
        image=image,
        archive=given.file("ARCHIVE"),
        load=given.text("LOAD"),
        test_image=given.text("TEST_IMAGE", image),
        postgres_image=given.text("POSTGRES_IMAGE"),
        pull_secret=given.file("PULL_SECRET"),
        values=tuple(existing("VALUES", one) for one in given.text("VALUES").split(",") if one),
        attach=given.choice("ATTACH", "", ("", "bridge", "macvlan", "ipvlan")),
        master=given.text("MASTER"),
        may_replace_whereabouts=given.is_yes("WHEREABOUTS", "no"),
        may_drain=given.is_yes("DRAIN", "yes"),
        api_server_stop=given.text("API_SERVER_STOP"),
        api_server_start=given.text("API_SERVER_START"),
        pods=given.number("PODS", "30"),
        wait_seconds=float(given.number("WAIT", "300")),
        keep=given.is_yes("KEEP", "no"),
        kubectl=given.text("KUBECTL"),
        helm=given.text("HELM"),
    )


def image_values(name: str) -> dict[str, str]:
    """A name such as `registry.example:5000/team/rowhouse:0.1.0@sha256:…` as the chart's `image` has it.

    The first part is a registry if it looks like a host, as docker has it.
    """
    name, _, digest = name.partition("@")
    first, slash, rest = name.partition("/")
    is_registry = bool(slash) and ("." in first or ":" in first or first == "localhost")
    registry, path = (first, rest) if is_registry else ("", name)
    repository, colon, tag = path.rpartition(":")
    if not colon:
        repository, tag = path, ""
    return {"registry": registry, "repository": repository, "tag": tag, "digest": digest}
