CREATE FUNCTION note_allocation_failures_v1(
    clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[],
    uids text[], messages text[], counts bigint[], reasons text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '1s'
AS $$
-- Called by servers of version 0.1.0. Their messages may name owners of other namespaces, so teams see no part of them.
BEGIN
    PERFORM note_allocation_failures_v2(
        clusters, namespaces, pods, interfaces, nodes, uids, messages, counts, reasons,
        array_fill('an operator can see the reason'::text, ARRAY[cardinality(messages)]), messages);
END $$;
COMMENT ON FUNCTION note_allocation_failures_v1 IS 'As note_allocation_failures_v2, for servers of the previous release.';
