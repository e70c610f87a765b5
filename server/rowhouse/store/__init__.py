"""The database: schema, connections, the allocator's calls, history."""
