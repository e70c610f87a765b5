"""One CNI call, from the environment to the exit status.

The hot path imports neither ``json`` nor ``http.client`` nor ``socket``, not even ``os``,
and skips the interpreter's own cleanup: an ADD costs one interpreter start and
one round trip. tests/cni_plugin/test_start_up.py counts the modules.
"""

import posix
from time import monotonic

from rowhouse_cni import __version__
from rowhouse_cni.agent import ask_agent
from rowhouse_cni.answer import KEPT, SERVER_ERROR, SUCCESS, Answer
from rowhouse_cni.client import ask, identity_lines
from rowhouse_cni.environment import Call, check_network_namespace, read_netconf
from rowhouse_cni.errors import (
    BadSettingsError,
    CniError,
    NoServerAnsweredError,
    NotReadyError,
    visible,
)
from rowhouse_cni.settings import DEFAULT_LOG_DIRS, MAX_TIMEOUT, Settings, load, spools_of
from rowhouse_cni.spool_entry import names_in

SUPPORTED_VERSIONS = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")


class Outcome:
    """The standard output, the exit status, and a few words for the log.

    ``answered``: whether a server answered; then it can take kept DELs, too. The agent sends
    those itself.
    """

    __slots__ = ("answered", "body", "exit_status", "words")

    def __init__(self, body: bytes, exit_status: int, words: str, *, answered: bool) -> None:
        self.body = body
        self.exit_status = exit_status
        self.words = words
        self.answered = answered


def main() -> None:
    """Serve one call and end the process."""
    environ = posix.environ
    begun = begun_at(environ, monotonic())
    command = environ.get(b"CNI_COMMAND", b"")
    if command == b"VERSION":
        versions = ", ".join(f'"{version}"' for version in SUPPORTED_VERSIONS)
        text = f'{{"cniVersion": "1.1.0", "supportedVersions": [{versions}]}}\n'
        posix._exit(0 if write(1, text.encode()) else 1)
    if not command:
        about = f"CNI plugin rowhouse v{__version__}: addresses from a Rowhouse server"
        note(about)
        note(f"CNI protocol versions supported: {', '.join(SUPPORTED_VERSIONS)}")
        posix._exit(0)
    posix._exit(serve(environ, begun))


def begun_at(environ: dict[bytes, bytes], now: float) -> float:
    """When the call began: before the launcher asked the agent, if it did (plugin_bundle/agent.c)."""
    try:
        begun = float(environ.get(b"ROWHOUSE_CALL_BEGUN", b""))
    except ValueError:
        return now
    return begun if now - MAX_TIMEOUT < begun < now else now


def serve(environ: dict[bytes, bytes], begun: float) -> int:
    """Serve ADD, DEL, CHECK, STATUS or GC; return the exit status."""
    call = settings = None
    netconf = b""
    try:
        call = Call(environ)
        netconf = read_netconf(call.command)
        if call.command == "ADD":
            check_network_namespace(call, environ)
        settings = load(environ)
        outcome = forward(call, netconf, settings, begun, begun + settings.timeout)
    except Exception as error:
        outcome = failure(call, netconf, error)
    if not write(1, outcome.body):
        outcome.exit_status = 1
    if call is not None and b'"log_file"' in netconf.lower():
        milliseconds = round((monotonic() - begun) * 1000)
        words = f"{call.command} {call.container_id} {call.interface} {outcome.words}"
        failed = outcome.exit_status != 0
        log(netconf, f"{words}, {milliseconds} ms", outcome.body, settings, failed=failed)
    if settings is not None and outcome.answered:
        replay(settings, netconf)
    return outcome.exit_status


def forward(
    call: Call, netconf: bytes, settings: Settings, begun: float, deadline: float
) -> Outcome:
    """Send the call to a server, through the node's agent or directly; keep a DEL that no server accepts."""
    lines = call.headers + identity_lines(settings)
    answer: Answer | None = None
    if settings.agent and b"ROWHOUSE_AGENT_TRIED" not in posix.environ:
        answer = ask_agent(settings, call.command, lines, netconf, deadline)
    if answer is not None and answer.status == KEPT:
        note(f"rowhouse: DEL is kept for later: {answer.body.decode('utf-8', 'replace')}")
        return Outcome(b"", 0, "kept in the spool", answered=False)
    is_direct = answer is None
    if answer is None:
        try:
            answer = ask_directly(call, settings, lines, netconf, begun, deadline)
        except NoServerAnsweredError as error:
            if call.command == "DEL":
                reason = f"{error.msg}: {error.details}"
                return keep_del(call, lines, netconf, settings.spool, reason)
            if call.command == "STATUS":
                raise NotReadyError(error.msg, error.details) from None
            raise
    if answer.status == SUCCESS:
        return Outcome(answer.body, 0, "ok", answered=is_direct)
    if call.command == "DEL" and not answer.is_final():
        reason = f"the server can't take it now (HTTP {answer.status})"
        return keep_del(call, lines, netconf, settings.spool, reason)
    words = f"refused (HTTP {answer.status})"
    return Outcome(answer.body, 1, words, answered=is_direct and answer.status < SERVER_ERROR)


def ask_directly(
    call: Call,
    settings: Settings,
    lines: list[bytes],
    netconf: bytes,
    begun: float,
    deadline: float,
) -> Answer:
    """The answer of a server. Raise NoServerAnsweredError."""
    if not settings.direct:
        raise no_direct_way(settings)
    if call.command == "ADD":
        replay_own_del(call, settings, deadline)
    return ask(settings, call.command, lines, netconf, deadline, begun=begun)


def no_direct_way(settings: Settings) -> Exception:
    """The error if only the agent has the node's token."""
    return NoServerAnsweredError(
        f"the node's agent at {settings.agent} gave no answer",
        f"`direct` in {settings.file} is false, so only the agent reaches a server: check that "
        "the node daemon runs and that a server answers it, then try again",
    )


def replay_own_del(call: Call, settings: Settings, deadline: float) -> None:
    """Before an ADD, send a kept DEL of the same container and interface."""
    for directory in spools_of(settings):
        if names := names_in(directory):
            from rowhouse_cni.kept_dels import replay_own

            replay_own(call, settings, directory, names, deadline)


def keep_del(
    call: Call, lines: list[bytes], netconf: bytes, directory: str, reason: str
) -> Outcome:
    """Keep a DEL in the spool and report success: the teardown of a pod never waits for the server."""
    from rowhouse_cni.kept_dels import keep

    keep(call, lines, netconf, directory, reason)
    note(f"rowhouse: DEL is kept in {directory} for later: {reason}")
    return Outcome(b"", 0, "kept in the spool", answered=False)


def failure(call: Call | None, netconf: bytes, error: Exception) -> Outcome:
    """The CNI error object for ``error``; for a DEL without usable settings, the spool."""
    if isinstance(error, BadSettingsError) and call is not None and call.command == "DEL":
        try:
            return keep_del(call, call.headers, netconf, error.spool, error.msg)
        except Exception as worse:
            error = worse
    if not isinstance(error, CniError):
        error = CniError(f"{type(error).__name__}: {error}", "this is a bug in the plugin")
    from rowhouse_cni.errors import error_object
    from rowhouse_cni.netconf import cni_version

    body = error_object(error, cni_version(netconf))
    return Outcome(body, 1, f"failed (code {error.code}): {error.msg}", answered=False)


def replay(settings: Settings, netconf: bytes) -> None:
    """Replay some of the DELs that calls before this one had to keep."""
    for directory in spools_of(settings):
        if not (names := names_in(directory)):
            continue
        from rowhouse_cni.kept_dels import replay_some

        try:
            for refusal in replay_some(settings, directory, names).refused:
                line = f"kept DEL refused for good, moved to {directory}/refused: {refusal}"
                note(f"rowhouse: {line}")
                log(netconf, line, b"", settings, failed=True)
        except Exception as trouble:
            note(f"rowhouse: can't replay what is kept in {directory}: {trouble}")


def log(netconf: bytes, line: str, body: bytes, settings: Settings | None, *, failed: bool) -> None:
    """Write to the configuration's log_file; a log never fails a call."""
    from rowhouse_cni.log import record

    try:
        dirs = settings.log_dirs if settings else DEFAULT_LOG_DIRS
        record(netconf, line, body, dirs, failed=failed)
    except Exception as trouble:
        note(f"rowhouse: can't write log_file: {trouble}")


def write(descriptor: int, content: bytes) -> bool:
    """Write all of ``content``; False if the reader is gone."""
    try:
        while content:
            content = content[posix.write(descriptor, content) :]
    except OSError:
        return False
    return True


def note(text: str) -> None:
    """One short note on standard error, which multus and libcni show to people."""
    write(2, visible(text).encode("utf-8", "replace") + b"\n")
