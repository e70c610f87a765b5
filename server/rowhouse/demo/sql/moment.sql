-- Remember this time for a query below.
SELECT clock_timestamp() AS moment;
