-- Removes what this revision made.
DROP TRIGGER gateways_in_use ON gateways;
DROP FUNCTION gateway_in_use, note_refusals_v1, take_refusals_v1;
DROP TABLE refusals;
