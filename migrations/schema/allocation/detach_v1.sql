CREATE FUNCTION detach_v1(wanted_cluster text, wanted_container_id text, wanted_interface text, reason text,
                          only_node text DEFAULT NULL)
RETURNS TABLE (network_id integer, address inet, released boolean)
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT d.network_id, d.address, d.released
      FROM rowhouse.detach_many_v1(ARRAY[wanted_cluster], ARRAY[wanted_container_id], ARRAY[wanted_interface],
                                   ARRAY[only_node], reason) AS d;
END;
COMMENT ON FUNCTION detach_v1 IS 'CNI DEL: ends the attachments of one sandbox''s interface and releases what nobody uses any more.';
