-- Free space is stored as runs, not as a row for each address. It covers the whole CIDR; the
-- caller's range_start and range_end decide which part of it may be assigned.
SELECT first, last
  FROM rowhouse.free_ranges
 ORDER BY first;
