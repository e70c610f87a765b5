"""A CNI call as the plugin forwards it: the environment as headers, standard input as the body.

The checks, their order and their messages are those of the CNI project's `pkg/skel` and `pkg/utils`
(v1.3.0), with one exception: CNI_PATH is not required, because the server executes nothing. The plugin
checks it before the call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from rowhouse.cni import versions
from rowhouse.cni.fields import decode, shown
from rowhouse.domain.errors import (
    InputTooLarge,
    InvalidConfig,
    InvalidEnvironment,
    RowhouseError,
    Undecodable,
)
from rowhouse.domain.limits import MAX_INTERFACE

if TYPE_CHECKING:
    from rowhouse.cni.fields import Fields

MAX_BODY = 1024 * 1024
"""Maximum size of a network configuration in bytes."""

MAX_KNOWN = 4096
"""Maximum size in bytes of a cached network configuration."""

MOST_KNOWN = 256
"""Number of cached network configurations: every pod of a network sends the same bytes."""

MAX_ID_BYTES = 512
"""Maximum length in bytes of a container id and of a network name; longer ones would not fit a database index."""

MAX_VALUE_BYTES = 8000
"""Maximum length in bytes of any other variable, about that of an HTTP header line. The plugin has the same limits."""

_HEADERS = {
    "CNI_COMMAND": "CNI-Command",
    "CNI_CONTAINERID": "CNI-ContainerID",
    "CNI_NETNS": "CNI-NetNS",
    "CNI_IFNAME": "CNI-IfName",
    "CNI_ARGS": "CNI-Args",
    "ROWHOUSE_NODE": "Rowhouse-Node",
    "ROWHOUSE_CLUSTER": "Rowhouse-Cluster",
}
_REQUIRED = {
    "ADD": ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"),
    "CHECK": ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"),
    "DEL": ("CNI_CONTAINERID", "CNI_IFNAME"),
}
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]*")


class Headers(Protocol):
    """HTTP headers, looked up without regard to case."""

    def get(self, key: str, /) -> str | None:
        """Return the value of a header, None if it is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that passed the checks of `skel`; `config` is the network configuration, from `body`.

    The keys of `config` are folded. It must not be changed, because calls share it. `raw_version` is
    the `cniVersion` as written ("" if absent), `cni_version` the version of the response.
    """

    command: str
    container_id: str = ""
    netns: str = ""
    interface: str = ""
    args: str = ""
    node: str = ""
    cluster: str = ""
    network_name: str = ""
    raw_version: str = ""
    config: Fields
    body: bytes = b""

    @property
    def cni_version(self) -> str:
        """The version of the response: that of the configuration, or 0.1.0 if it has none."""
        return self.raw_version or versions.SUPPORTED[0]


OMITTED = b'{"cniVersion": "1.1.0", "configurationOmitted": true}'
"""What the plugin sends instead of a DEL's configuration that is too large."""


def parse_call(headers: Headers, body: bytes | None) -> Call:
    """Parse and check one call. `body` is None or OMITTED if it was too large; only a DEL can do without it.

    Raises InvalidEnvironment, Undecodable, InvalidConfig, InputTooLarge or UnsupportedVersion, and
    no other exception for any input.
    """
    if body == OMITTED:
        body = None
    env = {variable: _value(headers, header, variable) for variable, header in _HEADERS.items()}
    command = env["CNI_COMMAND"]
    if body is None and command != "DEL":
        raise InputTooLarge(f"the configuration has more than {MAX_BODY} bytes")
    missing = [variable for variable in _REQUIRED.get(command, ()) if not env[variable]]
    if not command:
        missing.insert(0, "CNI_COMMAND")
    if missing:
        raise InvalidEnvironment(f"required env variables [{','.join(missing)}] missing")
    if command == "VERSION":
        return Call(command=command, config={})
    config = {} if body is None else read_config(body)
    network_name = "" if body is None else _network_name(config)
    if command in _REQUIRED:
        _check_container_id(env["CNI_CONTAINERID"])
        _check_interface(env["CNI_IFNAME"])
    elif command not in {"STATUS", "GC"}:
        raise InvalidEnvironment(f"unknown CNI_COMMAND: {command}")
    version = config_version(config)
    versions.require(command, version or versions.SUPPORTED[0])
    return Call(
        command=command,
        container_id=env["CNI_CONTAINERID"],
        netns=env["CNI_NETNS"],
        interface=env["CNI_IFNAME"],
        args=env["CNI_ARGS"],
        node=env["ROWHOUSE_NODE"],
        cluster=env["ROWHOUSE_CLUSTER"],
        network_name=network_name,
        raw_version=version,
        config=config,
        body=body or b"",
    )


def answer_version(body: bytes) -> str:
    """Return the version for an error object: the configuration's if it is supported, else the newest."""
    try:
        version = config_version(read_config(body)) or versions.SUPPORTED[0]
    except RowhouseError:
        return versions.CURRENT
    return version if version in versions.SUPPORTED else versions.CURRENT


def _value(headers: Headers, header: str, variable: str) -> str:
    """Decode a header: WSGI passes its bytes as Latin-1, but the plugin sends UTF-8."""
    value = headers.get(header) or ""
    foreign = not value.isascii()
    if foreign:
        try:
            value = value.encode("latin-1").decode()
        except UnicodeEncodeError:
            pass  # already decoded
        except UnicodeDecodeError:
            raise InvalidEnvironment(f"{variable} is not UTF-8") from None
    if len(value.encode(errors="surrogatepass")) > MAX_VALUE_BYTES:
        raise InvalidEnvironment(f"{variable} has more than {MAX_VALUE_BYTES} bytes")
    if "\0" in value or (foreign and any("\ud800" <= char <= "\udfff" for char in value)):
        raise InvalidEnvironment(
            f"{variable} contains a character that is not allowed: {shown(value)}"
        )
    return value


def read_config(body: bytes) -> Fields:
    """Return the network configuration with folded keys, as the same object for the same bytes.

    Raises Undecodable or InputTooLarge.
    """
    if len(body) > MAX_BODY:
        raise InputTooLarge(
            f"the network configuration has {len(body)} bytes, more than {MAX_BODY}"
        )
    return _known(body) if len(body) <= MAX_KNOWN else _decoded(body)


def _decoded(body: bytes) -> Fields:
    config = decode(body)
    if config is None:  # Go decodes null into an empty configuration
        return {}
    if not isinstance(config, dict):
        raise Undecodable(
            f"error unmarshall network config: it must be an object, got {shown(config)}"
        )
    return config


_known = lru_cache(MOST_KNOWN)(_decoded)


def _network_name(config: Fields) -> str:
    name = config.get("name")
    if name is not None and not isinstance(name, str):
        raise Undecodable(
            f"error unmarshall network config: name must be a string, got {shown(name)}"
        )
    if not name:
        raise InvalidConfig("missing network name")
    if not _NAME.fullmatch(name):
        raise InvalidConfig("invalid characters found in network name", hint=shown(name)[1:-1])
    if len(name) > MAX_ID_BYTES:
        raise InvalidConfig(
            f"the network name is longer than {MAX_ID_BYTES} bytes", hint=shown(name)[1:-1]
        )
    return name


def config_version(config: Fields) -> str:
    """Return the `cniVersion` as written, "" if absent. Raises Undecodable."""
    version = config.get("cniversion")
    if version is not None and not isinstance(version, str):
        raise Undecodable(
            "decoding version from network config: "
            f"cniVersion must be a string, got {shown(version)}"
        )
    return version or ""


def _check_container_id(container_id: str) -> None:
    if not _NAME.fullmatch(container_id):
        raise InvalidEnvironment("invalid characters in containerID", hint=container_id)
    if len(container_id) > MAX_ID_BYTES:
        raise InvalidEnvironment(
            f"containerID is longer than {MAX_ID_BYTES} characters", hint=shown(container_id)
        )


def _check_interface(name: str) -> None:
    if len(name.encode()) > MAX_INTERFACE:
        raise InvalidEnvironment(
            "interface name is too long",
            hint=f"interface name should be less than {MAX_INTERFACE + 1} characters",
        )
    if name in {".", ".."}:
        raise InvalidEnvironment("interface name is . or ..")
    if any(char in "/:" or char.isspace() for char in name):
        raise InvalidEnvironment("interface name contains / or : or whitespace characters")
