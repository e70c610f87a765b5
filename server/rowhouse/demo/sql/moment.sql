-- A moment to ask about later.
SELECT clock_timestamp() AS moment;
