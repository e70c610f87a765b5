"""The server's settings, all from environment variables.

A new one also needs a row in docs/reference/settings.md, and its type in `server.settings` of
charts/rowhouse/values.schema.json.
"""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from urllib.parse import urlsplit

import pydantic

from rowhouse.auth.access import AccessSettings
from rowhouse.domain.errors import NotReady, RowhouseError
from rowhouse.domain.invalid_values import explained
from rowhouse.domain.time_zones import UTC_NAME, zone_of
from rowhouse.store.connection.data_source import DataSource, checked_url

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX: Final = "ROWHOUSE_"
_DATABASE: Final = ("ROWHOUSE_DATABASE_URL", "ROWHOUSE_DATABASE_URL_FILE")


class SettingsError(RowhouseError):
    """A setting is missing or invalid."""

    problem_type = "settings"


class Settings(AccessSettings):
    """The settings of the server. Field `name` comes from the variable ROWHOUSE_NAME."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: str = pydantic.Field(default="", repr=False)
    """Connection URI. It may contain a password, so it is never shown."""

    database_url_file: Path | None = None
    """A file with the URI instead; each new connection reads it again."""

    database_password_file: Path | None = None
    """A file with the password, for a URI without one; each new connection reads it again."""

    compat: Literal["", "strict"] = ""
    """"strict" keeps whereabouts' behavior where ours deliberately differs."""

    cni_defaults: dict[str, Any] = pydantic.Field(default_factory=dict)
    """Defaults for keys of `ipam`, as in whereabouts' flat file."""

    pool_size: int = pydantic.Field(default=16, ge=1, le=1000)
    """The maximum number of database connections of a server process; concurrent requests share them."""

    prepared_statements: bool = True
    """Disable it behind PgBouncer before 1.21 in transaction mode, which does not support it."""

    pool_timeout: float = pydantic.Field(default=3.0, gt=0, le=300)
    """Seconds that a request waits for a free connection before it fails with "try again"."""

    lock_timeout: float = pydantic.Field(default=3.0, gt=0, le=300)
    """Seconds that a call waits for a lock before it fails with "try again", if its caller waits that long."""

    one_processor: bool = True
    """Pin each server process to one processor, which doubles its throughput."""

    api_bulk_limit: int = pydantic.Field(default=256, ge=1, le=65536)
    """The maximum number of addresses that one API request may reserve."""

    answer_timeout: float = pydantic.Field(default=30.0, ge=1, le=3600)
    """Seconds that the server waits for a client that does not read its response."""

    keep_alive: int = pydantic.Field(default=75, ge=1, le=3600)
    """Seconds that an idle connection stays open; longer than agents keep one, so that they close it first."""

    max_connections: int = pydantic.Field(default=8000, ge=10, le=1_000_000)
    """The maximum number of clients' connections of a server process. Each takes memory and a file descriptor."""

    live_viewers: int = pydantic.Field(default=200, ge=0, le=10_000)
    """The maximum number of live pages per server process; further pages do not update."""

    grafana_url: str = ""
    """Where browsers find Grafana with the dashboard of the chart; the pages of pools link to it."""

    time_zone: str = UTC_NAME
    """The time zone of the pages, such as Europe/Berlin, for browsers whose users chose none."""

    forwarded_allow_ips: str = ""
    """Proxies whose X-Forwarded-Proto is trusted: addresses or CIDRs, separated by commas, or `*` for all."""

    request_retention_days: int = pydantic.Field(default=365, ge=0, le=36_500)
    """Days that the controller keeps requests of teams that have ended; 0: until an operator removes them."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @pydantic.field_validator("grafana_url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query):
            raise ValueError("not a URL such as https://grafana.example.org")
        return url.rstrip("/")

    @pydantic.field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        if zone_of(name) is None:
            raise ValueError(
                f"{name!r} is not a time zone such as Europe/Berlin, or this system has no time zone database:"
                " install its package tzdata"
            )
        return name

    @pydantic.field_validator("database_url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return checked_url(url)

    @pydantic.model_validator(mode="after")
    def _names_one_database(self) -> Self:
        if not self.database_url and self.database_url_file is None:
            raise ValueError("neither ROWHOUSE_DATABASE_URL nor ROWHOUSE_DATABASE_URL_FILE is set")
        try:
            found = self.database.conninfo()
        except NotReady as error:
            raise ValueError(error.message) from None
        if self.database_url and found != replace(self.database, url_file=None).conninfo():
            raise ValueError(
                "ROWHOUSE_DATABASE_URL and ROWHOUSE_DATABASE_URL_FILE name different databases or logins:"
                " set only one of them"
            )
        return self

    @property
    def database(self) -> DataSource:
        """How to connect; the files are read again for each connection."""
        return DataSource(
            url=self.database_url,
            url_file=self.database_url_file,
            password_file=self.database_password_file,
        )

    @pydantic.field_validator("forwarded_allow_ips")
    @classmethod
    def _of_proxies(cls, value: str) -> str:
        for part in filter(None, map(str.strip, value.split(","))):
            if part != "*":
                ipaddress.ip_network(part)  # its ValueError names the address
        return value

    @pydantic.field_validator(
        "cni_defaults", "clusters", "oidc_roles", "oidc_namespaces", mode="before"
    )
    @classmethod
    def _read_object(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.startswith("@"):
            try:
                value = Path(value[1:]).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"the file cannot be read: {error}") from error
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"not valid JSON: {error}") from error

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; an empty variable counts as unset.

        Raises:
            SettingsError: names each missing or invalid variable, and its value.
        """
        given = {
            name: value
            for name in cls.model_fields
            if (value := environment.get(_PREFIX + name.upper(), ""))
        }
        try:
            return cls.model_validate(given)
        except pydantic.ValidationError as invalid:
            raise SettingsError(
                "; ".join(
                    _explain(error["loc"], explained(error), given) for error in invalid.errors()
                )
            ) from None


def names_database(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a database, by its URL or by a file with the URL."""
    return any(environment.get(name) for name in _DATABASE)


def _explain(location: tuple[int | str, ...], message: str, given: Mapping[str, str]) -> str:
    if not location:  # about several of them, which it names
        return message
    name = str(location[0])
    variable = _PREFIX + name.upper()
    shown = "" if name == "database_url" else f"={given[name]!r}"
    return f"{variable}{shown}: {message.removeprefix('Value error, ')}"
