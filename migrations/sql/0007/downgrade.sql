-- Removes what this revision made.
DROP FUNCTION note_refusals_v1, take_refusals_v1;
DROP TABLE refusals;
