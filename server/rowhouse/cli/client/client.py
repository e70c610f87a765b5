"""The API client of the commands: documents in and out, and a Failure for every error."""

from __future__ import annotations

import sys
import time
import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import click
import httpx2

from rowhouse.cli.client.connection_errors import serves_tls, unreachable, wrong_scheme
from rowhouse.cli.client.hints import for_command_line, parameter
from rowhouse.cli.exits import NOT_FOUND, Failure, exit_code_of
from rowhouse.domain.limits import MAX_PAGE
from rowhouse.domain.teams import SEEN

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]

_BASE: Final = "/api/v1"
_ATTEMPTS: Final = 3
_MAX_WAIT: Final = 60
_TOO_MANY: Final = 429
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404


class Client:
    """Calls the API through `http`, which has the base URL and the credentials."""

    def __init__(self, http: httpx2.Client, *, is_dry_run: bool = False) -> None:
        self._http = http
        self.is_dry_run = is_dry_run
        """Whether the server only tries changes."""
        self.namespaces: list[str] | None = None
        """The namespaces that the caller sees, known from the first answer on; None: all."""

    @property
    def team(self) -> str:
        """The namespaces of a team, in words; "" for a caller that sees all."""
        return f"your namespaces ({', '.join(self.namespaces)})" if self.namespaces else ""

    def get(self, path: str, **query: Any) -> Document:
        """Get one document. None values are dropped from `query`."""
        return self._call("GET", path, query=query)

    def find(self, path: str, *, most: int | None = None, **query: Any) -> list[Document]:
        """Get all items of a list, page by page, but at most `most`."""
        found: list[Document] = []
        for page in self._pages(path, query, most):
            found += page
            if most is not None and len(found) >= most:
                break
        return found[:most]

    def export(self, path: str, query: str, **more: Any) -> list[Document]:
        """Get the rows of a table of the pages as its JSON export has them: `query` is the query string of its page."""
        parameters = {**dict(parse_qsl(query)), **_parameters(more)}
        return _rows(self._send(self._http.build_request("GET", path, params=parameters)))

    def post(self, path: str, body: Document | None = None, **query: Any) -> Document:
        """Create an object exactly once, even if the response is lost and the request is repeated."""
        key = {"Idempotency-Key": uuid.uuid4().hex}
        return self._call("POST", path, query=query, body=body, headers=key)

    def patch(
        self, path: str, body: Document, *, version: int | None = None, **query: Any
    ) -> Document:
        """Update an object; with `version`, only if it still has that version."""
        return self._call("PATCH", path, query=query, body=body, headers=_if_match(version))

    def delete(self, path: str, *, version: int | None = None, **query: Any) -> None:
        """Delete an object; with `version`, only if it still has that version."""
        self._call("DELETE", path, query=query, headers=_if_match(version))

    def _pages(self, path: str, query: Document, most: int | None) -> Iterator[list[Document]]:
        cursor: str | None = None
        read = 0
        limit = min(MAX_PAGE, most or MAX_PAGE)
        tells = sys.stderr.isatty()
        while True:
            page = self.get(path, **query, limit=limit, cursor=cursor)
            if not page.keys() >= {"items", "next"}:
                raise _no_server(str(self._http.base_url), "a list without items")
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
        if self.is_dry_run and method != "GET":
            query = {**(query or {}), "dry_run": True}
        # The request may already have been served, and must not run twice.
        repeatable = method == "GET" or "Idempotency-Key" in (headers or {})
        request = self._http.build_request(
            method, _BASE + path, params=_parameters(query or {}), json=body, headers=headers
        )
        return _document(self._send(request, repeatable=repeatable))

    def _send(self, request: httpx2.Request, *, repeatable: bool = True) -> httpx2.Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._http.send(request)
            except httpx2.TransportError as error:
                if not repeatable or attempt == _ATTEMPTS or isinstance(error, httpx2.ConnectError):
                    raise unreachable(request.url, error) from error
            else:
                if SEEN in answer.headers:
                    self.namespaces = answer.headers[SEEN].split(",")
                if attempt == _ATTEMPTS or not _waited(answer):
                    return answer


def _parameters(query: Document) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value is not None
    }


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}


def _waited(answer: httpx2.Response) -> bool:
    """Wait for the time that a rate-limiting server asks for; False if it does not ask."""
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
    raise _failure(answer, document)


def _rows(answer: httpx2.Response) -> list[Document]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if answer.is_success and isinstance(document, list):
        return document
    raise _failure(answer, document)


def _failure(answer: httpx2.Response, document: Any) -> Failure:
    if not isinstance(document, dict) or "detail" not in document:
        if answer.status_code == _BAD_REQUEST and serves_tls(answer.url):
            return wrong_scheme(answer.url)
        return _not_ours(answer)
    if answer.status_code == _NOT_FOUND and answer.url.path.count(_BASE) > 1:
        return _not_ours(answer)
    return Failure(
        _told(document),
        hint=for_command_line(document.get("hint", "")),
        exit_code=exit_code_of(answer.status_code, str(document.get("type", ""))),
    )


def _told(document: Document) -> str:
    """Return the error message; it names invalid values by their options instead of JSON pointers."""
    # (FIRST-LAST sets two fields.)
    wrong = dict.fromkeys(
        f"{_name(error['pointer'])}{error['detail']}" for error in document.get("errors") or ()
    )
    return for_command_line("; ".join(wrong) or str(document["detail"]))


def _name(pointer: str) -> str:
    """Return the name of an invalid value, with a colon; "" for the request as a whole."""
    parts = [part for part in pointer.split("/") if part and not part.isdecimal()]
    if parts[:1] == ["query"] or (parts[:1] == ["owner"] and len(parts) > 1):
        del parts[0]
    if not parts:
        return ""
    name = parameter(parts[0])
    return f"{' '.join([name, *parts[1:]] if name else parts)}: "


def _not_ours(answer: httpx2.Response) -> Failure:
    """Return the failure for a URL that answers, but not as the API does."""
    return _no_server(
        str(answer.url).rpartition(_BASE)[0],
        f"{answer.status_code} {answer.reason_phrase}",
        exit_code=NOT_FOUND if answer.is_success else exit_code_of(answer.status_code),
    )


def _no_server(url: str, said: str, *, exit_code: int = NOT_FOUND) -> Failure:
    return Failure(
        f"{url} does not answer as a Rowhouse server: {said}",
        hint="Check the path in --server (ROWHOUSE_SERVER), and that no proxy is in between.",
        exit_code=exit_code,
    )
