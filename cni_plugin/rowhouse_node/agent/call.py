"""One call of the plugin on the agent's socket: read it, keep the plugin informed, answer."""

import select
import socket
import threading
import time

from rowhouse_cni.answer import Answer
from rowhouse_cni.environment import MAX_NETCONF_BYTES
from rowhouse_cni.settings import MAX_TIMEOUT
from rowhouse_node.agent.ordering import Attachment

MAX_HEAD_BYTES = 64 * 1024
LARGE_BYTES = 64 * 1024  # configurations above it are read by few threads at once
MAX_LARGE = 4
LARGE_WAIT_SECONDS = 0.5  # for one of the places
READ_SECONDS = 5.0  # for the whole request
BRIEF_SECONDS = 0.02  # that a thread waits for more of it: a plugin sends all at once
ANSWER_SECONDS = 5.0
BEAT = b"HTTP/1.1 102 Processing\r\n\r\n"
BEAT_SECONDS = 0.2
# The header lines that are passed on to a server; the agent writes all others itself.
PASSED_ON = (b"cni-", b"rowhouse-node:", b"rowhouse-cluster:")
_large = threading.BoundedSemaphore(MAX_LARGE)


class MalformedCallError(Exception):
    """This is not a call of the plugin; the text says why."""


class PluginCall:
    """A connected plugin. Its thread reads and answers; the ticker sends interim answers meanwhile."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.began = time.monotonic()
        self.deadline = self.read_until = self.began + READ_SECONDS
        self.command = ""
        self.container_id = self.interface = ""
        self.settings_file = ""
        self.number = b""
        self.lines: list[bytes] = []
        self.netconf = b""
        self._pieces: list[bytes] = []
        self._missing = -1  # bytes; negative: the head is not whole
        self._is_large = False
        self._lock = threading.Lock()
        self._is_answered = False
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN | select.POLLRDHUP)

    def read(self) -> bool:
        """Read what there is of the request; whether it is whole. Raise MalformedCallError or OSError."""
        self.sock.settimeout(BRIEF_SECONDS)
        until = time.monotonic() + BRIEF_SECONDS
        while self._missing:
            try:
                piece = self.sock.recv(65536)
            except TimeoutError:
                piece = None
            if piece is not None:
                if not piece:
                    raise MalformedCallError("it ends too early")
                self._take(piece)
            now = time.monotonic()
            if self._missing and now >= until:
                if now >= self.read_until:
                    raise MalformedCallError("it takes too long to arrive")
                return False
        self.netconf = b"".join(self._pieces)
        self._pieces.clear()
        return True

    def _take(self, piece: bytes) -> None:
        """Add a piece of the request."""
        if self._missing < 0:
            received = b"".join([*self._pieces, piece])
            head, end, netconf = received.partition(b"\r\n\r\n")
            if not end:
                if len(received) > MAX_HEAD_BYTES + LARGE_BYTES:
                    raise MalformedCallError("its head is too large")
                self._pieces = [received]
                return
            length = self._read_head(head)
            if length > LARGE_BYTES:
                if not _large.acquire(timeout=LARGE_WAIT_SECONDS):
                    raise MalformedCallError("too many large calls at once")
                self._is_large = True
            self._pieces, self._missing, piece = [], length, netconf
        self._pieces.append(piece)
        self._missing -= len(piece)
        if self._missing < 0:
            raise MalformedCallError("it is longer than it says")

    def _read_head(self, head: bytes) -> int:
        """Parse the head; return the length of the configuration."""
        first, *lines = head.split(b"\r\n")
        if not first.startswith(b"POST /cni "):
            raise MalformedCallError("it is not POST /cni")
        fields: dict[bytes, bytes] = {}
        for line in lines:
            if b"\n" in line or b"\r" in line or b"\0" in line:
                raise MalformedCallError("a line has a control character")
            name, _, value = line.partition(b":")
            fields[name.lower()] = value.strip()
            if line.lower().startswith(PASSED_ON):
                self.lines.append(line)
        try:
            self.command = fields[b"cni-command"].decode()
            self.number = fields[b"rowhouse-call"]
            self.settings_file = fields[b"rowhouse-settings"].decode()
            deadline = float(fields[b"rowhouse-deadline"])
            length = int(fields[b"content-length"])
        except (KeyError, ValueError):
            raise MalformedCallError("a header is missing or invalid") from None
        if not 0 <= length <= MAX_NETCONF_BYTES:
            raise MalformedCallError(f"its configuration has more than {MAX_NETCONF_BYTES} bytes")
        if not deadline >= 0.0:  # neither is NaN
            raise MalformedCallError("its deadline is not a time")
        self.container_id = fields.get(b"cni-containerid", b"").decode("utf-8", "replace")
        self.interface = fields.get(b"cni-ifname", b"").decode("utf-8", "replace")
        self.deadline = min(deadline, time.monotonic() + MAX_TIMEOUT)
        return length

    @property
    def attachment(self) -> Attachment:
        """Whom it is about."""
        return self.container_id, self.interface

    def is_wanted(self) -> bool:
        """Whether the plugin still waits: a call that it gave up must not arrive after a later call."""
        return time.monotonic() < self.deadline and self.is_connected()

    def is_connected(self) -> bool:
        """Whether the plugin has not hung up."""
        return not self._poll.poll(0)

    def beat(self) -> None:
        """Tell the plugin that the agent runs. Never blocks."""
        with self._lock:
            if not self._is_answered:
                try:
                    self.sock.send(BEAT, socket.MSG_DONTWAIT)
                except OSError:
                    pass  # the plugin is gone

    def answer(self, status: int, body: bytes, *, is_final: bool = False) -> None:
        """Send the answer and end the call. Unless it is final, the plugin calls the servers directly."""
        number = b"Rowhouse-Answer: %b\r\n" % self.number if is_final else b""
        head = b"HTTP/1.1 %d Answer\r\n%bContent-Length: %d\r\n\r\n" % (status, number, len(body))
        with self._lock:
            self._is_answered = True
        self.sock.settimeout(ANSWER_SECONDS)
        try:
            self.sock.sendall(head + body)
        except OSError:
            pass  # the plugin is gone

    def pass_on(self, answer: Answer) -> None:
        """Send a server's answer, byte for byte."""
        self.answer(answer.status, answer.body, is_final=True)

    def close(self) -> None:
        """Release everything."""
        with self._lock:
            self._is_answered = True
        self.sock.close()
        if self._is_large:
            _large.release()
            self._is_large = False
