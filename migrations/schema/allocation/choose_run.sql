CREATE FUNCTION choose_run(wanted_network integer, low inet, high inet, reach inet)
RETURNS TABLE (address inet, step integer, run_first inet, run_last inet, run_row tid, free_from timestamptz)
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    -- The order in which free addresses are chosen, wherever one is needed: the lowest run that overlaps low to high and
    -- that no other transaction has locked; in it the lowest address, then that address + step, and so on.
    -- To choose the highest first: ORDER BY f.last DESC, least(f.last, high), -1.
    --
    -- reach bounds the last address of a run: with it, a full segment is recognized without reading the runs after it. It is
    -- high itself in the usual ADD (attach_v1), which leaves a run that extends beyond the segment to the general path. That is
    -- right if this run comes last, so with a step of 1; with another step, every ADD takes the general path, at twice the cost.
    --
    -- PostgreSQL inlines this into the statement that calls it, so it costs no call: therefore STABLE, though it locks a
    -- row. As a function call that would be an error. (Its arguments must be variables: with a subquery among them it is
    -- not inlined. An order that needs more than one SELECT must be a VOLATILE function of this name.)
    SELECT greatest(f.first, low), 1, f.first, f.last, f.ctid, f.free_from FROM free_ranges f
     WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last BETWEEN low AND reach AND f.first <= high
     ORDER BY f.last LIMIT 1 FOR UPDATE OF f SKIP LOCKED;
END;
COMMENT ON FUNCTION choose_run IS
    'The order in which free addresses are chosen: the first unlocked run of a segment, and the first of its addresses. Locks the run.';
