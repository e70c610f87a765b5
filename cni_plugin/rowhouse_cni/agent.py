"""The node's agent: the daemon, which carries calls over its kept connections to the servers.

The same request goes to its unix socket, without the token. The plugin sends the call directly if
no agent listens there, or another user does, if the agent refuses, or if it finds no server. While the
agent waits for a server, it sends an interim answer five times a second, so an agent that is silent for a
second hangs. The first call that notices renames the socket, so that no other call waits; the agent puts
it back when it runs again.

Both processes read the same clock (CLOCK_MONOTONIC), so the deadline of a call is sent unchanged: an
agent that was stopped does not send an old call.

The launcher does the same for the usual call (plugin_bundle/agent.c): change both.
"""

import posix
from _socket import AF_UNIX, SO_PEERCRED, SOCK_STREAM, SOL_SOCKET
from time import monotonic, monotonic_ns

from rowhouse_cni.answer import KEPT, Answer, NoAnswerError
from rowhouse_cni.exchange import Socket, seconds_left
from rowhouse_cni.http_answer import Connection, read_answer
from rowhouse_cni.settings import Settings

MAX_SILENCE = 1.0  # seconds; half of the time if that is less, and the rest is for the direct way
SHARE = 0.9  # of the remaining time: the agent answers before the call must end
MAX_BEATS = 10_000  # interim answers: more than there can be in the longest call
HUNG = ".hung"  # appended to the name of the socket


class AgentConnection(Connection):
    """A connection to the agent. A longer wait than ``silence`` raises TimeoutError."""

    def __init__(self, sock: Socket, deadline: float, silence: float) -> None:
        self.sock = sock
        self.deadline = deadline
        self.silence = silence
        self.is_hung = False

    def limit(self) -> None:
        """Wait no longer than ``silence``, nor beyond the deadline."""
        left = seconds_left(self.deadline)
        self.is_hung = left >= self.silence  # if the next wait fails
        self.sock.settimeout(min(left, self.silence))

    def send(self, request: bytes) -> None:
        """Send all of it: an agent that runs reads it at once."""
        self.limit()
        self.sock.sendall(request)

    def receive(self) -> bytes:
        """The next bytes."""
        self.limit()
        return self.sock.recv(65536)


def ask_agent(
    settings: Settings, command: str, lines: list[bytes], netconf: bytes, deadline: float
) -> Answer | None:
    """The answer of a server, or of the agent that keeps this DEL; None: call the servers directly."""
    call = b"%x" % monotonic_ns()
    now = monotonic()
    request = [
        b"POST /cni HTTP/1.1",
        b"Rowhouse-Settings: " + settings.file.encode("utf-8", "replace"),
        b"Rowhouse-Deadline: %.6f" % (now + (deadline - now) * SHARE),
        b"Rowhouse-Call: " + call,
        *lines,
        b"Content-Length: " + str(len(netconf)).encode(),
        b"",
        netconf,
    ]
    sock = Socket(AF_UNIX, SOCK_STREAM)
    connection = AgentConnection(sock, deadline, min(MAX_SILENCE, settings.timeout / 2))
    try:
        connection.limit()
        sock.connect(settings.agent)
        if not is_trusted(sock):
            return None
        connection.send(b"\r\n".join(request))
        answer = read_answer(connection, MAX_BEATS)
    except TimeoutError:
        if connection.is_hung:
            put_aside(settings.agent)
        return None
    except (NoAnswerError, OSError):
        return (
            None  # no agent runs, it is about to end, or it was killed: every call can be repeated
        )
    finally:
        sock.close()
    if answer.status == KEPT and command == "DEL" and answer.call == call:
        return answer
    return answer if answer.call and answer.is_rowhouse(command, call) else None


def is_trusted(sock: Socket) -> bool:
    """Whether root or the plugin's user listens there: another one could make up an address."""
    peer = sock.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)  # three numbers: process, user, group
    return int.from_bytes(peer[4:8], "little") in (0, posix.geteuid())


def put_aside(path: str) -> None:
    """Rename the socket of an agent that hangs, so that the next calls do not wait for it."""
    try:
        posix.rename(path, path + HUNG)
    except OSError:
        pass  # another call has just done so
