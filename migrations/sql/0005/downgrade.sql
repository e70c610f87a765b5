DROP FUNCTION release_v2;
DROP TABLE sessions;
