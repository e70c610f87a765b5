"""The mirror: what the database knows, as whereabouts' objects, for the tools that look there. One way."""
