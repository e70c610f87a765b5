"""Carries a call to a server: with the plugin's own rules, the agent's token, and kept connections."""

import os
import threading
import time
from pathlib import Path

from rowhouse_cni.answer import Answer, NoAnswerError
from rowhouse_cni.client import Way, ask, identity_lines
from rowhouse_cni.errors import NoServerAnsweredError
from rowhouse_cni.server_url import Server
from rowhouse_cni.settings import Settings, load
from rowhouse_cni.tls import trusting
from rowhouse_node.agent.connections import Connections
from rowhouse_node.agent.health import Health
from rowhouse_node.agent.ordering import Delivery
from rowhouse_node.options import Options

UNAUTHORIZED = 401
VISIBLE_ASCII = bytes(range(0x21, 0x7F))


class ThisCall(Way):
    """How the requests of one call get to the servers."""

    __slots__ = ("_carrier", "_delivery")

    def __init__(self, carrier: "Carrier", delivery: Delivery) -> None:
        self._carrier = carrier
        self._delivery = delivery

    def lines(self, _settings: Settings) -> list[bytes]:
        """The token."""
        return self._carrier.authorization()

    def servers(self, settings: Settings) -> list[Server]:
        """The servers that are worth a try."""
        found = self._carrier.health.worth_asking(settings.servers)
        if not found:
            raise NoServerAnsweredError("no server answered", "the agent asks again soon")
        return found

    def post(self, _settings: Settings, server: Server, request: bytes, deadline: float) -> Answer:
        """Send a request on a kept connection. Raise NoAnswerError or CallGoneError."""
        begun = time.monotonic()
        health = self._carrier.health
        try:
            answer = self._carrier.connections.post(
                server, request, deadline, self._delivery.starts
            )
        except TimeoutError:
            health.failed(server, time.monotonic() - begun)
            raise NoAnswerError("it took too long") from None
        except OSError as failure:
            health.failed(server, time.monotonic() - begun)
            raise NoAnswerError(failure.strerror or str(failure)) from None
        except NoAnswerError:
            health.failed(server, time.monotonic() - begun)
            raise
        health.succeeded(server)
        if answer.call:  # else it is a proxy's, which may have passed the request on
            self._delivery.ends()
        return answer


class Carrier:
    """The servers, the token and the connections of this node, as they are now."""

    def __init__(self, options: Options) -> None:
        self.health = Health()
        self.connections = Connections()
        self._options = options
        self._lock = threading.Lock()
        self._settings: Settings | None = None
        self._token: list[bytes] | None = None
        self._read: dict[str, object] = {}

    @property
    def settings(self) -> Settings:
        """The plugin's settings. Raise NoServerAnsweredError while there are none."""
        if self._settings is None:
            raise NoServerAnsweredError("the agent has no settings yet", "try again")
        return self._settings

    def authorization(self) -> list[bytes]:
        """The header line with the token. Raise NoServerAnsweredError without one."""
        if self._token is None:
            raise NoServerAnsweredError(
                f"the agent can't use the token in {self._options.token_source}", "try again"
            )
        return self._token

    def refresh(self) -> None:
        """Reload what has changed on disk; what cannot be read stays as it was. Raise OSError, CniError."""
        with self._lock:
            if self._options.token_source is not None:
                self._refresh_token(self._options.token_source)
            else:
                self._token = []
            if self._is_changed(self._options.settings_file):
                self._settings = load(
                    {b"ROWHOUSE_CONFIG": os.fsencode(self._options.settings_file)}
                )
                self._note(self._options.settings_file)
            if self._settings is not None and any(one.tls for one in self._settings.servers):
                file = Path(self._settings.ca_file or "/")
                if self._is_changed(file):
                    try:
                        self.connections.trust(trusting(self._settings.ca_file))
                    except NoAnswerError as failure:
                        raise OSError(str(failure)) from None
                    self._note(file)

    def ask(
        self,
        command: str,
        lines: list[bytes],
        netconf: bytes,
        deadline: float,
        delivery: Delivery | None = None,
    ) -> Answer:
        """The answer of a server. Raise NoServerAnsweredError, CallGoneError."""
        way = ThisCall(self, delivery or Delivery())
        token = self._token
        answer = ask(self.settings, command, lines, netconf, deadline, way)
        if answer.status == UNAUTHORIZED:
            try:
                self.refresh()
            except OSError:
                return answer
            if self._token != token:  # it was renewed a moment ago
                return ask(self.settings, command, lines, netconf, deadline, way)
        return answer

    def post(self, path: str, body: bytes, deadline: float) -> Answer:
        """POST to a path below /cni. Raise NoAnswerError, NoServerAnsweredError."""
        servers = self.health.worth_asking(self.settings.servers)
        if not servers:
            raise NoAnswerError("no server answers")
        server = servers[0]
        lines = [
            b"POST %b HTTP/1.1" % (server.path + path).encode(),
            b"Host: " + server.authority.encode(),
            b"Rowhouse-Call: %x" % time.monotonic_ns(),
            *identity_lines(self.settings),
            *self.authorization(),
            b"Content-Type: application/json",
            b"Content-Length: %d" % len(body),
            b"",
            body,
        ]
        return ThisCall(self, Delivery()).post(self.settings, server, b"\r\n".join(lines), deadline)

    def _refresh_token(self, source: Path) -> None:
        if not self._is_changed(source):
            return
        token = source.read_bytes().strip()
        if not token or token.strip(VISIBLE_ASCII):
            raise OSError(f"{source} is empty or not one line of visible ASCII")
        self._token = [b"Authorization: Bearer " + token]
        self._note(source)

    def _is_changed(self, file: Path) -> bool:
        return self._signature(file) != self._read.get(str(file))

    def _note(self, file: Path) -> None:
        self._read[str(file)] = self._signature(file)

    @staticmethod
    def _signature(file: Path) -> object:
        found = file.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
