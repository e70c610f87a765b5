"""Past owners of addresses and the audit log: search, retention, repair."""
