"""Reading JSON from a file, or from a server that the settings name."""

from __future__ import annotations

import functools
import json
import ssl
from pathlib import Path
from typing import Any, Final

import httpx2

from rowhouse.domain.errors import TryAgain

# The API server offers its keys only as the second type, and answers 406 to requests that do not accept it;
# OpenID Connect providers use the first.
_ACCEPT: Final = "application/json, application/jwk-set+json"
_SECONDS: Final = 3.0
_MAX_CONTEXTS: Final = 16
_MAX_BYTES: Final = 1024 * 1024
_MAX_MESSAGE_BYTES: Final = 16 * 1024
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404


class _Refused(ValueError):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP status {status}" + (f": {message}" if message else ""))
        self.status = status
        self.message = message


def fetch(
    location: str,
    *,
    ca_file: str = "",
    token_file: str = "",
    body: dict[str, Any] | None = None,
    needs: str = "",
) -> Any:
    """Read the JSON document at `location`, a path or an http(s) URL; with a `body`, POST it there.

    `token_file` is read each time, and `ca_file` when it has changed: Kubernetes renews them. `needs`: the permissions
    that the token's account needs, for the hint of a refusal.

    Errors: TryAgain.
    """
    try:
        if "://" not in location:
            return json.loads(Path(location).read_bytes())
        return json.loads(_over_http(location, ca_file, token_file, body))
    except (OSError, ValueError, httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise TryAgain(
            f"{location} could not be read: {str(error) or type(error).__name__}",
            hint=_hint(error, token_file, needs),
        ) from error


def status_of(error: TryAgain) -> int | None:
    """Return the HTTP status of a refusal; None if there was no response."""
    cause = error.__cause__
    return cause.status if isinstance(cause, _Refused) else None


def is_absence_of(error: TryAgain, name: str) -> bool:
    """Whether the API server says that this object does not exist. No other 404 proves that."""
    cause = error.__cause__
    return (
        isinstance(cause, _Refused)
        and cause.status == _NOT_FOUND
        and f'"{name}" not found' in cause.message
    )


def _hint(error: Exception, token_file: str, needs: str) -> str:
    status = error.status if isinstance(error, _Refused) else None
    if status == _FORBIDDEN and needs:
        return f"The server's service account needs {needs}."
    if status == _UNAUTHORIZED and token_file:
        return f"The server refuses the token in {token_file}. Check that Kubernetes renews it."
    if isinstance(error, OSError) and token_file and error.filename == token_file:
        return f"Mount a service account token of the server at {token_file}."
    return "The server needs it to verify tokens."


def _over_http(url: str, ca_file: str, token_file: str, body: dict[str, Any] | None) -> bytes:
    headers = {"Accept": _ACCEPT, "User-Agent": "rowhouse"}
    if token_file:
        token = Path(token_file).read_text(encoding="ascii").strip()
        headers["Authorization"] = f"Bearer {token}"
    # Do not follow redirects: the token is only for the server in the settings.
    client = httpx2.Client(
        verify=trust(ca_file),
        timeout=_SECONDS,
        headers=headers,
        follow_redirects=False,
    )
    with client, client.stream("GET" if body is None else "POST", url, json=body) as answer:
        if not answer.is_success:
            said = _content(answer, _MAX_MESSAGE_BYTES)
            raise _Refused(answer.status_code, _message(said))
        return _content(answer, _MAX_BYTES)


def trust(ca_file: str) -> ssl.SSLContext:
    """Return the context for these authorities, "" for the system's. Errors: OSError, ssl.SSLError."""
    return _trust(ca_file, _version(ca_file))


@functools.lru_cache(maxsize=_MAX_CONTEXTS)
def _trust(ca_file: str, _version: tuple[int, ...]) -> ssl.SSLContext:
    """Return the context for these authorities: it takes longer to make than a request."""
    return ssl.create_default_context(cafile=ca_file or None)


def _version(ca_file: str) -> tuple[int, ...]:
    """Tell one content of the file from the next."""
    if not ca_file:
        return ()
    found = Path(ca_file).stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _content(answer: httpx2.Response, limit: int) -> bytes:
    content = bytearray()
    for piece in answer.iter_bytes():
        content += piece
        if len(content) > limit:
            raise ValueError(f"HTTP status {answer.status_code} with more than {limit} bytes")
    return bytes(content)


def _message(body: bytes) -> str:
    """Return the message of the API server's Status object; "" for anything else, such as a proxy's page."""
    try:
        document = json.loads(body)
        message = document["message"] if document["kind"] == "Status" else ""
    except (KeyError, TypeError, ValueError):
        return ""
    return " ".join(str(message).split())
