"""The server's settings, all from environment variables; docs/reference/settings.md lists them."""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import pydantic

from rowhouse.auth.access import AccessSettings
from rowhouse.domain.errors import NotReady, RowhouseError
from rowhouse.store.connection.data_source import DataSource, checked_url

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX: Final = "ROWHOUSE_"
_DATABASE: Final = ("ROWHOUSE_DATABASE_URL", "ROWHOUSE_DATABASE_URL_FILE")


class SettingsError(RowhouseError):
    """A setting is missing or invalid."""

    problem_type = "settings"


class Settings(AccessSettings):
    """What the server must know. Field `name` comes from the variable ROWHOUSE_NAME."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: str = pydantic.Field(default="", repr=False)
    """Connection URI. May hold a password: never shown."""

    database_url_file: Path | None = None
    """Holds the URI instead; each new connection reads it again."""

    database_password_file: Path | None = None
    """Holds the password, for a URI without one; each new connection reads it again."""

    compat: Literal["", "strict"] = ""
    """"strict" gives whereabouts' behaviour where ours is deliberately better."""

    cni_defaults: dict[str, Any] = pydantic.Field(default_factory=dict)
    """Keys of `ipam` for configurations that do not set them: whereabouts' flat file."""

    pool_size: int = pydantic.Field(default=16, ge=1, le=1000)
    """Database connections a server process keeps open at most; requests that meet share one."""

    prepared_statements: bool = True
    """Off behind PgBouncer in transaction mode before 1.21, which cannot carry them."""

    pool_timeout: float = pydantic.Field(default=3.0, gt=0, le=300)
    """Seconds a request waits for a free connection before it is told to try again."""

    lock_timeout: float = pydantic.Field(default=3.0, gt=0, le=300)
    """Seconds a call waits for a lock before it is told to try again, if its caller waits as long."""

    one_processor: bool = True
    """Keep each server process on one processor, where it answers twice as many requests."""

    api_bulk_limit: int = pydantic.Field(default=256, ge=1, le=65536)
    """Addresses that one request of the API may reserve."""

    live_viewers: int = pydantic.Field(default=200, ge=0, le=10_000)
    """Open pages that are kept up to date by each server process; further ones stay as they are."""

    forwarded_allow_ips: str = ""
    """Proxies whose X-Forwarded-Proto counts: addresses or CIDRs, separated by commas, or `*` for all."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @pydantic.field_validator("database_url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return checked_url(url)

    @pydantic.model_validator(mode="after")
    def _names_one_database(self) -> Self:
        if not self.database_url and self.database_url_file is None:
            raise ValueError("ROWHOUSE_DATABASE_URL is not set, nor ROWHOUSE_DATABASE_URL_FILE")
        try:
            found = self.database.conninfo()
        except NotReady as error:
            raise ValueError(error.message) from None
        if self.database_url and found != replace(self.database, url_file=None).conninfo():
            raise ValueError(
                "ROWHOUSE_DATABASE_URL and ROWHOUSE_DATABASE_URL_FILE name different databases or logins:"
                " set one of them"
            )
        return self

    @property
    def database(self) -> DataSource:
        """What connections are made with: the files are read for each."""
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

    @pydantic.field_validator("cni_defaults", "clusters", "oidc_roles", mode="before")
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
            raise ValueError(f"not JSON: {error}") from error

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; an empty variable counts as unset.

        Raises:
            SettingsError: naming each variable that is missing or invalid, and its value.
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
                "; ".join(_explain(error["loc"], error["msg"], given) for error in invalid.errors())
            ) from None


def names_database(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a database, by its URL or by a file that holds it."""
    return any(environment.get(name) for name in _DATABASE)


def _explain(location: tuple[int | str, ...], message: str, given: Mapping[str, str]) -> str:
    if not location:  # about several of them, which it names
        return message.removeprefix("Value error, ")
    name = str(location[0])
    variable = _PREFIX + name.upper()
    shown = "" if name == "database_url" else f"={given[name]!r}"
    return f"{variable}{shown}: {message.removeprefix('Value error, ')}"
