-- Saves a view of a table on the pages.
INSERT INTO rowhouse.saved_views (table_name, name, author, is_shared, query)
VALUES (%(table)s, %(name)s, %(author)s, %(is_shared)s, %(query)s)
RETURNING id
