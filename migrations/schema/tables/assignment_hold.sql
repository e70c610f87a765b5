CREATE TABLE assignment_hold (
    id     integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    reason text NOT NULL,
    actor  text NOT NULL,
    since  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE assignment_hold IS
    'One row during a restore or an import: until a pool has been read, an ADD gets no new address from it.';
COMMENT ON COLUMN assignment_hold.id IS 'Always 1: there is at most one hold.';
COMMENT ON COLUMN assignment_hold.reason IS 'Reason, in the operator''s words.';
COMMENT ON COLUMN assignment_hold.actor IS 'The caller that began the hold.';
COMMENT ON COLUMN assignment_hold.since IS 'When the hold began.';
COMMENT ON INDEX assignment_hold_pkey IS 'At most one row.';
