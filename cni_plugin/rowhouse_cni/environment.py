"""The input from the container runtime: CNI_* variables and standard input.

The rules are skel's (containernetworking/cni, pkg/skel and pkg/utils), so that a
runtime sees the same refusals as from any other plugin. They also guarantee that
nothing in a header of the request can end it early, and that the container id and the
interface are safe as a file name.
"""

import posix

from rowhouse_cni.errors import BadEnvironmentError, SameNetworkNamespaceError, UnreadableInputError

COMMANDS = (b"ADD", b"DEL", b"CHECK", b"STATUS", b"GC")
OF_A_CONTAINER = (b"ADD", b"DEL", b"CHECK")

# Variable, the header that carries it, and the commands that require it. The order is
# skel's: its message about missing variables lists them in it.
VARIABLES = (
    (b"CNI_CONTAINERID", b"CNI-ContainerID", OF_A_CONTAINER),
    (b"CNI_NETNS", b"CNI-NetNS", (b"ADD", b"CHECK")),
    (b"CNI_IFNAME", b"CNI-IfName", OF_A_CONTAINER),
    (b"CNI_ARGS", b"CNI-Args", ()),
    (b"CNI_PATH", b"CNI-Path", COMMANDS),
)

LETTERS_AND_DIGITS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
CONTROL_CHARACTERS = bytes(range(0x20)) + b"\x7f"
MAX_INTERFACE_NAME = 15
# Bytes. The server has the same limits.
MAX_VALUE_BYTES = 8000  # HTTP servers take a header line of about that
MAX_ID_BYTES = 512  # what fits an index of the database
MAX_NETCONF_BYTES = 1024 * 1024
# Instead of a DEL's configuration that is too large; the server knows these bytes.
OMITTED_NETCONF = b'{"cniVersion": "1.1.0", "configurationOmitted": true}'
IDENTITY = (b"CNI_CONTAINERID", b"CNI_IFNAME")  # all that a DEL needs


class Call:
    """One CNI call: its command, its container and interface, and its CNI-* header lines."""

    __slots__ = ("command", "container_id", "headers", "interface", "netns")

    def __init__(self, environ: dict[bytes, bytes]) -> None:
        """Read and check the environment; raise BadEnvironmentError as skel does."""
        command = environ[b"CNI_COMMAND"]
        if command not in COMMANDS:
            raise BadEnvironmentError(
                f"unknown CNI_COMMAND: {readable(command)}",
                "CNI_COMMAND is ADD, DEL, CHECK, STATUS, GC or VERSION",
            )
        self.command = command.decode()
        values: dict[bytes, bytes] = {}
        missing = []
        headers = [b"CNI-Command: " + command]
        for name, header, needed_by in VARIABLES:
            value = environ.get(name, b"")
            if command == b"DEL" and name not in IDENTITY and not is_fit(value):
                # Its ADD was refused for the same reason, and a refused DEL would keep the pod forever.
                continue
            if value:
                values[name] = value
                headers.append(header + b": " + value)
            elif command in needed_by:
                missing.append(name.decode())
        if command in OF_A_CONTAINER:
            check_container_id(values.get(b"CNI_CONTAINERID"))
            check_interface(values.get(b"CNI_IFNAME"))
        if missing:
            raise BadEnvironmentError(f"required env variables [{','.join(missing)}] missing")
        for name, value in values.items():
            check_header_value(name, value)
        self.container_id = readable(values.get(b"CNI_CONTAINERID", b""))
        self.interface = readable(values.get(b"CNI_IFNAME", b""))
        self.netns = values.get(b"CNI_NETNS", b"")
        self.headers = headers


def check_container_id(value: bytes | None) -> None:
    r"""skel: ``^[a-zA-Z0-9][a-zA-Z0-9_.\-]*$``."""
    if value is None:
        return
    if value.translate(None, LETTERS_AND_DIGITS + b"_.-") or value[0] in b"_.-":
        raise BadEnvironmentError("invalid characters in containerID", readable(value))
    if len(value) > MAX_ID_BYTES:
        raise BadEnvironmentError(
            f"containerID is longer than {MAX_ID_BYTES} characters", f"it has {len(value)}"
        )


def check_interface(value: bytes | None) -> None:
    """skel: at most 15 bytes, not ``.`` or ``..``, no ``/``, ``:`` or blank."""
    if value is None:
        return
    if len(value) > MAX_INTERFACE_NAME:
        raise BadEnvironmentError(
            "interface name is too long", "interface name should be less than 16 characters"
        )
    if value in (b".", b".."):
        raise BadEnvironmentError("interface name is . or ..")
    if any(c in "/:" or c.isspace() for c in readable(value)):
        raise BadEnvironmentError("interface name contains / or : or whitespace characters")


def is_fit(value: bytes) -> bool:
    """Whether a server takes this as the value of a header."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    harmless = len(value.translate(None, CONTROL_CHARACTERS)) == len(value)
    return harmless and len(value) <= MAX_VALUE_BYTES


def check_header_value(name: bytes, value: bytes) -> None:
    """Refuse what would break out of a header line (RFC 9110, section 5.5).

    Bytes from 0x80 up pass unchanged (obs-text): the server judges them.
    """
    if len(value.translate(None, CONTROL_CHARACTERS)) != len(value):
        raise BadEnvironmentError(
            f"control character in {name.decode()}",
            f"{readable(value)} has a line break or another control character; "
            "nothing was sent to the server",
        )
    if len(value) > MAX_VALUE_BYTES:
        raise BadEnvironmentError(
            f"{name.decode()} has more than {MAX_VALUE_BYTES} bytes",
            f"it has {len(value)}; nothing was sent to the server",
        )


def check_network_namespace(call: Call, environ: dict[bytes, bytes]) -> None:
    """Refuse a CNI_NETNS that is the plugin's own (skel's code 8).

    An inaccessible path is not an error: skel ignores it too, and an address needs no
    namespace. CNI_NETNS_OVERRIDE=1 or =true turns the check off.
    """
    if environ.get(b"CNI_NETNS_OVERRIDE", b"").lower() in (b"1", b"true"):
        return
    try:
        theirs = posix.stat(call.netns)
        ours = posix.stat("/proc/self/ns/net")
    except (OSError, ValueError):
        return
    if (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino):
        raise SameNetworkNamespaceError(
            "plugin's netns and netns from CNI_NETNS should not be the same",
            f"CNI_NETNS={readable(call.netns)} is the host's network namespace; "
            "nothing was sent to the server",
        )


def read_netconf(command: str) -> bytes:
    """The network configuration from standard input, byte for byte.

    A DEL needs none, and a main plugin may hand over any amount of ``prevResult``: one that is too
    large is replaced, so that it is neither sent nor kept. Other calls are refused.
    """
    pieces = []
    size = 0
    try:
        while piece := posix.read(0, 65536):
            size += len(piece)
            if size <= MAX_NETCONF_BYTES:
                pieces.append(piece)
            elif command != "DEL":
                break
            else:
                pieces.clear()
    except OSError as failure:
        raise UnreadableInputError(
            f"error reading from stdin: {failure.strerror}",
            "the container runtime passes the network configuration on standard input",
        ) from None
    if size <= MAX_NETCONF_BYTES:
        return b"".join(pieces)
    if command == "DEL":
        return OMITTED_NETCONF
    raise UnreadableInputError(
        f"the network configuration has more than {MAX_NETCONF_BYTES} bytes",
        "nothing was sent: this is the limit of the servers",
    )


def readable(value: bytes) -> str:
    """``value`` as text for a message; what isn't UTF-8 becomes U+FFFD."""
    return value.decode("utf-8", "replace")
