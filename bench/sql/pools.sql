-- 10,000 pools of one network beside the one that is used.
SET search_path = rowhouse;
SELECT ensure_pool('', '10.0.0.0/8', false);
SELECT count(ensure_pool('', set_masklen('172.16.0.0'::inet + 64 * i, 27)::cidr, false)) FROM generate_series(0, 9999) AS i;
VACUUM ANALYZE;
CHECKPOINT;
