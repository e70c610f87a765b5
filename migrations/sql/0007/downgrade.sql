-- Removes what this revision made.
DROP FUNCTION note_refusals_v1, take_refusals_v1;
DROP TABLE refusals;
CREATE OR REPLACE FUNCTION serves_code_of(revision text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN revision IN ('0001', '0002', '0003', '0004', '0005', '0006');
