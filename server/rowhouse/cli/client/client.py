"""The API as the commands use it: documents in, documents out, a Failure for everything else."""

from __future__ import annotations

import sys
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import click
import httpx2

from rowhouse.cli.exits import NOT_READY, Failure, exit_code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]

_BASE: Final = "/api/v1"
_PAGE: Final = 1000
_ATTEMPTS: Final = 3
_MAX_WAIT: Final = 60
_TOO_MANY: Final = 429


class Client:
    """Calls the API through `http`, which knows where it is and in whose name."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def get(self, path: str, **query: Any) -> Document:
        """One document. `query` without what is None."""
        return self._call("GET", path, query=query)

    def find(self, path: str, *, most: int | None = None, **query: Any) -> list[Document]:
        """The items of a list, all pages of it, `most` at most."""
        found: list[Document] = []
        for page in self._pages(path, query, most):
            found += page
            if most is not None and len(found) >= most:
                break
        return found[:most]

    def post(self, path: str, body: Document) -> Document:
        """Make something, once, even where an answer was lost and the request is sent again."""
        return self._call("POST", path, body=body, headers={"Idempotency-Key": uuid.uuid4().hex})

    def patch(
        self, path: str, body: Document, *, version: int | None = None, **query: Any
    ) -> Document:
        """Change something; if a `version` is given, only that one."""
        return self._call("PATCH", path, query=query, body=body, headers=_if_match(version))

    def delete(self, path: str, *, version: int | None = None, **query: Any) -> None:
        """Remove something; if a `version` is given, only that one."""
        self._call("DELETE", path, query=query, headers=_if_match(version))

    def _pages(self, path: str, query: Document, most: int | None) -> Iterator[list[Document]]:
        cursor: str | None = None
        read = 0
        limit = min(_PAGE, most or _PAGE)
        tells = sys.stderr.isatty()
        while True:
            page = self.get(path, **query, limit=limit, cursor=cursor)
            yield page["items"]
            read += len(page["items"])
            cursor = page["next"]
            if cursor is None:
                break
            if tells:
                click.echo(f"\r{read:,} read …", err=True, nl=False)
        if tells and read > limit:
            click.echo("\r\x1b[K", err=True, nl=False)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Document | None = None,
        body: Document | None = None,
        headers: dict[str, str] | None = None,
    ) -> Document:
        # What may have happened already must not happen twice.
        repeatable = method == "GET" or "Idempotency-Key" in (headers or {})
        request = self._http.build_request(
            method, _BASE + path, params=_parameters(query or {}), json=body, headers=headers
        )
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._http.send(request)
            except httpx2.TransportError as error:
                if not repeatable or attempt == _ATTEMPTS or isinstance(error, httpx2.ConnectError):
                    raise _unreachable(request.url, error) from error
            else:
                if attempt == _ATTEMPTS or not _waited(answer):
                    return _document(answer)


def _parameters(query: Document) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value is not None
    }


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}


def _waited(answer: httpx2.Response) -> bool:
    """Waits as long as a server asks that gets too many requests; False if it does not ask."""
    wait = answer.headers.get("Retry-After", "")
    if answer.status_code != _TOO_MANY or not wait.isdecimal() or int(wait) > _MAX_WAIT:
        return False
    time.sleep(int(wait))
    return True


def _document(answer: httpx2.Response) -> Document:
    try:
        document = answer.json() if answer.content else {}
    except ValueError:
        document = None
    if answer.is_success and isinstance(document, dict):
        return document
    if not isinstance(document, dict) or "detail" not in document:
        raise Failure(
            f"{answer.url.host} answered {answer.status_code} {answer.reason_phrase}",
            hint="Is that the URL of a Rowhouse server, and no proxy in between?",
            exit_code=exit_code_of(answer.status_code),
        )
    raise Failure(
        _told(document),
        hint=document.get("hint", ""),
        exit_code=exit_code_of(answer.status_code, str(document.get("type", ""))),
    )


def _told(document: Document) -> str:
    """What was refused; values that are wrong by their names, as nobody typed a JSON pointer."""
    wrong = {
        f"{_name(error['pointer'])}: {error['detail']}" for error in document.get("errors") or ()
    }
    return "; ".join(sorted(wrong)) or str(document["detail"])


def _name(pointer: str) -> str:
    parts = [part for part in pointer.split("/") if part and not part.isdecimal()]
    return " ".join(parts[1:] if parts[:1] == ["query"] else parts) or "the request"


def _unreachable(url: httpx2.URL, error: Exception) -> Failure:
    where = f"{url.scheme}://{url.netloc.decode('ascii')}"
    if "WRONG_VERSION_NUMBER" in str(error):
        return Failure(
            f"{where} speaks plain http and not https",
            hint="Write http:// in --server (ROWHOUSE_SERVER), or have the server serve TLS.",
            exit_code=NOT_READY,
        )
    return Failure(
        f"no answer from {where}: {str(error) or type(error).__name__}",
        hint="Is the server running, and --server (ROWHOUSE_SERVER) its URL?",
        exit_code=NOT_READY,
    )
