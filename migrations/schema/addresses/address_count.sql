CREATE FUNCTION address_count(first inet, last inet) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- The difference of two addresses is exact where it is a bigint; address_number() costs 20 times as much.
RETURN CASE WHEN first > last THEN 0
            WHEN family(first) = 4 OR (set_masklen(first, 66)::cidr >>= last) THEN (last - first)::numeric + 1
            ELSE rowhouse.address_number(last) - rowhouse.address_number(first) + 1
       END;
COMMENT ON FUNCTION address_count(inet, inet) IS
    'How many addresses there are from first to last, inclusive; 0 if first is after last.';
