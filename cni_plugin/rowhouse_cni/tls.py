"""https: TLS on the plugin's own socket, always verified.

``_ssl`` instead of ``ssl``: the latter imports ``enum``, ``re`` and ``socket`` and takes
longer than the rest of the call. ``ssl`` is built on it (CPython,
Modules/_ssl.c), and no part of the verification is in Python.
"""

import _ssl
import posix

from rowhouse_cni.answer import NoAnswerError
from rowhouse_cni.exchange import Socket, seconds_left
from rowhouse_cni.http_answer import Connection

# Where distributions keep trusted certificates, if there is no ca_file.
TRUSTED_BY_THE_HOST = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",
)
SPEAKS_HTTP = "it serves http, not https: use http:// in `server`, or enable TLS on the server"


class TlsConnection(Connection):
    """TLS over a connected socket. Raises NoAnswerError if the server can't be trusted."""

    def __init__(
        self,
        sock: Socket,
        host: str,
        context: _ssl._SSLContext,
        deadline: float,
        session: object = None,
    ) -> None:
        self.sock = sock
        self.context = context
        self.deadline = deadline
        self.sock.settimeout(seconds_left(deadline))
        wrap = context._wrap_socket  # type: ignore[attr-defined]
        self.channel = wrap(sock, server_side=False, server_hostname=host)
        if session is not None:
            self.channel.session = session
        try:
            self.channel.do_handshake()
        except TimeoutError:
            raise NoAnswerError(
                "the TLS handshake took too long; the server may serve http"
            ) from None
        except _ssl.SSLError as failure:
            if failure.reason == "WRONG_VERSION_NUMBER":  # of the record layer: it is no TLS
                raise NoAnswerError(SPEAKS_HTTP) from None
            raise

    def send(self, request: bytes) -> None:
        """Send all of it before the deadline."""
        while request:
            self.sock.settimeout(seconds_left(self.deadline))
            request = request[self.channel.write(request) :]

    def receive(self) -> bytes:
        """The next bytes, if any come before the deadline."""
        self.sock.settimeout(seconds_left(self.deadline))
        received: bytes = self.channel.read(65536)
        return received


def trusting(ca_file: str) -> _ssl._SSLContext:
    """A context that accepts only certificates that ``ca_file``, or else the host, trusts."""
    context = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = _ssl.PROTO_TLSv1_2
    context.verify_mode = _ssl.CERT_REQUIRED
    context.check_hostname = True
    trusted = ca_file or next(filter(exists, TRUSTED_BY_THE_HOST), "")
    if not trusted:
        raise NoAnswerError("this host has no list of trusted certificates: set ca_file")
    try:
        context.load_verify_locations(trusted)
    except OSError as failure:
        raise NoAnswerError(f"can't use ca_file {trusted}: {failure.strerror}") from None
    return context


def exists(path: str) -> bool:
    """Whether ``path`` exists."""
    try:
        posix.stat(path)
    except OSError:
        return False
    return True
