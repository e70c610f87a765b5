"""Authentication and authorization (docs/reference/access.md)."""
