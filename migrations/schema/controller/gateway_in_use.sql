CREATE FUNCTION gateway_in_use() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Reports a pod that runs with the address of a router: it keeps using the address until its DEL.
BEGIN
    PERFORM note_allocation_failures_v2(array_agg(a.cluster), array_agg(r.owner_namespace), array_agg(r.owner_name), array_agg(a.interface),
                             array_agg(a.node), array_agg(coalesce(a.pod_uid, r.owner_uid)),
                             array_agg(concat('address ', host(NEW.address), ' of interface ', a.interface, ' is now ',
                                              why_withheld(NEW.network_id, NEW.address),
                                              ': recreate the pod, which then gets another address, or correct the gateway')),
                             array_agg(1::bigint), array_agg('AddressIsGateway'::text),
                             array_agg(concat('address ', host(NEW.address), ' of interface ', a.interface,
                                              ' is now a gateway: recreate the pod, which then gets another address')),
                             array_agg(why_withheld(NEW.network_id, NEW.address)))
       FROM (SELECT DISTINCT ON (a.cluster, a.interface) a.* FROM attachments a
              WHERE a.network_id = NEW.network_id AND a.address = NEW.address
              ORDER BY a.cluster, a.interface, a.attached_at DESC) AS a
       JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address AND r.owner_kind = 'pod'
     HAVING count(*) > 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION gateway_in_use() IS 'Trigger: records running pods whose address became a gateway, for an event.';

CREATE TRIGGER gateways_in_use AFTER INSERT ON gateways FOR EACH ROW EXECUTE FUNCTION gateway_in_use();
