"""The client address of a request, and the limit on its refused credentials."""

from __future__ import annotations

import ipaddress
import math
from typing import TYPE_CHECKING, Final

import structlog
from flask import g, request

from rowhouse.auth.limits import Limiter
from rowhouse.domain.errors import TooManyRequests

if TYPE_CHECKING:
    from rowhouse.auth.limits import Rate
    from rowhouse.domain.errors import RowhouseError

_log = structlog.get_logger(__name__)
_GUESSING: Final = "this address with invalid tokens"


class AuthenticationFailures:
    """Counts refused credentials by client address."""

    def __init__(self, rate: Rate) -> None:
        self._limiter = Limiter(rate)

    def check(self) -> None:
        """Raises TooManyRequests if the current client has no attempt left."""
        refuse_if(self._limiter.wait(_client_address()), _GUESSING)

    def count(self, refusal: RowhouseError) -> None:
        """Count a refused attempt of the current client. Raises TooManyRequests if it had none left."""
        _log.warning("refused", client_address=request.remote_addr, reason=refusal.message)
        refuse_if(self._limiter.take(_client_address()), _GUESSING)


def refuse_if(wait: float, who: str) -> None:
    """Raises TooManyRequests with the seconds to wait, unless that is 0."""
    if wait > 0:
        g.retry_after = math.ceil(wait)
        raise TooManyRequests(
            f"too many requests from {who}", hint=f"Try again in {math.ceil(wait)} s."
        )


def _client_address() -> str:
    """The client's address; for IPv6 its /64, because one host owns all of it."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return request.remote_addr or ""
    if address.version == 4:  # noqa: PLR2004
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
