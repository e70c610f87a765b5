"""The plugin's own errors, and their JSON objects.

Codes are those of the CNI SPEC, section "Error", and of libcni's skel. Every message
names what is wrong, ``details`` what to do about it.
"""


class CniError(Exception):
    """A failure that is reported to the container runtime: code, message, details."""

    code = 999

    def __init__(self, msg: str, details: str = "") -> None:
        super().__init__(msg)
        self.msg = msg
        self.details = details


class BadEnvironmentError(CniError):
    """A CNI_* variable is missing or invalid (SPEC: code 4)."""

    code = 4


class UnreadableInputError(CniError):
    """Standard input can't be read (SPEC: code 5)."""

    code = 5


class BadSettingsError(CniError):
    """The settings file is missing or wrong (SPEC: code 7).

    ``spool`` is where a DEL is still kept: the directory that the file names,
    if that line is readable, else the default.
    """

    code = 7

    def __init__(self, msg: str, details: str, spool: str) -> None:
        super().__init__(msg, details)
        self.spool = spool


class SameNetworkNamespaceError(CniError):
    """CNI_NETNS is the plugin's own network namespace (skel: code 8)."""

    code = 8


class NoServerAnsweredError(CniError):
    """No server gave a usable answer (SPEC: code 11, try again later)."""

    code = 11


class NotReadyError(CniError):
    """STATUS: an ADD could not be served now (SPEC: code 50)."""

    code = 50


def error_object(error: CniError, cni_version: str) -> bytes:
    """The CNI error as JSON, by hand: the ``json`` package would double the start-up."""
    fields = [
        f'"cniVersion": {quoted(cni_version)}',
        f'"code": {error.code}',
        f'"msg": {quoted(error.msg)}',
    ]
    if error.details:
        fields.append(f'"details": {quoted(error.details)}')
    text = "{\n    " + ",\n    ".join(fields) + "\n}\n"
    return text.encode("utf-8", "replace")


def visible(text: str) -> str:
    """``text`` for a terminal, without control characters, because it may come from a server."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def quoted(text: str) -> str:
    """``text`` as a JSON string (RFC 8259, section 7)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else f"\\u{ord(c):04x}" for c in escaped) + '"'
