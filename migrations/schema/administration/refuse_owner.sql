CREATE FUNCTION refuse_owner(kind owner_kind, cluster text, namespace text, interface text) RETURNS void
LANGUAGE plpgsql AS $$
-- What identifies an owner that an operator or a team names: a pod by its cluster, namespace, name and interface, as its
-- ADD does; any other by its name, and by a namespace if it belongs to a team.
BEGIN
    IF kind = 'pod' AND '' IN (namespace, interface) THEN
        RAISE EXCEPTION 'a pod needs a namespace and an interface'
            USING ERRCODE = error_code('invalid_config'), HINT = 'Its ADD names both.';
    ELSIF kind = 'static' AND (cluster, interface) <> ('', '') THEN
        RAISE EXCEPTION 'an owner that is not a pod has no cluster and no interface'
            USING ERRCODE = error_code('invalid_config'), HINT = 'Omit them, or reserve for a pod.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_owner IS 'Raises invalid_config for an owner without what identifies it, or with what only a pod has.';
