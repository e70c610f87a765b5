"""Connect to a server with a token."""

from __future__ import annotations

import contextlib
import functools
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import httpx2

from rowhouse.cli.exits import Failure
from rowhouse.domain.echo import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS: Final = 30.0
_LAST_PORT: Final = 65_535


@contextlib.contextmanager
def over_http(server: str, token_file: str | None, ca_file: str | None) -> Iterator[httpx2.Client]:
    """Return a client of the server at a URL.

    Args:
        server: http or https.
        token_file: the file with the token; by default the token in ROWHOUSE_TOKEN, if any.
        ca_file: certificate authorities to use instead of the system's.

    Raises:
        click.BadParameter: the URL is invalid.
        Failure: a file cannot be used.
    """
    try:
        url = httpx2.URL(server)
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    # (A port above 65535 would wrap to another port, which would then get the token.)
    if url.scheme not in {"http", "https"} or not url.host or (url.port or 1) > _LAST_PORT:
        raise click.BadParameter(
            f"{shown(server)} is not the URL of a server, such as https://rowhouse:8080",
            param_hint="--server (ROWHOUSE_SERVER)",
        )
    token = _token(token_file)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx2.Client(
        base_url=url, headers=headers, timeout=_SECONDS, verify=_trust(ca_file)
    ) as client:
        yield client


def _token(file: str | None) -> str:
    if file is None:
        text, where = os.environ.get("ROWHOUSE_TOKEN", ""), "ROWHOUSE_TOKEN"
    else:
        where = file
        try:
            text = Path(file).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(f"the token cannot be read: {error}") from error
    token = text.strip()
    if not all(33 <= ord(character) <= 126 for character in token):  # noqa: PLR2004 - visible ASCII
        raise Failure(f"{where} contains no token")
    return token


@functools.cache
def _trust_of_the_system() -> ssl.SSLContext:
    return ssl.create_default_context()


def _trust(ca_file: str | None) -> ssl.SSLContext:
    if ca_file is None:
        return _trust_of_the_system()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Failure(f"{ca_file} contains no usable certificates: {error}") from error
