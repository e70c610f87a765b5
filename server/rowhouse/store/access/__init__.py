"""What callers identify themselves with: tokens, sessions, idempotency keys."""
