"""What a reply must have in common with the recorded answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from k8s.recorded.events import watch_differences
from k8s.recorded.objects import bodies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from k8s.recorded.exchanges import Exchange
    from k8s.recorded.refusals import Difference
    from k8s.recorded.sending import Reply

_HEADERS = ("Content-Type", "Retry-After", "X-Content-Type-Options")


def differences(exchange: Exchange, reply: Reply) -> Iterator[Difference]:
    """All that differs."""
    if exchange.status != reply.status:
        yield "status", exchange.status, (reply.status, reply.data[:400], reply.ended)
    elif exchange.status is not None and exchange.request["method"] != "HEAD":
        yield from _headers(exchange, reply)
        yield from _contents(exchange, reply)


def _headers(exchange: Exchange, reply: Reply) -> Iterator[Difference]:
    recorded = exchange.response["headers"]
    names = [*_HEADERS, *(("Content-Encoding",) if _are_both_large(exchange, reply) else ())]
    for name in names:
        if recorded.get(name) != reply.header(name):
            yield name, recorded.get(name), reply.header(name)
    warned = [value for key, value in reply.headers if key == "Warning"]
    if recorded.get("Warning") != (warned[-1] if warned else None):
        yield "Warning", recorded.get("Warning"), warned
    # Go's server says the length of what fits into its buffer.
    is_chunked = reply.header("Transfer-Encoding") == "chunked"
    if not exchange.is_watch and is_chunked is not (len(reply.data) > 2048):
        yield "chunked", len(reply.data), is_chunked


def _contents(exchange: Exchange, reply: Reply) -> Iterator[Difference]:
    kind = reply.header("Content-Type") or ""
    if kind.startswith("text/plain"):
        yield from _texts(exchange, reply)
    elif exchange.is_watch and exchange.status == 200:
        yield from watch_differences(exchange, reply)
    elif kind.startswith("application/yaml"):
        yield from _yaml(exchange, reply)
    elif exchange.body:
        yield from bodies(exchange.body, reply.document)
    elif exchange.text.startswith("{"):
        yield from _beginnings(exchange.text, reply.document)


def _are_both_large(exchange: Exchange, reply: Reply) -> bool:
    limit = 128 * 1024
    return (int(exchange.response.get("bytes") or 0) > limit) == (len(reply.data) > limit)


def _texts(exchange: Exchange, reply: Reply) -> Iterator[Difference]:
    said, told = exchange.text, reply.data.decode()
    if exchange.route.path.startswith(("/metrics", "/openapi")):
        said, told = said[:9], told[:9]
    if said.startswith("[+]"):  # checks of a version: what matters is whether all succeed
        said, told = (_checks(text) for text in (said, told))
    if said != told:
        yield "text", said, told


def _checks(text: str) -> str:
    first = text.split("\n", 1)[0]
    return f"{first} {'[-]informer' in text}"


def _yaml(exchange: Exchange, reply: Reply) -> Iterator[Difference]:
    if exchange.status != 200 and exchange.text:
        yield from bodies(yaml.safe_load(exchange.text), reply.document)
        return
    found = re.search(r"^kind: (\w+)", exchange.text, re.MULTILINE)
    if found and found[1] != reply.document["kind"]:
        yield "kind", found[1], reply.document["kind"]


def _beginnings(text: str, told: Any) -> Iterator[Difference]:
    """Of an excerpt: the kind, and what its metadata begins with."""
    for key in ("kind", "apiVersion"):
        if (found := re.match(rf'\{{[^{{}}]*"{key}":"([^"]+)"', text)) and told.get(key) != found[
            1
        ]:
            yield key, found[1], told.get(key)
    for key in ("continue", "remainingItemCount"):
        begin = text.partition('"items"')[0] if '"items"' in text[:400] else ""
        if begin.startswith('{"kind"') and (f'"{key}"' in begin) != (key in told["metadata"]):
            yield key, begin, told["metadata"]
    if text.startswith('{"kind":"Table"'):
        names = re.findall(r'\{"name":"([^"]+)","type"', text)
        if names != [one["name"] for one in told["columnDefinitions"]][: len(names)]:
            yield "columns", names, told["columnDefinitions"]
