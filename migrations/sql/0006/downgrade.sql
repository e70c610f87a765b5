-- Removes what this revision made.
DROP TRIGGER reservations_mirror_insert ON reservations;
DROP TRIGGER reservations_mirror_delete ON reservations;
DROP TRIGGER reservations_mirror_update ON reservations;
DROP TRIGGER pools_mirror ON pools;
DROP TRIGGER node_slices_mirror_insert ON node_slices;
DROP TRIGGER node_slices_mirror_delete ON node_slices;
DROP FUNCTION mirror_on_v1, mirror_off_v1, mirror_changes_v1, mirror_writers_v1, mirror_again_v1, mirror_report_v1,
              mirrored_pools_v1, mirrored_slices_v1, mirrored_addresses_v1, mirror_unknown_v1, serves_code_of,
              mirrored_rows_changed, mirrored_reservation_changed, mirrored_pool_changed, mark_for_mirrors,
              switch_mirror_triggers;
DROP TABLE mirror_changes, mirrors;
