-- What a table of the pages shows is in its URL, so a view is the query string of one. The pages check it against the
-- columns and filters of the table, which the database does not know.

CREATE TABLE saved_views (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name text NOT NULL CHECK (table_name ~ '^[a-z][a-z-]{0,39}$'),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 80 AND name = btrim(name)),
    author     text NOT NULL CHECK (author <> ''),
    is_shared  boolean NOT NULL DEFAULT false,
    query      text NOT NULL CHECK (length(query) <= 2000),
    saved_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT saved_views_own UNIQUE (author, table_name, name)
);
CREATE UNIQUE INDEX saved_views_shared ON saved_views (table_name, name) WHERE is_shared;
COMMENT ON TABLE saved_views IS
    'Views of the tables on the pages: filter, order and columns under a name. One caller has at most 100 of them.';
COMMENT ON COLUMN saved_views.id IS 'ID of the view.';
COMMENT ON COLUMN saved_views.table_name IS 'Name of the table on the pages, such as reservations.';
COMMENT ON COLUMN saved_views.name IS 'Name of the view, up to 80 characters.';
COMMENT ON COLUMN saved_views.author IS 'The caller that saved it.';
COMMENT ON COLUMN saved_views.is_shared IS 'Whether all users see it; false: only its author does.';
COMMENT ON COLUMN saved_views.query IS
    'Filter, order and columns as the query string of the page, up to 2,000 characters; '''': as the table is by default.';
COMMENT ON COLUMN saved_views.saved_at IS 'When it was saved last.';
COMMENT ON INDEX saved_views_pkey IS 'Finds a view by its ID.';
COMMENT ON INDEX saved_views_own IS 'The views of an author; their names differ within a table.';
COMMENT ON INDEX saved_views_shared IS 'The shared views of a table; their names differ.';
