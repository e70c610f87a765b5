"""The Kubernetes API as JSON, for requests without a typed kind.

The client of `client.py` decodes objects into types; discovery, reviews of access and proxied requests have none.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

import httpx2
from lightkube import KubeConfig
from lightkube.config import client_adapter
from lightkube.core.exceptions import ConfigError

from rowhouse.domain.errors import NotReady, TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_TIMEOUT: Final = httpx2.Timeout(5.0)
_PAGE: Final = 250
_MAX_TEXT: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the API server, of any status.

    `document` is its JSON, None if it is not JSON. `text` is the whole body. `message` is the reason of a refusal.
    `date` is the server's clock in seconds since 1970, None if unknown.
    """

    status: int
    document: Any
    text: str
    message: str
    date: float | None

    @property
    def is_success(self) -> bool:
        """Whether the request was served."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, section 15

    @property
    def is_denied(self) -> bool:
        """Whether the account is unknown or lacks the permission."""
        return self.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}

    @property
    def is_absent(self) -> bool:
        """Whether there is no such path, kind or object."""
        return self.status == HTTPStatus.NOT_FOUND


class KubernetesApi:
    """Requests to one API server, as one account. Safe to share between threads; a context manager.

    Args:
        kubeconfig: a file; None: a pod's service account, KUBECONFIG or ~/.kube/config, in this order.
        context: of the kubeconfig.

    Raises:
        NotReady: there is no access.
    """

    def __init__(self, kubeconfig: str | None = None, context: str | None = None) -> None:
        try:
            found = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
            config = found.get(context)
            if config is None:
                raise ConfigError(f"there is no context {context!r}")  # noqa: TRY301 - told below
            self._client = client_adapter.Client(
                config, client_adapter.ConnectionParams(timeout=_TIMEOUT)
            )
        except (ConfigError, OSError, ValueError, KeyError) as error:
            raise NotReady(
                f"no access to Kubernetes: {error}",
                hint="Name a kubeconfig file with --kubeconfig, or run in a pod with a service account.",
            ) from error
        self.server = config.cluster.server
        self.namespace = config.namespace

    def get(self, path: str, *, accept: str = "application/json", **query: str) -> Answer:
        """GET a path. Raises TryAgain if no answer comes."""
        return self._send("GET", path, query, None, accept)

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        """POST an object. Raises TryAgain if no answer comes."""
        return self._send("POST", path, {}, body, "application/json")

    def items(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Yield the items of a list. Reads in pages. Raises Refused."""
        token = ""
        while True:
            more = {"continue": token} if token else {}
            answer = self.get(path, limit=str(_PAGE), **more, **query)
            if not answer.is_success:
                raise Refused(path, answer)
            yield from answer.document.get("items") or ()
            token = (answer.document.get("metadata") or {}).get("continue") or ""
            if not token:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def _send(
        self, method: str, path: str, query: dict[str, str], body: Any, accept: str
    ) -> Answer:
        try:
            response = self._client.request(
                method, path, params=query, json=body, headers={"Accept": accept}
            )
        except (httpx2.HTTPError, ConfigError, OSError) as error:
            raise TryAgain(
                f"the API server {self.server} could not be reached:"
                f" {str(error) or type(error).__name__}",
                hint="Check that it is running, and that no NetworkPolicy or proxy blocks the connection.",
            ) from error
        return _answer(response)


class Refused(TryAgain):
    """The API server did not serve a request."""

    def __init__(self, path: str, answer: Answer) -> None:
        super().__init__(f"Kubernetes refused {path}: {answer.message}")
        self.answer = answer


def _answer(response: httpx2.Response) -> Answer:
    document: Any = None
    with contextlib.suppress(ValueError):
        document = response.json()
    said = document.get("message") if isinstance(document, dict) else None
    text = str(said or " ".join(response.text.split())[:_MAX_TEXT])
    return Answer(
        status=response.status_code,
        document=document,
        text=response.text,
        message=f"{text or response.reason_phrase} (HTTP {response.status_code})",
        date=_seconds(response.headers.get("Date", "")),
    )


def _seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
