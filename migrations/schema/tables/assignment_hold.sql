CREATE TABLE assignment_hold (
    id     integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    reason text NOT NULL,
    actor  text NOT NULL,
    since  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE assignment_hold IS
    'One row while a restore or an import is under way: an ADD gets no new address of a pool that was not read yet.';
