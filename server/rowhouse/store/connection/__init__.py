"""How the server reaches the database: connections, deadlines, errors, the tables as models."""
