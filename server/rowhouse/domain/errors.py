"""All errors.

Every class has its CNI error code (CNI SPEC 1.1.0 section 5, codes from 100 are ours), its HTTP
status and its problem type (RFC 9457); the first line of its docstring is its title. Views convert
errors to bodies in one place.

A new error of a stored function also needs its SQLSTATE: `Refusal` and `BY_SQLSTATE` in store/connection/errors.py, the
view in migrations/schema/errors/error_codes.sql with `make revision`, and `MEANINGS` in tests/store/test_errors.py. A
new CNI code needs a row in docs/reference/plugin.md, a new problem type one in docs/reference/api.md. `cni/view.py`
turns some errors into others: look for its `except` clauses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Held:
    """What an error says about a refused address, in two parts: `message` names no owner, `by` only what holds it.

    `owners` are (cluster, namespace) of the owners that `by` names; None: it names more than owners.
    """

    message: str
    by: str
    owners: frozenset[tuple[str, str]] | None = None

    def is_within(self, cluster: str, namespace: str) -> bool:
        """Whether `by` names only owners of a namespace, whose users may read it."""
        return self.owners is not None and self.owners <= {(cluster, namespace)}


class RowhouseError(Exception):
    """Something went wrong in Rowhouse.

    `message` names the offending key and value, the pool and the pod; `hint` says what to do. `held` is set if the
    message names owners, or what an operator wrote, that not everyone may read.
    """

    cni_code: ClassVar[int] = 999
    http_status: ClassVar[int] = 500
    problem_type: ClassVar[str] = "internal"
    held: Held | None = None
    public: str = ""
    """The message for CNI answers and Kubernetes events, which the users of the pod's namespace read; "": `message`."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        message = _encodable(message)
        super().__init__(message)
        self.message = message
        self.hint = _encodable(hint)

    @classmethod
    def title(cls) -> str:
        """The first line of the class's docstring, without its full stop."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")

    def members(self) -> dict[str, object]:
        """Members of a problem document besides message and hint (RFC 9457 section 3.2)."""
        return {}


def _encodable(text: str) -> str:
    """The text, which may quote a caller's JSON, without halves of characters: no answer could hold them."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class UnsupportedVersion(RowhouseError):
    """The CNI version of the configuration is not supported."""

    cni_code = 1
    http_status = 400
    problem_type = "unsupported-cni-version"


class InvalidEnvironment(RowhouseError):
    """A CNI environment variable is missing or invalid."""

    cni_code = 4
    http_status = 400
    problem_type = "invalid-environment"


class InputFailure(RowhouseError):
    """The input could not be read."""

    cni_code = 5
    http_status = 400
    problem_type = "input-failure"


class InputTooLarge(InputFailure):
    """The input is larger than the server reads."""

    http_status = 413
    problem_type = "input-too-large"


class Undecodable(RowhouseError):
    """The network configuration could not be decoded."""

    cni_code = 6
    http_status = 400
    problem_type = "undecodable"


class InvalidConfig(RowhouseError):
    """The network configuration is not valid."""

    cni_code = 7
    http_status = 422
    problem_type = "invalid-config"


class TryAgain(RowhouseError):
    """The service is busy or its database is unreachable; try again later."""

    cni_code = 11
    http_status = 503
    problem_type = "try-again"


class AttachedElsewhere(TryAgain):
    """The owner's address is attached on another node."""

    problem_type = "attached-elsewhere"


class UnconfirmedObject(TryAgain):
    """The owner holds addresses already, and the uid of its object comes from a watch, which may be late."""

    problem_type = "unconfirmed-object"


class IsolatedPool(InvalidConfig):
    """The pool is isolated, and the configuration shares its addresses."""

    problem_type = "isolated-pool"


class InternalError(RowhouseError):
    """The server or its database has a fault; repeating the call will not help."""


class NotReady(RowhouseError):
    """The service cannot serve ADD now (CNI STATUS)."""

    cni_code = 50
    http_status = 503
    problem_type = "not-ready"


class PoolExhausted(RowhouseError):
    """A range has no free address left."""

    cni_code = 100
    http_status = 409
    problem_type = "pool-exhausted"


class AddressTaken(RowhouseError):
    """The requested address belongs to another owner."""

    cni_code = 101
    http_status = 409
    problem_type = "address-taken"


class AddressOutsideRanges(RowhouseError):
    """The requested address is outside every range."""

    cni_code = 102
    http_status = 422
    problem_type = "address-outside-ranges"


class NotReserved(RowhouseError):
    """There is no such reservation."""

    cni_code = 103
    http_status = 404
    problem_type = "not-reserved"


class QuotaExceeded(RowhouseError):
    """A quota does not allow another address."""

    cni_code = 104
    http_status = 409
    problem_type = "quota-exceeded"


class Unauthenticated(RowhouseError):
    """The caller is not authenticated."""

    cni_code = 110
    http_status = 401
    problem_type = "unauthenticated"


class NotAllowed(RowhouseError):
    """The caller may not do this."""

    cni_code = 110
    http_status = 403
    problem_type = "not-allowed"


class NotFound(RowhouseError):
    """The object does not exist."""

    http_status = 404
    problem_type = "not-found"


class InTheWay(RowhouseError):
    """The current state does not allow this change."""

    http_status = 409
    problem_type = "in-the-way"


class Outdated(RowhouseError):
    """The object has changed since it was read."""

    http_status = 412
    problem_type = "outdated"


class TooManyRequests(RowhouseError):
    """The caller exceeds its rate limit."""

    cni_code = 11
    http_status = 429
    problem_type = "too-many-requests"


class InvalidRequest(RowhouseError):
    """The request is not valid.

    `errors` lists each invalid value: its place as a JSON pointer (RFC 6901) into the body, or as
    `/query/name` or `/path/name`, and the reason.
    """

    http_status = 422
    problem_type = "invalid-request"

    def __init__(
        self, message: str, *, errors: Sequence[tuple[str, str]] = (), hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.errors = tuple(errors)

    def members(self) -> dict[str, object]:
        """The invalid values."""
        return {
            "errors": [{"pointer": pointer, "detail": detail} for pointer, detail in self.errors]
        }


class ReservationsInTheWay(InTheWay):
    """Reservations block this change.

    `first` has the first of them, as (address, owner); there are `total`.
    """

    problem_type = "reservations-in-the-way"

    def __init__(
        self, message: str, *, first: Sequence[tuple[str, str]], total: int, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.first = tuple(first)
        self.total = total

    def members(self) -> dict[str, object]:
        """The blocking reservations."""
        return {
            "in_the_way": [{"address": address, "owner": owner} for address, owner in self.first],
            "total": self.total,
        }


class KeyReused(RowhouseError):
    """The Idempotency-Key belongs to another request."""

    http_status = 422
    problem_type = "idempotency-key-reused"


class KeyInUse(RowhouseError):
    """The first request with this Idempotency-Key is still running."""

    http_status = 409
    problem_type = "idempotency-key-in-use"
