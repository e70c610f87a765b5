CREATE TABLE assignment_hold (
    id     integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    reason text NOT NULL,
    actor  text NOT NULL,
    since  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE assignment_hold IS
    'One row while a restore or an import is under way: an ADD gets no new address of a pool that was not read yet.';
COMMENT ON COLUMN assignment_hold.id IS 'Always 1: there is one hold at most.';
COMMENT ON COLUMN assignment_hold.reason IS 'Why, as the operator wrote it.';
COMMENT ON COLUMN assignment_hold.actor IS 'Who began the hold.';
COMMENT ON COLUMN assignment_hold.since IS 'When the hold began.';
COMMENT ON INDEX assignment_hold_pkey IS 'One row at most.';
