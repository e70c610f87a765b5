CREATE FUNCTION clip_segments(low inet, high inet, INOUT firsts inet[], INOUT lasts inet[])
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT array_agg(greatest(s.f, low) ORDER BY s.f), array_agg(least(s.l, high) ORDER BY s.f)
      FROM unnest(firsts, lasts) AS s (f, l) WHERE s.l >= coalesce(low, s.l) AND s.f <= coalesce(high, s.f);
END;
COMMENT ON FUNCTION clip_segments IS 'The parts of some segments that lie between two addresses; NULL: no bound.';
