"""The database. Each package has one job; only `connection` is used by the others."""
