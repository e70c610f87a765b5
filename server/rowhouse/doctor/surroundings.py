"""The environment of the doctor, and what it can reach."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from rowhouse.doctor.installation import Installation, find_installation
from rowhouse.domain.errors import RowhouseError
from rowhouse.k8s.raw import KubernetesApi
from rowhouse.settings import Settings, names_database

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rowhouse.store.connection.data_source import DataSource

Part = Literal["server", "controller", "node", "operator"]


class Unavailable(Exception):
    """Something that a check needs is unavailable; the texts become its finding."""

    def __init__(self, found: str, remedy: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.remedy = remedy


@dataclass(frozen=True)
class Surroundings:
    """The inputs of the checks. Each is looked up once, when the first check needs it.

    `cluster` is the cluster's name in its nodes' settings. `clock` is this machine's, in seconds since 1970.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    kubeconfig: str | None = None
    context: str | None = None
    cluster: str = ""
    clock: Callable[[], float] = time.time

    @cached_property
    def part(self) -> Part:
        """The pod that this is, by the variables that the chart sets; without them it is an operator's machine."""
        has = self.environment.get
        if has("ROWHOUSE_NODE_SERVER"):
            return "node"
        if has("ROWHOUSE_JWKS") or has("ROWHOUSE_TOKEN_REVIEW") or has("ROWHOUSE_CLUSTERS"):
            return "server"
        return "controller" if has("ROWHOUSE_MIRROR") else "operator"

    @cached_property
    def settings(self) -> Settings:
        """Read the settings from the environment. Raises Unavailable, SettingsError."""
        if not names_database(self.environment):
            raise Unavailable(
                "neither ROWHOUSE_DATABASE_URL nor ROWHOUSE_DATABASE_URL_FILE is set",
                "Run it in a pod of the server: kubectl exec deploy/rowhouse-server -- rowhouse doctor",
            )
        return Settings.from_environment(self.environment)

    @property
    def database(self) -> DataSource:
        """Raises Unavailable."""
        try:
            return self.settings.database
        except RowhouseError as error:
            raise Unavailable(f"the settings are invalid: {error.message}") from error

    @cached_property
    def kubernetes(self) -> KubernetesApi:
        """The API of the cluster. Raises Unavailable."""
        try:
            return KubernetesApi(self.kubeconfig, self.context)
        except RowhouseError as error:
            raise Unavailable(error.message, error.hint) from error

    @cached_property
    def installation(self) -> Installation:
        """The release in the cluster. Raises Unavailable, TryAgain."""
        found = find_installation(self.kubernetes, self.environment.get("HOSTNAME", ""))
        if found is None:
            raise Unavailable(
                "the parts of Rowhouse do not exist, or this account may not list them",
                "Run it where kubectl works, with an account that may list deployments, daemonsets and pods.",
            )
        return found

    def setting_of(self, part: str, name: str) -> str:
        """Return a variable of a part: from this environment in the part's own pod, else from its workload."""
        if self.part == part:
            return self.environment.get(name, "")
        try:
            return self.installation.variable(part, name)
        except (Unavailable, RowhouseError):
            return ""
