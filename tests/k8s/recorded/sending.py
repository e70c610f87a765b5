"""Sending a recorded request just as it was, header for header."""

from __future__ import annotations

import gzip
import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import yaml

if TYPE_CHECKING:
    from k8s.recorded.exchanges import Exchange

_OURS = {"authorization", "host", "content-length"}


@dataclass
class Reply:
    """What came back; `ended` says how a body ended if not well, or that there was no answer."""

    status: int | None
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: bytes = b""
    ended: str = ""

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return found[-1] if found else None

    @property
    def document(self) -> Any:
        """The body as an object, or {}."""
        kind = self.header("Content-Type") or ""
        try:
            if kind.startswith("application/yaml"):
                return yaml.safe_load(self.data)
            return json.loads(self.data) if self.data else {}
        except ValueError:
            return {}

    @property
    def events(self) -> list[Any]:
        """The lines of a watch that are whole."""
        return [json.loads(line) for line in self.data.split(b"\n") if line.endswith(b"}")]


def send(url: str, exchange: Exchange, token: str | None, body: bytes | None) -> Reply:
    """The reply to the exchange's request; `token` None: without credentials."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    path = quote(exchange.request["path"])
    if query := exchange.request.get("query"):
        path += f"?{query}"
    reply = Reply(None)
    try:
        connection.putrequest(exchange.request["method"], path, skip_accept_encoding=True)
        for name, value in exchange.request["headers"].items():
            if name.lower() not in _OURS and value is not None:
                connection.putheader(name, value)
        if token is not None:
            connection.putheader("Authorization", token)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        reply.status, reply.headers = response.status, response.getheaders()
        reply.data = response.read()
    except http.client.IncompleteRead as cut:
        reply.data, reply.ended = cut.partial, type(cut).__name__
    except (ConnectionError, http.client.HTTPException) as error:
        reply.ended = type(error).__name__
    finally:
        connection.close()
    if reply.header("Content-Encoding") == "gzip":
        reply.data = gzip.decompress(reply.data)
    return reply
