"""The mirror: a one-way copy of the database in whereabouts' objects, for tools that read those."""
