"""Access to the database: connections, deadlines, errors, and the tables as models."""
