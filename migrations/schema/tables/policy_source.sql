CREATE TYPE policy_source AS ENUM ('nad', 'operator');
COMMENT ON TYPE policy_source IS 'Where the policy of a reservation comes from: the NAD of the first ADD, or an operator.';
