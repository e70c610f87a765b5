"""What the plugin reads on the host: settings, token, certificate authorities."""

from pathlib import Path

from rowhouse_cni.errors import BadSettingsError
from rowhouse_cni.settings import Settings, key_values
from rowhouse_node import durable
from rowhouse_node.options import Options
from rowhouse_node.service import urls_of


class SuppliesMissing(Exception):
    """A source is missing or empty; the host's copy stays."""


def settings_text(options: Options) -> str:
    """The settings file. Raise BadSettingsError if the plugin would refuse it, ServiceUnknown."""
    pairs = {
        "server": options.server or urls_of(options.service),
        "server_name": options.server_name,
        "agent": str(options.agent_socket or ""),
        "direct": "" if options.direct else "false",
        "token_file": str(options.token) if options.token_source and options.direct else "",
        "ca_file": str(options.ca) if options.ca_source else "",
        "node": options.node,
        "cluster": options.cluster,
        "timeout": f"{options.timeout:g}",
        "spool": str(options.spool),
        "log_dirs": options.log_dirs,
    }
    lines = [f"{key} = {value}" for key, value in pairs.items() if value]
    text = "\n".join(["# Written by rowhouse-node: changes are overwritten.", *lines, ""])
    found = key_values(str(options.settings_file), text)
    if found != {key: value for key, value in pairs.items() if value}:
        raise BadSettingsError(
            "a value can't be written into a settings file",
            "remove line breaks, leading and trailing blanks, and # after a blank",
            str(options.spool),
        )
    Settings(str(options.settings_file), found, {})
    return text


def supply(options: Options) -> None:
    """Bring the host's copies up to date, credentials first; under the lock.

    Raise SuppliesMissing, BadSettingsError, OSError. A projected token changes about every
    eight minutes; one that can't be read now leaves the last one in place.
    """
    text = settings_text(options)
    durable.make_folder(options.config_dir, 0o700)
    durable.sweep(options.config_dir)
    token_source = options.token_source if options.direct else None
    if token_source is None:
        durable.remove(options.token)
    for source, copy in ((token_source, options.token), (options.ca_source, options.ca)):
        if source is not None:
            durable.write(copy, content_of(source), 0o600)
    durable.write(options.settings_file, text.encode(), 0o600)


def content_of(source: Path) -> bytes:
    """Read a file that must exist and must not be empty."""
    try:
        content = source.read_bytes()
    except OSError as failure:
        raise SuppliesMissing(f"can't read {source}: {failure.strerror}") from None
    if not content.strip():
        raise SuppliesMissing(f"{source} is empty")
    return content


def take_back(options: Options) -> None:
    """Remove the copies; under the lock."""
    if not options.config_dir.is_dir():
        return
    durable.sweep(options.config_dir)
    for copy in (options.settings_file, options.token, options.ca):
        durable.remove(copy)
