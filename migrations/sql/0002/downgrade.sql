DROP FUNCTION sample_fill_v1();
DROP TABLE pool_trends, fill_samples;
