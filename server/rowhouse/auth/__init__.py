"""Who is calling, and what they may do (docs/reference/access.md)."""
