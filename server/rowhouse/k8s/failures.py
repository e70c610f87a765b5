"""Interpret errors of the Kubernetes API: all handling of lightkube's and httpx2's exceptions is here.

lightkube makes an ApiError of a Status in JSON alone. The 404 of a kind without a CRD, the 429 of priority and
fairness, and the answers of a proxy are plain text and arrive as HTTPStatusError; a body that ends in the middle
of a line is a msgspec.DecodeError (a ValueError).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx2
from lightkube import ApiError
from lightkube.core import decoders
from lightkube.core.exceptions import ConfigError, NotReadyError

from rowhouse.domain.errors import TryAgain

if TYPE_CHECKING:
    from lightkube.models.meta_v1 import Status

ERRORS: Final = (
    httpx2.HTTPError,
    httpx2.StreamError,
    ConfigError,
    NotReadyError,
    OSError,
    ValueError,
)
"""Everything that a call of the client raises when the API server does not answer, or not as expected.

ConfigError and OSError: the file with the service account's token can be missing for a moment.
"""

_MAX_MESSAGE: Final = 300
"""Maximum length in characters of a body that is not a Status, such as a proxy's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A parsed error.

    `status` is the HTTP status, 0 without an answer. `reason` is that of the Status ("NotFound", "Expired"), "" if
    the body is not a Status. `name` is the object that the Status is about. `retry_after` is in seconds, 0 if absent.
    """

    status: int = 0
    reason: str = ""
    message: str = ""
    name: str = ""
    retry_after: float = 0.0

    @property
    def is_denied(self) -> bool:
        """Whether the account is unknown or lacks a permission. A starting API server also answers this."""
        return self.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}

    @property
    def is_expired(self) -> bool:
        """Whether a resourceVersion is older than what the API server knows."""
        return self.status == HTTPStatus.GONE or self.reason in {"Expired", "Gone"}

    @property
    def is_unknown_kind(self) -> bool:
        """Whether the API server does not serve the kind: its CRD is not installed."""
        return self.status == HTTPStatus.NOT_FOUND and not self.name and '"' not in self.message

    def is_absence_of(self, name: str) -> bool:
        """Whether the API server says that this object does not exist. No other 404 proves that."""
        return (
            self.status == HTTPStatus.NOT_FOUND
            and self.reason == "NotFound"
            and (self.name == name or f'"{name}" not found' in self.message)
        )


class KubernetesFailure(TryAgain):
    """The Kubernetes API did not answer, or refused."""

    def __init__(self, message: str, *, hint: str, failure: Failure) -> None:
        super().__init__(message, hint=hint)
        self.failure = failure


def failure_of(error: BaseException) -> Failure:
    """Parse any of ERRORS."""
    if isinstance(error, ApiError):
        return _of_status(error.status, getattr(error, "response", None))
    if isinstance(error, httpx2.HTTPStatusError):
        response = error.response
        body = ""
        with contextlib.suppress(httpx2.HTTPError, httpx2.StreamError):
            body = response.text
        with contextlib.suppress(ValueError):
            # A watch, or a content type with a charset: lightkube did not parse the body.
            status = decoders.decode_status(body.encode())
            if status.code:
                return _of_status(status, response)
        return Failure(
            status=response.status_code,
            message=" ".join(body.split())[:_MAX_MESSAGE]
            or f"{response.status_code} {response.reason_phrase}",
            retry_after=_seconds(response.headers.get("Retry-After", "")),
        )
    return Failure(message=str(error) or type(error).__name__)


CONTROLLER_RIGHTS: Final = "The account needs the permission: see the chart's ClusterRole."


def explain(
    error: BaseException, what: str, *, rights: str = CONTROLLER_RIGHTS
) -> KubernetesFailure:
    """Convert `error` of the attempt `what`; `rights`: the remedy for a missing permission."""
    failure = failure_of(error)
    if not failure.status:
        message = f"Kubernetes could not be reached for {what}: {failure.message}"
    else:
        message = f"Kubernetes refused {what}: {failure.message}"
    hint = "The server retries."
    if failure.is_denied:
        hint = rights
    elif failure.is_unknown_kind:
        hint = "The API server does not serve this kind: install its CRD."
    return KubernetesFailure(message, hint=hint, failure=failure)


def _of_status(status: Status, response: httpx2.Response | None) -> Failure:
    details = status.details
    header = response.headers.get("Retry-After", "") if response is not None else ""
    asked = (details.retryAfterSeconds if details else None) or 0
    return Failure(
        status=int(status.code or (response.status_code if response is not None else 0)),
        reason=str(status.reason or ""),
        message=str(status.message or ""),
        name=str((details.name if details else None) or ""),
        retry_after=max(_seconds(header), float(asked)),
    )


def _seconds(header: str) -> float:
    """Return the seconds of a Retry-After header. The API server sends no dates."""
    return float(header) if header.isdecimal() and header.isascii() else 0.0
