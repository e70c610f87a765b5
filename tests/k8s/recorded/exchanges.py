"""The recorded exchanges of a real API server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fixtures.apiserver.http.route import route_of
from fixtures.apiserver.kinds import RECORDED

if TYPE_CHECKING:
    from fixtures.apiserver.http.route import Route

TOPICS = sorted(file.stem for file in (RECORDED / "apiserver").glob("*.json"))


@dataclass(frozen=True)
class Exchange:
    """A request, and what the real server answered."""

    number: int
    name: str
    why: str
    request: dict[str, Any]
    response: dict[str, Any]

    def __str__(self) -> str:
        query = f"?{self.request['query']}" if self.request.get("query") else ""
        return f"{self.number} {self.name}: {self.request['method']} {self.request['path']}{query}"

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.request.get("query") or "", keep_blank_values=True))

    @property
    def route(self) -> Route:
        return route_of(self.request["method"], self.request["path"], self.query)

    @property
    def status(self) -> int | None:
        """None: there was no answer."""
        status = self.response["status"]
        return None if status is None else int(status)

    @property
    def body(self) -> Any:
        """The answer's object, or {} where it is none or only an excerpt."""
        body = self.response.get("body")
        return body if isinstance(body, dict) else {}

    @property
    def text(self) -> str:
        """The answer's text, or the beginning of it."""
        said = self.response.get("body_text") or self.response.get("body_excerpt") or ""
        return said if isinstance(said, str) else ""

    @property
    def is_watch(self) -> bool:
        return self.route.verb == "watch"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of a watch; those of an excerpt as far as they are whole."""
        if self.status != 200 or not self.is_watch:
            return []
        found = self.response.get("events") or ([self.body] if "type" in self.body else [])
        if not found:
            lines = self.text.splitlines()
            found = [one for line in lines if (one := _whole(line)) is not None]
        return [one for one in found if "not_json" not in one]

    @property
    def version(self) -> int:
        """The resourceVersion that the answer says, 0 if none or several."""
        if self.is_watch:
            return 0
        body = self.body or _whole(self.text) or {}
        metadata = body.get("metadata") or {}
        if text := metadata.get("resourceVersion"):
            return int(text)
        begin = self.text.partition('"resourceVersion":"')[2].partition('"')[0]
        return int(begin) if begin.isdecimal() else 0


def exchanges_of(topic: str) -> list[Exchange]:
    """All exchanges of a file."""
    recorded = json.loads((RECORDED / "apiserver" / f"{topic}.json").read_bytes())
    return [
        Exchange(number, one["name"], one["why"], one["request"], one["response"])
        for number, one in enumerate(recorded)
    ]


def _whole(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
