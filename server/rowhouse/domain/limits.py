"""Limits of names, which the API, CNI calls and Kubernetes objects share."""

from __future__ import annotations

from typing import Final

MAX_NAME: Final = 253
"""Characters of a name: a Kubernetes name is a DNS subdomain (RFC 1123). It also fits a database index."""
MAX_LABEL: Final = 63
"""Characters of a namespace: a DNS label (RFC 1123)."""
MAX_INTERFACE: Final = 15
"""Bytes of an interface's name: Linux' IFNAMSIZ without its NUL."""
