"""The options of the node daemon, each with an environment variable as its default."""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_SOCKET_PATH = 90  # bytes; of the 107 that a name may have, .hung and a temporary name need some


@dataclass(frozen=True, kw_only=True)
class Options:
    """All paths are absolute, and the same for the daemon and for the host's runtime."""

    command: str  # run, install, uninstall or doctor
    stay: bool
    plugin: Path
    bin_dir: Path
    config_dir: Path
    state_dir: Path
    as_whereabouts: bool
    server: str
    service: str  # HOST:PORT, looked up if there is no server
    server_name: str
    token_source: Path | None
    ca_source: Path | None
    node: str
    cluster: str
    timeout: float
    log_dirs: str
    agent_socket: Path | None
    direct: bool
    period: float
    listen: str
    output: str

    @property
    def settings_file(self) -> Path:
        """What the plugin reads."""
        return self.config_dir / "rowhouse.conf"

    @property
    def token(self) -> Path:
        """The token's copy on the host."""
        return self.config_dir / "token"

    @property
    def ca(self) -> Path:
        """The certificate authorities' copy on the host."""
        return self.config_dir / "ca.crt"

    @property
    def spool(self) -> Path:
        """DELs that no server accepted."""
        return self.state_dir / "spool"

    @property
    def lock(self) -> Path:
        """The lock of the daemon that changes the host."""
        return self.state_dir / "node.lock"


def absolute(text: str) -> Path:
    """An absolute path."""
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r}: a path must begin with /")
    return Path(text)


def server_urls(text: str) -> str:
    """URLs as the plugin accepts them; `tcp://ADDRESS:PORT` becomes https.

    Kubernetes puts a Service's address in this form, IPv6 in brackets, into a pod's variable `<SERVICE>_PORT`. If the
    kubelet did not know the Service, the reference to that variable stays unexpanded, which means: no server.
    """
    if "$(" in text:
        return ""
    return re.sub(r"(^|[\s,])tcp://", r"\1https://", text)


def host_port(text: str) -> str:
    """``HOST:PORT``, or nothing."""
    if text and not re.fullmatch(r"[^\s:/]+:[0-9]{1,5}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return text


def socket_path(text: str) -> Path | None:
    """The path of a unix socket, which the kernel limits; `none` for no socket."""
    if text == "none":
        return None
    if len(os.fsencode(text)) > MAX_SOCKET_PATH:
        raise argparse.ArgumentTypeError(f"{text!r} has more than {MAX_SOCKET_PATH} bytes")
    return absolute(text)


def truth(text: str) -> bool:
    """``true`` or ``false``; an unset variable is false."""
    if text not in {"", "true", "false"}:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text == "true"


def parse(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """The options; ends the process with status 2 and a message if one is wrong."""

    def default(name: str, otherwise: str = "") -> str:
        return environ.get(f"ROWHOUSE_NODE_{name}") or otherwise

    parser = argparse.ArgumentParser(
        prog="rowhouse-node",
        description="Installs the Rowhouse CNI plugin on this node and keeps its settings up to date.",
        epilog="Each option can also be set as a variable: --bin-dir as ROWHOUSE_NODE_BIN_DIR.",
    )
    parser.add_argument(
        "command", choices=("run", "install", "uninstall", "doctor"), nargs="?", default="run"
    )
    add = parser.add_argument
    add("--plugin", type=absolute, default=default("PLUGIN", "/opt/rowhouse/plugin"), metavar="DIR")
    add("--bin-dir", type=absolute, default=default("BIN_DIR", "/opt/cni/bin"), metavar="DIR")
    config_dir = default("CONFIG_DIR", "/etc/cni/net.d/rowhouse.d")
    add("--config-dir", type=absolute, default=config_dir, metavar="DIR")
    state_dir = default("STATE_DIR", "/var/lib/rowhouse")
    add("--state-dir", type=absolute, default=state_dir, metavar="DIR")
    whereabouts = default("AS_WHEREABOUTS", "false")
    add("--as-whereabouts", type=truth, nargs="?", const=True, default=whereabouts)
    add("--server", type=server_urls, default=default("SERVER"), metavar="URL[,URL…]")
    add("--service", type=host_port, default=default("SERVICE"), metavar="HOST:PORT")
    add("--server-name", default=default("SERVER_NAME"), metavar="NAME")
    add("--token-source", type=absolute, default=default("TOKEN_SOURCE") or None, metavar="FILE")
    add("--ca-source", type=absolute, default=default("CA_SOURCE") or None, metavar="FILE")
    add("--node", default=default("NAME", os.uname().nodename))
    add("--cluster", default=default("CLUSTER"))
    add("--timeout", type=float, default=default("TIMEOUT", "10"), metavar="SECONDS")
    add("--log-dirs", default=default("LOG_DIRS"), metavar="DIR[,DIR…]")
    agent = default("AGENT", "/run/rowhouse/agent.sock")
    add("--agent", dest="agent_socket", type=socket_path, default=agent, metavar="SOCKET")
    add("--direct", type=truth, default=default("DIRECT", "true"), metavar="true|false")
    add("--period", type=float, default=default("PERIOD", "5"), metavar="SECONDS")
    add("--listen", default=default("LISTEN", "127.0.0.1:8082"), metavar="HOST:PORT")
    add("--stay", action="store_true", help="uninstall: wait for SIGTERM afterwards")
    add("-o", "--output", choices=("table", "json"), default="table", help="doctor: output format")
    options = Options(**vars(parser.parse_args(arguments)))
    if options.command != "uninstall" and not options.server and not options.service:
        parser.error(
            "--server (ROWHOUSE_NODE_SERVER), the URL of a Rowhouse server, is missing."
            " Or pass a Service to look up: --service (ROWHOUSE_NODE_SERVICE)"
        )
    if not options.direct and options.agent_socket is None:
        parser.error("--direct false needs an agent: remove --agent none")
    if options.period <= 0:
        parser.error("--period must be above 0")
    if not options.listen.rpartition(":")[2].isdecimal():
        parser.error(f"--listen {options.listen!r} is not HOST:PORT")
    return options
