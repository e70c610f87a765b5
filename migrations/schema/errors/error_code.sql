CREATE FUNCTION error_code(wanted text) RETURNS text
LANGUAGE sql STABLE
RETURN (SELECT e.sqlstate FROM rowhouse.error_codes e WHERE e.name = wanted);
COMMENT ON FUNCTION error_code(text) IS 'The SQLSTATE of a condition, by its name in error_codes: RAISE … USING ERRCODE = error_code(…).';
