"""Reading JSON from a file, or from a server whom the settings name."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any, Final

import httpx

from rowhouse.domain.errors import TryAgain

_SECONDS: Final = 3.0
_LARGEST: Final = 1024 * 1024


def fetch(
    source: str,
    *,
    ca_file: str = "",
    token_file: str = "",
    body: dict[str, Any] | None = None,
) -> Any:
    """The JSON document at `source`, a path or an http(s) URL; with a `body` it is posted there.

    `ca_file` and `token_file` are read anew each time: Kubernetes renews them.

    Errors: TryAgain.
    """
    try:
        if "://" not in source:
            return json.loads(Path(source).read_bytes())
        return json.loads(_over_http(source, ca_file, token_file, body))
    except (OSError, ValueError, httpx.HTTPError) as error:
        raise TryAgain(
            f"{source} could not be read: {error}",
            hint="The server needs it to verify tokens.",
        ) from error


def _over_http(url: str, ca_file: str, token_file: str, body: dict[str, Any] | None) -> bytes:
    headers = {"Accept": "application/json", "User-Agent": "rowhouse"}
    if token_file:
        token = Path(token_file).read_text(encoding="ascii").strip()
        headers["Authorization"] = f"Bearer {token}"
    # Our token is for the server that the settings name: no other one is followed to.
    client = httpx.Client(
        verify=ssl.create_default_context(cafile=ca_file or None),
        timeout=_SECONDS,
        headers=headers,
        follow_redirects=False,
    )
    with client, client.stream("GET" if body is None else "POST", url, json=body) as answer:
        if not answer.is_success:
            raise ValueError(f"HTTP status {answer.status_code}")
        content = bytearray()
        for piece in answer.iter_bytes():
            content += piece
            if len(content) > _LARGEST:
                raise ValueError(f"it has more than {_LARGEST} bytes")
    return bytes(content)
