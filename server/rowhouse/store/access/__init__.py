"""Tokens, sessions and idempotency keys."""
