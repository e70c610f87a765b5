"""Settings, token and certificate authorities on the host."""

import base64
import json
import os
import ssl
import time
from typing import Any

from rowhouse_cni.errors import BadSettingsError
from rowhouse_cni.settings import Settings, load
from rowhouse_node.doctor.finding import FAILED, OK, SKIPPED, WARNING, Finding
from rowhouse_node.options import Options
from rowhouse_node.supplies import settings_text

DAEMON = "See the log of the node daemon: it writes this file."


def settings(options: Options) -> Finding:
    """The file that the plugin reads, and whether it is what the daemon writes."""
    file = options.settings_file
    try:
        found = loaded(options)
    except BadSettingsError as error:
        return Finding("settings", FAILED, error.msg, error.details or DAEMON)
    where = ", ".join(server.url for server in found.servers)
    said = f"{file}: node {found.node!r} of cluster {found.cluster!r} asks {where}"
    if file.read_text() != settings_text(options):
        return Finding(
            "settings", WARNING, f"{said}; this differs from the daemon's settings", DAEMON
        )
    return Finding("settings", OK, said)


def loaded(options: Options) -> Settings:
    """The settings as the plugin reads them. Raise BadSettingsError."""
    return load({b"ROWHOUSE_CONFIG": os.fsencode(options.settings_file)})


def token(options: Options) -> Finding:
    """The copy of the token that the plugin sends."""
    if options.token_source is None:
        return Finding("token", SKIPPED, "this node has no token (--token-source)")
    try:
        ours = options.token.read_text(encoding="ascii").strip()
        theirs = options.token_source.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as failure:
        return Finding("token", FAILED, f"the token cannot be read: {failure}", DAEMON)
    if not ours or ours != theirs:
        said = f"{options.token} is not the token of {options.token_source}"
        return Finding("token", FAILED, said, DAEMON)
    return judged(claims_of(ours), options)


def judged(said: "dict[str, Any] | None", options: Options) -> Finding:
    """Describe a token by its claims."""
    if said is None:
        return Finding("token", OK, f"{options.token}: a token that names no issuer")
    who = f"{said.get('sub')} of {said.get('iss')} for {said.get('aud')}"
    left = float(said.get("exp", float("inf"))) - time.time()
    if left > 0:
        return Finding("token", OK, f"{who}, for {left:.0f} s more")
    remedy = "The kubelet renews it: check its log and the node's clock."
    return Finding("token", FAILED, f"{who}: it expired {-left:.0f} s ago", remedy)


def claims_of(text: str) -> "dict[str, Any] | None":
    """The claims of a JSON Web Token, unverified; None if it is not one."""
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - RFC 7519
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def authorities(options: Options) -> Finding:
    """The certificate authorities that a server's certificate is verified with."""
    name = "authorities"
    if options.ca_source is None:
        return Finding(name, SKIPPED, "those of the host are used (--ca-source)")
    try:
        number = len(ssl.create_default_context(cafile=str(options.ca)).get_ca_certs())
        is_same = options.ca.read_bytes() == options.ca_source.read_bytes()
    except OSError as failure:  # an ssl.SSLError is one
        return Finding(name, FAILED, f"{options.ca} cannot be used: {failure}", DAEMON)
    if not is_same:
        return Finding(name, FAILED, f"{options.ca} is not {options.ca_source}", DAEMON)
    return Finding(name, OK, f"{number} in {options.ca}")
