"""Parse the address in a path."""

from __future__ import annotations

from rowhouse.domain.addresses import (
    AddressSyntaxError,
    MappedAddressError,
    format_address,
    parse_address,
)
from rowhouse.domain.errors import NotFound


def canonical(text: str) -> str:
    """Return the address as the database writes it. Raises NotFound if it is not an address."""
    try:
        return format_address(parse_address(text))
    except (AddressSyntaxError, MappedAddressError) as error:
        raise NotFound(str(error), hint="Use the search to find the address.") from None
