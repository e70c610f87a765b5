"""One POST to one server, on a bare socket, within a deadline.

``_socket`` instead of ``socket``: the latter costs as much as the interpreter's own
start. ``tls.py`` is imported only for https. Proxy variables are ignored: a node
reaches its own control plane directly.
"""

import _socket
from _socket import AF_INET, AF_INET6, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY
from time import monotonic

from rowhouse_cni.answer import Answer, NoAnswerError
from rowhouse_cni.http_answer import ClosedError, Connection, read_answer
from rowhouse_cni.server_url import Server

MAX_CONNECT = 3.0  # seconds: one lost SYN is repeated after 1 s
MAY_SERVE_HTTPS = "if it serves https, use https:// in `server`"
Address = tuple[int, tuple[str | bytes | int, ...]]  # family, and what connect() takes


class Socket(_socket.socket):
    """A socket that supports weak references, which ``_ssl`` needs."""

    __slots__ = ("__weakref__",)


class SocketConnection(Connection):
    """A connected socket, and its deadline."""

    def __init__(self, sock: Socket, deadline: float) -> None:
        self.sock = sock
        self.deadline = deadline

    def send(self, request: bytes) -> None:
        """Send all of it before the deadline."""
        self.sock.settimeout(seconds_left(self.deadline))
        self.sock.sendall(request)

    def receive(self) -> bytes:
        """The next bytes, if any come before the deadline."""
        self.sock.settimeout(seconds_left(self.deadline))
        return self.sock.recv(65536)


def post(server: Server, request: bytes, ca_file: str, deadline: float) -> Answer:
    """Send ``request`` to ``server``; raise NoAnswerError unless a whole answer comes back.

    ``deadline`` is a reading of time.monotonic().
    """
    sock = None
    try:
        sock = connect(server, deadline)
        connection: Connection = SocketConnection(sock, deadline)
        if server.tls:
            from rowhouse_cni.tls import TlsConnection, trusting

            connection = TlsConnection(sock, server.tls_name, trusting(ca_file), deadline)
        return converse(connection, request)
    except (ClosedError, ConnectionResetError) as failure:
        reason = getattr(failure, "strerror", None) or str(failure)
        raise NoAnswerError(reason if server.tls else f"{reason}; {MAY_SERVE_HTTPS}") from None
    except TimeoutError:
        raise NoAnswerError("it took too long") from None
    except OSError as failure:
        raise NoAnswerError(failure.strerror or str(failure)) from None
    finally:
        if sock is not None:
            sock.close()


def converse(connection: Connection, request: bytes) -> Answer:
    """Send a request and read the answer. Raise OSError or NoAnswerError."""
    refusal = None
    try:
        connection.send(request)
    except TimeoutError:
        raise
    except OSError as failure:
        refusal = failure  # a server may answer without reading all of the request
    try:
        return read_answer(connection)
    except (NoAnswerError, OSError):
        if refusal is not None:
            raise refusal from None
        raise


def connect(server: Server, deadline: float) -> Socket:
    """A socket connected to the first address of ``server`` that accepts."""
    addresses = addresses_of(server, deadline)
    while True:
        family, address = addresses.pop(0)
        sock = Socket(family, SOCK_STREAM)
        try:
            share = seconds_left(deadline) / (len(addresses) + 1)
            sock.settimeout(min(share, MAX_CONNECT))
            sock.connect(address)
            sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        except OSError:
            sock.close()
            if not addresses:
                raise
        else:
            return sock


def addresses_of(server: Server, deadline: float) -> list[Address]:
    """The addresses of a host: itself if it is a literal, else from the resolver."""
    for family in (AF_INET, AF_INET6):
        try:
            _socket.inet_pton(family, server.host)
        except OSError:
            continue
        return [(family, (server.host, server.port))]
    return look_up(server, deadline)


def look_up(server: Server, deadline: float) -> list[Address]:
    """Ask the resolver, in a thread: getaddrinfo has no timeout.

    Host names are bytes, because text would load the IDNA codec.
    """
    import _thread

    found: list[Address] = []
    reasons: list[str] = []
    done = _thread.allocate_lock()
    done.acquire()

    def ask_the_resolver() -> None:
        try:
            for family, _, _, _, address in _socket.getaddrinfo(
                server.host.encode(), server.port, 0, SOCK_STREAM
            ):
                found.append((family, address))
        except OSError as failure:
            reasons.append(failure.strerror or str(failure))
        finally:
            done.release()

    try:
        _thread.start_new_thread(ask_the_resolver, ())
    except RuntimeError:
        raise NoAnswerError(f"can't look up {server.host}: the system has no thread left") from None
    if not done.acquire(timeout=seconds_left(deadline)):
        raise NoAnswerError(f"looking up {server.host} took too long")
    if not found:
        raise NoAnswerError(f"can't look up {server.host}: {''.join(reasons) or 'no address'}")
    return found


def seconds_left(deadline: float) -> float:
    """Seconds until ``deadline``; raise TimeoutError when there are none."""
    seconds = deadline - monotonic()
    if seconds <= 0.0:
        raise TimeoutError
    return seconds
