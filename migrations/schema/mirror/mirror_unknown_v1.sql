CREATE FUNCTION mirror_unknown_v1(of_network text, addresses inet[], holders text[])
RETURNS TABLE (address inet, holder text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- The pairs of an address and a pod ("namespace/name", '' matches any pod) that are not in the history.
    SELECT a, h FROM unnest(addresses, holders) AS pair (a, h)
     WHERE NOT EXISTS (
           SELECT FROM tenures t JOIN networks n ON n.id = t.network_id
            WHERE t.address = a AND n.name = of_network AND h IN ('', t.owner_namespace || '/' || t.owner_name));
END;
COMMENT ON FUNCTION mirror_unknown_v1 IS 'The pairs of an address and a pod that are not in the history.';
