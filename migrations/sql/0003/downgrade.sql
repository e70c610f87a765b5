DROP FUNCTION import_pool_v1, import_addresses_v1, import_release_v1, import_record_v1, import_read_v1, import_gateways_v1, import_stale_v1, imported_sandbox_v1, adopt_sandbox_v1, adopt_owner_v1, has_unnamed_v1;
DROP TABLE imported_unnamed;
