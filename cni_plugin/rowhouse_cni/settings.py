"""The node's settings: a ``key = value`` file, read by every call.

The file is $ROWHOUSE_CONFIG, else /etc/cni/net.d/rowhouse.d/rowhouse.conf. Lines that
begin with ``#`` and what follows a blank and ``#`` are comments; unknown keys are
ignored, so that an older plugin can read a newer file. docs/reference/plugin.md lists
the keys.
"""

import posix

from rowhouse_cni.errors import BadSettingsError
from rowhouse_cni.server_url import Server

DEFAULT_FILE = "/etc/cni/net.d/rowhouse.d/rowhouse.conf"
DEFAULT_SPOOL = "/var/lib/rowhouse/spool"
DEFAULT_LOG_DIRS = ("/var/log", "/tmp")  # noqa: S108 - where whereabouts' logs usually are
DEFAULT_TIMEOUT = 10.0  # seconds for the whole call
MAX_TIMEOUT = 600.0
MAX_FILE = 1024 * 1024  # bytes
EPERM, EFBIG = 1, 27  # Linux's on every processor; the module errno would have to be loaded
# Without waiting: a pipe of that name would block a call forever.
READ = posix.O_RDONLY | posix.O_NONBLOCK | posix.O_CLOEXEC


class Settings:
    """What a call needs to know about its node and the servers."""

    __slots__ = (
        "agent",
        "ca_file",
        "cluster",
        "direct",
        "file",
        "log_dirs",
        "node",
        "servers",
        "spool",
        "timeout",
        "token_file",
    )

    def __init__(self, file: str, values: dict[str, str], environ: dict[bytes, bytes]) -> None:
        """Check ``values`` as read from ``file``; raise BadSettingsError for the first bad one."""
        self.file = file
        self.spool = spool_of(values)
        self.path_of("spool", values)
        self.token_file = self.path_of("token_file", values)
        self.ca_file = self.path_of("ca_file", values)
        self.agent = self.path_of("agent", values)
        self.direct = self.truth_of("direct", values.get("direct") or "")
        if not self.direct and not self.agent:
            raise self.bad("direct", "false", "without `agent`, no server could be reached")
        self.log_dirs = self.log_dirs_of(values.get("log_dirs") or "")
        self.timeout = self.timeout_of(values.get("timeout") or "")
        self.cluster = self.header_value_of("cluster", values.get("cluster") or "")
        node = environ.get(b"NODENAME", b"").decode("utf-8", "replace")
        self.node = self.header_value_of(
            "node", values.get("node") or node or posix.uname().nodename
        )
        self.servers: list[Server] = []
        urls = (values.get("server") or "").replace(",", " ").split()
        for url in urls:
            try:
                self.servers.append(Server(url))
            except ValueError as wrong:
                shown = url if "@" not in url else "…@" + url.rpartition("@")[2]
                raise self.bad("server", shown, str(wrong)) from None
        if server_name := self.header_value_of("server_name", values.get("server_name") or ""):
            for server in self.servers:
                server.tls_name = server_name
        if not urls:
            raise BadSettingsError(
                f"no `server` in {file}",
                f"add a line such as `server = https://rowhouse.example:8443` to {file}",
                self.spool,
            )

    def bad(self, key: str, value: str, rule: str) -> BadSettingsError:
        """The error for one bad value: it names key, value and file, and the rule."""
        return BadSettingsError(
            f"{key} = {value} in {self.file} can't be used: {rule}", "", self.spool
        )

    def path_of(self, key: str, values: dict[str, str]) -> str:
        """The path of ``key``; empty if it is not set."""
        path = values.get(key) or ""
        if path and (not path.startswith("/") or "\0" in path):
            raise self.bad(key, path, "a path begins with /")
        return path

    def log_dirs_of(self, text: str) -> tuple[str, ...]:
        """The directories where a network configuration may have its ``log_file``."""
        if text == "none":
            return ()
        paths = tuple(text.replace(",", " ").split())
        for path in paths:
            if not path.startswith("/") or "\0" in path:
                raise self.bad("log_dirs", path, "a path must begin with /; `none` allows no log")
        return paths or DEFAULT_LOG_DIRS

    def truth_of(self, key: str, text: str) -> bool:
        """``true``, which is the default, or ``false``."""
        if text not in ("", "true", "false"):
            raise self.bad(key, text, "write true or false")
        return text != "false"

    def timeout_of(self, text: str) -> float:
        """Seconds, above 0."""
        try:
            seconds = float(text) if text else DEFAULT_TIMEOUT
        except ValueError:
            seconds = 0.0
        if not 0.0 < seconds <= MAX_TIMEOUT:  # false for nan, too
            raise self.bad("timeout", text, "seconds for the whole call, above 0, at most 600")
        return seconds

    def header_value_of(self, key: str, value: str) -> str:
        """``value``, if a header can contain it."""
        if not value.isprintable():
            raise self.bad(key, value, "it has a control character")
        return value


def file_in_use(environ: dict[bytes, bytes]) -> str:
    """The path of the settings file, which may not exist."""
    return environ.get(b"ROWHOUSE_CONFIG", b"").decode("utf-8", "replace") or DEFAULT_FILE


def load(environ: dict[bytes, bytes]) -> Settings:
    """The settings of this node. Raise BadSettingsError if the file is missing or wrong."""
    file = file_in_use(environ)
    try:
        text = read_file(file, guarded=True).decode()
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or "it is not UTF-8 text"
        raise BadSettingsError(
            f"can't read the settings file {file}: {reason}",
            f"create {file} with at least `server = https://rowhouse.example:8443` and "
            "`token_file = /path/to/token`, or name another file in ROWHOUSE_CONFIG",
            DEFAULT_SPOOL,
        ) from None
    return Settings(file, key_values(file, text), environ)


def list_of_spools(file: str) -> str:
    """The file that lists the spools that this settings file has named, except the default.

    It is beside the settings and not in a spool, because the spool may have changed.
    """
    return file + ".spools"


def spools_of(settings: Settings) -> list[str]:
    """Every directory that may have DELs of these settings, present or earlier."""
    spools = [settings.spool, DEFAULT_SPOOL]
    try:
        spools += read_file(list_of_spools(settings.file)).decode().split("\n")
    except (OSError, ValueError):
        pass  # there was never another spool
    return [path for path in dict.fromkeys(spools) if path.startswith("/")]


def key_values(file: str, text: str) -> dict[str, str]:
    """``key = value`` lines as a dict; a key given twice counts as last given.

    Editors of Windows put a byte order mark at the start of a file.
    """
    values: dict[str, str] = {}
    for number, whole_line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = without_comment(whole_line)
        if not line:
            continue
        key, separator, value = line.partition("=")
        if not separator:
            raise BadSettingsError(
                f"line {number} of {file} is not `key = value`: {line}",
                "begin a comment with #",
                spool_of(values),
            )
        values[key.strip()] = value.strip()
    return values


def spool_of(values: dict[str, str]) -> str:
    """The spool in the file if it is valid, else the default."""
    path = values.get("spool") or DEFAULT_SPOOL
    return path if path.startswith("/") and "\0" not in path else DEFAULT_SPOOL


def without_comment(line: str) -> str:
    """``line`` up to a ``#`` that begins it or follows a blank."""
    for opening in (" #", "\t#"):
        line = (" " + line).partition(opening)[0]
    return line.strip()


def read_file(path: str, *, guarded: bool = False) -> bytes:
    """The whole of a small file. With ``guarded``, PermissionError if others may change it.

    A user with write access to the settings could send the node's token to any server.
    """
    descriptor = posix.open(path, READ)
    try:
        if guarded and is_open_to_others(posix.fstat(descriptor)):
            raise PermissionError(
                EPERM, "other users may change it: run chown root and chmod go-w on it"
            )
        content = b""
        while piece := posix.read(descriptor, 65536):
            content += piece
            if len(content) > MAX_FILE:
                raise OSError(EFBIG, "it is too large")
        return content
    finally:
        posix.close(descriptor)


def is_open_to_others(found: "posix.stat_result") -> bool:
    """Whether a user other than root and the plugin's owns this, or may write to it."""
    mode = found.st_mode
    return bool(
        found.st_uid not in (0, posix.geteuid())
        or mode & 0o002
        or (mode & 0o020 and found.st_gid not in (0, posix.getegid()))
    )
