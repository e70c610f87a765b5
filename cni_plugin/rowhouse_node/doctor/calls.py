"""The plugin on the host, called as a container runtime calls it: its version, and STATUS."""

import json
import os
import subprocess

from rowhouse_cni import __version__
from rowhouse_node.doctor.finding import FAILED, OK, WARNING, Finding
from rowhouse_node.doctor.folder import RESTART
from rowhouse_node.options import Options
from rowhouse_node.status_call import NETCONF

MAX_SECONDS = 15.0
NOT_ALLOWED = 110  # also for a rejected token
REFUSED_REMEDY = (
    "The server does not accept this token: `rowhouse doctor` in its pod shows the issuer that it verifies (check"
    " `tokens`), and ROWHOUSE_NODE_SERVICE_ACCOUNTS of the server must name the account."
)
UNREACHABLE_REMEDY = (
    "Check that the servers are running, and that this node reaches them: kubectl get pods; `rowhouse doctor` in a"
    " server's pod."
)


def plugin(options: Options) -> Finding:
    """Compare its version with the daemon's."""
    done = called(options, {})
    if isinstance(done, str):
        return Finding("plugin", FAILED, done, RESTART)
    said = done.stderr.partition("\n")[0]
    if done.returncode or "rowhouse v" not in said:
        return Finding(
            "plugin", FAILED, f"it does not print its version: {said or done.stdout}", RESTART
        )
    version = said.partition("rowhouse v")[2].partition(":")[0]
    if version != __version__:
        return Finding(
            "plugin", WARNING, f"version {version}, but the daemon has {__version__}", RESTART
        )
    return Finding("plugin", OK, f"version {version}")


def status(options: Options) -> Finding:
    """Call STATUS with the settings, token and certificates that every call of this node uses."""
    done = called(options, {"CNI_COMMAND": "STATUS", "CNI_PATH": str(options.bin_dir)})
    if isinstance(done, str):
        return Finding("STATUS", FAILED, done, RESTART)
    if done.returncode == 0:
        return Finding("STATUS", OK, "a server would assign an address now")
    try:
        said = json.loads(done.stdout)
        found = f"{said['msg']} (code {said['code']}): {said.get('details', '')}"
        code = said["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return Finding("STATUS", FAILED, f"it printed {done.stdout!r}, {done.stderr!r}", RESTART)
    return Finding(
        "STATUS",
        FAILED,
        found.strip(": "),
        REFUSED_REMEDY if code == NOT_ALLOWED else UNREACHABLE_REMEDY,
    )


def called(options: Options, environ: "dict[str, str]") -> "subprocess.CompletedProcess[str] | str":
    """Call the launcher; return the reason if that is impossible."""
    launcher = options.bin_dir / "rowhouse"
    base = {"ROWHOUSE_CONFIG": os.fspath(options.settings_file)}
    try:
        return subprocess.run(
            [launcher],
            input=NETCONF.decode(),
            capture_output=True,
            text=True,
            check=False,
            timeout=MAX_SECONDS,
            env=base | environ,
        )
    except OSError as failure:
        return f"{launcher} cannot be run: {failure.strerror}"
    except subprocess.TimeoutExpired:
        return f"{launcher} did not finish within {MAX_SECONDS:g} s"
