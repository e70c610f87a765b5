"""Limits that several layers share: of names, and of pages of the API."""

from __future__ import annotations

from typing import Final

MAX_NAME: Final = 253
"""Characters of a name: a Kubernetes name is a DNS subdomain (RFC 1123). It also fits a database index."""
MAX_LABEL: Final = 63
"""Characters of a namespace: a DNS label (RFC 1123)."""
MAX_TTL: Final = 10 * 366 * 24 * 3600
"""Seconds of a reuse delay, of a reservation, or of a request."""
MAX_PAGE: Final = 1000
"""Items on a page of a list of the API. The command line asks for as many."""
MAX_INTERFACE: Final = 15
"""Bytes of an interface's name: Linux' IFNAMSIZ without its NUL."""
