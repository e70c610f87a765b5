"""Names the reason why a server does not answer, and the option that helps."""

from __future__ import annotations

import socket
import ssl
from typing import Final

import httpx2

from rowhouse.cli.exits import NOT_READY, Failure

_PROBE_SECONDS: Final = 3.0


def unreachable(url: httpx2.URL, error: httpx2.TransportError) -> Failure:
    """Return the failure for a request without an answer."""
    where, said = _origin(url), str(error)
    if "WRONG_VERSION_NUMBER" in said:
        return Failure(
            f"{where} serves http, not https",
            hint="Use http:// in --server (ROWHOUSE_SERVER), or enable TLS on the server.",
            exit_code=NOT_READY,
        )
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return _untrusted(where, said)
    if isinstance(error, (httpx2.RemoteProtocolError, httpx2.ReadError)) and serves_tls(url):
        return wrong_scheme(url)
    return Failure(
        f"no answer from {where}: {said or type(error).__name__}",
        hint="Check that the server is running and that --server (ROWHOUSE_SERVER) is its URL.",
        exit_code=NOT_READY,
    )


def wrong_scheme(url: httpx2.URL) -> Failure:
    """Return the failure for an http URL of a server that serves https."""
    return Failure(
        f"{_origin(url)} serves https, not http",
        hint="Use https:// in --server (ROWHOUSE_SERVER).",
        exit_code=NOT_READY,
    )


def serves_tls(url: httpx2.URL) -> bool:
    """Whether the server of an http URL answers a TLS handshake. No request is sent, and nothing is trusted."""
    if url.scheme != "http":
        return False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((url.host, url.port or 80), timeout=_PROBE_SECONDS) as tcp,
            context.wrap_socket(tcp, server_hostname=url.host),
        ):
            return True
    except (OSError, ValueError):
        return False


def _untrusted(where: str, said: str) -> Failure:
    reason = said.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or said
    if "mismatch" in reason:
        hint = "Use a name or an address of the server's certificate in --server (ROWHOUSE_SERVER)."
    elif "expired" in reason or "not yet valid" in reason:
        hint = "Renew the server's certificate, or correct the clock of this machine."
    else:
        hint = "Pass the certificate authority of the server with --ca-file (ROWHOUSE_CA_FILE)."
    return Failure(
        f"the certificate of {where} is not trusted: {reason}", hint=hint, exit_code=NOT_READY
    )


def _origin(url: httpx2.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
