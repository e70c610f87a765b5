--
-- PostgreSQL database dump
--


-- Dumped from database version 16.14
-- Dumped by pg_dump version 16.14

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: rowhouse; Type: SCHEMA; Schema: -; Owner: rowhouse_owner
--

CREATE SCHEMA rowhouse;


ALTER SCHEMA rowhouse OWNER TO rowhouse_owner;

--
-- Name: attached_address; Type: TYPE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TYPE rowhouse.attached_address AS (
	ordinal integer,
	network_name text,
	cidr cidr,
	address inet,
	gateway inet,
	created boolean,
	rival text
);


ALTER TYPE rowhouse.attached_address OWNER TO rowhouse_owner;

--
-- Name: TYPE attached_address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TYPE rowhouse.attached_address IS 'What attach_v1() returns for each range. Of OUT parameters, PostgreSQL would read the names twice in each call.';


--
-- Name: COLUMN attached_address.ordinal; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_address.ordinal IS 'The range of the request: its place in the arrays, from 1.';


--
-- Name: COLUMN attached_address.network_name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_address.network_name IS 'Network of the pool.';


--
-- Name: COLUMN attached_address.cidr; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_address.cidr IS 'CIDR of the pool.';


--
-- Name: COLUMN attached_address.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_address.address IS 'The address that the sandbox has now.';


--
-- Name: COLUMN attached_address.gateway; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_address.gateway IS 'Gateway of a pool that was named in the request.';


--
-- Name: COLUMN attached_address.created; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_address.created IS 'Whether this call made the reservation; false: its owner had it already.';


--
-- Name: COLUMN attached_address.rival; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_address.rival IS 'Node and uid of another pod that uses the address as well; NULL: none.';


--
-- Name: host_address; Type: DOMAIN; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE DOMAIN rowhouse.host_address AS inet
	CONSTRAINT host_address_check CHECK ((masklen(VALUE) =
CASE family(VALUE)
    WHEN 4 THEN 32
    ELSE 128
END));


ALTER DOMAIN rowhouse.host_address OWNER TO rowhouse_owner;

--
-- Name: DOMAIN host_address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON DOMAIN rowhouse.host_address IS 'One address, without a prefix length: inet with a full mask.';


--
-- Name: inetrange; Type: TYPE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TYPE rowhouse.inetrange AS RANGE (
    subtype = inet,
    multirange_type_name = rowhouse.inetmultirange
);


ALTER TYPE rowhouse.inetrange OWNER TO rowhouse_owner;

--
-- Name: TYPE inetrange; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TYPE rowhouse.inetrange IS 'A span of addresses; address_span() makes it half-open, so that neighbors touch.';


--
-- Name: owner_kind; Type: TYPE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TYPE rowhouse.owner_kind AS ENUM (
    'pod',
    'static',
    'claim',
    'virtual_machine',
    'workload'
);


ALTER TYPE rowhouse.owner_kind OWNER TO rowhouse_owner;

--
-- Name: TYPE owner_kind; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TYPE rowhouse.owner_kind IS 'pod: a pod''s interface. static: a person or device that holds an address reserved by hand. claim (IPAMClaim), virtual_machine and workload (StatefulSet identity): owners that outlive a pod; no server assigns to them yet.';


--
-- Name: policy_source; Type: TYPE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TYPE rowhouse.policy_source AS ENUM (
    'nad',
    'operator'
);


ALTER TYPE rowhouse.policy_source OWNER TO rowhouse_owner;

--
-- Name: TYPE policy_source; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TYPE rowhouse.policy_source IS 'Where the policy of a reservation comes from: the NAD of the first ADD, or an operator.';


--
-- Name: act_as(text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.act_as(actor text, request_id text) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT set_config('rowhouse.actor'::text, actor, true) AS set_config,
     set_config('rowhouse.request_id'::text, request_id, true) AS set_config;
END;


ALTER FUNCTION rowhouse.act_as(actor text, request_id text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION act_as(actor text, request_id text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.act_as(actor text, request_id text) IS 'Names the caller, for history and audit, until the end of the transaction.';


--
-- Name: address_key(inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.address_key(address inet) RETURNS int8range
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN int8range(CASE family(address) WHEN 4 THEN (address - '0.0.0.0'::inet) ELSE ((address & '::3fff:ffff:ffff:ffff'::inet) - '::'::inet) END, CASE family(address) WHEN 4 THEN (address - '0.0.0.0'::inet) ELSE ((address & '::3fff:ffff:ffff:ffff'::inet) - '::'::inet) END, '[]'::text);


ALTER FUNCTION rowhouse.address_key(address inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION address_key(address inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.address_key(address inet) IS 'The last 62 bits of an address as a range of one number: what a GiST index finds in four pages, where inet_ops reads hundreds.';


--
-- Name: address_number(inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.address_number(address inet) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT (sum(((get_byte(bytes.raw, "position"."position"))::numeric * power((256)::numeric, (((length(bytes.raw) - 1) - "position"."position"))::numeric))))::numeric(39,0) AS sum FROM (SELECT SUBSTRING(inet_send(address_number.address) FROM 5) AS "substring") bytes(raw), LATERAL generate_series(0, (length(bytes.raw) - 1)) "position"("position"));


ALTER FUNCTION rowhouse.address_number(address inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION address_number(address inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.address_number(address inet) IS 'The address as a number: exact for IPv6, where inet subtraction is not.';


--
-- Name: address_span(inet, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.address_span(first inet, last inet) RETURNS rowhouse.inetrange
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN rowhouse.inetrange(first, CASE last WHEN '255.255.255.255'::inet THEN '::'::inet WHEN 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'::inet THEN NULL::inet ELSE (last + (1)::bigint) END);


ALTER FUNCTION rowhouse.address_span(first inet, last inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION address_span(first inet, last inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.address_span(first inet, last inet) IS 'The addresses from first to last, inclusive, as a half-open range.';


--
-- Name: admit_gateways(integer, inet, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.admit_gateways(of_network integer, run_first inet, run_last inet) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Lets a forced reservation take the gateways from run_first to run_last: each is free until it takes it. It goes out of
-- use again when it is released. No gateway changes meanwhile: the network is locked.
BEGIN
    IF is_forced() AND EXISTS (SELECT FROM gateways g WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last) THEN
        PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
        INSERT INTO free_ranges (network_id, first, last, free_from)
        SELECT DISTINCT of_network, g.address, g.address, timestamptz '-infinity'
          FROM gateways g
         WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last
           AND NOT is_excluded(of_network, g.address)
           AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = of_network AND f.last >= g.address AND f.first <= g.address);
    END IF;
END $$;


ALTER FUNCTION rowhouse.admit_gateways(of_network integer, run_first inet, run_last inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION admit_gateways(of_network integer, run_first inet, run_last inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.admit_gateways(of_network integer, run_first inet, run_last inet) IS 'Lets a forced reservation take gateways.';


--
-- Name: adopt_owner_v1(text, text, text, text, text[], cidr[], text, boolean, inet[], boolean); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.adopt_owner_v1(of_cluster text, of_namespace text, of_pod text, of_interface text, networks text[], cidrs cidr[], only_node text DEFAULT NULL::text, is_verified boolean DEFAULT false, known inet[] DEFAULT NULL::inet[], can_ask boolean DEFAULT false) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    AS $$
-- Before an ADD: the lowest address that a pod holds in each pool without an interface becomes that of this
-- interface, unless this has one there already. Tells how many. known, the addresses of this interface as the pod's status
-- has them, leaves no doubt; where it is NULL, an interface gets the one that there is, or the lowest. A caller that acts
-- for its own node alone (only_node) gets nothing of a sandbox of another node, and nothing of one whose node is unknown
-- unless it was verified that the pod runs there. -1: there is something, and the caller, who can ask the cluster
-- (can_ask), shall do so first.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'ADD', true);
    one     record;
    count   integer := 0;
BEGIN
    FOR one IN
        SELECT DISTINCT ON (p.id) p.id AS pool_id, r.network_id, r.address
          FROM unnest(networks, cidrs) AS range (network, cidr)
          JOIN pools p ON p.network_name = range.network AND p.cidr = range.cidr
          JOIN reservations r
            ON r.owner_namespace = of_namespace AND r.owner_name = of_pod AND r.pool_id = p.id
           AND r.owner_interface = '' AND r.owner_cluster = of_cluster
         WHERE r.owner_kind = 'pod' AND (known IS NULL OR r.address = ANY (known))
           AND (only_node IS NULL OR is_verified OR can_ask
                OR NOT EXISTS (SELECT FROM attachments a
                                WHERE a.network_id = r.network_id AND a.address = r.address AND a.node <> only_node))
           AND NOT EXISTS (SELECT FROM reservations named
                            WHERE named.owner_namespace = of_namespace AND named.owner_name = of_pod AND named.pool_id = p.id
                              AND named.owner_interface = of_interface AND named.owner_cluster = of_cluster AND named.slot = 0)
         ORDER BY p.id, r.slot
    LOOP
        IF can_ask THEN
            RETURN -1;
        END IF;
        UPDATE reservations r SET owner_interface = of_interface, slot = 0
         WHERE r.network_id = one.network_id AND r.address = one.address AND r.owner_interface = '' AND r.pool_id = one.pool_id
           AND r.owner_namespace = of_namespace AND r.owner_name = of_pod AND r.owner_cluster = of_cluster;
        IF FOUND THEN
            UPDATE attachments a SET interface = of_interface
             WHERE a.network_id = one.network_id AND a.address = one.address AND a.interface = '';
            count := count + 1;
        END IF;
    END LOOP;
    RETURN count;
END $$;


ALTER FUNCTION rowhouse.adopt_owner_v1(of_cluster text, of_namespace text, of_pod text, of_interface text, networks text[], cidrs cidr[], only_node text, is_verified boolean, known inet[], can_ask boolean) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION adopt_owner_v1(of_cluster text, of_namespace text, of_pod text, of_interface text, networks text[], cidrs cidr[], only_node text, is_verified boolean, known inet[], can_ask boolean); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.adopt_owner_v1(of_cluster text, of_namespace text, of_pod text, of_interface text, networks text[], cidrs cidr[], only_node text, is_verified boolean, known inet[], can_ask boolean) IS 'ADD of a pod that was imported without its interfaces: its address becomes that of the interface that asks.';


--
-- Name: adopt_sandbox_v1(text, text, text, text, text, boolean, text, text, text, text[], cidr[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.adopt_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    AS $$
-- Gives imported attachments the container, the interface and the node of a DEL that can only mean them
-- (imported_sandbox_v1), and tells how many. -1: none, but it would be some if it were verified that the pod runs on the
-- caller's node.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'ADOPT', true);
    one   record;
    count integer := 0;
BEGIN
    FOR one IN
        SELECT i.* FROM imported_sandbox_v1(of_cluster, of_container, of_interface, of_node, only_node, is_verified,
                                            of_namespace, of_pod, of_uid, networks, cidrs) AS i
          JOIN reservations r ON r.network_id = i.network_id AND r.address = i.address
         ORDER BY i.network_id, i.address FOR UPDATE OF r
    LOOP
        UPDATE attachments a SET container_id = of_container, interface = of_interface, node = coalesce(nullif(a.node, ''), of_node)
         WHERE a.cluster = of_cluster AND a.network_id = one.network_id AND a.address = one.address
           AND (a.container_id, a.interface, a.node) = (one.container_id, one.interface, one.node)
           AND NOT EXISTS (SELECT FROM attachments other
                            WHERE (other.cluster, other.container_id, other.interface, other.network_id, other.address)
                                = (a.cluster, of_container, of_interface, a.network_id, a.address)
                              AND (a.interface, a.container_id) <> (of_interface, of_container));
        IF FOUND THEN
            count := count + 1;
        END IF;
    END LOOP;
    IF count = 0 AND NOT is_verified AND only_node IS NOT NULL AND EXISTS (
           SELECT FROM imported_sandbox_v1(of_cluster, of_container, of_interface, of_node, only_node, true,
                                           of_namespace, of_pod, of_uid, networks, cidrs)) THEN
        RETURN -1;
    END IF;
    RETURN count;
END $$;


ALTER FUNCTION rowhouse.adopt_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION adopt_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.adopt_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) IS 'DEL of what was imported without container, interface or node: completes the attachments that the call means.';


--
-- Name: attach_many_v1(text[], text[], text[], text[], text[], text[], text[], text[], text, cidr, inet[], inet[], integer, inet[], boolean, interval); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.attach_many_v1(clusters text[], nodes text[], container_ids text[], interfaces text[], cni_networks text[], namespaces text[], pods text[], uids text[], network text, cidr cidr, firsts inet[], lasts inet[], max_wait integer DEFAULT 3000, gateway_addresses inet[] DEFAULT '{}'::inet[], is_isolated boolean DEFAULT false, reuse_delay interval DEFAULT NULL::interval) RETURNS TABLE(ordinal integer, address inet)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
-- Many plain calls of attach_v1() for one pool at once: a range, pods that are not sticky, no wishes. Gives the
-- rows of the calls that were served, and rows without an address of calls that met only locked runs: they may
-- come again, since another call was served. A call without a row must use attach_v1(),
-- which knows what an owner holds already, and why there is nothing left. So one call never fails for
-- another's sake. It waits for a lock only while it holds none, or for the same owner. All calls are of one CNI
-- network if there are gateway_addresses.
#variable_conflict use_column
DECLARE
    previous_command text := coalesce(current_setting('rowhouse.command', true), '');
    the_pool integer;
    space    integer;
    wanting  integer[];
    claimed  inet[];
    start    inet;
    stop     inet;
BEGIN
    PERFORM set_config('rowhouse.command', 'ADD', true), set_config('lock_timeout', max_wait::text, true);
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    SELECT p.id, p.network_id, p.window_first, p.window_last INTO the_pool, space, start, stop FROM pools p
     WHERE p.network_name = attach_many_v1.network AND p.cidr = attach_many_v1.cidr AND NOT p.drained
       AND (NOT p.isolated OR is_isolated) AND NOT EXISTS (SELECT FROM assignment_hold)
       AND NOT EXISTS (SELECT FROM unnest(gateway_addresses) AS own_gateway (address)
                        WHERE NOT EXISTS (SELECT FROM gateways g
                                           WHERE g.pool_id = p.id AND g.address = own_gateway.address
                                             AND g.cni_network = cni_networks[1]))
       AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = p.network_id AND r.expires_at <= now()
                        ORDER BY r.expires_at LIMIT 1)
       AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = p.network_id AND f.quarantined AND f.free_from <= now()
                        ORDER BY f.free_from LIMIT 1);
    IF FOUND THEN
        IF start IS NOT NULL OR stop IS NOT NULL THEN
            SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(start, stop, firsts, lasts) s;
        END IF;
        wanting := ARRAY(
            SELECT n FROM generate_subscripts(pods, 1) AS n
             WHERE (SELECT r.slot FROM reservations r
                     WHERE r.owner_namespace = namespaces[n] AND r.owner_name = pods[n] AND r.owner_interface = interfaces[n]
                       AND r.owner_cluster = clusters[n] AND r.network_id + 0 = space LIMIT 1) IS NULL
               AND (SELECT true FROM free_ranges f
                     WHERE f.quarantined AND f.previous_owner = owner_key(clusters[n], namespaces[n], pods[n], interfaces[n])
                       AND f.network_id + 0 = space LIMIT 1) IS NULL);
        claimed := '{}';
        IF wanting <> '{}' THEN
            claimed := claim_addresses(space, firsts, lasts, cardinality(wanting));
        END IF;
        RETURN QUERY
            WITH given AS (
                SELECT n, a AS address FROM unnest(wanting, claimed) AS pair (n, a) WHERE n IS NOT NULL AND a IS NOT NULL),
            made AS (
                INSERT INTO reservations AS r (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name,
                                               owner_interface, owner_uid, reuse_delay, node, container_id)
                SELECT space, given.address, the_pool, clusters[given.n], namespaces[given.n], pods[given.n],
                       interfaces[given.n], uids[given.n], attach_many_v1.reuse_delay, nodes[given.n], container_ids[given.n]
                  FROM given
                ON CONFLICT DO NOTHING
                RETURNING r.address),
            used AS (
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                SELECT clusters[given.n], container_ids[given.n], interfaces[given.n], space, given.address, nodes[given.n],
                       cni_networks[given.n], uids[given.n]
                  FROM made JOIN given ON given.address = made.address)
            SELECT given.n, given.address FROM made JOIN given ON given.address = made.address;
        IF claimed <> '{}' THEN
            RETURN QUERY SELECT wanting[i], NULL::inet FROM generate_series(cardinality(claimed) + 1, cardinality(wanting)) AS i;
        END IF;
    END IF;
    PERFORM set_config('rowhouse.command', previous_command, true);
END $$;


ALTER FUNCTION rowhouse.attach_many_v1(clusters text[], nodes text[], container_ids text[], interfaces text[], cni_networks text[], namespaces text[], pods text[], uids text[], network text, cidr cidr, firsts inet[], lasts inet[], max_wait integer, gateway_addresses inet[], is_isolated boolean, reuse_delay interval) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION attach_many_v1(clusters text[], nodes text[], container_ids text[], interfaces text[], cni_networks text[], namespaces text[], pods text[], uids text[], network text, cidr cidr, firsts inet[], lasts inet[], max_wait integer, gateway_addresses inet[], is_isolated boolean, reuse_delay interval); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.attach_many_v1(clusters text[], nodes text[], container_ids text[], interfaces text[], cni_networks text[], namespaces text[], pods text[], uids text[], network text, cidr cidr, firsts inet[], lasts inet[], max_wait integer, gateway_addresses inet[], is_isolated boolean, reuse_delay interval) IS 'CNI ADD for many pods on one pool at once: those that the usual way serves.';


--
-- Name: attach_v1(text, text, text, text, text, text, text, text, boolean, interval, text[], cidr[], text[], boolean[], inet[], integer[], integer[], integer[], inet[], inet[], boolean, integer, integer[], inet[], interval, text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.attach_v1(cluster text, node text, container_id text, interface text, cni_network text, namespace text, pod text, uid text, is_sticky boolean, ttl interval, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[], slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean, max_wait integer DEFAULT 3000, gateway_ranges integer[] DEFAULT '{}'::integer[], gateway_addresses inet[] DEFAULT '{}'::inet[], reuse_delay interval DEFAULT NULL::interval, bound_node text DEFAULT NULL::text, placement text DEFAULT 'ask'::text) RETURNS SETOF rowhouse.attached_address
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
-- Few statements on purpose: starting one costs as much as an index look-up.
--
-- bound_node is the node that the caller's token is for; NULL: it may act for every node. Where the owner is attached on
-- another node, placement says what is known of the pod: 'ask' nothing yet (error attached_elsewhere), 'join' it runs on the caller's node,
-- 'avoid' that could not be verified, so what the other node has is not touched.
--
-- rival is the node and uid of another pod that uses the address as well, and began not long ago: two clusters that do not
-- say their names may have pods of one name.
#variable_conflict use_column
<<result>>
DECLARE
    ordinal  integer;
    network_name text;
    cidr     cidr;
    address  inet;
    gateway  inet;
    created  boolean;
    rival    text;
    -- Not a SET clause: only a superuser may name a parameter of our own there. (One expression for all, see is_careful()
    -- for the last: each that reads or writes a setting takes a snapshot.) max_wait is milliseconds, for each lock.
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', 'ADD', true),
                             set_config('lock_timeout', max_wait::text, true),
                             current_setting('rowhouse.careful', true)];
    command  text;
    single   boolean;
    the_pool integer;
    space    integer;
    choice   record; -- of choose_run()
    the_tenure bigint;
    held     inet;
    is_due   boolean;
    drained  boolean;
    slot_no  integer;
    changed  boolean;
    firsts   inet[];
    lasts    inet[];
    own      inet;
    low      inet;
    high     inet;
    owner    text;
    is_alone boolean;
    is_kept  boolean;
    is_own   boolean;
    rounds   integer;
    is_usual boolean;
    is_shunned boolean;
    elsewhere text;
    -- (Set below: an array costs the usual call more than it looks.)
    taken    text[];
    spaces   integer[];
    used     inet[];
BEGIN
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;

    -- 0. The usual call in three statements: one range of a plain pool, and the first unlocked run ends within the
    -- range. Every other call, one that finds no such run, and an owner that holds an address of the pool already, which
    -- the unique constraint tells, continue below.
    -- (Nothing in the first condition that depends on the database: evaluating it would take a snapshot of its own.)
    is_usual := settings[4] IS DISTINCT FROM 'on' AND cardinality(cidrs) = 1 AND NOT strict AND cardinality(segment_firsts) = 1
                AND slots[1] = 0 AND requested[1] IS NULL AND pool_names[1] IS NULL AND slice_sizes[1] IS NULL AND (reuse_delay = '0') IS NOT false;
    IF is_usual AND cardinality(gateway_addresses) > 0 THEN
        is_usual := knows_gateways(attach_v1.cni_network, networks[1], cidrs[1], gateway_addresses);
    END IF;
    IF is_usual THEN
        low := segment_firsts[1];
        high := segment_lasts[1];
        SELECT p.pool_id, p.network_id, run.address::host_address AS address, run.run_first, run.run_last, run.run_row INTO choice
          FROM plain_pools p, LATERAL choose_run(p.network_id, low, high, high) AS run
         WHERE p.network_name = networks[1] AND p.cidr = cidrs[1] AND (NOT p.isolated OR attach_v1.isolated[1])
           AND run.step = 1 AND run.free_from <= clock_timestamp()
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = p.network_id AND r.expires_at <= now()
                            ORDER BY r.expires_at LIMIT 1);
        IF FOUND THEN
            -- It does itself what reservation_made() does for every other INSERT, which finds the tenure open. (Statements
            -- of their own: as parts of one statement, each would pass its row through two more plan nodes. The address
            -- is a host_address already, so that its rule is checked once.)
            the_tenure := nextval('tenures_id_seq');
            INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                                 owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
            VALUES (the_tenure, choice.network_id, choice.address, choice.pool_id, tstzrange(clock_timestamp(), NULL), 'pod',
                    cluster, namespace, pod, interface, uid, node, container_id, current_actor(), 'ADD');
            INSERT INTO reservations (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name, owner_interface,
                                      owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id, tenure_id)
            VALUES (choice.network_id, choice.address, choice.pool_id, cluster, namespace, pod, interface,
                    uid, slots[1], is_sticky, ttl, attach_v1.reuse_delay, node, container_id, the_tenure)
            ON CONFLICT DO NOTHING;
            IF FOUND THEN
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                VALUES (cluster, container_id, interface, choice.network_id, choice.address, node, cni_network, uid);
                address := choice.address;
                IF address = choice.run_first AND address < choice.run_last THEN
                    UPDATE free_ranges f SET first = address + 1 WHERE f.ctid = choice.run_row; -- it is locked, so it is still there
                ELSIF address = choice.run_first THEN
                    DELETE FROM free_ranges f WHERE f.ctid = choice.run_row;
                ELSE
                    PERFORM take_run(choice.network_id, address, address);
                END IF;
                RETURN NEXT (1, networks[1], cidrs[1], address, NULL, true, NULL)::attached_address;
                command := set_config('rowhouse.command', settings[1], true);
                RETURN;
            END IF;
            DELETE FROM tenures t WHERE t.id = the_tenure;
        END IF;
    END IF;

    single := cardinality(cidrs) = 1;
    owner := owner_key(cluster, namespace, pod, interface);
    taken := '{}';
    spaces := '{}';
    used := '{}';

    IF bound_node IS NOT NULL THEN
        SELECT a.node INTO elsewhere FROM attachments a
         WHERE a.cluster = attach_v1.cluster AND a.container_id = attach_v1.container_id
           AND a.interface = attach_v1.interface AND a.node NOT IN ('', bound_node) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'sandbox % belongs to node "%", but the token is for node "%"',
                attach_v1.container_id, elsewhere, bound_node
                USING ERRCODE = error_code('not_allowed'), HINT = 'A node''s token is valid only for sandboxes of its own node.';
        END IF;
    END IF;

    IF cardinality(gateway_addresses) > 0 THEN
        PERFORM learn_gateways(attach_v1.cni_network, networks, cidrs, pool_names, isolated, gateway_ranges, gateway_addresses);
    END IF;

    -- All calls take their ranges in one order, so that no two wait for each other.
    FOREACH ordinal IN ARRAY CASE WHEN single THEN '{1}'::integer[]
                                  ELSE ARRAY(SELECT i FROM generate_subscripts(cidrs, 1) AS i
                                              ORDER BY networks[i], pool_names[i], cidrs[i], i) END LOOP
        IF pool_names[ordinal] IS NOT NULL THEN
            SELECT p.network_name, p.cidr, p.gateway INTO network_name, cidr, gateway
              FROM pools p WHERE p.name = pool_names[ordinal];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'there is no pool named "%"', pool_names[ordinal]
                    USING ERRCODE = error_code('invalid_config'), DETAIL = ordinal,
                          HINT = 'Create it with `rowhouse pool create CIDR --name`; `rowhouse pool list` shows the existing pools.';
            END IF;
            networks[ordinal] := network_name;
            cidrs[ordinal] := cidr;
        ELSE
            gateway := NULL;
        END IF;
        is_shunned := false;
        rival := NULL;
        rounds := 0;

        LOOP
            -- A search that never ends would keep its locks: rather let the caller repeat the call.
            rounds := rounds + 1;
            IF rounds > 1000 THEN
                RAISE EXCEPTION 'pool % changed 1000 times during the search for an address', cidrs[ordinal] USING ERRCODE = '40001';
            END IF;
            -- 1. The pool, and whether anything has come due.
            SELECT p.id, p.network_id, p.network_name, p.cidr, p.drained, p.window_first, p.window_last,
                   p.isolated AND NOT attach_v1.isolated[ordinal] AND pool_names[ordinal] IS NULL,
                   -- (ORDER BY keeps these two on the indexes that hold nothing but what will come due, and
                   -- now() makes a condition of them; the volatile clock_timestamp() would read them whole)
                   EXISTS (SELECT FROM reservations r
                            WHERE r.network_id = p.network_id AND r.expires_at <= now()
                            ORDER BY r.expires_at LIMIT 1)
                   OR EXISTS (SELECT FROM free_ranges f
                               WHERE f.network_id = p.network_id AND f.quarantined AND f.free_from <= now()
                               ORDER BY f.free_from LIMIT 1)
              INTO the_pool, space, network_name, cidr, drained, low, high, is_alone, is_due
              FROM pools p WHERE p.network_name = networks[ordinal] AND p.cidr = cidrs[ordinal];
            IF NOT FOUND THEN
                PERFORM ensure_pool(networks[ordinal], cidrs[ordinal], attach_v1.isolated[ordinal]);
                CONTINUE;
            END IF;
            IF is_alone THEN
                RAISE EXCEPTION 'pool % is isolated, but this configuration shares its addresses', cidr
                    USING ERRCODE = error_code('isolated_pool'), DETAIL = ordinal;
            END IF;

            IF pool_names[ordinal] IS NOT NULL THEN
                SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
                  INTO firsts, lasts FROM pools p, pool_window(p) w WHERE p.id = the_pool;
            ELSIF single THEN
                firsts := segment_firsts;
                lasts := segment_lasts;
            ELSE
                firsts := ARRAY(SELECT segment_firsts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                                 WHERE segment_ranges[i] = ordinal ORDER BY i);
                lasts := ARRAY(SELECT segment_lasts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                                WHERE segment_ranges[i] = ordinal ORDER BY i);
            END IF;
            IF pool_names[ordinal] IS NULL AND (low IS NOT NULL OR high IS NOT NULL) THEN
                -- An operator's window also holds for NADs that spell the range.
                SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(low, high, firsts, lasts) s;
            END IF;

            -- 2. What this sandbox or its owner holds already.
            held := held_by_sandbox(the_pool, cluster, namespace, pod, container_id, interface, bound_node, requested[ordinal],
                                    slots[ordinal], CASE WHEN strict THEN '{}' ELSE taken END);
            is_own := held IS NOT NULL;
            IF held IS NULL AND NOT is_shunned THEN
                held := held_by_owner(the_pool, cluster, namespace, pod, interface, requested[ordinal], slots[ordinal],
                                      (SELECT max(s) FROM unnest(slots) AS s), CASE WHEN strict THEN '{}' ELSE taken END);
                IF held IS NULL AND NOT strict THEN
                    held := held_in_other_range(space, cluster, namespace, pod, interface, requested[ordinal], firsts, lasts,
                                                networks, cidrs, taken);
                END IF;
            END IF;
            IF held IS NOT NULL THEN
                SELECT r.address, r.sticky OR r.policy_source = 'operator',
                       (r.node, r.container_id, r.owner_uid, r.expires_at, r.pool_id) IS DISTINCT FROM
                       (attach_v1.node, attach_v1.container_id, uid, NULL::timestamptz, the_pool)
                  INTO address, is_kept, changed FROM reservations r
                 WHERE r.network_id = space AND r.address = held AND r.owner_kind = 'pod'
                   AND r.owner_namespace = namespace AND r.owner_name = pod AND r.owner_interface = interface
                   AND r.owner_cluster = cluster FOR UPDATE;
                created := NOT FOUND;
                CONTINUE WHEN created;
                -- (What this very sandbox uses was settled when it was attached.)
                IF bound_node IS NOT NULL AND NOT is_own AND placement <> 'join' THEN
                    SELECT a.node INTO elsewhere FROM attachments a
                     WHERE a.network_id = space AND a.address = held AND a.node <> bound_node LIMIT 1;
                    IF FOUND THEN
                        IF placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of pod %/% is attached on node "%"', host(held), namespace, pod, elsewhere
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal;
                        ELSIF is_kept OR requested[ordinal] IS NOT NULL THEN
                            RAISE EXCEPTION 'address % of pod %/% is still attached on node "%", and it could not be verified that the pod runs on node "%"',
                                host(held), namespace, pod, elsewhere, bound_node
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal,
                                      HINT = 'The controller ends the old attachment once the pod or its node is gone. `rowhouse doctor` shows whether the server may read pods.';
                        END IF;
                        is_shunned := true;
                        CONTINUE;
                    END IF;
                END IF;
                EXIT;
            END IF;
            created := true;
            PERFORM refuse_held_pool(the_pool, cidr, ordinal);
            IF drained THEN
                RAISE EXCEPTION 'pool % is drained and assigns no new addresses', cidr
                    USING ERRCODE = error_code('pool_exhausted'), DETAIL = ordinal, HINT = '`rowhouse pool undrain` lets it assign addresses again.';
            END IF;
            IF is_due THEN
                PERFORM release_expired(space, 1000);
                PERFORM end_quarantines(space, 1000);
            END IF;

            IF slice_sizes[ordinal] IS NOT NULL THEN
                SELECT s.firsts, s.lasts INTO firsts, lasts
                  FROM in_slice(the_pool, cluster, node, slice_sizes[ordinal], firsts, lasts) s;
            END IF;

            -- The previous owner of a quarantined address is exempt from the quarantine.
            own := quarantined_for(space, owner, requested[ordinal], firsts, lasts);
            IF own IS NOT NULL THEN
                CONTINUE WHEN NOT end_quarantine_of(space, own);
                firsts := ARRAY[own];
                lasts := ARRAY[own];
            END IF;

            slot_no := slots[ordinal];
            IF requested[ordinal] IS NOT NULL THEN
                -- 3a. The address asked for, if it can be had.
                PERFORM refuse_request(the_pool, requested[ordinal], firsts, lasts, ordinal, cluster, namespace, pod, interface);
                -- Its run is locked before its reservation is made, the order that every caller keeps.
                address := (claim_addresses(space, ARRAY[requested[ordinal]], ARRAY[requested[ordinal]], 1))[1];
                CONTINUE WHEN address IS NULL;
                SELECT coalesce(max(r.slot) + 1, slot_no) INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.pool_id = the_pool
                   AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod';
            ELSE
                -- 3b. A free address.
                address := (claim_addresses(space, firsts, lasts, 1))[1];
                IF strict THEN
                    -- As upstream, an address that this pod holds in an overlapping range counts as free.
                    SELECT min(r.address) INTO own FROM reservations r
                     WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.owner_cluster = cluster
                       AND r.owner_kind = 'pod' AND r.network_id = space AND r.pool_id <> the_pool
                       AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (f, l) WHERE r.address BETWEEN f AND l);
                    IF (own < address OR address IS NULL) AND bound_node IS NOT NULL AND placement <> 'join' THEN
                        -- Only the configuration says that this is strict mode: what another node has is safe from it.
                        SELECT a.node INTO elsewhere FROM attachments a
                         WHERE a.network_id = space AND a.address = own AND a.node <> bound_node LIMIT 1;
                        IF FOUND AND placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of pod %/% is attached on node "%"', host(own), namespace, pod, elsewhere
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal;
                        ELSIF FOUND THEN
                            own := NULL;
                        END IF;
                    END IF;
                    IF own < address OR address IS NULL THEN
                        address := own;
                        changed := true;
                        created := own IS NULL;
                        EXIT WHEN NOT created;
                    END IF;
                END IF;
                IF address IS NULL THEN
                    CONTINUE WHEN await_due(space, firsts, lasts);
                    -- The last one went to this very pod, while the same call was under way elsewhere.
                    CONTINUE WHEN EXISTS (SELECT FROM reservations r
                                           WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.pool_id = the_pool
                                             AND r.owner_interface = interface AND r.owner_cluster = cluster
                                             AND r.owner_kind = 'pod' AND r.slot = slots[ordinal]
                                             AND r.network_id || ' ' || host(r.address) <> ALL (taken)) AND NOT is_shunned;
                    -- 4. Nothing at all; the whole call is rolled back.
                    PERFORM refuse_exhausted(space, cidr, firsts, lasts, ordinal);
                END IF;
                SELECT CASE WHEN bool_or(r.slot = slots[ordinal]) THEN max(r.slot) + 1 ELSE slots[ordinal] END
                  INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.pool_id = the_pool
                   AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod'
                   AND (is_shunned OR taken <> '{}');
                slot_no := coalesce(slot_no, slots[ordinal]);
            END IF;
            WITH made AS (
                INSERT INTO reservations AS r (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name,
                                               owner_interface, owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id)
                VALUES (space, address, the_pool, cluster, namespace, pod, interface, uid, slot_no, is_sticky, ttl,
                        attach_v1.reuse_delay, node, container_id)
                ON CONFLICT DO NOTHING
                RETURNING r.network_id, r.address),
            used AS (
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                SELECT cluster, container_id, interface, made.network_id, made.address, node, cni_network, uid FROM made)
            SELECT made.address INTO held FROM made;
            EXIT WHEN FOUND;
            PERFORM withdraw_reserved(space, address);
            -- Another call of the same owner was faster, or the requested address went meanwhile: look again.
        END LOOP;

        IF NOT created THEN
            IF changed THEN
                UPDATE reservations r
                   SET node = attach_v1.node, container_id = attach_v1.container_id, owner_uid = uid, expires_at = NULL,
                       pool_id = the_pool,
                       slot = CASE WHEN r.pool_id = the_pool THEN r.slot
                                   ELSE (SELECT coalesce(max(o.slot) + 1, slots[ordinal]) FROM reservations o
                                          WHERE o.owner_namespace = namespace AND o.owner_name = pod AND o.pool_id = the_pool
                                            -- (In strict mode the reservation may be of another interface.)
                                            AND o.owner_interface = r.owner_interface AND o.owner_cluster = cluster) END
                 WHERE r.network_id = space AND r.address = result.address;
            END IF;
            INSERT INTO attachments AS a (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
            VALUES (cluster, container_id, interface, space, address, node, cni_network, uid)
            ON CONFLICT (cluster, container_id, interface, network_id, address) DO UPDATE
               SET node = excluded.node, pod_uid = coalesce(excluded.pod_uid, a.pod_uid), cni_network = excluded.cni_network
             WHERE (a.node, a.cni_network) <> (excluded.node, excluded.cni_network) OR a.pod_uid IS NULL;
            SELECT 'node "' || a.node || '", uid ' || a.pod_uid INTO rival FROM attachments a
             WHERE a.network_id = space AND a.address = result.address AND a.pod_uid <> uid AND a.node <> attach_v1.node
               AND a.attached_at > clock_timestamp() - interval '10 minutes' LIMIT 1;
            spaces := spaces || space;
            used := used || address;
        END IF;
        taken := taken || (space || ' ' || host(address));
        RETURN NEXT (ordinal, network_name, cidr, address, gateway, created, rival)::attached_address;
    END LOOP;
    IF used <> '{}' AND uid IS NOT NULL THEN
        PERFORM end_replaced_sandboxes(cluster, interface, node, uid, container_id, spaces, used);
    END IF;
    command := set_config('rowhouse.command', settings[1], true);
END $$;


ALTER FUNCTION rowhouse.attach_v1(cluster text, node text, container_id text, interface text, cni_network text, namespace text, pod text, uid text, is_sticky boolean, ttl interval, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[], slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean, max_wait integer, gateway_ranges integer[], gateway_addresses inet[], reuse_delay interval, bound_node text, placement text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION attach_v1(cluster text, node text, container_id text, interface text, cni_network text, namespace text, pod text, uid text, is_sticky boolean, ttl interval, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[], slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean, max_wait integer, gateway_ranges integer[], gateway_addresses inet[], reuse_delay interval, bound_node text, placement text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.attach_v1(cluster text, node text, container_id text, interface text, cni_network text, namespace text, pod text, uid text, is_sticky boolean, ttl interval, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[], slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean, max_wait integer, gateway_ranges integer[], gateway_addresses inet[], reuse_delay interval, bound_node text, placement text) IS 'CNI ADD: one address of each range for one interface of a pod, all or nothing.';


--
-- Name: audit_key(text, jsonb); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.audit_key(object_type text, of_row jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT jsonb_object_agg(k.name, (audit_key.of_row -> k.name)) AS jsonb_object_agg FROM unnest(CASE audit_key.object_type WHEN 'reservation'::text THEN ARRAY['network_id'::text, 'address'::text] WHEN 'free_range'::text THEN ARRAY['network_id'::text, 'quarantined'::text, 'last'::text] WHEN 'attachment'::text THEN ARRAY['cluster'::text, 'container_id'::text, 'interface'::text, 'network_id'::text, 'address'::text] WHEN 'node_slice'::text THEN ARRAY['pool_id'::text, 'cluster'::text, 'node'::text] WHEN 'assignment_hold_pool'::text THEN ARRAY['pool_id'::text] WHEN 'plain_pool'::text THEN ARRAY['network_name'::text, 'cidr'::text] ELSE ARRAY['id'::text] END) k(name) WHERE (audit_key.of_row ? k.name));


ALTER FUNCTION rowhouse.audit_key(object_type text, of_row jsonb) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION audit_key(object_type text, of_row jsonb); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.audit_key(object_type text, of_row jsonb) IS 'The primary key of a row, for the audit log; NULL if it is no row of a table.';


--
-- Name: available_v1(text[], cidr[], text[], integer[], inet[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[]) RETURNS TABLE(ordinal integer, cidr cidr, available boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
-- For CNI STATUS: which ranges could assign an address now. A pool that does not exist yet is wholly free.
#variable_conflict use_column
DECLARE
    pool   pools;
    firsts inet[];
    lasts  inet[];
BEGIN
    FOR range_no IN 1 .. coalesce(cardinality(cidrs), 0) LOOP
        ordinal := range_no;
        IF pool_names[ordinal] IS NULL THEN
            SELECT * INTO pool FROM pools p WHERE p.network_name = networks[ordinal] AND p.cidr = cidrs[ordinal];
            firsts := ARRAY(SELECT segment_firsts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                             WHERE segment_ranges[i] = ordinal ORDER BY i);
            lasts := ARRAY(SELECT segment_lasts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                            WHERE segment_ranges[i] = ordinal ORDER BY i);
            IF pool.window_first IS NOT NULL OR pool.window_last IS NOT NULL THEN
                SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(pool.window_first, pool.window_last, firsts, lasts) s;
            END IF;
            available := pool.id IS NULL;
        ELSE
            SELECT * INTO pool FROM pools p WHERE p.name = pool_names[ordinal];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'there is no pool named "%"', pool_names[ordinal]
                    USING ERRCODE = error_code('invalid_config'), DETAIL = ordinal,
                          HINT = 'Create it with `rowhouse pool create CIDR --name`; `rowhouse pool list` shows the existing pools.';
            END IF;
            SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
              INTO firsts, lasts FROM pool_window(pool) w;
            available := false;
        END IF;
        cidr := coalesce(pool.cidr, cidrs[ordinal]);
        available := available OR NOT pool.drained AND free_or_due(pool.network_id, firsts, lasts);
        RETURN NEXT;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[]) IS 'CNI STATUS: which ranges could assign an address now.';


--
-- Name: await_due(integer, inet[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.await_due(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
-- Whether another look for a free address of some segments is worth it, asked before the answer is "none":
-- release_expired() and end_quarantines() skip what another session is freeing at the same moment, and stop
-- after so many. Frees what is due, and waits for a session that is freeing it.
BEGIN
    PERFORM end_misdated_quarantines(wanted_network, firsts, lasts);
    IF NOT free_or_due(wanted_network, firsts, lasts) THEN
        RETURN false;
    END IF;
    PERFORM FROM free_ranges f
      WHERE f.network_id = wanted_network AND f.quarantined AND f.free_from <= (SELECT clock_timestamp())
        AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE f.last >= s.first AND f.first <= s.last)
      ORDER BY f.free_from LIMIT 1 FOR UPDATE OF f;
    PERFORM FROM reservations r
      WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
        AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE r.address BETWEEN s.first AND s.last)
        AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address)
      ORDER BY r.expires_at LIMIT 1 FOR UPDATE OF r;
    PERFORM release_expired(wanted_network, 1000);
    PERFORM end_quarantines(wanted_network, 1000);
    RETURN true;
END $$;


ALTER FUNCTION rowhouse.await_due(wanted_network integer, firsts inet[], lasts inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION await_due(wanted_network integer, firsts inet[], lasts inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.await_due(wanted_network integer, firsts inet[], lasts inet[]) IS 'Whether an address of some segments is free, or has come due and is about to be; waits for a session that is freeing it.';


--
-- Name: block_of(inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.block_of(address inet) RETURNS inet
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN set_masklen(address, CASE family(address) WHEN 4 THEN 26 ELSE 122 END);


ALTER FUNCTION rowhouse.block_of(address inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION block_of(address inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.block_of(address inet) IS 'The aligned block of 64 that holds an address: the unit in which a large run is split for concurrent writers.';


--
-- Name: changed_by_hand(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.changed_by_hand() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    row    jsonb := coalesce(before, after);
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END, coalesce(row->>'address', row->>'slice', row->>'reason', row->>'pool_id'),
                              before, after);
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.changed_by_hand() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION changed_by_hand(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.changed_by_hand() IS 'Trigger: writes a change by hand of a table that only our functions write into the audit log.';


--
-- Name: check_quotas(text, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.check_quotas(holder text, of_pool integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Raises quota_exceeded if a namespace holds more than it may. The quota's row is locked, so that two allocations
-- cannot both take the last address of a quota.
DECLARE
    quota quotas;
BEGIN
    FOR quota IN
        SELECT * FROM quotas q WHERE q.namespace = holder
           AND (q.pool_id IS NULL OR q.pool_id = of_pool) ORDER BY q.id FOR NO KEY UPDATE
    LOOP
        IF (SELECT count(*) FROM (
                SELECT FROM reservations r
                 WHERE r.owner_namespace = quota.namespace AND (quota.pool_id IS NULL OR r.pool_id = quota.pool_id)
                 LIMIT quota.addresses + 1) AS counted) > quota.addresses THEN
            RAISE EXCEPTION 'namespace "%" may hold % addresses%', quota.namespace, quota.addresses,
                            coalesce((SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = quota.pool_id), '')
                USING ERRCODE = error_code('quota_exceeded'), HINT = 'Raise the quota, or release unused addresses.';
        END IF;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.check_quotas(holder text, of_pool integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION check_quotas(holder text, of_pool integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.check_quotas(holder text, of_pool integer) IS 'Raises quota_exceeded if a namespace that was given addresses of a pool holds more than it may.';


--
-- Name: checks_changed(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.checks_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- A quota or a hold began or ended: other pools are plain now.
BEGIN
    IF TG_TABLE_NAME = 'assignment_hold_pools' AND TG_OP = 'INSERT' THEN
        PERFORM choose_plain_pools(ARRAY[NEW.pool_id]);
    ELSIF TG_TABLE_NAME <> 'assignment_hold_pools' OR EXISTS (SELECT FROM assignment_hold) THEN
        PERFORM choose_plain_pools();
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.checks_changed() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION checks_changed(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.checks_changed() IS 'Trigger: a quota or a hold began or ended, so other pools are plain.';


--
-- Name: choose_plain_pools(integer[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.choose_plain_pools(chosen integer[] DEFAULT NULL::integer[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Brings plain_pools up to date, for some pools or for all. A change of a quota or a hold waits until no ADD and no change
-- of a pool is under way (wait_for_reservations), and they wait for it: so neither misses the other.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    chosen := coalesce(chosen, ARRAY(SELECT p.id FROM pools p));
    DELETE FROM plain_pools c USING pools p
     WHERE p.id = c.pool_id AND c.pool_id = ANY (chosen)
       AND (NOT is_plain(p) OR (c.network_name, c.cidr, c.network_id, c.isolated) <> (p.network_name, p.cidr, p.network_id, p.isolated));
    INSERT INTO plain_pools (network_name, cidr, pool_id, network_id, isolated)
    SELECT p.network_name, p.cidr, p.id, p.network_id, p.isolated FROM pools p
     WHERE p.id = ANY (chosen) AND is_plain(p)
       -- A pool that was made again may hold quarantines of its predecessor, which exempt their previous owners.
       AND NOT EXISTS (SELECT FROM free_ranges f
                        WHERE f.network_id = p.network_id AND f.quarantined
                          AND f.last >= first_address(p.cidr) AND f.first <= last_address(p.cidr))
        ON CONFLICT DO NOTHING;
END $$;


ALTER FUNCTION rowhouse.choose_plain_pools(chosen integer[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION choose_plain_pools(chosen integer[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.choose_plain_pools(chosen integer[]) IS 'Brings plain_pools up to date, for some pools or for all.';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: free_ranges; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.free_ranges (
    network_id integer NOT NULL,
    quarantined boolean DEFAULT false NOT NULL,
    first rowhouse.host_address NOT NULL,
    last rowhouse.host_address NOT NULL,
    free_from timestamp with time zone NOT NULL,
    previous_owner text
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_threshold='500', autovacuum_vacuum_cost_delay='0');


ALTER TABLE rowhouse.free_ranges OWNER TO rowhouse_owner;

--
-- Name: TABLE free_ranges; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.free_ranges IS 'A run of free addresses, first to last inclusive. Free space belongs to the network, not to a pool: overlapping pools draw from the same rows.';


--
-- Name: COLUMN free_ranges.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.free_ranges.network_id IS 'The network of the addresses: networks.id.';


--
-- Name: COLUMN free_ranges.quarantined; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.free_ranges.quarantined IS 'Released with a reuse delay: not assigned before free_from, except to the previous owner. Also kept while the address is excluded or in no pool.';


--
-- Name: COLUMN free_ranges.first; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.free_ranges.first IS 'First address of the run.';


--
-- Name: COLUMN free_ranges.last; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.free_ranges.last IS 'Last address of the run, inclusive.';


--
-- Name: COLUMN free_ranges.free_from; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.free_ranges.free_from IS 'Since when, or from when on, the addresses may be assigned; no new tenure begins earlier.';


--
-- Name: COLUMN free_ranges.previous_owner; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.free_ranges.previous_owner IS 'owner_key() of the last owner of a quarantined address; NULL for other runs.';


--
-- Name: choose_run(integer, inet, inet, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.choose_run(wanted_network integer, low inet, high inet, reach inet) RETURNS TABLE(address inet, step integer, run_first inet, run_last inet, run_row tid, free_from timestamp with time zone)
    LANGUAGE sql STABLE ROWS 1
    BEGIN ATOMIC
 SELECT GREATEST((f.first)::inet, choose_run.low) AS "greatest",
     1,
     f.first,
     f.last,
     f.ctid,
     f.free_from
    FROM rowhouse.free_ranges f
   WHERE ((f.network_id = choose_run.wanted_network) AND (NOT f.quarantined) AND (((f.last)::inet >= choose_run.low) AND ((f.last)::inet <= choose_run.reach)) AND ((f.first)::inet <= choose_run.high))
   ORDER BY f.last
  LIMIT 1
  FOR UPDATE OF f SKIP LOCKED;
END;


ALTER FUNCTION rowhouse.choose_run(wanted_network integer, low inet, high inet, reach inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION choose_run(wanted_network integer, low inet, high inet, reach inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.choose_run(wanted_network integer, low inet, high inet, reach inet) IS 'The order in which free addresses are chosen: which unlocked run of a segment, and which of its addresses first. Locks the run.';


--
-- Name: claim_addresses(integer, inet[], inet[], integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.claim_addresses(wanted_network integer, firsts inet[], lasts inet[], how_many integer) RETURNS inet[]
    LANGUAGE plpgsql
    AS $$
-- Free addresses of the given segments (ascending, disjoint), in the order of choose_run(); their runs are locked for the
-- caller. Fewer than wanted: the others are locked by other transactions or not free. If all are locked: waits for one.
-- None: there is none.
DECLARE
    claimed inet[] := '{}';
    missing integer := how_many;
    low     inet;
    high    inet;
    reach   inet;
    address inet;
    step    integer;
    first   inet;
    last    inet;
    is_free boolean;
BEGIN
    LOOP
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            low := firsts[i];
            high := lasts[i];
            -- The last run that can reach into a segment is the first one that ends at or behind its end.
            reach := coalesce((SELECT f.last FROM free_ranges f
                                WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= high
                                ORDER BY f.last LIMIT 1), high);
            LOOP
                SELECT run.address, run.step, run.run_first, run.run_last INTO address, step, first, last
                  FROM choose_run(wanted_network, low, high, reach) run;
                EXIT WHEN NOT FOUND;
                LOOP
                    claimed := claimed || address;
                    missing := missing - 1;
                    IF missing = 0 THEN
                        RETURN claimed;
                    END IF;
                    EXIT WHEN address = CASE WHEN step > 0 THEN least(last, high) ELSE greatest(first, low) END;
                    address := address + step;
                END LOOP;
                -- What is left of the segment lies before the run or behind it.
                IF step > 0 THEN
                    EXIT WHEN last >= high;
                    low := last + 1;
                ELSE
                    EXIT WHEN first <= low;
                    high := first - 1;
                    reach := high;
                END IF;
            END LOOP;
        END LOOP;
        IF claimed <> '{}' THEN
            RETURN claimed;
        END IF;
        -- A look that skips what is locked cannot tell a full pool from a busy one. Wait for any run, and look again with
        -- that one in hand.
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            PERFORM FROM free_ranges f
              WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= firsts[i]
                AND f.last <= coalesce((SELECT bound.last FROM free_ranges bound
                                         WHERE bound.network_id = wanted_network AND NOT bound.quarantined
                                           AND bound.last >= lasts[i] ORDER BY bound.last LIMIT 1), lasts[i])
                AND f.first <= lasts[i]
              ORDER BY f.last LIMIT 1 FOR UPDATE OF f;
            is_free := FOUND;
            EXIT WHEN is_free;
        END LOOP;
        -- What we waited for is gone, but our snapshot may be older than what was left of it.
        IF is_free IS NOT true AND NOT has_free(wanted_network, firsts, lasts) THEN
            RETURN claimed;
        END IF;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.claim_addresses(wanted_network integer, firsts inet[], lasts inet[], how_many integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION claim_addresses(wanted_network integer, firsts inet[], lasts inet[], how_many integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.claim_addresses(wanted_network integer, firsts inet[], lasts inet[], how_many integer) IS 'Free addresses of some segments of a network, in the order of choose_run(), their runs locked for the caller.';


--
-- Name: clip_segments(inet, inet, inet[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.clip_segments(low inet, high inet, INOUT firsts inet[], INOUT lasts inet[]) RETURNS record
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT array_agg(GREATEST(s.f, clip_segments.low) ORDER BY s.f) AS array_agg,
     array_agg(LEAST(s.l, clip_segments.high) ORDER BY s.f) AS array_agg
    FROM UNNEST(clip_segments.firsts, clip_segments.lasts) s(f, l)
   WHERE ((s.l >= COALESCE(clip_segments.low, s.l)) AND (s.f <= COALESCE(clip_segments.high, s.f)));
END;


ALTER FUNCTION rowhouse.clip_segments(low inet, high inet, INOUT firsts inet[], INOUT lasts inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION clip_segments(low inet, high inet, INOUT firsts inet[], INOUT lasts inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.clip_segments(low inet, high inet, INOUT firsts inet[], INOUT lasts inet[]) IS 'The parts of some segments that lie between two addresses; NULL: no bound.';


--
-- Name: current_actor(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.current_actor() RETURNS text
    LANGUAGE sql STABLE
    RETURN COALESCE(NULLIF(current_setting('rowhouse.actor'::text, true), ''::text), (SESSION_USER)::text);


ALTER FUNCTION rowhouse.current_actor() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION current_actor(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.current_actor() IS 'Who acts: the caller that the server named, else the database user.';


--
-- Name: current_reason(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.current_reason() RETURNS text
    LANGUAGE sql STABLE
    RETURN COALESCE(NULLIF(current_setting('rowhouse.command'::text, true), ''::text), 'SQL'::text);


ALTER FUNCTION rowhouse.current_reason() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION current_reason(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.current_reason() IS 'The use case under way; SQL for a statement typed by a person.';


--
-- Name: detach_many_v1(text[], text[], text[], text[], text, integer, text[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.detach_many_v1(clusters text[], container_ids text[], interfaces text[], only_nodes text[], reason text, max_wait integer DEFAULT 3000, only_uids text[] DEFAULT NULL::text[]) RETURNS TABLE(ordinal integer, network_id integer, address inet, released boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
-- Ends the attachments of sandboxes' interfaces; the last one to go releases the reservation, unless
-- its owner is sticky. Nothing to do is success, and so is an attachment of another node than only_nodes says: that
-- one stays, since a container id is no secret and must not release what another node's pod uses.
#variable_conflict use_column
DECLARE
    -- Not a SET clause: only a superuser may name a parameter of our own there. (And no PERFORM, which is a statement.)
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', reason, true),
                             set_config('lock_timeout', max_wait::text, true)];
    command text;
    held    record;
    kept    reservations;
    other   attachments;
    gone    integer[];
    spaces  integer[];
    used    inet[];
BEGIN
    -- Before a reservation is looked up: while an isolated pool joins the shared space, its reservations move to another
    -- network, and a row lock that waited for that would find nothing to release.
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    FOR n IN 1 .. coalesce(cardinality(container_ids), 0) LOOP
        -- The reservation is locked first: whether this was its last attachment is then for us to say.
        FOR held IN
            SELECT r.network_id, r.address
              FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
             WHERE a.cluster = clusters[n] AND a.container_id = container_ids[n] AND a.interface = interfaces[n]
               AND a.node = coalesce(only_nodes[n], a.node)
               AND (only_uids[n] IS NULL OR coalesce(a.pod_uid, r.owner_uid) = only_uids[n])
             ORDER BY a.network_id, a.address FOR UPDATE OF r
        LOOP
            DELETE FROM attachments a
             WHERE a.cluster = clusters[n] AND a.container_id = container_ids[n] AND a.interface = interfaces[n]
               AND a.network_id = held.network_id AND a.address = held.address AND a.node = coalesce(only_nodes[n], a.node);
            IF FOUND THEN
                gone := gone || n;
                spaces := spaces || held.network_id;
                used := used || held.address::inet;
            END IF;
        END LOOP;
    END LOOP;
    IF cardinality(used) = 1 THEN
        -- The usual case, for one address: as for many below, at two thirds of the cost.
        ordinal := gone[1];
        network_id := spaces[1];
        address := used[1];
        DELETE FROM reservations r
         WHERE r.network_id = spaces[1] AND r.address = used[1] AND r.owner_kind = 'pod' AND NOT r.sticky
           AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = spaces[1] AND a.address = used[1]);
        released := FOUND;
        RETURN NEXT;
    ELSIF used IS NOT NULL THEN
        -- The usual case, once for all: no other sandbox uses the address, and it is not kept. (Both arrays
        -- narrow the index down; that the pair is one of ours is then a matter of few rows.)
        RETURN QUERY
            WITH freed AS (
                DELETE FROM reservations r
                 WHERE r.network_id = ANY (spaces) AND r.address = ANY (used)
                   AND (SELECT true FROM unnest(spaces, used) AS call (network_id, address)
                         WHERE call.network_id = r.network_id AND call.address = r.address LIMIT 1)
                   AND r.owner_kind = 'pod' AND NOT r.sticky
                   AND (SELECT a.cluster FROM attachments a
                         WHERE a.network_id = r.network_id AND a.address = r.address LIMIT 1) IS NULL
                RETURNING r.network_id, r.address)
            -- Of several calls that ended attachments of one address, the last one released it.
            SELECT call.n, call.network_id, call.address,
                   freed.address IS NOT NULL
                   AND row_number() OVER (PARTITION BY call.network_id, call.address ORDER BY call.n DESC) = 1
              FROM unnest(gone, spaces, used) AS call (n, network_id, address)
              LEFT JOIN freed ON freed.network_id = call.network_id AND freed.address = call.address;
    END IF;
    IF used IS NOT NULL AND released IS NOT true THEN
        FOR kept IN
            SELECT r.* FROM reservations r
             WHERE r.network_id = ANY (spaces) AND r.address = ANY (used)
               AND (SELECT true FROM unnest(spaces, used) AS call (network_id, address)
                     WHERE call.network_id = r.network_id AND call.address = r.address LIMIT 1)
        LOOP
            SELECT * INTO other FROM attachments a
             WHERE a.network_id = kept.network_id AND a.address = kept.address
             ORDER BY a.attached_at DESC LIMIT 1;
            IF FOUND THEN
                UPDATE reservations r SET node = other.node, container_id = other.container_id
                 WHERE r.network_id = kept.network_id AND r.address = kept.address
                   AND (r.node, r.container_id) <> (other.node, other.container_id);
            ELSE
                UPDATE reservations r
                   SET node = '', container_id = '', expires_at = clock_timestamp() + kept.sticky_ttl
                 WHERE r.network_id = kept.network_id AND r.address = kept.address;
            END IF;
        END LOOP;
    END IF;
    command := set_config('rowhouse.command', settings[1], true);
END $$;


ALTER FUNCTION rowhouse.detach_many_v1(clusters text[], container_ids text[], interfaces text[], only_nodes text[], reason text, max_wait integer, only_uids text[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION detach_many_v1(clusters text[], container_ids text[], interfaces text[], only_nodes text[], reason text, max_wait integer, only_uids text[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.detach_many_v1(clusters text[], container_ids text[], interfaces text[], only_nodes text[], reason text, max_wait integer, only_uids text[]) IS 'CNI DEL of many calls at once: ends the attachments of each sandbox''s interface and releases addresses that no sandbox uses any longer.';


--
-- Name: end_misdated_quarantines(integer, inet[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Frees addresses of some segments that were quarantined by a clock that was ahead, by more than a minute: for how
-- long they have been is unknown, and they would stay for as long as the clock was ahead. The cost is one look
-- at the quarantine that would end last.
DECLARE
    run   free_ranges;
    ended timestamptz;
BEGIN
    FOR run IN
        SELECT * FROM free_ranges q
         WHERE q.network_id = wanted_network AND q.quarantined AND q.free_from > (SELECT clock_timestamp())
         ORDER BY q.free_from DESC
    LOOP
        SELECT max(upper(t.during)) INTO ended FROM tenures_of(wanted_network, run.first) t;
        EXIT WHEN ended IS NULL OR ended <= clock_timestamp() + interval '1 minute';
        IF EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE run.last >= s.first AND run.first <= s.last) THEN
            DELETE FROM free_ranges f WHERE f.network_id = wanted_network AND f.quarantined AND f.last = run.last RETURNING f.* INTO run;
            CONTINUE WHEN NOT FOUND; -- Another session has just freed it.
            PERFORM free_covered(wanted_network, run.first, run.last, ended);
        END IF;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]) IS 'Frees addresses of some segments that were quarantined by a clock that was ahead.';


--
-- Name: end_quarantine_of(integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.end_quarantine_of(wanted_network integer, wanted inet) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
-- Frees a quarantined address before its time, for its previous owner; false if it is not quarantined any more.
DECLARE
    run   free_ranges;
    ended timestamptz;
BEGIN
    DELETE FROM free_ranges f
     WHERE f.network_id = wanted_network AND f.quarantined
       AND f.last = (SELECT q.last FROM free_ranges q
                      WHERE q.network_id = wanted_network AND q.quarantined AND q.last >= wanted ORDER BY q.last LIMIT 1)
       AND f.first <= wanted
    RETURNING * INTO run;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF run.first < wanted THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (wanted_network, true, run.first, wanted - 1, run.free_from, run.previous_owner);
    END IF;
    IF run.last > wanted THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (wanted_network, true, wanted + 1, run.last, run.free_from, run.previous_owner);
    END IF;
    -- What counts for the next tenure is when the last one ended.
    SELECT max(upper(t.during)) INTO ended FROM tenures_of(wanted_network, wanted) t;
    PERFORM free_run(wanted_network, wanted, wanted, coalesce(ended, '-infinity'));
    RETURN true;
END $$;


ALTER FUNCTION rowhouse.end_quarantine_of(wanted_network integer, wanted inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION end_quarantine_of(wanted_network integer, wanted inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.end_quarantine_of(wanted_network integer, wanted inet) IS 'Ends the quarantine of one address for its previous owner.';


--
-- Name: end_quarantines(integer, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.end_quarantines(wanted_network integer, at_most integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
-- Frees quarantined runs whose time has come; returns how many.
DECLARE
    run   free_ranges;
    ended integer := 0;
BEGIN
    FOR run IN
        SELECT * FROM free_ranges
         -- In a subquery, since a volatile function alone would be no condition of the index.
         WHERE network_id = wanted_network AND quarantined AND free_from <= (SELECT clock_timestamp())
         ORDER BY free_from LIMIT at_most FOR UPDATE SKIP LOCKED
    LOOP
        DELETE FROM free_ranges WHERE network_id = run.network_id AND quarantined AND last = run.last;
        PERFORM free_covered(run.network_id, run.first, run.last, run.free_from);
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END $$;


ALTER FUNCTION rowhouse.end_quarantines(wanted_network integer, at_most integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION end_quarantines(wanted_network integer, at_most integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.end_quarantines(wanted_network integer, at_most integer) IS 'Frees quarantined addresses whose reuse delay is over.';


--
-- Name: end_replaced_sandboxes(text, text, text, text, text, integer[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.end_replaced_sandboxes(cluster text, interface text, node text, uid text, container_id text, spaces integer[], used inet[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- The same pod (uid) on the same node has one sandbox at a time: after a reboot its new one replaces the old, whose DEL
-- may come late or never. Another uid or node is another pod, or a migration: both stay.
DECLARE
    old text;
BEGIN
    FOR old IN
        SELECT DISTINCT a.container_id
          FROM unnest(spaces, used) AS given (network_id, address)
          JOIN attachments a ON a.network_id = given.network_id AND a.address = given.address
         WHERE a.cluster = end_replaced_sandboxes.cluster AND a.interface = end_replaced_sandboxes.interface
           AND a.node = end_replaced_sandboxes.node AND a.pod_uid = uid
           AND a.container_id <> end_replaced_sandboxes.container_id
         ORDER BY 1
    LOOP
        IF old = '' THEN
            DELETE FROM attachments a USING unnest(spaces, used) AS given (network_id, address)
             WHERE a.network_id = given.network_id AND a.address = given.address AND a.container_id = ''
               AND a.cluster = end_replaced_sandboxes.cluster AND a.interface = end_replaced_sandboxes.interface
               AND a.node = end_replaced_sandboxes.node AND a.pod_uid = uid;
        ELSE
            PERFORM detach_many_v1(ARRAY[end_replaced_sandboxes.cluster], ARRAY[old], ARRAY[end_replaced_sandboxes.interface],
                                   ARRAY[end_replaced_sandboxes.node], 'REPLACED');
        END IF;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.end_replaced_sandboxes(cluster text, interface text, node text, uid text, container_id text, spaces integer[], used inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION end_replaced_sandboxes(cluster text, interface text, node text, uid text, container_id text, spaces integer[], used inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.end_replaced_sandboxes(cluster text, interface text, node text, uid text, container_id text, spaces integer[], used inet[]) IS 'Ends the attachments of earlier sandboxes of the same pod (uid) on the same node.';


--
-- Name: pools; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.pools (
    id integer NOT NULL,
    network_id integer NOT NULL,
    network_name text NOT NULL,
    cidr cidr NOT NULL,
    name text,
    gateway inet,
    window_first rowhouse.host_address,
    window_last rowhouse.host_address,
    reuse_delay interval DEFAULT '00:00:00'::interval NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    drained boolean DEFAULT false NOT NULL,
    isolated boolean DEFAULT false NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pools_check CHECK (((family(gateway) = family((cidr)::inet)) OR (gateway IS NULL))),
    CONSTRAINT pools_check1 CHECK (((window_first IS NULL) OR ((window_first)::inet <<= (cidr)::inet))),
    CONSTRAINT pools_check2 CHECK (((window_last IS NULL) OR ((window_last)::inet <<= (cidr)::inet))),
    CONSTRAINT pools_check3 CHECK (((window_first)::inet <= (window_last)::inet)),
    CONSTRAINT pools_labels_check CHECK ((jsonb_typeof(labels) = 'object'::text)),
    CONSTRAINT pools_name_check CHECK ((name <> ''::text)),
    CONSTRAINT pools_reuse_delay_check CHECK (((reuse_delay >= '00:00:00'::interval) AND (reuse_delay <= '100 years'::interval)))
);


ALTER TABLE rowhouse.pools OWNER TO rowhouse_owner;

--
-- Name: TABLE pools; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.pools IS 'A CIDR of a network from which addresses are assigned.';


--
-- Name: COLUMN pools.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.id IS 'Number of the pool; the other tables refer to it.';


--
-- Name: COLUMN pools.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.network_id IS 'The network of the pool: networks.id.';


--
-- Name: COLUMN pools.network_name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.network_name IS 'Name of the network; '''' is the default network.';


--
-- Name: COLUMN pools.cidr; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.cidr IS 'The CIDR; it never changes.';


--
-- Name: COLUMN pools.name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.name IS 'The name by which a NAD may refer to the pool instead of spelling a range; NULL: none.';


--
-- Name: COLUMN pools.gateway; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.gateway IS 'The gateway that an operator set, with or without a prefix length; NULL: none.';


--
-- Name: COLUMN pools.window_first; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.window_first IS 'First address assigned to callers that name the pool; NULL: the first usable one.';


--
-- Name: COLUMN pools.window_last; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.window_last IS 'Last address assigned to callers that name the pool; NULL: the last usable one.';


--
-- Name: COLUMN pools.reuse_delay; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.reuse_delay IS 'How long a released address is quarantined before it is assigned again.';


--
-- Name: COLUMN pools.labels; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.labels IS 'Labels of the operator, as a JSON object of texts.';


--
-- Name: COLUMN pools.description; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.description IS 'Text of the operator; '''' when nothing was written.';


--
-- Name: COLUMN pools.drained; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.drained IS 'Assigns no further address; those in use stay.';


--
-- Name: COLUMN pools.isolated; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.isolated IS 'Whether the pool has an address space of its own. Set by a trigger from networks.isolated.';


--
-- Name: COLUMN pools.version; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.version IS 'Counts the changes of the row: the ETag of the API.';


--
-- Name: COLUMN pools.created_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pools.created_at IS 'When the pool was made.';


--
-- Name: ensure_node_slice(rowhouse.pools, text, text, integer, inet[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.ensure_node_slice(wanted_pool rowhouse.pools, wanted_cluster text, wanted_node text, slice_size integer, firsts inet[], lasts inet[]) RETURNS cidr
    LANGUAGE plpgsql
    AS $$
-- The slice of a pool from which a node draws; if it has none yet, the lowest one that no node has and that reaches into
-- the segments. A slice that no longer does (a window or a NAD has changed) goes back, unless the node still uses it
-- inside the window of the pool.
DECLARE
    own cidr;
BEGIN
    SELECT slice INTO own FROM node_slices
     WHERE pool_id = wanted_pool.id AND cluster = wanted_cluster AND node = wanted_node;
    IF FOUND AND (SELECT bool_or(f <= last_address(own) AND l >= first_address(own)) FROM unnest(firsts, lasts) AS s (f, l)) THEN
        RETURN own;
    END IF;
    -- One new node of a pool at a time.
    PERFORM FROM pools WHERE id = wanted_pool.id FOR NO KEY UPDATE;
    DELETE FROM node_slices s
     WHERE s.pool_id = wanted_pool.id AND s.cluster = wanted_cluster AND s.node = wanted_node
       AND NOT EXISTS (SELECT FROM unnest(firsts, lasts) AS part (f, l)
                        WHERE part.f <= last_address(s.slice) AND part.l >= first_address(s.slice))
       AND (last_address(s.slice) < wanted_pool.window_first OR first_address(s.slice) > wanted_pool.window_last
            OR NOT EXISTS (SELECT FROM attachments a
                            WHERE a.node = s.node AND a.cluster = s.cluster
                              AND a.network_id = wanted_pool.network_id AND a.address <<= s.slice));
    SELECT slice INTO own FROM node_slices
     WHERE pool_id = wanted_pool.id AND cluster = wanted_cluster AND node = wanted_node;
    IF FOUND THEN
        RETURN own;
    END IF;
    -- The lowest aligned slice of this size in a gap, even among slices of other sizes: each gap begins at the start of
    -- the pool, or behind the aligned block in which a slice ends. In it, the first slice that reaches into a segment.
    SELECT candidate.slice INTO own FROM (
        SELECT CASE WHEN taken.slice IS NULL THEN set_masklen(first_address(wanted_pool.cidr), slice_size)
                    WHEN last_address(taken.block) < last_address(wanted_pool.cidr)
                    THEN set_masklen(last_address(taken.block) + 1, slice_size) END AS slice,
               taken.next_slice
          FROM (SELECT s.slice, set_masklen(last_address(s.slice), slice_size) AS block,
                       lead(s.slice) OVER (ORDER BY s.slice NULLS FIRST) AS next_slice
                  FROM (SELECT NULL::cidr AS slice
                        UNION ALL
                        SELECT slice FROM node_slices WHERE pool_id = wanted_pool.id) AS s) AS taken) AS gap
     CROSS JOIN unnest(firsts, lasts) AS part (f, l)
     CROSS JOIN LATERAL network(set_masklen(greatest(first_address(gap.slice), part.f), slice_size)) AS candidate (slice)
     WHERE gap.slice <<= wanted_pool.cidr AND candidate.slice <<= wanted_pool.cidr AND first_address(candidate.slice) <= part.l
       AND (gap.next_slice IS NULL OR last_address(candidate.slice) < first_address(gap.next_slice))
     ORDER BY candidate.slice LIMIT 1;
    IF NOT FOUND THEN
        -- A node that is gone, or has no pod of this pool left, gives its slice up to the one that needs it;
        -- should it come back, it gets another.
        DELETE FROM node_slices idle
         WHERE idle.pool_id = wanted_pool.id AND idle.slice = (
               SELECT s.slice FROM node_slices s
                WHERE s.pool_id = wanted_pool.id AND masklen(s.slice) = slice_size
                  AND EXISTS (SELECT FROM unnest(firsts, lasts) AS part (f, l)
                               WHERE part.f <= last_address(s.slice) AND part.l >= first_address(s.slice))
                  AND NOT EXISTS (SELECT FROM attachments a
                                   WHERE a.node = s.node AND a.cluster = s.cluster
                                     AND a.network_id = wanted_pool.network_id AND a.address <<= s.slice)
                ORDER BY s.created_at, s.slice LIMIT 1)
        RETURNING idle.slice INTO own;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'every /% slice of pool % belongs to a node', slice_size, wanted_pool.cidr
            USING ERRCODE = error_code('pool_exhausted'), HINT = 'Widen the pool, or choose smaller slices: node_slice_size.';
    END IF;
    INSERT INTO node_slices (pool_id, cluster, node, slice)
    VALUES (wanted_pool.id, wanted_cluster, wanted_node, own);
    RETURN own;
END $$;


ALTER FUNCTION rowhouse.ensure_node_slice(wanted_pool rowhouse.pools, wanted_cluster text, wanted_node text, slice_size integer, firsts inet[], lasts inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION ensure_node_slice(wanted_pool rowhouse.pools, wanted_cluster text, wanted_node text, slice_size integer, firsts inet[], lasts inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.ensure_node_slice(wanted_pool rowhouse.pools, wanted_cluster text, wanted_node text, slice_size integer, firsts inet[], lasts inet[]) IS 'The slice of a pool from which a node draws, assigned on its first call.';


--
-- Name: ensure_pool(text, cidr, boolean); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean) RETURNS rowhouse.pools
    LANGUAGE plpgsql
    AS $$
-- The pool of this CIDR in this network, made if there is none: the identity of a pool is its network and its CIDR,
-- as upstream. Its first caller decides whether it has a space of its own; a later one that shares its addresses has it
-- join the shared space (join_shared_space_v1).
DECLARE
    found_pool pools;
    space      integer;
BEGIN
    SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    IF FOUND THEN
        RETURN found_pool;
    END IF;
    -- Before the network is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    INSERT INTO networks (name, isolated)
    VALUES (wanted_network, CASE WHEN wants_isolation THEN wanted END) ON CONFLICT DO NOTHING;
    SELECT id INTO space FROM networks
     WHERE name = wanted_network AND isolated IS NOT DISTINCT FROM CASE WHEN wants_isolation THEN wanted END
       FOR NO KEY UPDATE;
    -- A pool that was drained when it was deleted is drained when a configuration brings it back.
    INSERT INTO pools (network_id, network_name, cidr, drained)
    SELECT space, wanted_network, wanted,
           coalesce((SELECT (l.before ->> 'drained')::boolean FROM audit_log l
                      WHERE l.object = wanted::text AND l.action = 'pool.delete' AND l.before ->> 'network_name' = wanted_network
                      ORDER BY l.id DESC LIMIT 1), false)
        ON CONFLICT DO NOTHING RETURNING * INTO found_pool;
    IF found_pool.id IS NULL THEN
        SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    END IF;
    RETURN found_pool;
END $$;


ALTER FUNCTION rowhouse.ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean) IS 'The pool of a CIDR in a network, made if there is none.';


--
-- Name: error_codes; Type: VIEW; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE VIEW rowhouse.error_codes AS
 SELECT column1 AS sqlstate,
    column2 AS name,
    column3 AS meaning
   FROM (VALUES ('RH007'::text,'invalid_config'::text,'the configuration cannot be served: no such pool, or a collision of addresses'::text), ('RH011'::text,'try_again'::text,'the pool holds back new addresses for now'::text), ('RH100'::text,'pool_exhausted'::text,'no free address, or no free slice, in a range'::text), ('RH101'::text,'address_taken'::text,'the address is reserved, quarantined or not free'::text), ('RH102'::text,'address_outside_ranges'::text,'the address is outside the ranges that may be assigned'::text), ('RH104'::text,'quota_exceeded'::text,'a quota does not allow another address'::text), ('RH110'::text,'not_allowed'::text,'the caller may not do this'::text), ('RHATT'::text,'attached_elsewhere'::text,'the address of the pod is attached on another node'::text), ('RHISO'::text,'isolated_pool'::text,'the pool is isolated, and the configuration shares its addresses'::text), ('RHNFD'::text,'not_found'::text,'the pool, network or reservation does not exist'::text), ('RHOLD'::text,'outdated'::text,'the object has changed since the caller read it'::text), ('RHWAY'::text,'in_the_way'::text,'the current state does not allow this change; force often does'::text)) "*VALUES*";


ALTER VIEW rowhouse.error_codes OWNER TO rowhouse_owner;

--
-- Name: VIEW error_codes; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON VIEW rowhouse.error_codes IS 'The SQLSTATEs that Rowhouse''s functions raise. Three digits are the CNI error code; letters mean that there is none.';


--
-- Name: COLUMN error_codes.sqlstate; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.error_codes.sqlstate IS 'The code that drivers report, and psql with \errverbose.';


--
-- Name: COLUMN error_codes.name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.error_codes.name IS 'The name by which functions raise it.';


--
-- Name: COLUMN error_codes.meaning; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.error_codes.meaning IS 'The meaning of the condition.';


--
-- Name: error_code(text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.error_code(wanted text) RETURNS text
    LANGUAGE sql STABLE
    RETURN (SELECT e.sqlstate FROM rowhouse.error_codes e WHERE (e.name = error_code.wanted));


ALTER FUNCTION rowhouse.error_code(wanted text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION error_code(wanted text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.error_code(wanted text) IS 'The SQLSTATE of a condition, by its name in error_codes: RAISE … USING ERRCODE = error_code(…).';


--
-- Name: exclusion_changed(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.exclusion_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM networks WHERE id = coalesce(NEW.network_id, OLD.network_id) FOR NO KEY UPDATE;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.network_id, NEW.first, NEW.last) IS DISTINCT FROM (OLD.id, OLD.network_id, OLD.first, OLD.last) THEN
            RAISE EXCEPTION 'the addresses of an exclusion cannot change'
                USING ERRCODE = error_code('in_the_way'), HINT = 'Delete the exclusion and create another one.';
        END IF;
        PERFORM record_change('exclusion.update', host(OLD.first) || '-' || host(OLD.last), to_jsonb(OLD), to_jsonb(NEW));
    ELSIF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM exclusions e WHERE e.network_id = NEW.network_id AND e.id <> NEW.id
                      AND e.last >= NEW.first AND e.first <= NEW.last) THEN
            RAISE EXCEPTION 'part of %-% is already excluded', host(NEW.first), host(NEW.last)
                USING ERRCODE = error_code('in_the_way'), HINT = 'Exclusions of a network do not overlap.';
        END IF;
        PERFORM refuse_attached('excluding ' || host(NEW.first) || '-' || host(NEW.last), NEW.network_id,
                                ARRAY[NEW.first]::inet[], ARRAY[NEW.last]::inet[]);
        PERFORM withdraw_run(NEW.network_id, NEW.first, NEW.last);
        PERFORM record_change('exclusion.create', host(NEW.first) || '-' || host(NEW.last), NULL, to_jsonb(NEW));
    ELSE
        PERFORM free_covered(OLD.network_id, OLD.first, OLD.last, clock_timestamp());
        PERFORM record_change('exclusion.delete', host(OLD.first) || '-' || host(OLD.last), to_jsonb(OLD), NULL);
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.exclusion_changed() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION exclusion_changed(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.exclusion_changed() IS 'Trigger: takes excluded addresses out of the free space, or returns them, and writes the audit log.';


--
-- Name: explain_address(text, inet, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.explain_address(wanted_network text, wanted inet, of_space integer DEFAULT NULL::integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Why an address is assigned or not: its state, and what in the database makes it so. The pool that explains it is its
-- reservation's own, or else the smallest that holds it. What one pool's window leaves out another may assign.
-- of_space: the id of one of the networks of this name, where isolated pools have several.
DECLARE
    pool     pools;
    giver    pools;
    held     current_reservations;
    run      free_ranges;
    earlier  address_history;
    facts    jsonb := jsonb_build_object('network', wanted_network, 'address', host(wanted));
BEGIN
    wanted := set_masklen(wanted, CASE family(wanted) WHEN 4 THEN 32 ELSE 128 END);
    SELECT p.* INTO pool FROM pools p
      LEFT JOIN reservations r ON r.network_id = p.network_id AND r.address = wanted
     WHERE p.network_name = wanted_network AND p.cidr >>= wanted AND p.network_id = coalesce(of_space, p.network_id)
     ORDER BY coalesce(r.pool_id = p.id, false) DESC, r.pool_id IS NOT NULL DESC, masklen(p.cidr) DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN facts || jsonb_build_object('state', 'unknown', 'because', 'no pool of this network holds the address');
    END IF;
    SELECT p.* INTO giver FROM pools p
     WHERE p.network_id = pool.network_id AND p.cidr >>= wanted
       AND EXISTS (SELECT FROM pool_window(p) w WHERE wanted BETWEEN w.first_address AND w.last_address)
     ORDER BY p.drained, p.id = pool.id DESC, masklen(p.cidr) DESC LIMIT 1;
    facts := facts || jsonb_build_object('pool', pool.cidr, 'pool_name', pool.name, 'drained', pool.drained,
        'is_gateway', EXISTS (SELECT FROM gateways g WHERE g.network_id = pool.network_id AND g.address = wanted),
        'in_window', EXISTS (SELECT FROM pool_window(pool) w WHERE wanted BETWEEN w.first_address AND w.last_address));
    SELECT * INTO earlier FROM address_history h
     WHERE h.network_id = pool.network_id AND h.address = wanted AND h.held_until IS NOT NULL
     ORDER BY h.held_from DESC LIMIT 1;
    IF FOUND THEN
        facts := facts || jsonb_build_object('last_owner', earlier.namespace || '/' || earlier.name,
            'last_released', earlier.held_until, 'last_end_reason', earlier.end_reason);
    END IF;
    SELECT * INTO held FROM current_reservations c WHERE c.network_id = pool.network_id AND c.address = wanted;
    IF FOUND THEN
        RETURN facts || jsonb_build_object('state', CASE WHEN held.attachments > 0 THEN 'in use' ELSE 'reserved' END,
            'because', concat(CASE WHEN held.attachments > 0 THEN concat('sandbox ', coalesce(nullif(held.container_id, ''), '(not known yet)'), ' on node ',
                                               coalesce(nullif(held.node, ''), '(not known yet)'), ' uses it')
                                   WHEN held.expires_at IS NOT NULL THEN 'kept for its owner until ' || held.expires_at
                                   ELSE 'kept for its owner until it is released' END,
                              '; it is also ' || why_withheld(pool.network_id, wanted)),
            'owner', held.namespace || '/' || held.name, 'interface', held.interface, 'cluster', held.cluster, 'since', held.reserved_at,
            'description', held.description);
    END IF;
    IF is_withheld(pool.network_id, wanted) THEN
        RETURN facts || jsonb_build_object('state', CASE WHEN is_excluded(pool.network_id, wanted) THEN 'excluded' ELSE 'gateway' END,
            'because', 'never assigned: it is ' || why_withheld(pool.network_id, wanted));
    END IF;
    IF giver.id IS NULL THEN
        RETURN facts || jsonb_build_object('state', 'outside', 'because',
            CASE WHEN wanted < first_usable(pool.cidr)
                 THEN 'never assigned: it is the network address of the pool (unless the network configuration has use_all)'
                 WHEN wanted > last_usable(pool.cidr)
                 THEN 'never assigned: it is the ' || CASE family(wanted) WHEN 4 THEN 'broadcast' ELSE 'last' END
                      || ' address of the pool (unless the network configuration has use_all)'
                 ELSE 'never assigned: it is outside the window of the pool' END);
    END IF;
    SELECT * INTO run FROM free_ranges f
     WHERE f.network_id = pool.network_id AND f.first <= wanted AND f.last >= wanted LIMIT 1;
    IF run.quarantined THEN
        RETURN facts || jsonb_build_object('state', 'quarantined', 'because', 'released; reused from ' || run.free_from || ' on');
    END IF;
    RETURN facts || jsonb_build_object('state', 'free', 'because',
        CASE WHEN giver.drained THEN 'free, but the pool is drained'
             WHEN giver.id <> pool.id AND (facts->>'in_window')::boolean
             THEN 'free; pool ' || pool.cidr || ' is drained, assigned by pool ' || giver.cidr
             WHEN giver.id <> pool.id THEN 'free; outside the window of pool ' || pool.cidr || ', assigned by pool ' || giver.cidr
             ELSE (SELECT CASE count(*) WHEN 0 THEN 'free; no free range of the pool comes before it'
                                        WHEN 1 THEN 'free; 1 free range of the pool comes before it'
                                        ELSE 'free; ' || count(*) || ' free ranges of the pool come before it' END
                     FROM free_ranges f
                    WHERE f.network_id = pool.network_id AND NOT f.quarantined AND f.last < wanted
                      AND f.last >= first_address(pool.cidr)
                      AND EXISTS (SELECT FROM pool_window(pool) w WHERE f.last >= w.first_address AND f.first <= w.last_address)) END);
END $$;


ALTER FUNCTION rowhouse.explain_address(wanted_network text, wanted inet, of_space integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION explain_address(wanted_network text, wanted inet, of_space integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.explain_address(wanted_network text, wanted inet, of_space integer) IS 'Why an address is assigned or not.';


--
-- Name: first_address(inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.first_address(block inet) RETURNS inet
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN set_masklen((network(block))::inet, CASE family(block) WHEN 4 THEN 32 ELSE 128 END);


ALTER FUNCTION rowhouse.first_address(block inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION first_address(block inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.first_address(block inet) IS 'The all-zero address of a block.';


--
-- Name: first_usable(cidr); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.first_usable(block cidr) RETURNS inet
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (masklen((block)::inet) >= CASE family((block)::inet) WHEN 4 THEN 31 ELSE 127 END) THEN rowhouse.first_address((block)::inet) ELSE (rowhouse.first_address((block)::inet) + (1)::bigint) END;


ALTER FUNCTION rowhouse.first_usable(block cidr) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION first_usable(block cidr); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.first_usable(block cidr) IS 'First address after the network address; a /31 or /32 is used whole (RFC 3021).';


--
-- Name: free_covered(integer, inet, inet, timestamp with time zone); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.free_covered(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- The largest pools are enough: they do not overlap.
DECLARE
    pool pools;
BEGIN
    FOR pool IN
        SELECT * FROM pools p WHERE p.network_id = run_network
           AND last_address(p.cidr) >= run_first AND first_address(p.cidr) <= run_last
           AND NOT EXISTS (SELECT FROM pools larger WHERE larger.network_id = p.network_id AND larger.cidr >> p.cidr)
    LOOP
        PERFORM free_unless_withheld(run_network, greatest(run_first, first_address(pool.cidr)),
                                     least(run_last, last_address(pool.cidr)), run_free_from);
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.free_covered(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION free_covered(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.free_covered(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) IS 'Puts the parts of a run that a pool covers into the free space, without what is withheld or reserved.';


--
-- Name: free_or_due(integer, inet[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.free_or_due(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
-- Whether an address of some segments is free, or would be assigned to the next call since its
-- quarantine or its time to live is over.
BEGIN
    -- One statement, so one snapshot: an address that is taken while another comes due is not missed in
    -- both. The clock stands in a subquery, since a volatile function alone is no condition of an index.
    RETURN EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                    WHERE (SELECT f.first FROM free_ranges f
                            WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= s.first
                            ORDER BY f.last LIMIT 1) <= s.last)
        OR EXISTS (SELECT FROM free_ranges f
                    WHERE f.network_id = wanted_network AND f.quarantined AND f.free_from <= (SELECT clock_timestamp())
                      AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                                   WHERE f.last >= s.first AND f.first <= s.last))
        OR EXISTS (SELECT FROM reservations r
                    WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
                      AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                                   WHERE r.address BETWEEN s.first AND s.last)
                      AND NOT EXISTS (SELECT FROM attachments a
                                       WHERE a.network_id = r.network_id AND a.address = r.address));
END $$;


ALTER FUNCTION rowhouse.free_or_due(wanted_network integer, firsts inet[], lasts inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION free_or_due(wanted_network integer, firsts inet[], lasts inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.free_or_due(wanted_network integer, firsts inet[], lasts inet[]) IS 'Whether an address of some segments of a network is free or has come due.';


--
-- Name: free_ranges_guard(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.free_ranges_guard() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Runs of a network never overlap, and no reserved address is free. A change by hand is in the audit log.
DECLARE
    broken text; -- the name of the rule
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM record_change('free_range.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'update' END, host(NEW.first) || '-' || host(NEW.last),
                              CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW));
    END IF;
    IF NEW.first > NEW.last OR family(NEW.first) <> family(NEW.last) THEN
        RAISE EXCEPTION 'free range %-% is not a run of addresses', host(NEW.first), host(NEW.last)
            USING ERRCODE = 'check_violation';
    END IF;
    -- Of the free and of the quarantined runs: of those that end behind our first address, the next one begins behind our
    -- last. Each is one index look-up, however many runs there are. (One statement for all: each one that starts
    -- costs as much as two look-ups. A reservation without a tenure is one of the statement under way: it is about to be
    -- taken out, see reservation_made(), and gets its tenure then.)
    broken := CASE
        WHEN (SELECT f.first FROM free_ranges f
               WHERE f.network_id = NEW.network_id AND NOT f.quarantined AND f.last >= NEW.first
                 AND (f.last <> NEW.last OR NEW.quarantined) ORDER BY f.last LIMIT 1) <= NEW.last
          OR (SELECT f.first FROM free_ranges f
               WHERE f.network_id = NEW.network_id AND f.quarantined AND f.last >= NEW.first
                 AND (f.last <> NEW.last OR NOT NEW.quarantined) ORDER BY f.last LIMIT 1) <= NEW.last
        THEN 'free_ranges_never_overlap'
        WHEN EXISTS (SELECT FROM reservations r
                      WHERE r.network_id = NEW.network_id AND r.address >= NEW.first AND r.address <= NEW.last
                        AND EXISTS (SELECT FROM tenures t WHERE t.id = r.tenure_id))
        THEN 'free_ranges_hold_no_reservation' END;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'free range %-% of network % %', host(NEW.first), host(NEW.last), NEW.network_id,
                        CASE broken WHEN 'free_ranges_never_overlap' THEN 'overlaps another' ELSE 'holds a reserved address' END
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = broken;
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.free_ranges_guard() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION free_ranges_guard(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.free_ranges_guard() IS 'Trigger: runs of a network never overlap, and hold no reserved address.';


--
-- Name: free_run(integer, inet, inet, timestamp with time zone); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.free_run(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
-- Puts a run into the free space, joined with those of its neighbors that are not locked: a release
-- never blocks. Quarantined runs keep to themselves until their time has come. Returns whether
-- there was one to join.
DECLARE
    before free_ranges;
    after  free_ranges;
BEGIN
    SELECT * INTO after FROM free_ranges
     WHERE network_id = run_network AND NOT quarantined AND last > run_last ORDER BY last LIMIT 1;
    -- Of one family: the run behind 255.255.255.255 is an IPv6 one.
    IF FOUND AND family(after.first) = family(run_last) AND after.first - 1 = run_last THEN
        SELECT * INTO after FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = after.last
           FOR UPDATE SKIP LOCKED;
    ELSE
        after := NULL;
    END IF;
    SELECT * INTO before FROM free_ranges
     WHERE network_id = run_network AND NOT quarantined AND last < run_first ORDER BY last DESC LIMIT 1;
    IF FOUND AND family(before.last) = family(run_first) AND before.last + 1 = run_first THEN
        SELECT * INTO before FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = before.last
           FOR UPDATE SKIP LOCKED;
    ELSE
        before := NULL;
    END IF;
    -- A neighbour may have shrunk between the look and the lock.
    IF after.first IS NOT NULL AND after.first - 1 <> run_last THEN after := NULL; END IF;

    IF before.last IS NOT NULL THEN
        DELETE FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = before.last;
        run_first := before.first;
        run_free_from := greatest(run_free_from, before.free_from);
    END IF;
    IF after.last IS NOT NULL THEN
        UPDATE free_ranges SET first = run_first, last = after.last, free_from = greatest(run_free_from, after.free_from)
         WHERE network_id = run_network AND NOT quarantined AND last = after.last;
    ELSE
        INSERT INTO free_ranges (network_id, first, last, free_from)
        VALUES (run_network, run_first, run_last, run_free_from);
    END IF;
    RETURN before.last IS NOT NULL OR after.last IS NOT NULL;
END $$;


ALTER FUNCTION rowhouse.free_run(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION free_run(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.free_run(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) IS 'Puts a run of addresses into the free space of a network.';


--
-- Name: free_space_deleted(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.free_space_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
-- What is inserted and changed by hand free_ranges_guard() records.
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('rowhouse.command', true) <> '' THEN
        RETURN NULL;
    END IF;
    PERFORM rowhouse.record_change('free_range.delete', pg_catalog.host(OLD.first) || '-' || pg_catalog.host(OLD.last),
                                   pg_catalog.to_jsonb(OLD), NULL);
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.free_space_deleted() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION free_space_deleted(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.free_space_deleted() IS 'Trigger: writes a free run deleted by hand into the audit log.';


--
-- Name: free_unless_withheld(integer, inet, inet, timestamp with time zone); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.free_unless_withheld(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Puts a run into the free space, without what is excluded, a gateway, quarantined or reserved.
DECLARE
    taken    record;
    position inet := run_first;
BEGIN
    FOR taken IN
        SELECT e.first, e.last FROM exclusions e
         WHERE e.network_id = run_network AND e.last >= run_first AND e.first <= run_last
        UNION ALL
        SELECT g.address, g.address FROM gateways g
         WHERE g.network_id = run_network AND g.address BETWEEN run_first AND run_last
        UNION ALL
        SELECT f.first, f.last FROM free_ranges f
         WHERE f.network_id = run_network AND f.quarantined AND f.last >= run_first AND f.first <= run_last
        UNION ALL
        SELECT r.address, r.address FROM reservations r
         WHERE r.network_id = run_network AND r.address BETWEEN run_first AND run_last
         ORDER BY 1
    LOOP
        IF taken.first > position THEN
            PERFORM free_run(run_network, position, taken.first - 1, run_free_from);
        END IF;
        -- A reservation may lie inside an exclusion.
        IF taken.last >= position THEN
            IF taken.last >= run_last THEN
                RETURN;
            END IF;
            position := taken.last + 1;
        END IF;
    END LOOP;
    PERFORM free_run(run_network, position, run_last, run_free_from);
END $$;


ALTER FUNCTION rowhouse.free_unless_withheld(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION free_unless_withheld(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.free_unless_withheld(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) IS 'Puts a run into the free space of a network, without what is excluded, a gateway or reserved.';


--
-- Name: gateway_changed(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.gateway_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
DECLARE
    row gateways := coalesce(NEW, OLD);
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM return_gateway(OLD.network_id, OLD.address);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM withhold_gateway(NEW.network_id, NEW.address);
    END IF;
    -- One that an operator set is part of its pool's line, unless this table itself is changed; and those that go with
    -- their pool are part of its line as well.
    IF (row.cni_network IS NOT NULL OR pg_trigger_depth() = 1) AND EXISTS (SELECT FROM pools WHERE id = row.pool_id) THEN
        PERFORM record_change('gateway.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END, host(row.address),
                              CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
                              CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.gateway_changed() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION gateway_changed(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.gateway_changed() IS 'Trigger: withholds a gateway from the free space, or returns it, and writes the audit log.';


--
-- Name: gateway_in_use(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.gateway_in_use() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- A pod that runs with the address of a router is told of: it goes on using the address until its DEL.
BEGIN
    PERFORM note_allocation_failures_v1(array_agg(a.cluster), array_agg(r.owner_namespace), array_agg(r.owner_name), array_agg(a.interface),
                             array_agg(a.node), array_agg(coalesce(a.pod_uid, r.owner_uid)),
                             array_agg(concat('address ', host(NEW.address), ' of interface ', a.interface, ' is now ',
                                              why_withheld(NEW.network_id, NEW.address),
                                              ': recreate the pod, which then gets another address, or correct the gateway')),
                             array_agg(1::bigint), array_agg('AddressIsGateway'::text))
       FROM (SELECT DISTINCT ON (a.cluster, a.interface) a.* FROM attachments a
              WHERE a.network_id = NEW.network_id AND a.address = NEW.address
              ORDER BY a.cluster, a.interface, a.attached_at DESC) AS a
       JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address AND r.owner_kind = 'pod'
     HAVING count(*) > 0;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.gateway_in_use() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION gateway_in_use(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.gateway_in_use() IS 'Trigger: notes running pods whose address became a gateway, for an event.';


--
-- Name: give_back(integer, inet, timestamp with time zone, interval, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.give_back(of_network integer, of_address inet, ended timestamp with time zone, delay interval, owner text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
-- Returns whether it may be assigned at once. (What is withheld is quarantined as well: that may end before the time is
-- over.)
DECLARE
    is_joined boolean;
BEGIN
    IF delay > '0' THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (of_network, true, of_address, of_address, ended + delay, owner);
        RETURN false;
    ELSIF NOT is_withheld(of_network, of_address) THEN -- (while it was in use)
        is_joined := free_run(of_network, of_address, of_address, ended);
        RETURN true;
    END IF;
    RETURN false;
END $$;


ALTER FUNCTION rowhouse.give_back(of_network integer, of_address inet, ended timestamp with time zone, delay interval, owner text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION give_back(of_network integer, of_address inet, ended timestamp with time zone, delay interval, owner text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.give_back(of_network integer, of_address inet, ended timestamp with time zone, delay interval, owner text) IS 'Puts a released address into the free space or into quarantine, unless it is kept out of use.';


--
-- Name: has_free(integer, inet[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.has_free(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
-- Volatile on purpose: a statement of a volatile function sees what was committed meanwhile. One
-- statement on purpose: segment by segment, a free address that moves would be missed in each.
BEGIN
    -- The first run that ends in or behind a segment is the only one that needs a look.
    RETURN EXISTS (
        SELECT FROM unnest(firsts, lasts) AS segment (first, last)
         WHERE (SELECT run.first FROM free_ranges run
                 WHERE run.network_id = wanted_network AND NOT run.quarantined AND run.last >= segment.first
                 ORDER BY run.last LIMIT 1) <= segment.last);
END $$;


ALTER FUNCTION rowhouse.has_free(wanted_network integer, firsts inet[], lasts inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION has_free(wanted_network integer, firsts inet[], lasts inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.has_free(wanted_network integer, firsts inet[], lasts inet[]) IS 'Whether any address of some segments of a network is free.';


--
-- Name: has_unnamed_v1(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.has_unnamed_v1() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET jit TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
-- Whether any imported address still has no interface; forgets those that are settled once all are.
BEGIN
    IF EXISTS (SELECT FROM imported_unnamed u
                WHERE EXISTS (SELECT FROM reservations r WHERE r.network_id = u.network_id AND r.address = u.address
                                 AND r.owner_interface = '' AND r.owner_kind = 'pod')) THEN
        RETURN true;
    END IF;
    DELETE FROM imported_unnamed u
     WHERE NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = u.network_id AND r.address = u.address
                          AND r.owner_interface = '' AND r.owner_kind = 'pod');
    RETURN false;
END $$;


ALTER FUNCTION rowhouse.has_unnamed_v1() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION has_unnamed_v1(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.has_unnamed_v1() IS 'Whether any imported address still has no interface.';


--
-- Name: networks; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.networks (
    id integer NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    isolated cidr,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT networks_name_check CHECK ((length(name) <= 253))
);


ALTER TABLE rowhouse.networks OWNER TO rowhouse_owner;

--
-- Name: TABLE networks; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.networks IS 'An address space: the domain in which an address is unique.';


--
-- Name: COLUMN networks.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.networks.id IS 'Number of the network; the other tables refer to it.';


--
-- Name: COLUMN networks.name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.networks.name IS 'network_name of the CNI configuration; '''' is the default network.';


--
-- Name: COLUMN networks.isolated; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.networks.isolated IS 'The CIDR of the one pool that has this space to itself (enable_overlapping_ranges: false); NULL: pools share the space.';


--
-- Name: COLUMN networks.created_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.networks.created_at IS 'When the network was made.';


--
-- Name: tenures; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.tenures (
    id bigint NOT NULL,
    network_id integer NOT NULL,
    address rowhouse.host_address NOT NULL,
    pool_id integer NOT NULL,
    during tstzrange NOT NULL,
    owner_kind rowhouse.owner_kind NOT NULL,
    owner_cluster text NOT NULL,
    owner_namespace text NOT NULL,
    owner_name text NOT NULL,
    owner_interface text NOT NULL,
    owner_uid text,
    node text NOT NULL,
    container_id text NOT NULL,
    started_by text NOT NULL,
    start_reason text NOT NULL,
    ended_by text,
    end_reason text
)
WITH (fillfactor='90', autovacuum_vacuum_scale_factor='0.05');


ALTER TABLE rowhouse.tenures OWNER TO rowhouse_owner;

--
-- Name: TABLE tenures; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.tenures IS 'History: who held which address, where, and during what time. An open upper bound is the present.';


--
-- Name: COLUMN tenures.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.id IS 'Number of the tenure; reservations.tenure_id refers to it.';


--
-- Name: COLUMN tenures.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.network_id IS 'The network of the address: networks.id.';


--
-- Name: COLUMN tenures.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.address IS 'The address, without a prefix length.';


--
-- Name: COLUMN tenures.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.pool_id IS 'The pool that the address was taken from: pools.id. The pool may be gone.';


--
-- Name: COLUMN tenures.during; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.during IS 'From when to when, the end excluded; no upper bound: the owner holds the address now.';


--
-- Name: COLUMN tenures.owner_kind; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.owner_kind IS 'pod, or static for an owner that is no pod.';


--
-- Name: COLUMN tenures.owner_cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.owner_cluster IS 'Cluster of the owner; '''' is a cluster without a name.';


--
-- Name: COLUMN tenures.owner_namespace; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.owner_namespace IS 'Kubernetes namespace of the owner; '''' when a static owner has none.';


--
-- Name: COLUMN tenures.owner_name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.owner_name IS 'Name of the pod, or of the person or device.';


--
-- Name: COLUMN tenures.owner_interface; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.owner_interface IS 'Interface of the pod; '''' when it is not known, or when a static owner has none.';


--
-- Name: COLUMN tenures.owner_uid; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.owner_uid IS 'UID of the pod; NULL when the caller did not send it, and for static owners.';


--
-- Name: COLUMN tenures.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.node IS 'Node of the sandbox that the tenure is of; '''' when no sandbox used the address.';


--
-- Name: COLUMN tenures.container_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.container_id IS 'Sandbox that the tenure is of; '''' when no sandbox used the address.';


--
-- Name: COLUMN tenures.started_by; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.started_by IS 'Who began it: a caller of the server, or a database user.';


--
-- Name: COLUMN tenures.start_reason; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.start_reason IS 'What began it: ADD, API, IMPORT, ADOPT, REPAIR, or SQL for a statement by hand.';


--
-- Name: COLUMN tenures.ended_by; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.ended_by IS 'Who ended it; NULL while it is open.';


--
-- Name: COLUMN tenures.end_reason; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tenures.end_reason IS 'What ended it: DEL, GC, RECONCILE (the controller), EXPIRE, ADD, API, or SQL for a statement by hand; NULL while it is open.';


--
-- Name: address_history; Type: VIEW; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE VIEW rowhouse.address_history AS
 SELECT n.name AS network,
    t.address,
    LEAST(lower(t.during), statement_timestamp()) AS held_from,
        CASE
            WHEN (upper(t.during) > statement_timestamp()) THEN statement_timestamp()
            ELSE upper(t.during)
        END AS held_until,
    t.owner_kind,
    t.owner_cluster AS cluster,
    t.owner_namespace AS namespace,
    t.owner_name AS name,
    t.owner_interface AS interface,
    t.owner_uid AS uid,
    t.node,
    t.container_id,
    t.started_by,
    t.start_reason,
    t.ended_by,
    t.end_reason,
    p.cidr AS pool,
    t.network_id,
    t.during,
    t.id,
    t.pool_id
   FROM ((rowhouse.tenures t
     LEFT JOIN rowhouse.networks n ON ((n.id = t.network_id)))
     LEFT JOIN rowhouse.pools p ON ((p.id = t.pool_id)));


ALTER VIEW rowhouse.address_history OWNER TO rowhouse_owner;

--
-- Name: VIEW address_history; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON VIEW rowhouse.address_history IS 'Who held which address, where and when; held_until is NULL for the present.';


--
-- Name: COLUMN address_history.network; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.network IS 'Name of the network; '''' is the default network.';


--
-- Name: COLUMN address_history.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.address IS 'The address, without a prefix length.';


--
-- Name: COLUMN address_history.held_from; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.held_from IS 'Since when; the present at most, though the clock was set back.';


--
-- Name: COLUMN address_history.held_until; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.held_until IS 'Until when; NULL: it is held now.';


--
-- Name: COLUMN address_history.owner_kind; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.owner_kind IS 'pod, or static for an owner that is no pod.';


--
-- Name: COLUMN address_history.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';


--
-- Name: COLUMN address_history.namespace; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.namespace IS 'Kubernetes namespace of the owner; '''' when a static owner has none.';


--
-- Name: COLUMN address_history.name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.name IS 'Name of the pod, or of the person or device.';


--
-- Name: COLUMN address_history.interface; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.interface IS 'Interface of the pod; '''' when it is not known, or when a static owner has none.';


--
-- Name: COLUMN address_history.uid; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.uid IS 'UID of the pod; NULL when the caller did not send it, and for static owners.';


--
-- Name: COLUMN address_history.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.node IS 'Node of the sandbox that the tenure is of; '''' when no sandbox used the address.';


--
-- Name: COLUMN address_history.container_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.container_id IS 'Sandbox that the tenure is of; '''' when no sandbox used the address.';


--
-- Name: COLUMN address_history.started_by; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.started_by IS 'Who began it: a caller of the server, or a database user.';


--
-- Name: COLUMN address_history.start_reason; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.start_reason IS 'What began it: ADD, API, IMPORT, ADOPT, REPAIR, or SQL for a statement by hand.';


--
-- Name: COLUMN address_history.ended_by; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.ended_by IS 'Who ended it; NULL while it is held.';


--
-- Name: COLUMN address_history.end_reason; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.end_reason IS 'What ended it: DEL, GC, RECONCILE (the controller), EXPIRE, ADD, API, or SQL for a statement by hand; NULL while it is held.';


--
-- Name: COLUMN address_history.pool; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.pool IS 'CIDR of the pool that the address was taken from; NULL: the pool is gone.';


--
-- Name: COLUMN address_history.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.network_id IS 'The network of the address: networks.id.';


--
-- Name: COLUMN address_history.during; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.during IS 'From when to when as it is stored, the end excluded; no upper bound: it is held now.';


--
-- Name: COLUMN address_history.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.id IS 'Number of the tenure: tenures.id.';


--
-- Name: COLUMN address_history.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.address_history.pool_id IS 'The pool that the address was taken from: pools.id. The pool may be gone.';


--
-- Name: held_by(text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.held_by(wanted_namespace text, wanted_name text) RETURNS SETOF rowhouse.address_history
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((h.namespace = held_by.wanted_namespace) AND (h.name = held_by.wanted_name))
   ORDER BY h.held_from, h.address;
END;


ALTER FUNCTION rowhouse.held_by(wanted_namespace text, wanted_name text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION held_by(wanted_namespace text, wanted_name text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.held_by(wanted_namespace text, wanted_name text) IS 'Every address that a pod (or other owner) holds or held.';


--
-- Name: tenures_id_seq; Type: SEQUENCE; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE rowhouse.tenures ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME rowhouse.tenures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: reservations; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.reservations (
    network_id integer NOT NULL,
    address rowhouse.host_address NOT NULL,
    pool_id integer NOT NULL,
    owner_kind rowhouse.owner_kind DEFAULT 'pod'::rowhouse.owner_kind NOT NULL,
    owner_cluster text DEFAULT ''::text NOT NULL,
    owner_namespace text DEFAULT ''::text NOT NULL,
    owner_name text NOT NULL,
    owner_interface text DEFAULT ''::text NOT NULL,
    owner_uid text,
    slot integer DEFAULT 0 NOT NULL,
    sticky boolean DEFAULT false NOT NULL,
    sticky_ttl interval,
    expires_at timestamp with time zone,
    policy_source rowhouse.policy_source DEFAULT 'nad'::rowhouse.policy_source NOT NULL,
    reuse_delay interval,
    node text DEFAULT ''::text NOT NULL,
    container_id text DEFAULT ''::text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    reserved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tenure_id bigint DEFAULT nextval('rowhouse.tenures_id_seq'::regclass) NOT NULL
)
WITH (fillfactor='90', autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_cost_delay='0');


ALTER TABLE rowhouse.reservations OWNER TO rowhouse_owner;

--
-- Name: TABLE reservations; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.reservations IS 'An address and its owner. The primary key is the guarantee: one owner per address.';


--
-- Name: COLUMN reservations.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.network_id IS 'The network of the address: networks.id.';


--
-- Name: COLUMN reservations.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.address IS 'The address, without a prefix length.';


--
-- Name: COLUMN reservations.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.pool_id IS 'The pool that the address was taken from: pools.id.';


--
-- Name: COLUMN reservations.owner_kind; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.owner_kind IS 'pod, or static for an owner that is no pod.';


--
-- Name: COLUMN reservations.owner_cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.owner_cluster IS 'Cluster of the owner; '''' is a cluster without a name.';


--
-- Name: COLUMN reservations.owner_namespace; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.owner_namespace IS 'Kubernetes namespace of the owner; '''' when a static owner has none.';


--
-- Name: COLUMN reservations.owner_name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.owner_name IS 'Name of the pod, or of the person or device.';


--
-- Name: COLUMN reservations.owner_interface; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.owner_interface IS 'Interface of the pod; '''' when it is not known, or when a static owner has none.';


--
-- Name: COLUMN reservations.owner_uid; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.owner_uid IS 'UID of the pod; NULL when the caller did not send it, and for static owners.';


--
-- Name: COLUMN reservations.slot; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.slot IS 'Tells apart several addresses of one owner in one pool.';


--
-- Name: COLUMN reservations.sticky; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.sticky IS 'Whether the reservation stays when its last attachment ends.';


--
-- Name: COLUMN reservations.sticky_ttl; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.sticky_ttl IS 'How long a sticky reservation stays without an attachment; NULL: until it is released.';


--
-- Name: COLUMN reservations.expires_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.expires_at IS 'When an unattached sticky reservation is given up; NULL: never.';


--
-- Name: COLUMN reservations.policy_source; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.policy_source IS 'Who set sticky, sticky_ttl and reuse_delay. An ADD attaches to an existing reservation and changes none of them.';


--
-- Name: COLUMN reservations.reuse_delay; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.reuse_delay IS 'Quarantine after the release, from the NAD or the server''s default; the longer of this and the pool''s counts. NULL: the pool''s alone.';


--
-- Name: COLUMN reservations.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.node IS 'Node of the sandbox that attached last; '''' when no sandbox uses the address.';


--
-- Name: COLUMN reservations.container_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.container_id IS 'Sandbox that attached last; '''' when no sandbox uses the address.';


--
-- Name: COLUMN reservations.description; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.description IS 'Why it was reserved, as its maker wrote it; '''' when nothing was written.';


--
-- Name: COLUMN reservations.reserved_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.reserved_at IS 'When the address was reserved.';


--
-- Name: COLUMN reservations.tenure_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.reservations.tenure_id IS 'The open tenure of this reservation: tenures.id.';


--
-- Name: held_by_owner(integer, text, text, text, text, inet, integer, integer, text[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.held_by_owner(wanted_pool integer, cluster text, namespace text, name text, interface text, wanted inet, wanted_slot integer, last_slot integer, taken text[]) RETURNS inet
    LANGUAGE sql STABLE
    RETURN (SELECT r.address FROM rowhouse.reservations r WHERE ((r.owner_namespace = held_by_owner.namespace) AND (r.owner_name = held_by_owner.name) AND (r.pool_id = held_by_owner.wanted_pool) AND (r.owner_interface = held_by_owner.interface) AND (r.owner_cluster = held_by_owner.cluster) AND (r.owner_kind = 'pod'::rowhouse.owner_kind) AND CASE WHEN (held_by_owner.wanted IS NULL) THEN ((r.slot = held_by_owner.wanted_slot) OR ((r.policy_source = 'operator'::rowhouse.policy_source) AND (r.slot > held_by_owner.last_slot))) ELSE ((r.address)::inet = held_by_owner.wanted) END AND (((r.network_id || ' '::text) || host((r.address)::inet)) <> ALL (held_by_owner.taken))) ORDER BY (r.slot <> held_by_owner.wanted_slot), r.slot LIMIT 1);


ALTER FUNCTION rowhouse.held_by_owner(wanted_pool integer, cluster text, namespace text, name text, interface text, wanted inet, wanted_slot integer, last_slot integer, taken text[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION held_by_owner(wanted_pool integer, cluster text, namespace text, name text, interface text, wanted inet, wanted_slot integer, last_slot integer, taken text[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.held_by_owner(wanted_pool integer, cluster text, namespace text, name text, interface text, wanted inet, wanted_slot integer, last_slot integer, taken text[]) IS 'The address that a pod''s interface holds in a pool, by slot or by address; else one that an operator reserved for it.';


--
-- Name: attachments; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.attachments (
    cluster text NOT NULL,
    container_id text NOT NULL,
    interface text NOT NULL,
    network_id integer NOT NULL,
    address rowhouse.host_address NOT NULL,
    node text NOT NULL,
    cni_network text DEFAULT ''::text NOT NULL,
    pod_uid text,
    attached_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_cost_delay='0');


ALTER TABLE rowhouse.attachments OWNER TO rowhouse_owner;

--
-- Name: TABLE attachments; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.attachments IS 'A sandbox that uses a reservation; the last one that goes releases it.';


--
-- Name: COLUMN attachments.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attachments.cluster IS 'Cluster of the sandbox; '''' is a cluster without a name.';


--
-- Name: COLUMN attachments.container_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attachments.container_id IS 'CNI_CONTAINERID; '''' when the pod was imported while it ran: the first call of its sandbox fills it in.';


--
-- Name: COLUMN attachments.interface; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attachments.interface IS 'CNI_IFNAME: the interface in the sandbox.';


--
-- Name: COLUMN attachments.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attachments.network_id IS 'The network of the address: networks.id.';


--
-- Name: COLUMN attachments.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attachments.address IS 'The address of the reservation that the sandbox uses.';


--
-- Name: COLUMN attachments.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attachments.node IS 'Node of the sandbox; '''' when an import did not tell it.';


--
-- Name: COLUMN attachments.cni_network; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attachments.cni_network IS 'Name of the CNI network configuration: the scope of a CNI GC; '''' when an import did not tell it.';


--
-- Name: COLUMN attachments.pod_uid; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attachments.pod_uid IS 'UID of the pod; NULL when the caller did not send it.';


--
-- Name: COLUMN attachments.attached_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attachments.attached_at IS 'When the sandbox attached.';


--
-- Name: held_by_sandbox(integer, text, text, text, text, text, text, inet, integer, text[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.held_by_sandbox(wanted_pool integer, cluster text, namespace text, name text, container_id text, interface text, only_node text, wanted inet, wanted_slot integer, taken text[]) RETURNS inet
    LANGUAGE sql STABLE
    RETURN (SELECT r.address FROM (rowhouse.attachments a JOIN rowhouse.reservations r ON (((r.network_id = a.network_id) AND ((r.address)::inet = (a.address)::inet)))) WHERE ((a.cluster = held_by_sandbox.cluster) AND (a.container_id = held_by_sandbox.container_id) AND (a.interface = held_by_sandbox.interface) AND (a.node = COALESCE(held_by_sandbox.only_node, a.node)) AND (r.owner_namespace = held_by_sandbox.namespace) AND (r.owner_name = held_by_sandbox.name) AND (r.owner_cluster = held_by_sandbox.cluster) AND (r.owner_interface = held_by_sandbox.interface) AND (r.pool_id = held_by_sandbox.wanted_pool) AND (r.owner_kind = 'pod'::rowhouse.owner_kind) AND ((r.address)::inet = COALESCE(held_by_sandbox.wanted, (r.address)::inet)) AND (((r.network_id || ' '::text) || host((r.address)::inet)) <> ALL (held_by_sandbox.taken))) ORDER BY (r.slot <> held_by_sandbox.wanted_slot), r.slot LIMIT 1);


ALTER FUNCTION rowhouse.held_by_sandbox(wanted_pool integer, cluster text, namespace text, name text, container_id text, interface text, only_node text, wanted inet, wanted_slot integer, taken text[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION held_by_sandbox(wanted_pool integer, cluster text, namespace text, name text, container_id text, interface text, only_node text, wanted inet, wanted_slot integer, taken text[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.held_by_sandbox(wanted_pool integer, cluster text, namespace text, name text, container_id text, interface text, only_node text, wanted inet, wanted_slot integer, taken text[]) IS 'The address of a pool that a sandbox uses already, except those that its call was given for other ranges.';


--
-- Name: held_in_other_range(integer, text, text, text, text, inet, inet[], inet[], text[], cidr[], text[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.held_in_other_range(wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet, firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[]) RETURNS inet
    LANGUAGE sql STABLE
    RETURN (SELECT r.address FROM (rowhouse.reservations r JOIN rowhouse.pools p ON ((p.id = r.pool_id))) WHERE ((r.owner_namespace = held_in_other_range.namespace) AND (r.owner_name = held_in_other_range.name) AND (r.owner_interface = held_in_other_range.interface) AND (r.owner_cluster = held_in_other_range.cluster) AND (r.owner_kind = 'pod'::rowhouse.owner_kind) AND ((r.network_id + 0) = held_in_other_range.wanted_network) AND ((r.address)::inet = COALESCE(held_in_other_range.wanted, (r.address)::inet)) AND (SELECT true FROM UNNEST(held_in_other_range.firsts, held_in_other_range.lasts) s(first, last) WHERE (((r.address)::inet >= s.first) AND ((r.address)::inet <= s.last)) LIMIT 1) AND (NOT (EXISTS (SELECT FROM UNNEST(held_in_other_range.networks, held_in_other_range.cidrs) own(network, cidr) WHERE ((own.network = p.network_name) AND ((own.cidr)::inet = (p.cidr)::inet))))) AND (((r.network_id || ' '::text) || host((r.address)::inet)) <> ALL (held_in_other_range.taken))) ORDER BY r.address LIMIT 1);


ALTER FUNCTION rowhouse.held_in_other_range(wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet, firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION held_in_other_range(wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet, firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.held_in_other_range(wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet, firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[]) IS 'The address that a pod''s interface holds in a range which is no longer in its configuration, if the present range contains it.';


--
-- Name: history_by_hand(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.history_by_hand() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
-- Only functions and triggers of ours write history: they name the use case, or are triggers themselves. A statement of
-- a person is in the audit log. No WHEN clause: PostgreSQL would parse it for every statement, which every call
-- would pay for; no rows one by one; and neither SECURITY DEFINER nor a search path of its own, for the same reason: only
-- the tables' owner can write to them, and may write to the audit log as well.
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('rowhouse.command', true) <> '' THEN
        NULL;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM rowhouse.record_changes('tenure.create', NULL, pg_catalog.array_agg(b.after ORDER BY b.number))
           FROM (SELECT pg_catalog.to_jsonb(n) AS after, n.network_id, n.owner_cluster,
                        pg_catalog.row_number() OVER (PARTITION BY n.network_id, n.owner_cluster ORDER BY n.address, n.id) - 1 AS number
                   FROM new_rows n) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM rowhouse.record_changes('tenure.delete', pg_catalog.array_agg(b.before ORDER BY b.number), NULL)
           FROM (SELECT pg_catalog.to_jsonb(o) AS before, o.network_id, o.owner_cluster,
                        pg_catalog.row_number() OVER (PARTITION BY o.network_id, o.owner_cluster ORDER BY o.address, o.id) - 1 AS number
                   FROM old_rows o) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    ELSE
        -- (A row whose id was changed as well is a line for what it was and one for what it is.)
        PERFORM rowhouse.record_changes('tenure.update', pg_catalog.array_agg(b.before ORDER BY b.number),
                                        pg_catalog.array_agg(b.after ORDER BY b.number))
           FROM (SELECT pg_catalog.to_jsonb(o) AS before, pg_catalog.to_jsonb(n) AS after,
                        coalesce(n.network_id, o.network_id) AS network_id, coalesce(n.owner_cluster, o.owner_cluster) AS owner_cluster,
                        pg_catalog.row_number() OVER (PARTITION BY coalesce(n.network_id, o.network_id), coalesce(n.owner_cluster, o.owner_cluster)
                                                      ORDER BY coalesce(o.address, n.address), coalesce(o.id, n.id)) - 1 AS number
                   FROM old_rows o FULL JOIN new_rows n ON n.id = o.id) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.history_by_hand() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION history_by_hand(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.history_by_hand() IS 'Trigger: writes a change by hand of the history into the audit log.';


--
-- Name: hold_v1(text, text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.hold_v1(actor text, request_id text, why text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- From now on no ADD gets a new address, except of pools that are read from now on (import_read_v1). False: it was so.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    made    assignment_hold;
BEGIN
    PERFORM act_as(actor, request_id);
    -- An ADD under way ends first.
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO assignment_hold (reason, actor) VALUES (why, actor) ON CONFLICT DO NOTHING RETURNING * INTO made;
    IF FOUND THEN
        PERFORM record_change('assignment_hold.create', why, NULL, to_jsonb(made));
    END IF;
    RETURN made.id IS NOT NULL;
END $$;


ALTER FUNCTION rowhouse.hold_v1(actor text, request_id text, why text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION hold_v1(actor text, request_id text, why text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.hold_v1(actor text, request_id text, why text) IS 'Holds new addresses back until the running pods were read.';


--
-- Name: import_addresses_v1(text, text, boolean, text, text, cidr, boolean, jsonb, boolean); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.import_addresses_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, entries jsonb, are_running boolean DEFAULT false) RETURNS TABLE(ordinal integer, outcome text, detail text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_material TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
-- Takes over a batch of addresses of one pool, each once. An entry is an object: n, address, kind, namespace, name,
-- interface, uid, description, and sandboxes, a list of [container id, interface, node] in that order ("C"). What
-- another owner has is left alone, and reported. Addresses that another session took at this moment are in no row of
-- the answer: ask again.
--
-- are_running: the entries are pods that run now, whose sandboxes' ids are not known ('') and whose nodes and uids are. An
-- owner that holds the address already gets the attachment of its pod beside those that it has.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    the_pool integer;
    space    integer;
    told     integer[];
    outcomes text[];
    details  text[];
    changed  integer[];
    moved    inet[];
    taken    inet[];
BEGIN
    PERFORM act_as(actor, request_id);
    IF NOT only_look THEN
        -- Before a pool is read or a run is locked: see wait_for_reservations().
        LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    END IF;
    SELECT p.id, p.network_id INTO the_pool, space FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted;
    IF NOT FOUND THEN
        IF NOT only_look THEN
            RAISE EXCEPTION 'there is no pool % in the %', wanted,
                coalesce('network "' || nullif(wanted_network, '') || '"', 'default network') USING ERRCODE = error_code('not_found');
        END IF;
        SELECT n.id INTO space FROM networks n
         WHERE n.name = wanted_network AND n.isolated IS NOT DISTINCT FROM CASE WHEN wants_isolation THEN wanted END;
    END IF;
    IF NOT only_look THEN
        PERFORM FROM (SELECT one.address FROM jsonb_to_recordset(entries) AS one (address inet) ORDER BY one.address) AS e
          CROSS JOIN LATERAL (SELECT FROM reservations r
                               WHERE r.network_id = space AND r.address = e.address LIMIT 1 FOR UPDATE) AS held;
    END IF;

    SELECT array_agg(f.n), array_agg(f.outcome), array_agg(f.detail), array_agg(f.n) FILTER (WHERE f.outcome = 'changed')
      INTO told, outcomes, details, changed
      FROM (
        SELECT held.n, CASE WHEN NOT held.same THEN 'conflict' WHEN held.untouched AND held.differs THEN 'changed' ELSE 'there' END AS outcome,
               CASE WHEN NOT held.same THEN held.owner END AS detail
          FROM (
               SELECT e.n,
                      (r.owner_kind, r.owner_namespace, r.owner_name) = (e.kind, e.namespace, e.name)
                      AND r.pool_id IS NOT DISTINCT FROM the_pool
                      AND (r.owner_kind = 'static' OR r.owner_cluster = of_cluster)
                      AND (r.owner_interface = e.interface OR '' IN (r.owner_interface, e.interface)) AS same,
                      r.owner_kind = 'pod' AND (are_running OR (SELECT t.start_reason = 'IMPORT' FROM tenures t WHERE t.id = r.tenure_id)) AS untouched,
                      CASE WHEN are_running THEN NOT EXISTS (
                           SELECT FROM attachments a
                            WHERE a.network_id = r.network_id AND a.address = r.address AND a.interface = e.interface
                              AND a.node = e.sandboxes -> 0 ->> 2 AND a.pod_uid = e.uid)
                      ELSE (r.owner_interface, r.owner_uid)
                      IS DISTINCT FROM (coalesce(nullif(e.interface, ''), r.owner_interface), coalesce(e.uid, r.owner_uid))
                      OR e.sandboxes IS DISTINCT FROM (
                         SELECT coalesce(jsonb_agg(jsonb_build_array(a.container_id, a.interface, a.node)
                                                   ORDER BY a.container_id COLLATE "C", a.interface COLLATE "C"), '[]')
                           FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address) END AS differs,
                      concat('held by ', CASE r.owner_kind WHEN 'pod' THEN r.owner_namespace || '/' END, r.owner_name,
                             ' ' || nullif(r.owner_interface, ''), ' of cluster ' || nullif(r.owner_cluster, ''),
                             CASE WHEN r.pool_id <> the_pool THEN (SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = r.pool_id) END,
                             ' since ', to_char(r.reserved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' UTC') AS owner
                 FROM jsonb_to_recordset(entries) AS e (n integer, address inet, kind owner_kind, namespace text, name text,
                                                        interface text, uid text, sandboxes jsonb)
                CROSS JOIN LATERAL (SELECT * FROM reservations one
                                     WHERE one.network_id = space AND one.address = e.address LIMIT 1) AS r) AS held
        UNION ALL
        SELECT e.n, 'conflict', 'kept out of use by an exclusion'
          FROM jsonb_to_recordset(entries) AS e (n integer, address inet)
         WHERE is_excluded(space, e.address)
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = space AND r.address = e.address)) AS f;
    RETURN QUERY SELECT f.n, f.o, f.d FROM unnest(told, outcomes, details) AS f (n, o, d);

    IF only_look THEN
        RETURN QUERY SELECT e.n, 'new', NULL::text FROM jsonb_to_recordset(entries) AS e (n integer)
                      WHERE e.n <> ALL (coalesce(told, '{}'));
        RETURN;
    END IF;

    IF changed IS NOT NULL THEN
        moved := ARRAY(SELECT e.address FROM jsonb_to_recordset(entries) AS e (n integer, address inet) WHERE e.n = ANY (changed));
        -- What is as it was imported, and is another way now: another sandbox, or its interface became known.
        DELETE FROM attachments a
         USING jsonb_to_recordset(entries) AS e (n integer, address inet, sandboxes jsonb)
         WHERE e.n = ANY (changed) AND a.network_id = space AND a.address = ANY (moved) AND a.address = e.address
           AND NOT are_running AND NOT e.sandboxes @> jsonb_build_array(jsonb_build_array(a.container_id, a.interface, a.node));
        INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, pod_uid)
        SELECT of_cluster, s.used->>0, s.used->>1, space, e.address, s.used->>2, e.uid
          FROM jsonb_to_recordset(entries) AS e (n integer, address inet, uid text, sandboxes jsonb),
               jsonb_array_elements(e.sandboxes) AS s (used)
         WHERE e.n = ANY (changed)
        ON CONFLICT (cluster, container_id, interface, network_id, address)
        DO UPDATE SET pod_uid = coalesce(excluded.pod_uid, attachments.pod_uid);
        UPDATE reservations r
           SET owner_uid = coalesce(e.uid, r.owner_uid),
               owner_interface = CASE WHEN EXISTS (
                   -- (two addresses of one owner in one pool that are only now known to be of one interface)
                   SELECT FROM reservations o
                    WHERE (o.owner_namespace, o.owner_name, o.pool_id, o.owner_interface, o.owner_cluster, o.slot)
                        = (r.owner_namespace, r.owner_name, r.pool_id, e.interface, r.owner_cluster, r.slot)) THEN r.owner_interface
                   ELSE coalesce(nullif(e.interface, ''), r.owner_interface) END,
               node = coalesce(e.sandboxes->0->>2, ''),
               container_id = coalesce(e.sandboxes->0->>0, '')
          FROM jsonb_to_recordset(entries) AS e (n integer, address inet, interface text, uid text, sandboxes jsonb)
         WHERE e.n = ANY (changed) AND r.network_id = space AND r.address = ANY (moved) AND r.address = e.address;
    END IF;

    -- Runs are locked before reservations are made, as in all functions.
    PERFORM FROM (SELECT DISTINCT run.quarantined, run.last
                    FROM jsonb_to_recordset(entries) AS e (n integer, address inet)
                   CROSS JOIN LATERAL (
                         (SELECT q.quarantined, q.first, q.last FROM free_ranges q
                           WHERE q.network_id = space AND NOT q.quarantined AND q.last >= e.address ORDER BY q.last LIMIT 1)
                         UNION ALL
                         (SELECT q.quarantined, q.first, q.last FROM free_ranges q
                           WHERE q.network_id = space AND q.quarantined AND q.last >= e.address ORDER BY q.last LIMIT 1)) AS run
                   WHERE e.n <> ALL (coalesce(told, '{}')) AND run.first <= e.address
                   ORDER BY run.quarantined, run.last) AS holding
      CROSS JOIN LATERAL (SELECT FROM free_ranges f
                           WHERE f.network_id = space AND f.quarantined = holding.quarantined AND f.last = holding.last
                           LIMIT 1 FOR UPDATE) AS locked;
    WITH made AS (
        INSERT INTO reservations AS r (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                                       owner_interface, owner_uid, slot, sticky, node, container_id, description)
        SELECT space, e.address, the_pool, e.kind, CASE e.kind WHEN 'pod' THEN of_cluster ELSE '' END,
               e.namespace, e.name, e.interface, e.uid,
               row_number() OVER (PARTITION BY e.kind, e.namespace, e.name, e.interface ORDER BY e.n) - 1
               + coalesce((SELECT max(o.slot) + 1 FROM reservations o
                            WHERE o.owner_namespace = e.namespace AND o.owner_name = e.name AND o.pool_id = the_pool
                              AND o.owner_interface = e.interface
                              AND o.owner_cluster = CASE e.kind WHEN 'pod' THEN of_cluster ELSE '' END), 0),
               e.kind = 'static', coalesce(e.sandboxes->0->>2, ''), coalesce(e.sandboxes->0->>0, ''), e.description
          FROM jsonb_to_recordset(entries) AS e (n integer, address inet, kind owner_kind, namespace text, name text,
                                                 interface text, uid text, description text, sandboxes jsonb)
         WHERE e.n <> ALL (coalesce(told, '{}'))
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = space AND r.address = e.address)
         ORDER BY e.address
        ON CONFLICT DO NOTHING
        RETURNING r.address)
    SELECT array_agg(made.address) INTO taken FROM made;
    IF taken IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, pod_uid)
    SELECT of_cluster, s.used->>0, s.used->>1, space, e.address, s.used->>2, e.uid
      FROM jsonb_to_recordset(entries) AS e (address inet, uid text, sandboxes jsonb),
           jsonb_array_elements(e.sandboxes) AS s (used)
     WHERE e.address = ANY (taken);
    INSERT INTO imported_unnamed (network_id, address)
    SELECT space, e.address FROM jsonb_to_recordset(entries) AS e (address inet, kind owner_kind, interface text)
     WHERE e.kind = 'pod' AND e.interface = '' AND e.address = ANY (taken)
    ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT e.n, 'new', NULL::text FROM jsonb_to_recordset(entries) AS e (n integer, address inet)
                  WHERE e.address = ANY (taken);
END $$;


ALTER FUNCTION rowhouse.import_addresses_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, entries jsonb, are_running boolean) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION import_addresses_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, entries jsonb, are_running boolean); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.import_addresses_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, entries jsonb, are_running boolean) IS 'Import: takes over a batch of addresses of one pool with their sandboxes; never what another owner has.';


--
-- Name: import_gateways_v1(text, text, boolean, text, text, cidr, boolean, inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.import_gateways_v1(actor text, request_id text, only_look boolean, of_cni_network text, wanted_network text, wanted cidr, isolated boolean, addresses inet[]) RETURNS SETOF inet
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    AS $$
-- Records the gateways of a network configuration before its first ADD; returns those that were not known.
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    unknown inet[];
BEGIN
    PERFORM act_as(actor, request_id);
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    unknown := ARRAY(SELECT a FROM unnest(addresses) AS a
                      WHERE NOT knows_gateways(of_cni_network, wanted_network, wanted, ARRAY[a]));
    IF NOT only_look AND unknown <> '{}' THEN
        PERFORM learn_gateways(of_cni_network, ARRAY[wanted_network], ARRAY[wanted], ARRAY[NULL]::text[], ARRAY[isolated],
                               array_fill(1, ARRAY[cardinality(unknown)]), unknown);
    END IF;
    RETURN QUERY SELECT unnest(unknown);
END $$;


ALTER FUNCTION rowhouse.import_gateways_v1(actor text, request_id text, only_look boolean, of_cni_network text, wanted_network text, wanted cidr, isolated boolean, addresses inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION import_gateways_v1(actor text, request_id text, only_look boolean, of_cni_network text, wanted_network text, wanted cidr, isolated boolean, addresses inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.import_gateways_v1(actor text, request_id text, only_look boolean, of_cni_network text, wanted_network text, wanted cidr, isolated boolean, addresses inet[]) IS 'Import of running pods: records the gateways of a network configuration.';


--
-- Name: import_pool_v1(text, text, boolean, text, text, cidr, boolean, text[], cidr[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.import_pool_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, nodes text[], slices cidr[]) RETURNS TABLE(ordinal integer, outcome text, detail text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    AS $$
-- Makes a pool and its nodes' slices where they are missing. The pool is ordinal 0, slices count from 1.
-- only_look: nothing is made.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    pool    pools;
    own     cidr;
    other   node_slices;
    alone   boolean;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO pool FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted;
    ordinal := 0;
    outcome := CASE WHEN FOUND THEN 'there' ELSE 'new' END;
    detail := '';
    IF outcome = 'there' THEN
        SELECT n.isolated IS NOT NULL INTO alone FROM networks n WHERE n.id = pool.network_id;
        IF alone <> wants_isolation THEN
            detail := CASE WHEN alone THEN 'it has a space of its own here' ELSE 'it shares its addresses with other pools here' END;
        END IF;
    ELSIF NOT only_look THEN
        pool := ensure_pool(wanted_network, wanted, wants_isolation);
    END IF;
    RETURN NEXT;
    IF NOT only_look AND cardinality(slices) > 0 THEN
        -- One at a time, as ensure_node_slice() does.
        PERFORM FROM pools p WHERE p.id = pool.id FOR NO KEY UPDATE;
    END IF;
    FOR i IN 1 .. coalesce(cardinality(slices), 0) LOOP
        ordinal := i;
        detail := '';
        SELECT s.slice INTO own FROM node_slices s WHERE s.pool_id = pool.id AND s.cluster = of_cluster AND s.node = nodes[i];
        IF FOUND THEN
            outcome := CASE WHEN own = slices[i] THEN 'there' ELSE 'conflict' END;
            detail := CASE WHEN own = slices[i] THEN '' ELSE 'node ' || nodes[i] || ' has ' || own || ' here' END;
        ELSIF NOT slices[i] <<= wanted THEN
            outcome := 'conflict';
            detail := slices[i] || ' is not inside ' || wanted;
        ELSE
            SELECT s.* INTO other FROM node_slices s WHERE s.pool_id = pool.id AND s.slice && slices[i] LIMIT 1;
            IF FOUND THEN
                outcome := 'conflict';
                detail := other.slice || ' is the slice of node ' || other.node || ' here';
            ELSE
                outcome := 'new';
                IF NOT only_look THEN
                    INSERT INTO node_slices (pool_id, cluster, node, slice) VALUES (pool.id, of_cluster, nodes[i], slices[i]);
                END IF;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.import_pool_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, nodes text[], slices cidr[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION import_pool_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, nodes text[], slices cidr[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.import_pool_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, nodes text[], slices cidr[]) IS 'Import: makes a pool and its nodes'' slices where they are missing.';


--
-- Name: assignment_hold; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.assignment_hold (
    id integer DEFAULT 1 NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT assignment_hold_id_check CHECK ((id = 1))
);


ALTER TABLE rowhouse.assignment_hold OWNER TO rowhouse_owner;

--
-- Name: TABLE assignment_hold; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.assignment_hold IS 'One row while a restore or an import is under way: an ADD gets no new address of a pool that was not read yet.';


--
-- Name: COLUMN assignment_hold.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.assignment_hold.id IS 'Always 1: there is one hold at most.';


--
-- Name: COLUMN assignment_hold.reason; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.assignment_hold.reason IS 'Why, as the operator wrote it.';


--
-- Name: COLUMN assignment_hold.actor; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.assignment_hold.actor IS 'Who began the hold.';


--
-- Name: COLUMN assignment_hold.since; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.assignment_hold.since IS 'When the hold began.';


--
-- Name: assignment_hold_pools; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.assignment_hold_pools (
    pool_id integer NOT NULL
);


ALTER TABLE rowhouse.assignment_hold_pools OWNER TO rowhouse_owner;

--
-- Name: TABLE assignment_hold_pools; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.assignment_hold_pools IS 'The pools that were read since the hold began, and so assign addresses again.';


--
-- Name: COLUMN assignment_hold_pools.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.assignment_hold_pools.pool_id IS 'A pool that was read since the hold began: pools.id.';


--
-- Name: import_read_v1(text, cidr); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.import_read_v1(wanted_network text, wanted cidr) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    BEGIN ATOMIC
 SELECT set_config('rowhouse.command'::text, 'IMPORT'::text, true) AS set_config;
 INSERT INTO rowhouse.assignment_hold_pools (pool_id)  SELECT p.id
            FROM rowhouse.pools p,
             rowhouse.assignment_hold
           WHERE ((p.network_name = import_read_v1.wanted_network) AND ((p.cidr)::inet = (import_read_v1.wanted)::inet)) ON CONFLICT DO NOTHING;
END;


ALTER FUNCTION rowhouse.import_read_v1(wanted_network text, wanted cidr) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION import_read_v1(wanted_network text, wanted cidr); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.import_read_v1(wanted_network text, wanted cidr) IS 'Import of running pods: all of a pool were read, so it assigns addresses again.';


--
-- Name: import_record_v1(text, text, text, jsonb); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.import_record_v1(actor text, request_id text, source text, facts jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
BEGIN
    PERFORM act_as(actor, request_id);
    PERFORM record_change('import.run', source, NULL, facts);
END $$;


ALTER FUNCTION rowhouse.import_record_v1(actor text, request_id text, source text, facts jsonb) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION import_record_v1(actor text, request_id text, source text, facts jsonb); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.import_record_v1(actor text, request_id text, source text, facts jsonb) IS 'Import: writes a line of the audit log that says what was taken over.';


--
-- Name: import_release_v1(text, text, text, cidr, inet[], text[], text[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.import_release_v1(actor text, request_id text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[]) RETURNS SETOF inet
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    AS $$
-- Releases addresses that were imported from a pool and are not in use there any more; only those that are as they
-- were imported, of the same owner still.
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
BEGIN
    PERFORM act_as(actor, request_id);
    RETURN QUERY
        DELETE FROM reservations r
         USING unnest(addresses, namespaces, names) AS gone (address, namespace, name), pools p
         WHERE p.network_name = wanted_network AND p.cidr = wanted
           AND r.network_id = p.network_id AND r.address = gone.address AND r.pool_id = p.id
           AND (r.owner_namespace, r.owner_name) = (gone.namespace, gone.name)
           AND (SELECT t.start_reason = 'IMPORT' FROM tenures t WHERE t.id = r.tenure_id)
        RETURNING r.address::inet;
END $$;


ALTER FUNCTION rowhouse.import_release_v1(actor text, request_id text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION import_release_v1(actor text, request_id text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.import_release_v1(actor text, request_id text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[]) IS 'Import: releases what was imported and is not in use any more where it came from.';


--
-- Name: import_stale_v1(text, text, boolean, text, text, cidr, inet[], text[], text[], timestamp with time zone); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.import_stale_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[], listed_at timestamp with time zone) RETURNS TABLE(address inet, namespace text, name text, interface text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    AS $$
-- Before running pods are taken over: who holds one of their addresses here, though the pod that has it is another one. A
-- restored database may say so of a pod that ended since. Not what an owner keeps (sticky, reserved by an operator), and
-- nothing that was reserved or attached since the pods were listed.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    stale   inet[];
    space   integer;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT p.network_id INTO space FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted;
    stale := ARRAY(
        SELECT r.address::inet FROM unnest(addresses, namespaces, names) AS running (address, namespace, name)
         CROSS JOIN LATERAL (SELECT * FROM reservations one
                              WHERE one.network_id = space AND one.address = running.address LIMIT 1 FOR UPDATE) AS r
         WHERE r.owner_kind = 'pod' AND r.owner_cluster = of_cluster AND NOT r.sticky AND r.policy_source = 'nad'
           AND (r.owner_namespace, r.owner_name) <> (running.namespace, running.name) AND r.reserved_at < listed_at
           AND NOT EXISTS (SELECT FROM attachments a
                            WHERE a.network_id = r.network_id AND a.address = r.address AND a.attached_at >= listed_at));
    RETURN QUERY
        SELECT r.address::inet, r.owner_namespace, r.owner_name, r.owner_interface FROM unnest(stale) AS s (address)
         CROSS JOIN LATERAL (SELECT * FROM reservations one
                              WHERE one.network_id = space AND one.address = s.address LIMIT 1) AS r;
    IF NOT only_look THEN
        DELETE FROM reservations r USING unnest(stale) AS s (address) WHERE r.network_id = space AND r.address = s.address;
    END IF;
END $$;


ALTER FUNCTION rowhouse.import_stale_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[], listed_at timestamp with time zone) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION import_stale_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[], listed_at timestamp with time zone); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.import_stale_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[], listed_at timestamp with time zone) IS 'Import of running pods: releases what ended pods hold of the addresses that running ones have.';


--
-- Name: imported_sandbox_v1(text, text, text, text, text, boolean, text, text, text, text[], cidr[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.imported_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) RETURNS TABLE(network_id integer, address inet, container_id text, interface text, node text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    AS $$
-- The imported attachments that a call can only mean: those of its container without an interface or a node (whereabouts
-- before v0.8, an export without pods), or those of its pod without a container (an import of running pods).
--
-- Without an interface: of the pools of the call's configuration; where that cannot be read (cidrs NULL), the only one
-- there is. only_node is the node of a caller that acts for its own node alone: what another node has is never meant, and
-- what no node is known of only if it was verified that the pod runs there.
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT a.network_id, a.address::inet, a.container_id, a.interface, a.node
          FROM attachments a
          JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
         WHERE a.cluster = of_cluster AND a.container_id = of_container
           AND (a.interface = '' OR a.interface = of_interface AND a.node = '')
           AND (only_node IS NULL OR a.node = only_node OR a.node = '' AND is_verified)
           AND (a.interface <> ''
                OR EXISTS (SELECT FROM unnest(networks, cidrs) AS range (network, cidr) JOIN pools p
                              ON p.network_name = range.network AND p.cidr = range.cidr
                            WHERE p.id = r.pool_id)
                OR cidrs IS NULL AND NOT EXISTS (
                   SELECT FROM attachments other
                    WHERE other.cluster = of_cluster AND other.container_id = of_container AND other.interface = ''
                      AND (other.network_id, other.address) <> (a.network_id, a.address)))
        UNION ALL
        SELECT a.network_id, a.address::inet, a.container_id, a.interface, a.node
          FROM reservations r
          JOIN attachments a ON a.network_id = r.network_id AND a.address = r.address
         WHERE r.owner_namespace = of_namespace AND r.owner_name = of_pod AND r.owner_cluster = of_cluster
           AND r.owner_kind = 'pod' AND a.cluster = of_cluster AND a.container_id = '' AND a.interface = of_interface
           AND (a.pod_uid IS NULL OR of_uid IS NULL OR a.pod_uid = of_uid)
           AND a.node IN ('', of_node)
           AND (only_node IS NULL OR a.node = only_node OR a.node = '' AND is_verified)
         ORDER BY 1, 2;
END $$;


ALTER FUNCTION rowhouse.imported_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION imported_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.imported_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) IS 'The imported attachments that a DEL or CHECK can only mean. Changes nothing.';


--
-- Name: last_address(inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.last_address(block inet) RETURNS inet
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN set_masklen(broadcast(block), CASE family(block) WHEN 4 THEN 32 ELSE 128 END);


ALTER FUNCTION rowhouse.last_address(block inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION last_address(block inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.last_address(block inet) IS 'The all-ones address of a block.';


--
-- Name: network_key(integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.network_key(network_id integer, address inet) RETURNS int8range
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE family(address) WHEN 4 THEN int8range((((address - '128.0.0.0'::inet) << 31) + network_id), (((address - '128.0.0.0'::inet) << 31) + network_id), '[]'::text) ELSE NULL::int8range END;


ALTER FUNCTION rowhouse.network_key(network_id integer, address inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION network_key(network_id integer, address inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.network_key(network_id integer, address inet) IS 'An IPv4 address and its network as a range of one number, exactly; NULL for IPv6, which does not fit.';


--
-- Name: network_keys(inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.network_keys(prefix inet) RETURNS int8range
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE family(prefix) WHEN 4 THEN int8range(((rowhouse.first_address(prefix) - '128.0.0.0'::inet) << 31), (((rowhouse.last_address(prefix) - '128.0.0.0'::inet) + 1) << 31)) ELSE NULL::int8range END;


ALTER FUNCTION rowhouse.network_keys(prefix inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION network_keys(prefix inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.network_keys(prefix inet) IS 'The keys (network_key) of an IPv4 prefix in all networks; NULL for IPv6.';


--
-- Name: in_prefix(inet, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.in_prefix(prefix inet, since timestamp with time zone DEFAULT NULL::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS SETOF rowhouse.address_history
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((family(in_prefix.prefix) = 4) AND (family((h.address)::inet) = 4) AND (rowhouse.network_key(h.network_id, (h.address)::inet) <@ rowhouse.network_keys(in_prefix.prefix)) AND (h.during && tstzrange(in_prefix.since, in_prefix.until)))
 UNION ALL
  SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((family(in_prefix.prefix) = 6) AND (masklen(in_prefix.prefix) >= 66) AND (family((h.address)::inet) = 6) AND (rowhouse.address_key((h.address)::inet) <@ range_merge(rowhouse.address_key(rowhouse.first_address(in_prefix.prefix)), rowhouse.address_key(rowhouse.last_address(in_prefix.prefix)))) AND (((h.address)::inet >= rowhouse.first_address(in_prefix.prefix)) AND ((h.address)::inet <= rowhouse.last_address(in_prefix.prefix))) AND (h.during && tstzrange(in_prefix.since, in_prefix.until)))
 UNION ALL
  SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((family(in_prefix.prefix) = 6) AND (masklen(in_prefix.prefix) < 66) AND (((h.address)::inet >= rowhouse.first_address(in_prefix.prefix)) AND ((h.address)::inet <= rowhouse.last_address(in_prefix.prefix))) AND (h.during && tstzrange(in_prefix.since, in_prefix.until)));
END;


ALTER FUNCTION rowhouse.in_prefix(prefix inet, since timestamp with time zone, until timestamp with time zone) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION in_prefix(prefix inet, since timestamp with time zone, until timestamp with time zone); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.in_prefix(prefix inet, since timestamp with time zone, until timestamp with time zone) IS 'What held addresses of a prefix in a time, if only for a part of it, in every network; NULL: since ever, and until now.';


--
-- Name: in_slice(integer, text, text, integer, inet[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer, INOUT firsts inet[], INOUT lasts inet[]) RETURNS record
    LANGUAGE plpgsql
    AS $$
-- The parts of the segments that lie in the node's slice of the pool.
DECLARE
    pool  pools;
    slice cidr;
BEGIN
    IF firsts IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO pool FROM pools WHERE id = wanted_pool;
    slice := ensure_node_slice(pool, wanted_cluster, wanted_node, slice_size, firsts, lasts);
    SELECT array_agg(greatest(f, first_address(slice)) ORDER BY f),
           array_agg(least(l, last_address(slice)) ORDER BY f) INTO firsts, lasts
      FROM unnest(firsts, lasts) AS s (f, l)
     WHERE f <= last_address(slice) AND l >= first_address(slice);
END $$;


ALTER FUNCTION rowhouse.in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer, INOUT firsts inet[], INOUT lasts inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer, INOUT firsts inet[], INOUT lasts inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer, INOUT firsts inet[], INOUT lasts inet[]) IS 'The parts of some segments that lie in a node''s slice of a pool.';


--
-- Name: is_careful(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.is_careful() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (COALESCE(current_setting('rowhouse.careful'::text, true), ''::text) = 'on'::text);


ALTER FUNCTION rowhouse.is_careful() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION is_careful(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.is_careful() IS 'Whether the call is repeated after the history or the free space refused it: correct them first.';


--
-- Name: exclusions; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.exclusions (
    id integer NOT NULL,
    network_id integer NOT NULL,
    first rowhouse.host_address NOT NULL,
    last rowhouse.host_address NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT exclusions_check CHECK ((((first)::inet <= (last)::inet) AND (family((first)::inet) = family((last)::inet))))
);


ALTER TABLE rowhouse.exclusions OWNER TO rowhouse_owner;

--
-- Name: TABLE exclusions; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.exclusions IS 'Addresses kept out of use, first to last inclusive. Those in use when it was made go out of use when they are released.';


--
-- Name: COLUMN exclusions.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.exclusions.id IS 'Number of the exclusion.';


--
-- Name: COLUMN exclusions.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.exclusions.network_id IS 'The network of the addresses: networks.id.';


--
-- Name: COLUMN exclusions.first; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.exclusions.first IS 'First address.';


--
-- Name: COLUMN exclusions.last; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.exclusions.last IS 'Last address, inclusive.';


--
-- Name: COLUMN exclusions.reason; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.exclusions.reason IS 'Why, as the operator wrote it; '''' when nothing was written.';


--
-- Name: COLUMN exclusions.created_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.exclusions.created_at IS 'When it was made.';


--
-- Name: is_excluded(integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.is_excluded(wanted_network integer, wanted inet) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN COALESCE((((SELECT e.first FROM rowhouse.exclusions e WHERE ((e.network_id = is_excluded.wanted_network) AND ((e.last)::inet >= is_excluded.wanted)) ORDER BY e.last LIMIT 1))::inet <= wanted), false);


ALTER FUNCTION rowhouse.is_excluded(wanted_network integer, wanted inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION is_excluded(wanted_network integer, wanted inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.is_excluded(wanted_network integer, wanted inet) IS 'Whether an address is kept out of use. Exclusions never overlap, so one look tells.';


--
-- Name: is_forced(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.is_forced() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (COALESCE(current_setting('rowhouse.force'::text, true), ''::text) = 'on'::text);


ALTER FUNCTION rowhouse.is_forced() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION is_forced(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.is_forced() IS 'Whether the caller insists on a change that touches running sandboxes or takes a gateway: SET rowhouse.force = ''on''.';


--
-- Name: is_open_tenure(rowhouse.tenures, rowhouse.reservations); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.is_open_tenure(t rowhouse.tenures, r rowhouse.reservations) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (upper_inf((t).during) AND (NOT ((((((((((((t).network_id IS DISTINCT FROM (r).network_id) OR (((t).address)::inet IS DISTINCT FROM ((r).address)::inet)) OR ((t).pool_id IS DISTINCT FROM (r).pool_id)) OR ((t).owner_kind IS DISTINCT FROM (r).owner_kind)) OR ((t).owner_cluster IS DISTINCT FROM (r).owner_cluster)) OR ((t).owner_namespace IS DISTINCT FROM (r).owner_namespace)) OR ((t).owner_name IS DISTINCT FROM (r).owner_name)) OR ((t).owner_interface IS DISTINCT FROM (r).owner_interface)) OR ((t).owner_uid IS DISTINCT FROM (r).owner_uid)) OR ((t).node IS DISTINCT FROM (r).node)) OR ((t).container_id IS DISTINCT FROM (r).container_id))));


ALTER FUNCTION rowhouse.is_open_tenure(t rowhouse.tenures, r rowhouse.reservations) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION is_open_tenure(t rowhouse.tenures, r rowhouse.reservations); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.is_open_tenure(t rowhouse.tenures, r rowhouse.reservations) IS 'Whether a tenure is the open one of a reservation.';


--
-- Name: quotas; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.quotas (
    id integer NOT NULL,
    namespace text NOT NULL,
    pool_id integer,
    addresses integer NOT NULL,
    CONSTRAINT quotas_addresses_check CHECK ((addresses >= 0)),
    CONSTRAINT quotas_namespace_check CHECK ((namespace <> ''::text))
);


ALTER TABLE rowhouse.quotas OWNER TO rowhouse_owner;

--
-- Name: TABLE quotas; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.quotas IS 'How many addresses a namespace may hold, in one pool or (pool_id NULL) in all.';


--
-- Name: COLUMN quotas.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.quotas.id IS 'Number of the quota.';


--
-- Name: COLUMN quotas.namespace; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.quotas.namespace IS 'The Kubernetes namespace, in all clusters.';


--
-- Name: COLUMN quotas.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.quotas.pool_id IS 'The pool that it counts in: pools.id; NULL: all pools.';


--
-- Name: COLUMN quotas.addresses; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.quotas.addresses IS 'How many addresses the namespace may hold.';


--
-- Name: is_plain(rowhouse.pools); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.is_plain(pool rowhouse.pools) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    RETURN ((NOT (pool).drained) AND ((pool).window_first IS NULL) AND ((pool).window_last IS NULL) AND ((pool).reuse_delay = '00:00:00'::interval) AND (NOT (EXISTS (SELECT FROM rowhouse.quotas q WHERE ((q.pool_id IS NULL) OR (q.pool_id = (is_plain.pool).id))))) AND (NOT (EXISTS (SELECT FROM rowhouse.assignment_hold WHERE (NOT (EXISTS (SELECT FROM rowhouse.assignment_hold_pools h WHERE (h.pool_id = (is_plain.pool).id))))))) AND (NOT (EXISTS (SELECT FROM rowhouse.pools o WHERE (((o.network_id + 0) = (is_plain.pool).network_id) AND ((o.cidr)::inet && ((is_plain.pool).cidr)::inet) AND (o.id <> (is_plain.pool).id))))) AND (NOT (EXISTS (SELECT FROM rowhouse.reservations r WHERE ((r.pool_id = (is_plain.pool).id) AND (r.slot > 0))))));


ALTER FUNCTION rowhouse.is_plain(pool rowhouse.pools) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION is_plain(pool rowhouse.pools); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.is_plain(pool rowhouse.pools) IS 'Whether an ADD may take the lowest free address of a pool without further checks.';


--
-- Name: is_withheld(integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.is_withheld(wanted_network integer, wanted inet) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
-- Every release asks. (Not by is_excluded(): to start a function in SQL costs more than both probes.)
BEGIN
    RETURN coalesce((SELECT e.first FROM rowhouse.exclusions e
                      WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1) <= wanted, false)
        OR EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = wanted_network AND g.address = wanted);
END $$;


ALTER FUNCTION rowhouse.is_withheld(wanted_network integer, wanted inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION is_withheld(wanted_network integer, wanted inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.is_withheld(wanted_network integer, wanted inet) IS 'Whether an address is never assigned: it is excluded, or a gateway.';


--
-- Name: join_reservations(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.join_reservations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- The weaker lock of wait_for_reservations(), before a row or a network is locked.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.join_reservations() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION join_reservations(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.join_reservations() IS 'Trigger: locks reservations before a pool is made or changed, in the order that all callers lock.';


--
-- Name: join_shared_space_v1(text, cidr); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.join_shared_space_v1(wanted_network text, wanted cidr) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    AS $$
-- An isolated pool whose CIDR a configuration uses that shares its addresses (enable_overlapping_ranges: true, the
-- default): the addresses that two sharing configurations assign must be unique, so the pool moves to the shared space of
-- its network, with reservations, quarantines and exclusions. False: it is there already.
-- Error invalid_config: an address is in use in both.
#variable_conflict use_column
DECLARE
    previous_command text := coalesce(current_setting('rowhouse.command', true), '');
    previous_force   text := coalesce(current_setting('rowhouse.force', true), '');
    pool    pools;
    shared  integer;
    clash   record;
    run     free_ranges;
    part    record;
BEGIN
    PERFORM set_config('rowhouse.command', 'JOIN', true);
    -- Everything else that changes a reservation or a pool waits.
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO pool FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted AND p.isolated;
    IF NOT FOUND THEN
        PERFORM set_config('rowhouse.command', previous_command, true);
        RETURN false;
    END IF;
    INSERT INTO networks (name, isolated) VALUES (wanted_network, NULL) ON CONFLICT DO NOTHING;
    SELECT n.id INTO shared FROM networks n WHERE n.name = wanted_network AND n.isolated IS NULL FOR NO KEY UPDATE;

    SELECT r.address, concat_ws('/', nullif(r.owner_namespace, ''), r.owner_name) AS owner,
           concat_ws('/', nullif(o.owner_namespace, ''), o.owner_name) AS other_owner, p.cidr AS other_pool, count(*) OVER () AS clashes
      INTO clash
      FROM reservations r JOIN reservations o ON o.network_id = shared AND o.address = r.address JOIN pools p ON p.id = o.pool_id
     WHERE r.network_id = pool.network_id ORDER BY r.address LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'pool % is isolated (enable_overlapping_ranges: false) and cannot share its addresses with pool %: % of them are in use in both, first % by % and by %',
            pool.cidr, clash.other_pool, clash.clashes, host(clash.address), clash.owner, clash.other_owner
            USING ERRCODE = error_code('invalid_config'),
                  HINT = 'Set enable_overlapping_ranges to false in this configuration too, or give it another range, or release one of the two owners.';
    END IF;

    PERFORM set_config('rowhouse.force', 'on', true);
    -- What the shared space takes from the pool's CIDR comes from the pool alone; what lies in another pool is there.
    UPDATE pools p SET network_id = shared WHERE p.id = pool.id;
    FOR part IN SELECT * FROM uncovered_runs(shared, pool.cidr, pool.id) LOOP
        PERFORM free_unless_withheld(shared, part.run_first, part.run_last, '-infinity');
    END LOOP;
    -- A reservation may lie inside an exclusion of the shared space: it goes out of use when it is released.
    FOR part IN SELECT r.address FROM reservations r WHERE r.network_id = pool.network_id AND is_withheld(shared, r.address) LOOP
        PERFORM free_run(shared, part.address, part.address, '-infinity');
    END LOOP;
    UPDATE reservations r SET network_id = shared WHERE r.network_id = pool.network_id;
    UPDATE gateways g SET network_id = shared WHERE g.pool_id = pool.id;
    -- Behind the reservations: an address in use may be excluded in either space, and goes out of use when it is released.
    FOR part IN DELETE FROM exclusions e WHERE e.network_id = pool.network_id RETURNING e.* LOOP
        -- Exclusions of a network do not overlap: what the shared space excludes already is left out.
        INSERT INTO exclusions (network_id, first, last, reason)
        SELECT shared, lower(rest.span), span_last(rest.span), part.reason
          FROM unnest(inetmultirange(address_span(part.first, part.last))
                      - coalesce((SELECT range_agg(address_span(o.first, o.last)) FROM exclusions o
                                   WHERE o.network_id = shared AND family(o.first) = family(part.first)), '{}')) AS rest (span);
    END LOOP;
    FOR run IN
        DELETE FROM free_ranges f WHERE f.network_id = pool.network_id RETURNING f.*
    LOOP
        -- Unless it is in use, or is quarantined, in the shared space. An exclusion or a gateway does not end it.
        IF run.quarantined AND NOT EXISTS (SELECT FROM reservations r
                                            WHERE r.network_id = shared AND r.address BETWEEN run.first AND run.last)
           AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = shared AND f.quarantined
                              AND f.last >= run.first AND f.first <= run.last) THEN
            PERFORM withdraw_run(shared, run.first, run.last);
            INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
            VALUES (shared, true, run.first, run.last, run.free_from, run.previous_owner);
        END IF;
    END LOOP;
    PERFORM set_config('rowhouse.force', previous_force, true);
    PERFORM record_change('pool.join', pool.cidr::text,
                          to_jsonb(pool) || '{"isolated": true}', to_jsonb(pool) || '{"isolated": false}');
    PERFORM set_config('rowhouse.command', previous_command, true);
    RETURN true;
END $$;


ALTER FUNCTION rowhouse.join_shared_space_v1(wanted_network text, wanted cidr) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION join_shared_space_v1(wanted_network text, wanted cidr); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.join_shared_space_v1(wanted_network text, wanted cidr) IS 'Moves an isolated pool to the shared address space of its network.';


--
-- Name: gateways; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.gateways (
    id integer NOT NULL,
    network_id integer NOT NULL,
    address rowhouse.host_address NOT NULL,
    pool_id integer NOT NULL,
    cni_network text,
    first_used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);


ALTER TABLE rowhouse.gateways OWNER TO rowhouse_owner;

--
-- Name: TABLE gateways; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.gateways IS 'Every known gateway of a pool, inside its CIDR or not: its address is not assigned to pods. One in use goes out of use when it is released.';


--
-- Name: COLUMN gateways.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.gateways.id IS 'Number of the row.';


--
-- Name: COLUMN gateways.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.gateways.network_id IS 'The network of the pool: networks.id.';


--
-- Name: COLUMN gateways.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.gateways.address IS 'Address of the gateway, without a prefix length.';


--
-- Name: COLUMN gateways.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.gateways.pool_id IS 'The pool that it is a gateway of: pools.id.';


--
-- Name: COLUMN gateways.cni_network; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.gateways.cni_network IS 'Name of the CNI network configuration that uses the gateway; NULL: pools.gateway, set by an operator.';


--
-- Name: COLUMN gateways.first_used_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.gateways.first_used_at IS 'When it was set, or first named by a configuration.';


--
-- Name: knows_gateways(text, text, cidr, inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.knows_gateways(of_cni_network text, network text, cidr cidr, addresses inet[]) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (NOT (EXISTS (SELECT FROM unnest(knows_gateways.addresses) own(address) WHERE (NOT (EXISTS (SELECT FROM (rowhouse.pools p JOIN rowhouse.gateways g ON ((g.pool_id = p.id))) WHERE ((p.network_name = knows_gateways.network) AND ((p.cidr)::inet = (knows_gateways.cidr)::inet) AND ((g.address)::inet = own.address) AND (g.cni_network = knows_gateways.of_cni_network))))))));


ALTER FUNCTION rowhouse.knows_gateways(of_cni_network text, network text, cidr cidr, addresses inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION knows_gateways(of_cni_network text, network text, cidr cidr, addresses inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.knows_gateways(of_cni_network text, network text, cidr cidr, addresses inet[]) IS 'Whether every gateway of a network configuration for a range is recorded.';


--
-- Name: last_usable(cidr); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.last_usable(block cidr) RETURNS inet
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (masklen((block)::inet) >= CASE family((block)::inet) WHEN 4 THEN 31 ELSE 127 END) THEN rowhouse.last_address((block)::inet) ELSE (rowhouse.last_address((block)::inet) - (1)::bigint) END;


ALTER FUNCTION rowhouse.last_usable(block cidr) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION last_usable(block cidr); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.last_usable(block cidr) IS 'Last address before the broadcast address; a /31 or /32 is used whole (RFC 3021).';


--
-- Name: learn_gateways(text, text[], cidr[], text[], boolean[], integer[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.learn_gateways(of_cni_network text, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], gateway_ranges integer[], gateway_addresses inet[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Records the gateways of a network configuration: gateway_addresses[i] is one of range gateway_ranges[i]. NULL stands
-- for the first address behind the network address, which the main plugin takes where a pool by name has no gateway.
-- A gateway outside of its range counts as well, since a larger range may hold it. (Of several pools by name, which may be of
-- several networks, it counts for those that hold it.)
DECLARE
    unknown record;
    pool    pools;
BEGIN
    FOR unknown IN
        SELECT g.range, g.address FROM unnest(gateway_ranges, gateway_addresses) AS g (range, address)
         WHERE NOT EXISTS (SELECT FROM pools p JOIN gateways k ON k.pool_id = p.id
                            WHERE p.network_name = networks[g.range] AND p.cidr = cidrs[g.range]
                              AND k.address = g.address AND k.cni_network = of_cni_network)
         ORDER BY networks[g.range], cidrs[g.range], pool_names[g.range], g.address
    LOOP
        IF pool_names[unknown.range] IS NULL THEN
            pool := ensure_pool(networks[unknown.range], cidrs[unknown.range], isolated[unknown.range]);
        ELSE
            SELECT * INTO pool FROM pools p WHERE p.name = pool_names[unknown.range];
            CONTINUE WHEN NOT FOUND;
            IF unknown.address IS NULL AND pool.gateway IS NULL AND first_address(pool.cidr) < last_address(pool.cidr) THEN
                unknown.address := first_address(pool.cidr) + 1;
            END IF;
        END IF;
        -- (Looked for first, since every conflict would use up an id.)
        IF unknown.address IS NOT NULL
           AND (pool_names[unknown.range] IS NULL OR cardinality(cidrs) = 1 OR unknown.address <<= pool.cidr)
           AND NOT EXISTS (SELECT FROM gateways k WHERE k.pool_id = pool.id AND k.address = unknown.address
                              AND k.cni_network = of_cni_network) THEN
            INSERT INTO gateways (network_id, address, pool_id, cni_network)
            VALUES (pool.network_id, unknown.address, pool.id, of_cni_network) ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.learn_gateways(of_cni_network text, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], gateway_ranges integer[], gateway_addresses inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION learn_gateways(of_cni_network text, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], gateway_ranges integer[], gateway_addresses inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.learn_gateways(of_cni_network text, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], gateway_ranges integer[], gateway_addresses inet[]) IS 'Records the gateways of a network configuration, so that they hold for all that use the same CIDR.';


--
-- Name: mark_for_mirrors(integer[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mark_for_mirrors(changed integer[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Marks pools as changed where they are not marked, and wakes the mirrors if they may be asleep. A NOTIFY makes commits
-- wait for each other, disk and all, so it is sent only when the outbox was empty, and by one transaction at a time. (Who
-- leaves it to another one is a writer under way when that one wakes the mirror, see above.)
BEGIN
    -- An older snapshot may show marks that are gone.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        INSERT INTO mirror_changes (cluster, pool_id)
        SELECT m.cluster, pool FROM mirrors m, (SELECT DISTINCT unnest(changed) AS pool) AS p;
    ELSE
        INSERT INTO mirror_changes (cluster, pool_id)
        SELECT m.cluster, pool FROM mirrors m, (SELECT DISTINCT unnest(changed) AS pool) AS p
         WHERE (SELECT true FROM mirror_changes c WHERE c.cluster = m.cluster AND c.pool_id = pool LIMIT 1) IS NULL;
    END IF;
    IF FOUND AND NOT EXISTS (SELECT FROM mirror_changes WHERE made_by <> pg_current_xact_id())
       AND pg_try_advisory_xact_lock(hashtextextended('rowhouse mirror is called', 0)) THEN
        NOTIFY rowhouse_mirror;
    END IF;
END $$;


ALTER FUNCTION rowhouse.mark_for_mirrors(changed integer[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mark_for_mirrors(changed integer[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mark_for_mirrors(changed integer[]) IS 'Marks pools as changed, for every mirror that does not know yet.';


--
-- Name: mirror_again_v1(text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirror_again_v1(of_cluster text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Asks the mirror of a cluster to look at everything.
BEGIN
    INSERT INTO mirror_changes (cluster, pool_id) SELECT m.cluster, 0 FROM mirrors m WHERE m.cluster = of_cluster;
    NOTIFY rowhouse_mirror;
END $$;


ALTER FUNCTION rowhouse.mirror_again_v1(of_cluster text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirror_again_v1(of_cluster text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirror_again_v1(of_cluster text) IS 'Asks the mirror of a cluster to look at everything.';


--
-- Name: mirror_changes; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.mirror_changes (
    cluster text NOT NULL,
    pool_id integer NOT NULL,
    made_by xid8 DEFAULT pg_current_xact_id() NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='100', autovacuum_vacuum_cost_delay='0');

ALTER TABLE ONLY rowhouse.mirror_changes REPLICA IDENTITY FULL;


ALTER TABLE rowhouse.mirror_changes OWNER TO rowhouse_owner;

--
-- Name: TABLE mirror_changes; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.mirror_changes IS 'Pools that changed since a cluster''s mirror last looked; pool_id 0: look at all of them.';


--
-- Name: COLUMN mirror_changes.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.mirror_changes.cluster IS 'The cluster whose mirror must look: mirrors.cluster.';


--
-- Name: COLUMN mirror_changes.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.mirror_changes.pool_id IS 'The pool that changed: pools.id; 0: all pools.';


--
-- Name: COLUMN mirror_changes.made_by; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.mirror_changes.made_by IS 'The transaction that wrote the mark.';


--
-- Name: COLUMN mirror_changes.made_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.mirror_changes.made_at IS 'When the mark was written.';


--
-- Name: mirror_changes_v1(text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirror_changes_v1(of_cluster text) RETURNS TABLE(pool_id integer, age interval)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    BEGIN ATOMIC
 DELETE FROM rowhouse.mirror_changes c
   WHERE (c.cluster = mirror_changes_v1.of_cluster)
   RETURNING c.pool_id,
     (clock_timestamp() - c.made_at);
END;


ALTER FUNCTION rowhouse.mirror_changes_v1(of_cluster text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirror_changes_v1(of_cluster text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirror_changes_v1(of_cluster text) IS 'Takes the marks of changed pools away from the outbox.';


--
-- Name: mirror_off_v1(text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirror_off_v1(of_cluster text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '250ms'
    AS $$
-- A cluster's changes are not noted any more; whether they were. Its objects stay as they are.
DECLARE
    was_on boolean;
BEGIN
    DELETE FROM mirrors WHERE cluster = of_cluster;
    was_on := FOUND;
    IF was_on THEN
        PERFORM switch_mirror_triggers();
        DELETE FROM mirror_changes WHERE cluster = of_cluster;
    END IF;
    RETURN was_on;
END $$;


ALTER FUNCTION rowhouse.mirror_off_v1(of_cluster text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirror_off_v1(of_cluster text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirror_off_v1(of_cluster text) IS 'Notes no changes for the mirror of a cluster any more.';


--
-- Name: mirror_on_v1(text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirror_on_v1(of_cluster text, in_namespace text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '250ms'
    AS $$
-- A cluster's changes are noted from now on. Everything must be looked at afterwards.
BEGIN
    INSERT INTO mirrors AS m (cluster, namespace) VALUES (of_cluster, in_namespace)
        ON CONFLICT (cluster) DO UPDATE SET namespace = excluded.namespace WHERE m.namespace <> excluded.namespace;
    PERFORM switch_mirror_triggers();
END $$;


ALTER FUNCTION rowhouse.mirror_on_v1(of_cluster text, in_namespace text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirror_on_v1(of_cluster text, in_namespace text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirror_on_v1(of_cluster text, in_namespace text) IS 'Notes changes for the mirror of a cluster from now on.';


--
-- Name: mirrors; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.mirrors (
    cluster text NOT NULL,
    namespace text NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    reported_at timestamp with time zone,
    report jsonb DEFAULT '{}'::jsonb NOT NULL
)
WITH (fillfactor='50');


ALTER TABLE rowhouse.mirrors OWNER TO rowhouse_owner;

--
-- Name: TABLE mirrors; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.mirrors IS 'The clusters whose controller mirrors the pools as IPPool objects.';


--
-- Name: COLUMN mirrors.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.mirrors.cluster IS 'The cluster that mirrors; '''' is a cluster without a name.';


--
-- Name: COLUMN mirrors.namespace; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.mirrors.namespace IS 'Where the objects are in the cluster.';


--
-- Name: COLUMN mirrors.since; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.mirrors.since IS 'When the mirror was switched on.';


--
-- Name: COLUMN mirrors.reported_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.mirrors.reported_at IS 'When the controller last reported; NULL: not yet.';


--
-- Name: COLUMN mirrors.report; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.mirrors.report IS 'What the controller last said of its mirror: `rowhouse mirror status` shows it.';


--
-- Name: mirror_report_v1(text, jsonb); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirror_report_v1(of_cluster text, report jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    BEGIN ATOMIC
 UPDATE rowhouse.mirrors m SET report = mirror_report_v1.report, reported_at = clock_timestamp()
   WHERE (m.cluster = mirror_report_v1.of_cluster);
END;


ALTER FUNCTION rowhouse.mirror_report_v1(of_cluster text, report jsonb) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirror_report_v1(of_cluster text, report jsonb); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirror_report_v1(of_cluster text, report jsonb) IS 'Keeps what the mirror of a cluster says of itself.';


--
-- Name: mirror_unknown_v1(text, inet[], text[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirror_unknown_v1(of_network text, addresses inet[], holders text[]) RETURNS TABLE(address inet, holder text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    BEGIN ATOMIC
 SELECT pair.a,
     pair.h
    FROM UNNEST(mirror_unknown_v1.addresses, mirror_unknown_v1.holders) pair(a, h)
   WHERE (NOT (EXISTS ( SELECT
            FROM (rowhouse.tenures t
              JOIN rowhouse.networks n ON ((n.id = t.network_id)))
           WHERE (((t.address)::inet = pair.a) AND (n.name = mirror_unknown_v1.of_network) AND ((pair.h = ''::text) OR (pair.h = ((t.owner_namespace || '/'::text) || t.owner_name)))))));
END;


ALTER FUNCTION rowhouse.mirror_unknown_v1(of_network text, addresses inet[], holders text[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirror_unknown_v1(of_network text, addresses inet[], holders text[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirror_unknown_v1(of_network text, addresses inet[], holders text[]) IS 'Of pairs of an address and a pod, those that never were in the history.';


--
-- Name: node_slices; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.node_slices (
    pool_id integer NOT NULL,
    cluster text NOT NULL,
    node text NOT NULL,
    slice cidr NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);


ALTER TABLE rowhouse.node_slices OWNER TO rowhouse_owner;

--
-- Name: TABLE node_slices; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.node_slices IS 'The part of a pool from which one node draws (node_slice_size).';


--
-- Name: COLUMN node_slices.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.node_slices.pool_id IS 'The pool: pools.id.';


--
-- Name: COLUMN node_slices.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.node_slices.cluster IS 'Cluster of the node; '''' is a cluster without a name.';


--
-- Name: COLUMN node_slices.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.node_slices.node IS 'Name of the node.';


--
-- Name: COLUMN node_slices.slice; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.node_slices.slice IS 'The part of the CIDR from which the node draws.';


--
-- Name: COLUMN node_slices.created_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.node_slices.created_at IS 'When the node got the slice.';


--
-- Name: mirror_writers_v1(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirror_writers_v1() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    BEGIN ATOMIC
 SELECT DISTINCT l.virtualtransaction
    FROM pg_locks l
   WHERE ((l.locktype = 'relation'::text) AND l.granted AND (l.database = ( SELECT d.oid
            FROM pg_database d
           WHERE (d.datname = current_database()))) AND (l.relation = ANY (ARRAY[('rowhouse.reservations'::regclass)::oid, ('rowhouse.pools'::regclass)::oid, ('rowhouse.node_slices'::regclass)::oid])) AND (l.mode = ANY (ARRAY['RowExclusiveLock'::text, 'ShareRowExclusiveLock'::text, 'ExclusiveLock'::text, 'AccessExclusiveLock'::text])));
END;


ALTER FUNCTION rowhouse.mirror_writers_v1() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirror_writers_v1(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirror_writers_v1() IS 'The transactions under way that may have written what is mirrored.';


--
-- Name: mirrored_addresses_v1(integer, text, inet, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer) RETURNS TABLE(address inet, own boolean, container_id text, namespace text, pod text, interface text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET jit TO 'off'
    AS $$
-- A page of the addresses in use of a pool, in their order. own: a pod of this cluster holds it; others are held by a pod
-- of another cluster, or by no pod at all.
#variable_conflict use_column
DECLARE
    pool pools;
BEGIN
    SELECT * INTO pool FROM pools p WHERE p.id = of_pool;
    IF FOUND THEN
        RETURN QUERY
            SELECT r.address::inet, r.owner_kind = 'pod' AND r.owner_cluster = of_cluster, r.container_id,
                   r.owner_namespace, r.owner_name, r.owner_interface
              FROM reservations r
             WHERE r.network_id = pool.network_id AND r.address BETWEEN first_address(pool.cidr) AND last_address(pool.cidr)
               -- ("0.0.0.0/0" comes before every address)
               AND r.address > coalesce(after_address, inet '0.0.0.0/0') AND r.pool_id = of_pool
             ORDER BY r.address LIMIT at_most;
    END IF;
END $$;


ALTER FUNCTION rowhouse.mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer) IS 'A page of the addresses in use of a pool, for the mirror of a cluster.';


--
-- Name: mirrored_pool_changed(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirrored_pool_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
BEGIN
    PERFORM mark_for_mirrors(ARRAY[coalesce(NEW.id, OLD.id)]);
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.mirrored_pool_changed() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirrored_pool_changed(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirrored_pool_changed() IS 'Trigger: marks a new or deleted pool for the mirrors.';


--
-- Name: mirrored_pools_v1(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirrored_pools_v1() RETURNS TABLE(pool_id integer, network text, cidr cidr, isolated boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    BEGIN ATOMIC
 SELECT p.id,
     p.network_name,
     p.cidr,
     (n.isolated IS NOT NULL)
    FROM (rowhouse.pools p
      JOIN rowhouse.networks n ON ((n.id = p.network_id)))
   ORDER BY p.id;
END;


ALTER FUNCTION rowhouse.mirrored_pools_v1() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirrored_pools_v1(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirrored_pools_v1() IS 'All pools; isolated: its addresses are unique in the pool alone.';


--
-- Name: mirrored_reservation_changed(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirrored_reservation_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
BEGIN
    PERFORM mark_for_mirrors(ARRAY[OLD.pool_id, NEW.pool_id]);
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.mirrored_reservation_changed() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirrored_reservation_changed(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirrored_reservation_changed() IS 'Trigger: marks the pool of a changed reservation for the mirrors.';


--
-- Name: mirrored_rows_changed(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirrored_rows_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- On the path of every allocation: one look at an index, as a rule.
BEGIN
    IF EXISTS (SELECT FROM mirrors m, touched t
                WHERE (SELECT true FROM mirror_changes c
                        WHERE c.cluster = m.cluster AND c.pool_id = t.pool_id LIMIT 1) IS NULL)
       OR current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM mark_for_mirrors(ARRAY(SELECT DISTINCT t.pool_id FROM touched t));
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.mirrored_rows_changed() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirrored_rows_changed(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirrored_rows_changed() IS 'Trigger: marks the pools of inserted or deleted rows for the mirrors.';


--
-- Name: mirrored_slices_v1(text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.mirrored_slices_v1(of_cluster text) RETURNS TABLE(pool_id integer, node text, slice cidr)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    BEGIN ATOMIC
 SELECT s.pool_id,
     s.node,
     s.slice
    FROM rowhouse.node_slices s
   WHERE (s.cluster = mirrored_slices_v1.of_cluster)
   ORDER BY s.pool_id, s.slice;
END;


ALTER FUNCTION rowhouse.mirrored_slices_v1(of_cluster text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION mirrored_slices_v1(of_cluster text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.mirrored_slices_v1(of_cluster text) IS 'The slices of a cluster''s nodes.';


--
-- Name: note_allocation_failures_v1(text[], text[], text[], text[], text[], text[], text[], bigint[], text[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.note_allocation_failures_v1(clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[], uids text[], messages text[], counts bigint[], reasons text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
BEGIN
    -- In one order, so that two servers do not wait for each other.
    INSERT INTO allocation_failures AS r (cluster, namespace, pod, interface, node, pod_uid, message, times, reason)
    SELECT n.* FROM unnest(clusters, namespaces, pods, interfaces, nodes, uids, messages, counts, reasons)
                 AS n (cluster, namespace, pod, interface, node, pod_uid, message, times, reason)
     ORDER BY n.cluster, n.namespace, n.pod, n.interface, n.reason
    ON CONFLICT (cluster, namespace, pod, interface, reason) DO UPDATE
       SET node = excluded.node, pod_uid = excluded.pod_uid, message = excluded.message,
           times = r.times + excluded.times, last_at = clock_timestamp();
    -- A cluster may have no controller that makes events of them.
    DELETE FROM allocation_failures WHERE last_at < clock_timestamp() - interval '1 hour';
END $$;


ALTER FUNCTION rowhouse.note_allocation_failures_v1(clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[], uids text[], messages text[], counts bigint[], reasons text[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION note_allocation_failures_v1(clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[], uids text[], messages text[], counts bigint[], reasons text[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.note_allocation_failures_v1(clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[], uids text[], messages text[], counts bigint[], reasons text[]) IS 'Keeps refused ADDs for the controller; those that are an hour old go.';


--
-- Name: attached_tenures; Type: VIEW; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE VIEW rowhouse.attached_tenures AS
 SELECT cluster,
    container_id,
    node,
    ( SELECT r.tenure_id
           FROM rowhouse.reservations r
          WHERE ((r.network_id = a.network_id) AND ((r.address)::inet = (a.address)::inet))) AS tenure_id
   FROM rowhouse.attachments a;


ALTER VIEW rowhouse.attached_tenures OWNER TO rowhouse_owner;

--
-- Name: VIEW attached_tenures; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON VIEW rowhouse.attached_tenures IS 'The open tenures of what runs: one row for each interface of a sandbox and address.';


--
-- Name: COLUMN attached_tenures.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_tenures.cluster IS 'Cluster of the sandbox; '''' is a cluster without a name.';


--
-- Name: COLUMN attached_tenures.container_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_tenures.container_id IS 'CNI_CONTAINERID; '''' when the pod was imported while it ran.';


--
-- Name: COLUMN attached_tenures.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_tenures.node IS 'Node of the sandbox; '''' when an import did not tell it.';


--
-- Name: COLUMN attached_tenures.tenure_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.attached_tenures.tenure_id IS 'The open tenure of the address: tenures.id.';


--
-- Name: of_container(text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.of_container(wanted text) RETURNS SETOF rowhouse.address_history
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((h.container_id = of_container.wanted) AND (NOT upper_inf(h.during)))
 UNION ALL
  SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((h.id = ANY (ARRAY( WITH RECURSIVE clusters(name) AS (
                 ( SELECT a_1.cluster
                    FROM rowhouse.attached_tenures a_1
                   ORDER BY a_1.cluster
                  LIMIT 1)
                 UNION ALL
                  SELECT ( SELECT a_1.cluster
                            FROM rowhouse.attached_tenures a_1
                           WHERE (a_1.cluster > c_1.name)
                           ORDER BY a_1.cluster
                          LIMIT 1) AS cluster
                    FROM clusters c_1
                   WHERE (c_1.name IS NOT NULL)
                 )
          SELECT a.tenure_id
            FROM (clusters c
              CROSS JOIN LATERAL ( SELECT one.tenure_id
                    FROM rowhouse.attached_tenures one
                   WHERE ((one.cluster = c.name) AND (one.container_id = of_container.wanted))
                  OFFSET 0) a)))) AND (h.container_id = of_container.wanted) AND upper_inf(h.during));
END;


ALTER FUNCTION rowhouse.of_container(wanted text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION of_container(wanted text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.of_container(wanted text) IS 'Every address that a container holds or held, by its whole id.';


--
-- Name: owner_key(text, text, text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.owner_key(cluster text, namespace text, name text, interface text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((((((cluster || ' '::text) || namespace) || ' '::text) || name) || ' '::text) || interface);


ALTER FUNCTION rowhouse.owner_key(cluster text, namespace text, name text, interface text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION owner_key(cluster text, namespace text, name text, interface text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.owner_key(cluster text, namespace text, name text, interface text) IS 'An owner as one text: no part of it holds a blank.';


--
-- Name: pool_changed(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.pool_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
DECLARE
    run   record;
    held  bigint;
BEGIN
    -- One pool of a network at a time: coverage is worked out from the other pools. NO KEY, since the
    -- foreign key of a new pool already locks the key, for every transaction that is creating a pool.
    PERFORM FROM networks WHERE id = coalesce(NEW.network_id, OLD.network_id) FOR NO KEY UPDATE;
    IF TG_OP <> 'DELETE' AND NEW.gateway IS NOT NULL THEN
        IF TG_OP = 'INSERT' OR host(NEW.gateway) IS DISTINCT FROM host(OLD.gateway) THEN
            PERFORM refuse_attached('the gateway ' || host(NEW.gateway), NEW.network_id,
                                    ARRAY[host(NEW.gateway)::inet], ARRAY[host(NEW.gateway)::inet]);
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        FOR run IN SELECT * FROM uncovered_runs(NEW.network_id, NEW.cidr, NEW.id) LOOP
            PERFORM free_unless_withheld(NEW.network_id, run.run_first, run.run_last, '-infinity');
        END LOOP;
        INSERT INTO gateways (network_id, address, pool_id)
        SELECT NEW.network_id, host(NEW.gateway)::inet, NEW.id WHERE NEW.gateway IS NOT NULL;
        PERFORM record_change('pool.create', NEW.cidr::text, NULL, to_jsonb(NEW));
    ELSIF TG_OP = 'DELETE' THEN
        FOR run IN SELECT * FROM uncovered_runs(OLD.network_id, OLD.cidr, OLD.id) LOOP
            PERFORM withdraw_run(OLD.network_id, run.run_first, run.run_last);
        END LOOP;
        SELECT count(*) INTO held FROM reservations
         WHERE network_id = OLD.network_id AND address BETWEEN first_address(OLD.cidr) AND last_address(OLD.cidr)
           AND pool_id = OLD.id;
        IF held > 0 THEN
            RAISE EXCEPTION 'pool % of the % still holds % reservations', OLD.cidr,
                coalesce('network "' || nullif(OLD.network_name, '') || '"', 'default network'), held
                USING ERRCODE = error_code('in_the_way'), HINT = 'Release the reservations first.';
        END IF;
        PERFORM record_change('pool.delete', OLD.cidr::text, to_jsonb(OLD), NULL);
    ELSE
        IF NEW.network_id <> OLD.network_id AND current_reason() = 'JOIN'
           AND (NEW.id, NEW.network_name, NEW.cidr) = (OLD.id, OLD.network_name, OLD.cidr) THEN
            NULL; -- join_shared_space_v1() moves everything else as well
        ELSIF (NEW.id, NEW.network_id, NEW.network_name, NEW.cidr)
           IS DISTINCT FROM (OLD.id, OLD.network_id, OLD.network_name, OLD.cidr) THEN
            RAISE EXCEPTION 'the network and the CIDR of pool % cannot change', OLD.cidr
                USING ERRCODE = error_code('in_the_way'),
                      HINT = 'Create a pool with the other CIDR: overlapping pools share their free addresses.';
        END IF;
        IF NEW.name IS DISTINCT FROM OLD.name AND OLD.name IS NOT NULL THEN
            PERFORM refuse_attached('renaming pool "' || OLD.name || '"', NEW.network_id, ARRAY[first_address(NEW.cidr)],
                                    ARRAY[last_address(NEW.cidr)], NEW.id);
        END IF;
        SELECT coalesce(OLD.window_first, first_usable(NEW.cidr)) AS was_first, coalesce(OLD.window_last, last_usable(NEW.cidr)) AS was_last,
               coalesce(NEW.window_first, first_usable(NEW.cidr)) AS first, coalesce(NEW.window_last, last_usable(NEW.cidr)) AS last INTO run;
        IF run.first > run.was_first OR run.last < run.was_last THEN
            PERFORM refuse_attached('the new window of pool ' || NEW.cidr, NEW.network_id,
                                    ARRAY[run.was_first, CASE WHEN run.last < run.was_last THEN greatest(run.last + 1, run.was_first) END],
                                    ARRAY[CASE WHEN run.first > run.was_first THEN least(run.first - 1, run.was_last) END, run.was_last],
                                    NEW.id);
        END IF;
        IF host(NEW.gateway) IS DISTINCT FROM host(OLD.gateway) THEN
            DELETE FROM gateways WHERE pool_id = NEW.id AND cni_network IS NULL;
            INSERT INTO gateways (network_id, address, pool_id)
            SELECT NEW.network_id, host(NEW.gateway)::inet, NEW.id WHERE NEW.gateway IS NOT NULL;
        END IF;
        PERFORM record_change('pool.update', NEW.cidr::text, to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    IF TG_OP <> 'INSERT' AND NEW.network_id IS DISTINCT FROM OLD.network_id THEN
        PERFORM choose_plain_pools(ARRAY(SELECT p.id FROM pools p WHERE p.network_id + 0 = OLD.network_id AND p.cidr && OLD.cidr));
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.network_id = OLD.network_id THEN
        PERFORM choose_plain_pools(ARRAY[NEW.id]);
    ELSIF TG_OP <> 'DELETE' THEN
        -- It, and those that it overlaps.
        PERFORM choose_plain_pools(ARRAY(SELECT p.id FROM pools p WHERE p.network_id + 0 = NEW.network_id AND p.cidr && NEW.cidr));
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.pool_changed() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION pool_changed(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.pool_changed() IS 'Trigger: free space, gateways and audit log follow a change of a pool.';


--
-- Name: window_counts(integer[], inet[], inet[], bigint[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(ordinal bigint, total numeric, used bigint, quarantined bigint, excluded numeric, free numeric)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET jit TO 'off'
    BEGIN ATOMIC
 WITH windows AS MATERIALIZED (
          SELECT w.ordinal,
             w.network_id,
             w.first,
             w.last,
             w.reserved,
             h.gateways
            FROM (UNNEST(window_counts.networks, window_counts.firsts, window_counts.lasts, window_counts.reserved) WITH ORDINALITY w(network_id, first, last, reserved, ordinal)
              CROSS JOIN LATERAL ( SELECT array_agg(DISTINCT (g.address)::inet) AS gateways
                    FROM rowhouse.gateways g
                   WHERE ((g.network_id = w.network_id) AND (((g.address)::inet >= w.first) AND ((g.address)::inet <= w.last)))) h)
         ), counts AS MATERIALIZED (
          SELECT w.ordinal,
                 CASE
                     WHEN (w.first > w.last) THEN (0)::numeric
                     WHEN ((family(w.first) = 4) OR (((set_masklen(w.first, 66))::cidr)::inet >>= w.last)) THEN ((((w.last - w.first))::numeric + (1)::numeric) - (COALESCE(cardinality(w.gateways), 0))::numeric)
                     ELSE (((rowhouse.address_number(w.last) - rowhouse.address_number(w.first)) + (1)::numeric) - (COALESCE(cardinality(w.gateways), 0))::numeric)
                 END AS total,
             (COALESCE(w.reserved, ( SELECT count(*) AS count
                    FROM rowhouse.reservations r
                   WHERE ((r.network_id = w.network_id) AND (((r.address)::inet >= w.first) AND ((r.address)::inet <= w.last))))) -
                 CASE
                     WHEN (w.gateways IS NULL) THEN (0)::bigint
                     ELSE ( SELECT count(*) AS count
                        FROM rowhouse.reservations r
                       WHERE ((r.network_id = w.network_id) AND ((r.address)::inet = ANY (w.gateways))))
                 END) AS used,
             ( SELECT count(*) AS count
                    FROM rowhouse.free_ranges f
                   WHERE ((f.network_id = w.network_id) AND f.quarantined AND (((f.last)::inet >= w.first) AND ((f.last)::inet <= w.last)) AND (NOT rowhouse.is_withheld(f.network_id, (f.first)::inet)))) AS quarantined,
             e.addresses AS excluded
            FROM (windows w
              CROSS JOIN LATERAL ( SELECT COALESCE(sum(((((rowhouse.address_number(span.last) - rowhouse.address_number(span.first)) + (1)::numeric) - (( SELECT count(*) AS count
                            FROM unnest(w.gateways) g(address)
                           WHERE ((g.address >= span.first) AND (g.address <= span.last))))::numeric) - (( SELECT count(*) AS count
                            FROM rowhouse.reservations r
                           WHERE ((r.network_id = w.network_id) AND (((r.address)::inet >= span.first) AND ((r.address)::inet <= span.last)) AND ((w.gateways IS NULL) OR ((r.address)::inet <> ALL (w.gateways))))))::numeric)), (0)::numeric) AS addresses
                    FROM ( SELECT GREATEST((x.first)::inet, w.first) AS first,
                             LEAST((x.last)::inet, w.last) AS last
                            FROM rowhouse.exclusions x
                           WHERE ((x.network_id = w.network_id) AND ((x.first)::inet <= w.last) AND ((x.last)::inet >= w.first) AND ((x.last)::inet <= COALESCE(( SELECT min((y.last)::inet) AS min
                                    FROM rowhouse.exclusions y
                                   WHERE ((y.network_id = w.network_id) AND ((y.last)::inet >= w.last))), w.last)))
                          OFFSET 0) span) e)
         )
  SELECT c.ordinal,
     c.total,
     c.used,
     c.quarantined,
     c.excluded,
     GREATEST((((c.total - (c.used)::numeric) - (c.quarantined)::numeric) - c.excluded), (0)::numeric) AS "greatest"
    FROM counts c;
END;


ALTER FUNCTION rowhouse.window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[]) IS 'What becomes of the addresses of some windows, first to last inclusive, each of a network: total, used, quarantined, excluded, free. Its parts are what pool_counts and the address map count with.';


--
-- Name: pool_counts(integer[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.pool_counts(wanted_pools integer[] DEFAULT NULL::integer[]) RETURNS TABLE(pool_id integer, total numeric, reserved bigint, reserved_by_overlaps bigint, attached bigint, sticky bigint, used bigint, quarantined bigint, excluded numeric, free numeric, percent_used numeric)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET jit TO 'off'
    BEGIN ATOMIC
 WITH wanted AS MATERIALIZED (
          SELECT p.id,
             p.network_id,
             p.cidr,
             rowhouse.first_address((p.cidr)::inet) AS low,
             rowhouse.last_address((p.cidr)::inet) AS high,
             COALESCE((p.window_first)::inet, rowhouse.first_usable(p.cidr)) AS first,
             COALESCE((p.window_last)::inet, rowhouse.last_usable(p.cidr)) AS last
            FROM rowhouse.pools p
           WHERE ((pool_counts.wanted_pools IS NULL) OR (p.id = ANY (pool_counts.wanted_pools)))
         ), own AS (
          SELECT r.pool_id AS id,
             count(*) AS reserved,
             count(*) FILTER (WHERE (r.container_id <> ''::text)) AS attached,
             count(*) FILTER (WHERE r.sticky) AS sticky
            FROM rowhouse.reservations r
           WHERE (pool_counts.wanted_pools IS NULL)
           GROUP BY r.pool_id
         UNION ALL
          SELECT w.id,
             r.reserved,
             r.attached,
             r.sticky
            FROM (wanted w
              CROSS JOIN LATERAL ( SELECT count(*) AS reserved,
                     count(*) FILTER (WHERE (r_1.container_id <> ''::text)) AS attached,
                     count(*) FILTER (WHERE r_1.sticky) AS sticky
                    FROM rowhouse.reservations r_1
                   WHERE ((r_1.network_id = w.network_id) AND (((r_1.address)::inet >= w.low) AND ((r_1.address)::inet <= w.high)) AND (r_1.pool_id = w.id))) r)
           WHERE (pool_counts.wanted_pools IS NOT NULL)
         ), overlapping AS (
          SELECT w.id,
             (sum(r.reserved))::bigint AS reserved
            FROM ((wanted w
              CROSS JOIN LATERAL ( SELECT p.id,
                     p.cidr
                    FROM rowhouse.pools p
                   WHERE ((p.network_id = w.network_id) AND ((p.cidr)::inet && (w.cidr)::inet) AND (p.id <> w.id))
                  OFFSET 0) other)
              CROSS JOIN LATERAL ( SELECT count(*) AS reserved
                    FROM rowhouse.reservations r_1
                   WHERE ((r_1.network_id = w.network_id) AND (r_1.pool_id = other.id) AND (((r_1.address)::inet >= GREATEST(w.low, rowhouse.first_address((other.cidr)::inet))) AND ((r_1.address)::inet <= LEAST(w.high, rowhouse.last_address((other.cidr)::inet)))))) r)
           GROUP BY w.id
         ), held AS MATERIALIZED (
          SELECT w.id,
             w.network_id,
             w.first,
             w.last,
             row_number() OVER (ORDER BY w.id) AS ordinal,
             COALESCE(own.reserved, (0)::bigint) AS reserved,
             COALESCE(own.attached, (0)::bigint) AS attached,
             COALESCE(own.sticky, (0)::bigint) AS sticky,
             COALESCE(o.reserved, (0)::bigint) AS by_overlaps,
             (( SELECT count(*) AS count
                    FROM rowhouse.reservations r
                   WHERE ((r.network_id = w.network_id) AND ((r.address)::inet >= w.low) AND ((r.address)::inet < w.first))) + ( SELECT count(*) AS count
                    FROM rowhouse.reservations r
                   WHERE ((r.network_id = w.network_id) AND ((r.address)::inet > w.last) AND ((r.address)::inet <= w.high)))) AS outside
            FROM ((wanted w
              LEFT JOIN own ON ((own.id = w.id)))
              LEFT JOIN overlapping o ON ((o.id = w.id)))
         )
  SELECT h.id,
     c.total,
     h.reserved,
     h.by_overlaps,
     h.attached,
     h.sticky,
     c.used,
     c.quarantined,
     c.excluded,
     c.free,
     round((((100 * c.used))::numeric / NULLIF(c.total, (0)::numeric)), 1) AS round
    FROM ((( SELECT array_agg(h_1.network_id ORDER BY h_1.ordinal) AS networks,
             array_agg(h_1.first ORDER BY h_1.ordinal) AS firsts,
             array_agg(h_1.last ORDER BY h_1.ordinal) AS lasts,
             array_agg(((h_1.reserved + h_1.by_overlaps) - h_1.outside) ORDER BY h_1.ordinal) AS reserved
            FROM held h_1) windows
      CROSS JOIN LATERAL rowhouse.window_counts(windows.networks, windows.firsts, windows.lasts, windows.reserved) c(ordinal, total, used, quarantined, excluded, free))
      JOIN held h USING (ordinal));
END;


ALTER FUNCTION rowhouse.pool_counts(wanted_pools integer[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION pool_counts(wanted_pools integer[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.pool_counts(wanted_pools integer[]) IS 'How full these pools are (NULL: all of them). The columns are those of the view pool_usage.';


--
-- Name: fill_samples; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.fill_samples (
    pool_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    used bigint NOT NULL
);


ALTER TABLE rowhouse.fill_samples OWNER TO rowhouse_owner;

--
-- Name: TABLE fill_samples; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.fill_samples IS 'How many addresses of a pool were in use at a moment (used of pool_counts): every 15 minutes of the last two days, every hour of 35 days, and every day before that, at midnight UTC.';


--
-- Name: COLUMN fill_samples.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.fill_samples.pool_id IS 'The pool: pools.id.';


--
-- Name: COLUMN fill_samples.at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.fill_samples.at IS 'The moment.';


--
-- Name: COLUMN fill_samples.used; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.fill_samples.used IS 'How many of the addresses that the pool may assign were in use, whichever pool assigned them.';


--
-- Name: pool_fill(integer, timestamp with time zone, timestamp with time zone, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.pool_fill(wanted_pool integer, since timestamp with time zone, until timestamp with time zone, steps integer) RETURNS TABLE(at timestamp with time zone, used bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET jit TO 'off'
    BEGIN ATOMIC
 WITH moments AS (
          SELECT step.step,
             (pool_fill.since + (((pool_fill.until - pool_fill.since) * (step.step)::double precision) / (GREATEST(pool_fill.steps, 1))::double precision)) AS at
            FROM generate_series(0, pool_fill.steps) step(step)
         ), size AS (
          SELECT (pg_relation_size('rowhouse.tenures'::regclass) < ((32 * 1024) * 1024)) AS is_small
         ), pool AS MATERIALIZED (
          SELECT p.network_id,
             COALESCE((p.window_first)::inet, rowhouse.first_usable(p.cidr)) AS first,
             COALESCE((p.window_last)::inet, rowhouse.last_usable(p.cidr)) AS last,
             ARRAY( SELECT o.id
                    FROM rowhouse.pools o
                   WHERE ((o.network_id = p.network_id) AND ((o.cidr)::inet && (p.cidr)::inet))) AS sources
            FROM rowhouse.pools p
           WHERE (p.id = pool_fill.wanted_pool)
         ), held AS (
          SELECT width_bucket(lower(t.during), m_1.after) AS begins,
                 CASE
                     WHEN (NOT upper_inf(t.during)) THEN width_bucket(upper(t.during), m_1.after)
                     ELSE NULL::integer
                 END AS ends
            FROM ( SELECT array_agg((moments.at + '00:00:00.000001'::interval) ORDER BY moments.step) AS after
                    FROM moments) m_1,
             pool p,
             rowhouse.tenures t
           WHERE (( SELECT size.is_small
                    FROM size) AND (t.pool_id = ANY (p.sources)) AND (((t.address)::inet >= p.first) AND ((t.address)::inet <= p.last)) AND (t.during && tstzrange(pool_fill.since, pool_fill.until, '[]'::text)) AND (NOT (EXISTS ( SELECT
                    FROM rowhouse.gateways g
                   WHERE ((g.network_id = p.network_id) AND ((g.address)::inet = (t.address)::inet))))))
         ), changes AS (
          SELECT events.step,
             sum(events.change) AS change
            FROM ( SELECT COALESCE(held.begins, 0) AS step,
                     1 AS change
                    FROM held
                 UNION ALL
                  SELECT held.ends,
                     '-1'::integer
                    FROM held
                   WHERE (held.ends IS NOT NULL)) events
           GROUP BY events.step
         )
  SELECT m.at,
     (COALESCE(
         CASE
             WHEN ( SELECT size.is_small
                FROM size) THEN sum(c.change) OVER (ORDER BY m.step)
             WHEN (m.at > ( SELECT GREATEST(max(s.at), (statement_timestamp() - '00:15:00'::interval)) AS "greatest"
                FROM rowhouse.fill_samples s
               WHERE (s.pool_id = pool_fill.wanted_pool))) THEN (( SELECT c_1.used
                FROM rowhouse.pool_counts(ARRAY[pool_fill.wanted_pool]) c_1(pool_id, total, reserved, reserved_by_overlaps, attached, sticky, used, quarantined, excluded, free, percent_used)))::numeric
             ELSE (( SELECT s.used
                FROM rowhouse.fill_samples s
               WHERE ((s.pool_id = pool_fill.wanted_pool) AND (s.at <= m.at))
               ORDER BY s.at DESC
              LIMIT 1))::numeric
         END, (0)::numeric))::bigint AS "coalesce"
    FROM (moments m
      LEFT JOIN changes c USING (step))
   ORDER BY m.step;
END;


ALTER FUNCTION rowhouse.pool_fill(wanted_pool integer, since timestamp with time zone, until timestamp with time zone, steps integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION pool_fill(wanted_pool integer, since timestamp with time zone, until timestamp with time zone, steps integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.pool_fill(wanted_pool integer, since timestamp with time zone, until timestamp with time zone, steps integer) IS 'How many addresses of a pool were in use (used of pool_counts) at evenly spaced moments: exactly while tenures is smaller than 32 MB, then as of the last sample (fill_samples) and, behind that, as of now.';


--
-- Name: pool_isolation(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.pool_isolation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- A column of the pool, since every allocation looks at it.
BEGIN
    NEW.isolated := EXISTS (SELECT FROM networks n WHERE n.id = NEW.network_id AND n.isolated IS NOT NULL);
    RETURN NEW;
END $$;


ALTER FUNCTION rowhouse.pool_isolation() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION pool_isolation(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.pool_isolation() IS 'Trigger: sets pools.isolated from networks.isolated.';


--
-- Name: pool_version(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.pool_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;


ALTER FUNCTION rowhouse.pool_version() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION pool_version(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.pool_version() IS 'Trigger: counts the changes of a pool.';


--
-- Name: pool_window(rowhouse.pools); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.pool_window(pool rowhouse.pools) RETURNS TABLE(first_address inet, last_address inet)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH bounds AS (
          SELECT COALESCE(((pool_window.pool).window_first)::inet, rowhouse.first_usable((pool_window.pool).cidr)) AS low,
             COALESCE(((pool_window.pool).window_last)::inet, rowhouse.last_usable((pool_window.pool).cidr)) AS high
         ), holes AS (
          SELECT DISTINCT (g.address)::inet AS address
            FROM rowhouse.gateways g,
             bounds
           WHERE ((g.network_id = (pool_window.pool).network_id) AND (((g.address)::inet >= bounds.low) AND ((g.address)::inet <= bounds.high)))
         ), parts AS (
          SELECT
                 CASE
                     WHEN (h.address IS NULL) THEN bounds.low
                     WHEN (h.address < bounds.high) THEN (h.address + (1)::bigint)
                     ELSE NULL::inet
                 END AS low,
             lead(h.address, 1) OVER (ORDER BY h.address NULLS FIRST) AS hole,
             bounds.high
            FROM (bounds
              CROSS JOIN ( SELECT NULL::inet AS address
                 UNION ALL
                  SELECT holes.address
                    FROM holes) h)
         )
  SELECT parts.low,
         CASE
             WHEN (parts.hole IS NULL) THEN parts.high
             ELSE (parts.hole - (1)::bigint)
         END AS "case"
    FROM parts
   WHERE ((parts.low IS NOT NULL) AND (parts.low IS DISTINCT FROM parts.hole));
END;


ALTER FUNCTION rowhouse.pool_window(pool rowhouse.pools) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION pool_window(pool rowhouse.pools); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.pool_window(pool rowhouse.pools) IS 'The first-last segments that a pool may assign: its window without every known gateway. Exclusions are looked up apart.';


--
-- Name: prune_audit_v1(timestamp with time zone, bigint, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.prune_audit_v1(older_than timestamp with time zone, after_id bigint, at_most integer) RETURNS TABLE(pruned integer, last_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    AS $$
-- Removes lines written before a moment, at_most of them a call, in the order of their ids, behind after_id. last_id is
-- where the next call goes on; NULL: there is nothing more. refuse_rewriting() lets this function alone remove lines.
-- The line of a drained pool's deletion stays: ensure_pool() drains the pool again when a configuration brings it back.
BEGIN
    WITH gone AS (
        DELETE FROM audit_log l
         WHERE l.id IN (SELECT o.id FROM audit_log o
                         WHERE o.id > after_id AND o.at < older_than
                           AND NOT (o.action = 'pool.delete' AND o.before @> '{"drained": true}')
                         ORDER BY o.id LIMIT at_most)
        RETURNING l.id)
    SELECT count(*), max(gone.id) FROM gone INTO pruned, last_id;
    RETURN NEXT;
END $$;


ALTER FUNCTION rowhouse.prune_audit_v1(older_than timestamp with time zone, after_id bigint, at_most integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION prune_audit_v1(older_than timestamp with time zone, after_id bigint, at_most integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.prune_audit_v1(older_than timestamp with time zone, after_id bigint, at_most integer) IS 'Removes one small batch of lines of the audit log that were written before a moment.';


--
-- Name: prune_v1(timestamp with time zone, bigint, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.prune_v1(older_than timestamp with time zone, after_id bigint, at_most integer) RETURNS TABLE(pruned integer, last_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    AS $$
-- Removes tenures that ended before a moment, at_most rows looked at a call, in the order of their ids,
-- behind after_id. last_id is where the next call goes on; NULL: there is nothing more.
DECLARE
    command text := set_config('rowhouse.command', 'PRUNE', true);
BEGIN
    WITH seen AS (
        SELECT t.id, upper(t.during) < older_than AS is_old FROM tenures t
         WHERE t.id > after_id ORDER BY t.id LIMIT at_most),
    gone AS (
        DELETE FROM tenures t USING seen WHERE t.id = seen.id AND seen.is_old RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT max(seen.id) FROM seen) INTO pruned, last_id;
    RETURN NEXT;
END $$;


ALTER FUNCTION rowhouse.prune_v1(older_than timestamp with time zone, after_id bigint, at_most integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION prune_v1(older_than timestamp with time zone, after_id bigint, at_most integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.prune_v1(older_than timestamp with time zone, after_id bigint, at_most integer) IS 'Removes one small batch of tenures that ended before a moment.';


--
-- Name: quarantined_for(integer, text, inet, inet[], inet[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]) RETURNS inet
    LANGUAGE sql STABLE
    RETURN (SELECT f.first FROM rowhouse.free_ranges f WHERE (f.quarantined AND (f.previous_owner = quarantined_for.owner) AND ((f.network_id + 0) = quarantined_for.wanted_network) AND ((f.first)::inet = COALESCE(quarantined_for.wanted, (f.first)::inet)) AND (NOT rowhouse.is_withheld(f.network_id, (f.first)::inet)) AND (SELECT true FROM UNNEST(quarantined_for.firsts, quarantined_for.lasts) s(first, last) WHERE (((f.first)::inet >= s.first) AND ((f.first)::inet <= s.last)) LIMIT 1)) ORDER BY f.first LIMIT 1);


ALTER FUNCTION rowhouse.quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]) IS 'An address of some segments that is quarantined after this very owner released it: the owner is exempt.';


--
-- Name: ran_on(text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.ran_on(wanted_node text, since timestamp with time zone DEFAULT NULL::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS SETOF rowhouse.address_history
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((h.node = ran_on.wanted_node) AND (NOT upper_inf(h.during)) AND (upper(h.during) > COALESCE(ran_on.since, '-infinity'::timestamp with time zone)) AND (lower(h.during) < COALESCE(ran_on.until, 'infinity'::timestamp with time zone)) AND (h.during && tstzrange(ran_on.since, ran_on.until)))
 UNION ALL
  SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((h.node = ran_on.wanted_node) AND (NOT upper_inf(h.during)) AND (upper(h.during) > COALESCE(ran_on.since, '-infinity'::timestamp with time zone)) AND (lower(h.during) IS NULL) AND (h.during && tstzrange(ran_on.since, ran_on.until)))
 UNION ALL
  SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((h.id = ANY (ARRAY( SELECT a.tenure_id
            FROM rowhouse.attached_tenures a
           WHERE (a.node = ran_on.wanted_node)))) AND (h.node = ran_on.wanted_node) AND upper_inf(h.during) AND (h.during && tstzrange(ran_on.since, ran_on.until)));
END;


ALTER FUNCTION rowhouse.ran_on(wanted_node text, since timestamp with time zone, until timestamp with time zone) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION ran_on(wanted_node text, since timestamp with time zone, until timestamp with time zone); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.ran_on(wanted_node text, since timestamp with time zone, until timestamp with time zone) IS 'What held addresses on a node in a time, if only for a part of it; NULL: since ever, and until now.';


--
-- Name: reassign_v1(text, text, integer, inet, rowhouse.owner_kind, text, text, text, text, boolean); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.reassign_v1(actor text, request_id text, wanted_network integer, wanted inet, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, force boolean DEFAULT false) RETURNS SETOF rowhouse.reservations
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Gives a reservation to another owner; the history shows both. It is by hand from now on: it stays until it is released.
-- One that a sandbox uses only by force, which ends its attachments: the sandbox's DEL then changes nothing.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    held    reservations;
    made    reservations;
    used    attachments;
    slot_no integer;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'address % is not reserved', host(wanted) USING ERRCODE = error_code('not_found');
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT force THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'A running pod would keep using it. Delete the pod, or reassign with force if the sandbox is gone.';
    END IF;
    DELETE FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted;
    SELECT coalesce(max(r.slot) + 1, 0) INTO slot_no FROM reservations r
     WHERE r.owner_namespace = namespace AND r.owner_name = name AND r.pool_id = held.pool_id
       AND r.owner_interface = interface AND r.owner_cluster = cluster;
    UPDATE reservations r
       SET owner_kind = kind, owner_cluster = cluster, owner_namespace = namespace, owner_name = name,
           owner_interface = interface, owner_uid = NULL, slot = slot_no, node = '', container_id = '',
           policy_source = 'operator', sticky = true, sticky_ttl = NULL, expires_at = NULL
     WHERE r.network_id = wanted_network AND r.address = wanted
    RETURNING r.* INTO made;
    PERFORM check_quotas(made.owner_namespace, made.pool_id);
    PERFORM record_change('reservation.reassign', host(wanted), to_jsonb(held), to_jsonb(made));
    RETURN NEXT made;
END $$;


ALTER FUNCTION rowhouse.reassign_v1(actor text, request_id text, wanted_network integer, wanted inet, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, force boolean) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION reassign_v1(actor text, request_id text, wanted_network integer, wanted inet, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, force boolean); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.reassign_v1(actor text, request_id text, wanted_network integer, wanted inet, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, force boolean) IS 'Gives a reservation to another owner.';


--
-- Name: reclaim_v1(text, text, text, text, text, text, timestamp with time zone); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text, seen_at timestamp with time zone) RETURNS TABLE(network_id integer, address inet, released boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '3s'
    AS $$
-- Ends the attachments of one sandbox's interface, as its DEL would have, if they are still the ones that were
-- looked at: an attachment made since, even of the same name, is left alone, and so is one of another node or pod (uid)
-- under the same container id. A sticky owner keeps the address.
#variable_conflict use_column
BEGIN
    PERFORM act_as(actor, '');
    -- The reservation is locked first, as in all functions, so that nothing changes after this check.
    PERFORM FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
      WHERE a.cluster = of_cluster AND a.container_id = of_container AND a.interface = of_interface AND a.node = of_node
        AND (of_uid IS NULL OR coalesce(a.pod_uid, r.owner_uid) = of_uid)
      ORDER BY a.network_id, a.address FOR UPDATE OF r;
    IF EXISTS (SELECT FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
                WHERE a.cluster = of_cluster AND a.container_id = of_container AND a.interface = of_interface AND a.node = of_node
                  AND (of_uid IS NULL OR coalesce(a.pod_uid, r.owner_uid) = of_uid)
                  AND a.attached_at > seen_at) THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT d.network_id, d.address, d.released
          FROM detach_many_v1(ARRAY[of_cluster], ARRAY[of_container], ARRAY[of_interface], ARRAY[of_node], 'RECONCILE',
                            only_uids => ARRAY[of_uid]) AS d;
END $$;


ALTER FUNCTION rowhouse.reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text, seen_at timestamp with time zone) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text, seen_at timestamp with time zone); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text, seen_at timestamp with time zone) IS 'Releases what a sandbox holds whose pod is gone, unless it changed since it was looked at.';


--
-- Name: audit_log; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.audit_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    before jsonb,
    after jsonb,
    request_id text,
    database_user text DEFAULT SESSION_USER NOT NULL,
    object_type text GENERATED ALWAYS AS (split_part(action, '.'::text, 1)) STORED NOT NULL,
    object_key jsonb,
    network text,
    cluster text,
    row_count integer DEFAULT 1 NOT NULL,
    changes jsonb
);


ALTER TABLE rowhouse.audit_log OWNER TO rowhouse_owner;

--
-- Name: TABLE audit_log; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.audit_log IS 'Every administrative change: who, what, before and after. Append-only.';


--
-- Name: COLUMN audit_log.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.id IS 'Number of the line; later lines have higher ones.';


--
-- Name: COLUMN audit_log.at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.at IS 'When the line was written, by the clock of the database.';


--
-- Name: COLUMN audit_log.actor; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.actor IS 'The caller that the server knows, or the database user of a manual change.';


--
-- Name: COLUMN audit_log.action; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.action IS 'What was done: the type of the object, a period, and the verb, such as pool.update.';


--
-- Name: COLUMN audit_log.object; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.object IS 'What it was done to, as people call it: a CIDR, an address, a name; first-last where several rows share the line.';


--
-- Name: COLUMN audit_log.before; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.before IS 'The row as it was, of several rows the first one; NULL: there was none, or the line is about no row.';


--
-- Name: COLUMN audit_log.after; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.after IS 'The row as it became, of several rows the first one; NULL: it is gone. Or facts, where the line is about no row.';


--
-- Name: COLUMN audit_log.request_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.request_id IS 'X-Request-Id of the call of the API; NULL for a statement by hand and for the command line on the database.';


--
-- Name: COLUMN audit_log.database_user; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.database_user IS 'The database user who was logged in: what PostgreSQL knows, where actor is what the server said.';


--
-- Name: COLUMN audit_log.object_type; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.object_type IS 'Type of the object: the first part of action, such as pool.';


--
-- Name: COLUMN audit_log.object_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.object_key IS 'Primary key of the row, such as {"network_id": 1, "address": "10.0.0.7"}; NULL: several rows, or the line is about no row.';


--
-- Name: COLUMN audit_log.network; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.network IS 'Name of the network of the object at that time; '''' is the default network. NULL: the object is in no network.';


--
-- Name: COLUMN audit_log.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.cluster IS 'Cluster of the object; '''' is a cluster without a name. NULL: the object is in no cluster.';


--
-- Name: COLUMN audit_log.row_count; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.row_count IS 'How many rows one statement changed that share this line: 1, or 101 to 1000.';


--
-- Name: COLUMN audit_log.changes; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_log.changes IS 'Where several rows share the line: each row as an array of before and after. NULL: one row. audit_changes spreads them out.';


--
-- Name: record_change(text, text, jsonb, jsonb, jsonb); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.record_change(action text, object text, before jsonb, after jsonb, changes jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO rowhouse.audit_log (actor, action, object, object_key, network, cluster, before, after, row_count, changes, request_id)  SELECT rowhouse.current_actor() AS current_actor,
             record_change.action AS action,
             record_change.object AS object,
                 CASE
                     WHEN (record_change.changes IS NULL) THEN rowhouse.audit_key(split_part(record_change.action, '.'::text, 1), changed."row")
                     ELSE NULL::jsonb
                 END AS "case",
                 CASE split_part(record_change.action, '.'::text, 1)
                     WHEN 'network'::text THEN (changed."row" ->> 'name'::text)
                     ELSE COALESCE((changed."row" ->> 'network_name'::text), ( SELECT n.name
                        FROM rowhouse.networks n
                       WHERE (n.id = ((changed."row" ->> 'network_id'::text))::integer)), ( SELECT p.network_name
                        FROM rowhouse.pools p
                       WHERE (p.id = ((changed."row" ->> 'pool_id'::text))::integer)))
                 END AS "coalesce",
             COALESCE((changed."row" ->> 'owner_cluster'::text), (changed."row" ->> 'cluster'::text)) AS "coalesce",
             record_change.before AS before,
             record_change.after AS after,
             COALESCE(jsonb_array_length(record_change.changes), 1) AS "coalesce",
             record_change.changes AS changes,
             NULLIF(current_setting('rowhouse.request_id'::text, true), ''::text) AS "nullif"
            FROM ( SELECT COALESCE(record_change.after, record_change.before) AS "row") changed;
END;


ALTER FUNCTION rowhouse.record_change(action text, object text, before jsonb, after jsonb, changes jsonb) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION record_change(action text, object text, before jsonb, after jsonb, changes jsonb); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.record_change(action text, object text, before jsonb, after jsonb, changes jsonb) IS 'Writes one line of the audit log; changes: all rows, where several share it.';


--
-- Name: record_changes(text, jsonb[], jsonb[]); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.record_changes(action text, before jsonb[], after jsonb[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- A statement by hand may change a hundred thousand rows. Up to 100 rows of a batch are a line each; more share one line,
-- which keeps all of them: PostgreSQL compresses them to a fraction of what as many lines would take. The caller cuts
-- the rows into batches of 1000 at most, each of one network and cluster, in the order of their addresses.
DECLARE
    first_row jsonb := coalesce(before[1], after[1]);
    last_row  jsonb := coalesce(before[cardinality(before)], after[cardinality(after)]);
BEGIN
    IF greatest(cardinality(before), cardinality(after)) <= 100 THEN
        PERFORM rowhouse.record_change(action, coalesce(c.before, c.after)->>'address', c.before, c.after)
           FROM unnest(before, after) AS c (before, after);
    ELSE
        PERFORM rowhouse.record_change(action, (first_row->>'address') || '-' || (last_row->>'address'), before[1], after[1],
                                       (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(c.before, c.after) ORDER BY c.number)
                                          FROM unnest(before, after) WITH ORDINALITY AS c (before, after, number)));
    END IF;
END $$;


ALTER FUNCTION rowhouse.record_changes(action text, before jsonb[], after jsonb[]) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION record_changes(action text, before jsonb[], after jsonb[]); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.record_changes(action text, before jsonb[], after jsonb[]) IS 'Writes a batch of changed rows into the audit log: a line each, or one for all where there are more than 100.';


--
-- Name: record_truncate(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.record_truncate() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- For tables that can be filled again: a TRUNCATE is allowed, but not unseen.
BEGIN
    PERFORM record_change('table.truncate', TG_TABLE_NAME, NULL, NULL);
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.record_truncate() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION record_truncate(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.record_truncate() IS 'Trigger: writes a TRUNCATE into the audit log.';


--
-- Name: record_v1(text, text, text, text, jsonb, jsonb); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.record_v1(actor text, request_id text, action text, object text, before jsonb, after jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
BEGIN
    PERFORM act_as(actor, request_id);
    PERFORM record_change(action, object, before, after);
END $$;


ALTER FUNCTION rowhouse.record_v1(actor text, request_id text, action text, object text, before jsonb, after jsonb) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION record_v1(actor text, request_id text, action text, object text, before jsonb, after jsonb); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.record_v1(actor text, request_id text, action text, object text, before jsonb, after jsonb) IS 'Writes a line of the audit log for something that is no change of a row.';


--
-- Name: refuse_attached(text, integer, inet[], inet[], integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_attached(change text, of_network integer, firsts inet[], lasts inet[], of_pool integer DEFAULT NULL::integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Raises in_the_way if a sandbox uses an address of these segments (of one pool, or of any), unless the change is forced.
DECLARE
    used    bigint;
    example text;
BEGIN
    IF is_forced() THEN
        RETURN;
    END IF;
    SELECT count(*), (array_agg(concat(host(r.address), ' (', nullif(r.owner_namespace, '') || '/', r.owner_name, ' on node ',
                                       coalesce(nullif(r.node, ''), 'unknown'), ')') ORDER BY r.address))[1]
      INTO used, example
      FROM unnest(firsts, lasts) AS s (first, last)
      JOIN reservations r ON r.network_id = of_network AND r.address BETWEEN s.first AND s.last
     WHERE (of_pool IS NULL OR r.pool_id = of_pool)
       AND EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address);
    IF used > 0 THEN
        RAISE EXCEPTION '% affects % that running sandboxes use: %', change,
                        CASE used WHEN 1 THEN '1 address' ELSE used || ' addresses' END,
                        example || CASE WHEN used > 1 THEN ', …' ELSE '' END
            USING ERRCODE = error_code('in_the_way'), HINT = 'Delete these pods first, or use force.';
    END IF;
END $$;


ALTER FUNCTION rowhouse.refuse_attached(change text, of_network integer, firsts inet[], lasts inet[], of_pool integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_attached(change text, of_network integer, firsts inet[], lasts inet[], of_pool integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_attached(change text, of_network integer, firsts inet[], lasts inet[], of_pool integer) IS 'Raises in_the_way if a change touches addresses that running sandboxes use, unless it is forced.';


--
-- Name: refuse_exhausted(integer, cidr, inet[], inet[], integer, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer, progress text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Raises pool_exhausted, and says so where the reuse delay alone is the reason. "progress" is what a reservation by hand could have.
DECLARE
    counted   CONSTANT integer := 1000;
    addresses integer;
    next_free timestamptz;
BEGIN
    SELECT f.free_from INTO next_free FROM free_ranges f
     WHERE f.network_id = wanted_network AND f.quarantined AND NOT is_withheld(f.network_id, f.first)
       AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE f.first BETWEEN s.first AND s.last)
     ORDER BY f.free_from LIMIT 1;
    IF FOUND THEN
        -- A refusal must not cost more the more there is in quarantine.
        SELECT count(*) INTO addresses FROM (
            SELECT FROM unnest(firsts, lasts) AS s (first, last),
                   LATERAL (SELECT FROM free_ranges f
                             WHERE f.network_id = wanted_network AND f.quarantined AND f.last BETWEEN s.first AND s.last
                             ORDER BY f.last LIMIT counted + 1) AS quarantined
             LIMIT counted + 1) AS first_ones;
        RAISE EXCEPTION 'no free address in pool %: % in quarantine, the next is free at %', concat_ws(': ', wanted::text, progress),
            CASE WHEN addresses > counted THEN 'more than ' || counted ELSE addresses::text END,
            to_char(next_free AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
            USING ERRCODE = error_code('pool_exhausted'), DETAIL = range_no,
                  HINT = 'Wait until then, shorten the reuse delay of the pool or the NAD, or widen the range.';
    END IF;
    IF progress IS NOT NULL THEN
        RAISE EXCEPTION 'no free address in pool %: %', wanted, progress
            USING ERRCODE = error_code('pool_exhausted'), HINT = 'Widen its window, create a pool with a larger CIDR, or release unused addresses.';
    END IF;
    RAISE EXCEPTION 'no free address in pool %', wanted USING ERRCODE = error_code('pool_exhausted'), DETAIL = range_no;
END $$;


ALTER FUNCTION rowhouse.refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer, progress text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer, progress text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer, progress text) IS 'Raises the error that no address of some segments is free.';


--
-- Name: refuse_foreign_pool(integer, integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_foreign_pool(of_network integer, of_pool integer, wanted inet) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- The allocator takes an address from its own pool; a person may mistype one.
BEGIN
    IF NOT EXISTS (SELECT FROM pools WHERE id = of_pool AND network_id = of_network AND wanted <<= cidr) THEN
        RAISE EXCEPTION 'pool_id % is not a pool of network % that contains %', of_pool, of_network, host(wanted)
            USING ERRCODE = 'foreign_key_violation';
    END IF;
END $$;


ALTER FUNCTION rowhouse.refuse_foreign_pool(of_network integer, of_pool integer, wanted inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_foreign_pool(of_network integer, of_pool integer, wanted inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_foreign_pool(of_network integer, of_pool integer, wanted inet) IS 'Raises an error unless a pool of a network holds an address.';


--
-- Name: refuse_held_pool(integer, cidr, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_held_pool(wanted_pool integer, wanted cidr, range_no integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    hold assignment_hold;
BEGIN
    SELECT * INTO hold FROM assignment_hold h
     WHERE NOT EXISTS (SELECT FROM assignment_hold_pools p WHERE p.pool_id = wanted_pool);
    IF FOUND THEN
        RAISE EXCEPTION 'pool % assigns no address until the running pods are imported: %', wanted, hold.reason
            USING ERRCODE = error_code('try_again'), DETAIL = range_no,
                  HINT = 'Run `rowhouse import pods`, and then `rowhouse import resume`. Held by ' || hold.actor || '.';
    END IF;
END $$;


ALTER FUNCTION rowhouse.refuse_held_pool(wanted_pool integer, wanted cidr, range_no integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_held_pool(wanted_pool integer, wanted cidr, range_no integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_held_pool(wanted_pool integer, wanted cidr, range_no integer) IS 'Raises try_again while new addresses of a pool are held back.';


--
-- Name: refuse_quarantined(integer, inet, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_quarantined(of_network integer, wanted inet, range_no integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM end_misdated_quarantines(of_network, ARRAY[wanted], ARRAY[wanted]);
    IF EXISTS (SELECT FROM free_ranges f
                WHERE f.network_id = of_network AND f.quarantined AND f.last = wanted AND f.free_from > clock_timestamp()) THEN
        RAISE EXCEPTION 'requested address % is in quarantine', host(wanted)
            USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                  HINT = 'Request another address; `rowhouse explain` shows when this one is free.';
    END IF;
END $$;


ALTER FUNCTION rowhouse.refuse_quarantined(of_network integer, wanted inet, range_no integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_quarantined(of_network integer, wanted inet, range_no integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_quarantined(of_network integer, wanted inet, range_no integer) IS 'Raises address_taken if an address is quarantined.';


--
-- Name: refuse_request(integer, inet, inet[], inet[], integer, text, text, text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer, cluster text, namespace text, name text, interface text) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Raises the reason why a requested address cannot be had; returns if it may be had now, or if the same
-- owner got it a moment ago.
DECLARE
    pool   pools;
    holder reservations;
BEGIN
    SELECT * INTO pool FROM pools WHERE id = wanted_pool;
    IF is_withheld(pool.network_id, wanted)
       AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
        RAISE EXCEPTION 'requested address % is %', host(wanted), why_withheld(pool.network_id, wanted)
            USING ERRCODE = error_code('address_outside_ranges'), DETAIL = range_no,
                  HINT = 'Ask for another address; `rowhouse explain` tells more.';
    END IF;
    IF NOT coalesce((SELECT bool_or(wanted BETWEEN f AND l) FROM unnest(firsts, lasts) AS s (f, l)), false) THEN
        RAISE EXCEPTION 'requested address % is outside the window of pool %', host(wanted), pool.cidr
            USING ERRCODE = error_code('address_outside_ranges'), DETAIL = range_no,
                  HINT = 'Request an address inside the window, or widen the window.';
    END IF;
    LOOP
        SELECT * INTO holder FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted;
        EXIT WHEN await_due(pool.network_id, ARRAY[wanted], ARRAY[wanted]);
        EXIT WHEN (holder.pool_id, holder.owner_cluster, holder.owner_namespace, holder.owner_name, holder.owner_interface)
                = (wanted_pool, cluster, namespace, name, interface);
        IF holder.address IS NOT NULL THEN
            RAISE EXCEPTION 'requested address % is in use by %', host(wanted),
                concat_ws('/', nullif(holder.owner_namespace, ''), holder.owner_name)
                || CASE WHEN holder.owner_cluster <> coalesce(cluster, '') AND holder.owner_cluster <> ''
                        THEN ' of cluster "' || holder.owner_cluster || '"' ELSE '' END
                USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                      HINT = 'Request another address, or have its owner release it: `rowhouse explain` shows the owner.';
        END IF;
        IF NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
            IF is_withheld(pool.network_id, wanted) THEN
                RAISE EXCEPTION 'requested address % is %', host(wanted), why_withheld(pool.network_id, wanted)
                    USING ERRCODE = error_code('address_outside_ranges'), DETAIL = range_no,
                          HINT = 'Ask for another address; `rowhouse explain` tells more.';
            END IF;
            RAISE EXCEPTION 'requested address % is in quarantine', host(wanted)
                USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                      HINT = 'Request another address; `rowhouse explain` shows when this one is free.';
        END IF;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer, cluster text, namespace text, name text, interface text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer, cluster text, namespace text, name text, interface text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer, cluster text, namespace text, name text, interface text) IS 'Raises the reason why a requested address cannot be had.';


--
-- Name: refuse_rewriting(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    stack text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- Who called us cannot be set, as a setting can.
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF stack ~ '(^|[^.[:alnum:]_])(rowhouse[.])?prune_audit_v1[(]timestamp with time zone,bigint,integer[)]' THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only and does not allow %', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'feature_not_supported',
              HINT = '`rowhouse db prune --audit-older-than` removes old lines. Only the owner can disable the trigger.';
END $$;


ALTER FUNCTION rowhouse.refuse_rewriting() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_rewriting(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_rewriting() IS 'Trigger: the audit log is append-only; only prune_audit_v1() removes lines.';


--
-- Name: refuse_special(rowhouse.pools, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_special(pool rowhouse.pools, wanted inet) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Raises in_the_way for what is reserved by force alone: a gateway, and the network and broadcast address of a pool whose
-- window does not hold them.
DECLARE
    what text;
BEGIN
    IF EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted)
       OR is_excluded(pool.network_id, wanted) THEN
        RETURN; -- something else stands in the way
    END IF;
    what := CASE WHEN is_withheld(pool.network_id, wanted) THEN why_withheld(pool.network_id, wanted)
                 WHEN wanted >= coalesce(pool.window_first, first_usable(pool.cidr))
                      AND wanted <= coalesce(pool.window_last, last_usable(pool.cidr)) THEN NULL
                 WHEN wanted < first_usable(pool.cidr) THEN 'the network address of pool ' || pool.cidr
                 WHEN wanted > last_usable(pool.cidr) AND family(wanted) = 4 THEN 'the broadcast address of pool ' || pool.cidr
                 WHEN wanted > last_usable(pool.cidr) THEN 'the last address of pool ' || pool.cidr END;
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'address % is %', host(wanted), what
            USING ERRCODE = error_code('in_the_way'), HINT = 'Use force to reserve it anyway.';
    END IF;
END $$;


ALTER FUNCTION rowhouse.refuse_special(pool rowhouse.pools, wanted inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_special(pool rowhouse.pools, wanted inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_special(pool rowhouse.pools, wanted inet) IS 'Raises in_the_way for a gateway, a network address and a broadcast address.';


--
-- Name: refuse_taken(integer, inet, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_taken(of_network integer, wanted inet, range_no integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    holder reservations;
BEGIN
    SELECT * INTO holder FROM reservations r WHERE r.network_id = of_network AND r.address = wanted;
    IF FOUND THEN
        RAISE EXCEPTION 'requested address % is in use by %', host(wanted),
            concat_ws('/', nullif(holder.owner_namespace, ''), holder.owner_name)
            USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                  HINT = 'Request another address, or have its owner release it: `rowhouse explain` shows the owner.';
    END IF;
END $$;


ALTER FUNCTION rowhouse.refuse_taken(of_network integer, wanted inet, range_no integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_taken(of_network integer, wanted inet, range_no integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_taken(of_network integer, wanted inet, range_no integer) IS 'Raises address_taken if an address is reserved.';


--
-- Name: refuse_truncate(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.refuse_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE of % would lose history and free space, or bypass the audit log', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported', HINT = 'Use DELETE, which keeps all invariants.';
END $$;


ALTER FUNCTION rowhouse.refuse_truncate() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION refuse_truncate(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.refuse_truncate() IS 'Trigger: refuses a TRUNCATE.';


--
-- Name: release_expired(integer, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.release_expired(wanted_network integer, at_most integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
-- Releases sticky reservations whose time is over. Database time decides, and only for addresses that
-- no sandbox uses.
DECLARE
    released integer;
BEGIN
    WITH expired AS (
        SELECT r.network_id, r.address FROM reservations r
         -- In a subquery, since a volatile function alone would be no condition of the index.
         WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
           AND NOT EXISTS (SELECT FROM attachments a
                            WHERE a.network_id = r.network_id AND a.address = r.address)
         ORDER BY r.expires_at LIMIT at_most FOR UPDATE SKIP LOCKED)
    DELETE FROM reservations r USING expired e
     WHERE r.network_id = e.network_id AND r.address = e.address;
    GET DIAGNOSTICS released = ROW_COUNT;
    RETURN released;
END $$;


ALTER FUNCTION rowhouse.release_expired(wanted_network integer, at_most integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION release_expired(wanted_network integer, at_most integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.release_expired(wanted_network integer, at_most integer) IS 'Releases unattached reservations whose time to live is over.';


--
-- Name: release_v1(text, text, integer, inet, boolean); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean) RETURNS SETOF rowhouse.reservations
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Releases one reservation; one that a sandbox uses only if even_attached.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    held    reservations;
    used    attachments;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'address % is not reserved', host(wanted) USING ERRCODE = error_code('not_found');
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT even_attached THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'A running pod would keep using it. Delete the pod, or release with force if the sandbox is gone.';
    END IF;
    DELETE FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted;
    PERFORM record_change('reservation.delete', host(wanted), to_jsonb(held), NULL);
    RETURN NEXT held;
END $$;


ALTER FUNCTION rowhouse.release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean) IS 'Releases one reservation.';


--
-- Name: release_v2(text, text, integer, inet, boolean, bigint); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean, expected_tenure bigint) RETURNS SETOF rowhouse.reservations
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- As release_v1; outdated unless the tenure is still the one expected (NULL: whichever).
DECLARE
    held reservations;
BEGIN
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF FOUND AND held.tenure_id <> expected_tenure THEN
        RAISE EXCEPTION 'address % now has another owner: %', host(wanted),
            concat_ws('/', nullif(held.owner_namespace, ''), held.owner_name)
            USING ERRCODE = error_code('outdated'), HINT = 'Check the new owner, and release the address again if that is still right.';
    END IF;
    RETURN QUERY SELECT * FROM release_v1(actor, request_id, wanted_network, wanted, even_attached);
END $$;


ALTER FUNCTION rowhouse.release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean, expected_tenure bigint) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean, expected_tenure bigint); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean, expected_tenure bigint) IS 'Releases one reservation, if its tenure is the one that the caller has seen.';


--
-- Name: repair_v1(text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.repair_v1(actor text, request_id text) RETURNS TABLE(change text, of_network integer, run_first inet, run_last inet)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET lock_timeout TO '10s'
    SET jit TO 'off'
    AS $$
-- Repairs what integrity_problems shows and returns each change. Reservations are the truth: none is changed. History
-- follows them, and free space is what pools hold less what is reserved, kept out of use, or in quarantine. Allocations
-- wait meanwhile, as for a change of a pool (see wait_for_reservations).
DECLARE
    command  text := set_config('rowhouse.command', 'REPAIR', true);
    moment   timestamptz;
    one      record;
    bad      free_ranges[];
    again    free_ranges[];
    rest     free_ranges;
    reserved inetmultirange;
    quiet    inetmultirange;
    missing  inetmultirange;
    pieces   inetmultirange;
    piece    inetrange;
BEGIN
    PERFORM act_as(actor, request_id);
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    PERFORM FROM networks ORDER BY id FOR NO KEY UPDATE;
    moment := clock_timestamp();

    -- 1. History.
    FOR one IN
        SELECT DISTINCT t.network_id, t.address, own.id AS kept
          FROM tenures t
          LEFT JOIN reservations r ON r.network_id = t.network_id AND r.address = t.address
          LEFT JOIN tenures own ON own.id = r.tenure_id AND is_open_tenure(own, r)
         WHERE upper_inf(t.during) AND t.id IS DISTINCT FROM own.id
            OR lower(t.during) > moment OR upper(t.during) > moment
         ORDER BY t.network_id, t.address
    LOOP
        PERFORM settle_tenures(one.network_id, one.address, moment, one.kept);
        change := 'tenure corrected'; of_network := one.network_id; run_first := one.address; run_last := one.address;
        RETURN NEXT;
    END LOOP;
    FOR one IN
        -- The trigger opens the tenure.
        UPDATE reservations r SET tenure_id = r.tenure_id
         WHERE NOT EXISTS (SELECT FROM tenures t WHERE t.id = r.tenure_id AND is_open_tenure(t, r))
        RETURNING r.network_id, r.address, r.tenure_id
    LOOP
        PERFORM record_change('tenure.open', host(one.address), NULL, to_jsonb(t)) FROM tenures t WHERE t.id = one.tenure_id;
        change := 'tenure opened'; of_network := one.network_id; run_first := one.address; run_last := one.address;
        RETURN NEXT;
    END LOOP;

    -- 2. Free space, for each network and family.
    FOR one IN
        SELECT p.network_id, family(p.cidr) AS family FROM pools p
        UNION SELECT f.network_id, family(f.first) FROM free_ranges f ORDER BY 1, 2
    LOOP
        of_network := one.network_id;
        again := '{}';
        SELECT coalesce(range_agg(address_span(r.address, r.address)), '{}') INTO reserved FROM reservations r
         WHERE r.network_id = one.network_id AND family(r.address) = one.family;

        -- Runs that are none, and quarantined ones that are reserved or overlap; of these, what is left comes again.
        WITH runs AS (
            SELECT f.quarantined, f.first, f.last,
                   max(f.last::inet) OVER (ORDER BY f.first, f.last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) >= f.first
                   OR lead(f.first::inet) OVER (ORDER BY f.first, f.last) <= f.last AS overlaps
              FROM free_ranges f
             WHERE f.network_id = one.network_id AND f.quarantined AND family(f.first) = one.family),
        gone AS (
            DELETE FROM free_ranges f
             WHERE f.network_id = one.network_id AND family(f.first) = one.family
               AND (f.first > f.last OR family(f.last) <> one.family
                    OR EXISTS (SELECT FROM runs WHERE f.quarantined AND runs.last = f.last
                                  AND (coalesce(runs.overlaps, false) OR address_span(runs.first, runs.last) && reserved)))
            RETURNING f.*)
        SELECT coalesce(array_agg(gone::free_ranges ORDER BY gone.free_from DESC, gone.first), '{}') INTO bad FROM gone;
        SELECT coalesce(range_agg(address_span(f.first, f.last)), '{}') INTO quiet FROM free_ranges f
         WHERE f.network_id = one.network_id AND f.quarantined AND family(f.first) = one.family;
        FOREACH rest IN ARRAY bad LOOP
            PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), to_jsonb(rest), NULL);
            change := 'free range removed'; run_first := rest.first; run_last := rest.last;
            RETURN NEXT;
            CONTINUE WHEN NOT rest.quarantined OR rest.first > rest.last OR family(rest.first) <> family(rest.last);
            pieces := inetmultirange(address_span(rest.first, rest.last)) - reserved - quiet;
            FOR piece IN SELECT unnest(pieces) LOOP
                rest.first := lower(piece);
                rest.last := span_last(piece);
                again := again || rest;
            END LOOP;
            quiet := quiet + pieces;
        END LOOP;

        -- Runs that hold what is not free.
        SELECT coalesce(range_agg(address_span(first_address(p.cidr), last_address(p.cidr))), '{}') - reserved - quiet
               - coalesce((SELECT range_agg(address_span(e.first, e.last)) FROM exclusions e
                            WHERE e.network_id = one.network_id AND family(e.first) = one.family), '{}')
               - coalesce((SELECT range_agg(address_span(g.address, g.address)) FROM gateways g
                            WHERE g.network_id = one.network_id AND family(g.address) = one.family), '{}')
          INTO missing FROM pools p WHERE p.network_id = one.network_id AND family(p.cidr) = one.family;
        FOR rest IN
            WITH runs AS (
                SELECT f.first, f.last,
                       max(f.last::inet) OVER (ORDER BY f.first, f.last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) >= f.first
                       OR lead(f.first::inet) OVER (ORDER BY f.first, f.last) <= f.last AS overlaps
                  FROM free_ranges f
                 WHERE f.network_id = one.network_id AND NOT f.quarantined AND family(f.first) = one.family)
            DELETE FROM free_ranges f USING runs
             WHERE f.network_id = one.network_id AND NOT f.quarantined AND f.last = runs.last
               AND (coalesce(runs.overlaps, false) OR NOT address_span(runs.first, runs.last) <@ missing)
            RETURNING f.*
        LOOP
            PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), to_jsonb(rest), NULL);
            change := 'free range removed'; run_first := rest.first; run_last := rest.last;
            RETURN NEXT;
        END LOOP;
        FOREACH rest IN ARRAY again LOOP
            INSERT INTO free_ranges SELECT rest.*;
            PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), NULL, to_jsonb(rest));
            change := 'quarantine added'; run_first := rest.first; run_last := rest.last;
            RETURN NEXT;
        END LOOP;
        SELECT missing - coalesce(range_agg(address_span(f.first, f.last)), '{}') INTO missing FROM free_ranges f
         WHERE f.network_id = one.network_id AND NOT f.quarantined AND family(f.first) = one.family;

        -- What is missing, first of all those that left a pool with a reuse delay a moment ago.
        IF NOT isempty(missing) AND EXISTS (SELECT FROM pools p WHERE p.network_id = one.network_id AND p.reuse_delay > '0') THEN
            FOR rest IN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
                SELECT DISTINCT ON (t.address) one.network_id, true, t.address, t.address, upper(t.during) + p.reuse_delay,
                       owner_key(t.owner_cluster, t.owner_namespace, t.owner_name, t.owner_interface)
                  FROM tenures t JOIN pools p ON p.id = t.pool_id
                 WHERE t.network_id = one.network_id AND family(t.address) = one.family AND p.reuse_delay > '0'
                   AND upper(t.during) + p.reuse_delay > moment AND address_span(t.address, t.address) <@ missing
                 ORDER BY t.address, upper(t.during) DESC
                RETURNING *
            LOOP
                PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), NULL, to_jsonb(rest));
                missing := missing - inetmultirange(address_span(rest.first, rest.last));
                change := 'quarantine added'; run_first := rest.first; run_last := rest.last;
                RETURN NEXT;
            END LOOP;
        END IF;
        FOR rest IN
            INSERT INTO free_ranges (network_id, first, last, free_from)
            SELECT one.network_id, lower(gap.span), span_last(gap.span), moment FROM (SELECT unnest(missing) AS span) AS gap
            RETURNING *
        LOOP
            PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), NULL, to_jsonb(rest));
            change := 'free range added'; run_first := rest.first; run_last := rest.last;
            RETURN NEXT;
        END LOOP;
    END LOOP;

    -- 3. What pools say of their gateways; the triggers take them out of the free space.
    FOR one IN
        INSERT INTO gateways (network_id, address, pool_id)
        SELECT p.network_id, host(p.gateway)::inet, p.id FROM pools p
         WHERE p.gateway IS NOT NULL
           AND NOT EXISTS (SELECT FROM gateways g WHERE g.pool_id = p.id AND g.cni_network IS NULL
                              AND g.address = host(p.gateway)::inet)
        RETURNING network_id, address
    LOOP
        change := 'gateway added'; of_network := one.network_id; run_first := one.address; run_last := one.address;
        RETURN NEXT;
    END LOOP;

    -- 4. Which pools are plain.
    FOR one IN SELECT i.network_id, i.address FROM integrity_problems i WHERE i.problem = 'pool taken for plain' LOOP
        change := 'plain pool corrected'; of_network := one.network_id; run_first := one.address; run_last := one.address;
        RETURN NEXT;
    END LOOP;
    PERFORM choose_plain_pools();
END $$;


ALTER FUNCTION rowhouse.repair_v1(actor text, request_id text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION repair_v1(actor text, request_id text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.repair_v1(actor text, request_id text) IS 'Repairs history and free space so that they follow reservations, pools, exclusions and gateways; returns each change.';


--
-- Name: reservation_changed(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.reservation_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Another owner, sandbox or address is another tenure.
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF current_reason() = 'SQL'
       AND (NEW.network_id, NEW.address, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface)
           <> (OLD.network_id, OLD.address, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface) THEN
        PERFORM refuse_attached('the change of ' || host(OLD.address), OLD.network_id, ARRAY[OLD.address]::inet[], ARRAY[OLD.address]::inet[]);
        IF (NEW.network_id, NEW.address) = (OLD.network_id, OLD.address) THEN
            -- The old owner's sandboxes no longer have a say in it. (The audit has the change of owner, not each of them.)
            PERFORM set_config('rowhouse.command', 'FORCE', true);
            DELETE FROM attachments a WHERE a.network_id = OLD.network_id AND a.address = OLD.address;
            PERFORM set_config('rowhouse.command', '', true);
            NEW.node := '';
            NEW.container_id := '';
        END IF;
    END IF;
    IF (NEW.network_id, NEW.address, NEW.pool_id, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name,
        NEW.owner_interface, NEW.owner_uid, NEW.node, NEW.container_id)
       IS DISTINCT FROM
       (OLD.network_id, OLD.address, OLD.pool_id, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name,
        OLD.owner_interface, OLD.owner_uid, OLD.node, OLD.container_id)
       OR NOT EXISTS (SELECT FROM tenures t WHERE t.id = OLD.tenure_id AND upper_inf(t.during)
                         AND t.network_id = OLD.network_id AND t.address = OLD.address) THEN
        UPDATE tenures
           SET during = tstzrange(lower(during), moment), ended_by = current_actor(), end_reason = current_reason()
         WHERE id = OLD.tenure_id AND network_id = OLD.network_id AND address = OLD.address
           AND upper_inf(during) AND lower(during) < moment;
        IF NOT FOUND THEN
            -- The clock was set back, or the tenure is not there any more: the change succeeds all the same.
            PERFORM settle_tenures(OLD.network_id, OLD.address, moment);
        END IF;
        NEW.tenure_id := nextval('tenures_id_seq');
        IF (NEW.network_id, NEW.address) <> (OLD.network_id, OLD.address) THEN
            PERFORM admit_gateways(NEW.network_id, NEW.address, NEW.address);
            PERFORM take_run(NEW.network_id, NEW.address, NEW.address);
            moment := clock_timestamp();
            PERFORM settle_tenures(NEW.network_id, NEW.address, moment);
        END IF;
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        VALUES (NEW.tenure_id, NEW.network_id, NEW.address, NEW.pool_id, tstzrange(moment, NULL), NEW.owner_kind,
                NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface, NEW.owner_uid,
                NEW.node, NEW.container_id, current_actor(), current_reason());
    END IF;
    IF NEW.slot > 0 AND (NEW.slot, NEW.pool_id) <> (OLD.slot, OLD.pool_id) THEN
        DELETE FROM plain_pools c WHERE c.pool_id = NEW.pool_id;
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM refuse_foreign_pool(NEW.network_id, NEW.pool_id, NEW.address);
        PERFORM record_change(CASE WHEN (NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface)
                                         <> (OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface)
                                   THEN 'reservation.reassign' ELSE 'reservation.update' END,
                              host(OLD.address), to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NEW;
END $$;


ALTER FUNCTION rowhouse.reservation_changed() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION reservation_changed(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.reservation_changed() IS 'Trigger: history and audit log follow a changed reservation.';


--
-- Name: reservation_made(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.reservation_made() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Once for all rows of a statement, so that addresses that were assigned together cost little more
-- than one.
DECLARE
    run        record;
    free_since timestamptz;
    is_limited boolean;
BEGIN
    -- The usual ADD opens the tenure in the statement that makes the reservation, and takes the address out of the free
    -- space next: all that is to be done for a plain pool. (What a person inserts is always accounted for here.)
    IF current_reason() = 'ADD' AND NOT EXISTS (SELECT FROM made m WHERE (SELECT t.id FROM tenures t WHERE t.id = m.tenure_id) IS NULL) THEN
        RETURN NULL;
    END IF;
    -- An ADD relies on free_from, and is repeated carefully if the history has another opinion. All others look first.
    IF current_reason() <> 'ADD' OR is_careful() THEN
        PERFORM settle_tenures(m.network_id, m.address, clock_timestamp())
           FROM made m
          CROSS JOIN LATERAL (SELECT FROM tenures_of(m.network_id, m.address) t
                               WHERE t.during && tstzrange(clock_timestamp(), NULL) LIMIT 1) AS in_the_way;
    END IF;
    -- The usual case in one statement: the first addresses of a run that ends within its block of 64.
    -- (Distinct addresses of one family: the sum cannot leave it.) The clock is read after the run is
    -- locked: now() may lie before the previous owner's end.
    WITH given AS (
        SELECT min(network_id) AS network_id, min(address) AS first, max(address) AS last
          FROM made
        HAVING min(network_id) = max(network_id)
           AND CASE WHEN family(min(address)) = family(max(address))
                    THEN min(address) + (count(*) - 1) = max(address) END),
    taken AS (
        UPDATE free_ranges f SET first = given.last + 1 FROM given
         WHERE f.network_id = given.network_id AND NOT f.quarantined AND f.first = given.first
           AND f.last > given.last AND f.last <= last_address(block_of(given.last))
           AND f.free_from <= clock_timestamp()
        RETURNING f.last),
    opened AS (
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        SELECT m.tenure_id, m.network_id, m.address, m.pool_id,
               tstzrange(clock_timestamp(), NULL), m.owner_kind,
               m.owner_cluster, m.owner_namespace, m.owner_name, m.owner_interface, m.owner_uid,
               m.node, m.container_id, current_actor(), current_reason()
          FROM taken, made m)
    SELECT EXISTS (SELECT FROM quotas) INTO is_limited FROM taken;
    IF NOT FOUND THEN
        is_limited := EXISTS (SELECT FROM quotas);
        FOR run IN
            SELECT m.network_id, min(m.address) AS first, max(m.address) AS last
              FROM (SELECT l.network_id, l.address,
                           count(*) FILTER (WHERE l.previous IS NULL OR CASE WHEN family(l.previous) = family(l.address)
                                                                             THEN l.previous + 1 <> l.address ELSE true END)
                           OVER (PARTITION BY l.network_id ORDER BY l.address) AS number
                      FROM (SELECT made.network_id, made.address,
                                   lag(made.address) OVER (PARTITION BY made.network_id ORDER BY made.address) AS previous
                              FROM made) AS l) AS m
             GROUP BY m.network_id, m.number ORDER BY m.network_id, first
        LOOP
            PERFORM admit_gateways(run.network_id, run.first, run.last);
            free_since := take_run(run.network_id, run.first, run.last);
            IF free_since > clock_timestamp() THEN
                -- The clock was set back since a previous owner left.
                PERFORM settle_tenures(m.network_id, m.address, clock_timestamp())
                   FROM made m WHERE m.network_id = run.network_id AND m.address BETWEEN run.first AND run.last;
            END IF;
            INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                                 owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
            SELECT m.tenure_id, m.network_id, m.address, m.pool_id,
                   tstzrange(clock_timestamp(), NULL), m.owner_kind,
                   m.owner_cluster, m.owner_namespace, m.owner_name, m.owner_interface, m.owner_uid,
                   m.node, m.container_id, current_actor(), current_reason()
              FROM made m WHERE m.network_id = run.network_id AND m.address BETWEEN run.first AND run.last;
        END LOOP;
    END IF;
    IF EXISTS (SELECT FROM made m WHERE m.slot > 0) THEN
        DELETE FROM plain_pools c WHERE c.pool_id IN (SELECT m.pool_id FROM made m WHERE m.slot > 0);
    END IF;
    IF is_limited THEN
        PERFORM check_quotas(m.owner_namespace, m.pool_id) FROM (SELECT DISTINCT owner_namespace, pool_id FROM made) AS m;
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM refuse_foreign_pool(m.network_id, m.pool_id, m.address) FROM made m;
        PERFORM record_changes('reservation.create', NULL, array_agg(b.after ORDER BY b.number))
           FROM (SELECT to_jsonb(m) AS after, m.network_id, m.owner_cluster,
                        row_number() OVER (PARTITION BY m.network_id, m.owner_cluster ORDER BY m.address) - 1 AS number
                   FROM made m) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.reservation_made() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION reservation_made(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.reservation_made() IS 'Trigger: free space, history and audit log follow new reservations.';


--
-- Name: reservation_moved(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.reservation_moved() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- The old address of a reservation that was moved is free again, as after a release.
BEGIN
    PERFORM give_back(OLD.network_id, OLD.address, clock_timestamp(),
                      (SELECT greatest(p.reuse_delay, OLD.reuse_delay) FROM pools p WHERE p.id = OLD.pool_id),
                      owner_key(OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface));
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.reservation_moved() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION reservation_moved(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.reservation_moved() IS 'Trigger: returns the old address of a moved reservation to the free space.';


--
-- Name: reservation_released(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.reservation_released() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Once for all rows of a statement.
DECLARE
    released record;
    is_free  boolean;
    moment   timestamptz := clock_timestamp();
    by_hand  boolean := current_reason() = 'SQL';
    run      free_ranges; -- addresses that follow each other, not yet in the free space
BEGIN
    FOR released IN
        -- An open tenure that becomes shorter meets no other one.
        WITH closed AS (
            UPDATE tenures t
               SET during = tstzrange(lower(t.during), moment), ended_by = current_actor(), end_reason = current_reason()
             -- (an array, since nothing is known of a transition table, and a join with it may read all tenures)
             WHERE t.id = ANY (ARRAY(SELECT g.tenure_id FROM gone g))
               AND upper_inf(t.during) AND lower(t.during) < moment
            RETURNING t.id)
        -- (Of the others the clock was set back, or the tenure was removed: a release succeeds all the same.)
        SELECT g.network_id, g.address, closed.id IS NOT NULL AS is_closed, is_careful() AS is_careful,
               greatest((SELECT p.reuse_delay FROM pools p WHERE p.id = g.pool_id), g.reuse_delay) AS delay,
               owner_key(g.owner_cluster, g.owner_namespace, g.owner_name, g.owner_interface) AS owner
          FROM gone g LEFT JOIN closed ON closed.id = g.tenure_id
         ORDER BY g.network_id, g.address
    LOOP
        IF NOT released.is_closed THEN
            PERFORM settle_tenures(released.network_id, released.address, moment);
        END IF;
        IF by_hand AND NOT released.is_careful AND coalesce(released.delay, '0') = '0' THEN
            -- A statement may release 100,000 addresses: neighbors return as one run, as each return by itself would have
            -- to look at what all returns before it in this transaction left dead.
            CONTINUE WHEN is_withheld(released.network_id, released.address);
            IF run.last IS NULL OR run.network_id <> released.network_id OR family(run.last) <> family(released.address)
               OR run.last + 1 <> released.address THEN
                IF run.last IS NOT NULL THEN
                    PERFORM free_run(run.network_id, run.first, run.last, moment);
                END IF;
                run.network_id := released.network_id;
                run.first := released.address;
            END IF;
            run.last := released.address;
        ELSIF NOT released.is_careful THEN
            -- (An assignment, since PERFORM would be a statement more.)
            is_free := give_back(released.network_id, released.address, moment, released.delay, released.owner);
        ELSE
            BEGIN
                PERFORM give_back(released.network_id, released.address, moment, released.delay, released.owner);
            EXCEPTION WHEN integrity_constraint_violation THEN
                -- A release succeeds even if the free space is damaged: integrity_problems has the address.
                PERFORM record_change('free_range.refuse', host(released.address), NULL, jsonb_build_object('error', SQLERRM));
            END;
        END IF;
    END LOOP;
    IF run.last IS NOT NULL THEN
        PERFORM free_run(run.network_id, run.first, run.last, moment);
    END IF;
    IF by_hand THEN
        PERFORM record_changes('reservation.delete', array_agg(b.before ORDER BY b.number), NULL)
           FROM (SELECT to_jsonb(g) AS before, g.network_id, g.owner_cluster,
                        row_number() OVER (PARTITION BY g.network_id, g.owner_cluster ORDER BY g.address) - 1 AS number
                   FROM gone g) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    END IF;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.reservation_released() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION reservation_released(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.reservation_released() IS 'Trigger: free space, history and audit log follow deleted reservations.';


--
-- Name: reserve_v1(text, text, integer, inet[], integer, rowhouse.owner_kind, text, text, text, text, interval, text, boolean); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.reserve_v1(actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text, force boolean DEFAULT false) RETURNS TABLE(network_id integer, address inet)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    AS $$
-- Reserves the given addresses, or (wanted NULL) the lowest free ones, all or nothing, by hand: they stay
-- until they are released or their time to live is over. A pod of that name gets them with its ADD. Gateways, network
-- and broadcast addresses only by force.
#variable_conflict use_column
DECLARE
    pool    pools;
    firsts  inet[];
    lasts   inet[];
    slot_no integer;
    made    reservations;
    previous_force text := coalesce(current_setting('rowhouse.force', true), '');
BEGIN
    PERFORM act_as(actor, request_id), set_config('rowhouse.command', 'API', true),
            set_config('rowhouse.force', CASE WHEN force THEN 'on' ELSE '' END, true);
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    SELECT * INTO pool FROM pools p WHERE p.id = wanted_pool;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no pool %', wanted_pool USING ERRCODE = error_code('not_found');
    END IF;
    SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
      INTO firsts, lasts FROM pool_window(pool) w;
    PERFORM release_expired(pool.network_id, 1000);
    PERFORM end_quarantines(pool.network_id, 1000);
    FOR i IN 1 .. coalesce(cardinality(wanted), how_many) LOOP
        LOOP
            IF wanted IS NOT NULL THEN
                IF NOT wanted[i] <<= pool.cidr THEN
                    RAISE EXCEPTION 'address % is outside pool %', host(wanted[i]), pool.cidr
                        USING ERRCODE = error_code('address_outside_ranges'), HINT = 'Request an address of this pool, or use the pool that contains it.';
                END IF;
                IF NOT force THEN
                    PERFORM refuse_special(pool, wanted[i]);
                END IF;
                IF force AND is_withheld(pool.network_id, wanted[i]) AND NOT is_excluded(pool.network_id, wanted[i]) THEN
                    -- A gateway: admit_gateways() lets the reservation take it, and the network is locked for that first.
                    PERFORM FROM networks n WHERE n.id = pool.network_id FOR NO KEY UPDATE;
                    CONTINUE WHEN NOT is_withheld(pool.network_id, wanted[i]);
                    PERFORM refuse_taken(pool.network_id, wanted[i], i);
                    PERFORM refuse_quarantined(pool.network_id, wanted[i], i);
                    address := wanted[i];
                ELSE
                    PERFORM refuse_request(pool.id, wanted[i], ARRAY[first_address(pool.cidr)], ARRAY[last_address(pool.cidr)], i,
                                           NULL, NULL, NULL, NULL);
                    address := (claim_addresses(pool.network_id, ARRAY[wanted[i]], ARRAY[wanted[i]], 1))[1];
                    CONTINUE WHEN address IS NULL;
                END IF;
            ELSE
                IF pool.drained THEN
                    RAISE EXCEPTION 'pool % is drained and assigns no new addresses', pool.cidr
                        USING ERRCODE = error_code('pool_exhausted'), HINT = '`rowhouse pool undrain` lets it assign addresses again.';
                END IF;
                address := (claim_addresses(pool.network_id, firsts, lasts, 1))[1];
                IF address IS NULL THEN
                    CONTINUE WHEN await_due(pool.network_id, firsts, lasts);
                    PERFORM refuse_exhausted(pool.network_id, pool.cidr, firsts, lasts, i, i - 1 || ' of ' || how_many || ' could be had');
                END IF;
            END IF;
            SELECT coalesce(max(r.slot) + 1, 0) INTO slot_no FROM reservations r
             WHERE r.owner_namespace = namespace AND r.owner_name = name AND r.pool_id = pool.id
               AND r.owner_interface = interface AND r.owner_cluster = cluster;
            INSERT INTO reservations AS r (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                                           owner_interface, slot, sticky, sticky_ttl, policy_source, expires_at, description)
            VALUES (pool.network_id, address, pool.id, kind, cluster, namespace, name, interface, slot_no, true, ttl,
                    'operator', clock_timestamp() + ttl, why)
            ON CONFLICT DO NOTHING RETURNING r.* INTO made;
            EXIT WHEN FOUND;
            PERFORM withdraw_reserved(pool.network_id, address);
        END LOOP;
        PERFORM record_change('reservation.create', host(made.address), NULL, to_jsonb(made));
        network_id := pool.network_id;
        RETURN NEXT;
    END LOOP;
    PERFORM set_config('rowhouse.force', previous_force, true);
END $$;


ALTER FUNCTION rowhouse.reserve_v1(actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text, force boolean) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION reserve_v1(actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text, force boolean); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.reserve_v1(actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text, force boolean) IS 'Reserves addresses by hand: given ones or the lowest free ones, all or nothing.';


--
-- Name: resume_v1(text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.resume_v1(actor text, request_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    ended   assignment_hold;
BEGIN
    PERFORM act_as(actor, request_id);
    DELETE FROM assignment_hold RETURNING * INTO ended;
    DELETE FROM assignment_hold_pools;
    IF ended.id IS NOT NULL THEN
        PERFORM record_change('assignment_hold.delete', ended.reason, to_jsonb(ended), NULL);
    END IF;
    RETURN ended.id IS NOT NULL;
END $$;


ALTER FUNCTION rowhouse.resume_v1(actor text, request_id text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION resume_v1(actor text, request_id text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.resume_v1(actor text, request_id text) IS 'Ends a hold: every pool assigns addresses again. False: there was none.';


--
-- Name: return_gateway(integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.return_gateway(of_network integer, wanted inet) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Puts an address that is no longer a gateway back into the free space, unless something else keeps it out. A
-- release under way saw the gateway and does not free the address, so it is waited for.
BEGIN
    PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
    PERFORM FROM reservations WHERE network_id = of_network AND address = wanted FOR UPDATE;
    IF EXISTS (SELECT FROM pools WHERE network_id = of_network AND cidr >>= wanted)
       AND NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND last >= wanted AND first <= wanted) THEN
        PERFORM free_unless_withheld(of_network, wanted, wanted, clock_timestamp());
    END IF;
END $$;


ALTER FUNCTION rowhouse.return_gateway(of_network integer, wanted inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION return_gateway(of_network integer, wanted inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.return_gateway(of_network integer, wanted inet) IS 'Puts an address that is no longer a gateway back into the free space of a network.';


--
-- Name: sample_fill_v1(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.sample_fill_v1() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET jit TO 'off'
    AS $$
-- Takes the sample of this quarter of an hour, unless another server has; true if it was taken now. Every server
-- may call it whenever it likes: one of them does the work, and none waits.
DECLARE
    slot  timestamptz := date_bin('15 minutes', clock_timestamp(), timestamptz 'epoch');
    since timestamptz := date_bin('1 hour', slot, timestamptz 'epoch') - interval '7 days';
BEGIN
    IF EXISTS (SELECT FROM pool_trends WHERE sampled_at = slot)
       OR NOT pg_try_advisory_xact_lock(hashtext('rowhouse.sample_fill'))
       OR EXISTS (SELECT FROM pool_trends WHERE sampled_at = slot) THEN
        RETURN false;
    END IF;

    -- A pool that was there before samples were taken (an upgrade): its last week, out of the history.
    WITH fresh AS MATERIALIZED (
        SELECT p.id, p.created_at, p.network_id, coalesce(p.window_first, first_usable(p.cidr))::inet AS first,
               coalesce(p.window_last, last_usable(p.cidr))::inet AS last, o.id AS source
          FROM pools p JOIN pools o ON o.network_id = p.network_id AND o.cidr && p.cidr
         WHERE p.created_at < slot - interval '1 hour' AND NOT EXISTS (SELECT FROM fill_samples s WHERE s.pool_id = p.id)),
    held AS (
        SELECT f.id AS pool_id, greatest(ceil(extract(epoch FROM lower(t.during) - since) / 3600), 0)::integer AS begins,
               ceil(extract(epoch FROM nullif(upper(t.during), 'infinity') - since) / 3600)::integer AS ends
          FROM fresh f JOIN tenures t ON t.pool_id = f.source
         WHERE t.during && tstzrange(since, slot) AND t.address BETWEEN f.first AND f.last
           AND NOT EXISTS (SELECT FROM gateways g WHERE g.network_id = f.network_id AND g.address = t.address)),
    changes AS (
        SELECT pool_id, step, sum(change) AS change
          FROM (SELECT pool_id, begins AS step, 1 AS change FROM held
                UNION ALL
                SELECT pool_id, ends, -1 FROM held WHERE ends IS NOT NULL) AS events
         GROUP BY pool_id, step)
    INSERT INTO fill_samples (pool_id, at, used)
    SELECT id, at, used
      FROM (SELECT f.id, f.created_at, since + h.step * interval '1 hour' AS at,
                   sum(coalesce(c.change, 0)) OVER (PARTITION BY f.id ORDER BY h.step) AS used
              FROM (SELECT DISTINCT id, created_at FROM fresh) AS f CROSS JOIN generate_series(0, 168) AS h (step)
              LEFT JOIN changes c ON c.pool_id = f.id AND c.step = h.step) AS hours
     WHERE at >= created_at AND at < slot;

    INSERT INTO fill_samples (pool_id, at, used) SELECT c.pool_id, slot, c.used FROM pool_counts() c
        ON CONFLICT DO NOTHING;

    -- (What lies in the future was noted before the clock was set back.)
    DELETE FROM fill_samples WHERE at > slot;
    DELETE FROM fill_samples
     WHERE at BETWEEN slot - interval '42 days' AND slot - interval '35 days'
       AND at <> date_bin('1 day', at, timestamptz 'epoch');
    DELETE FROM fill_samples
     WHERE at BETWEEN slot - interval '9 days' AND slot - interval '2 days'
       AND at <> date_bin('1 hour', at, timestamptz 'epoch');

    INSERT INTO pool_trends (pool_id, sampled_at, day, week, day_slope, day_fit, week_slope, week_fit)
    SELECT p.id, slot, day.used, week.used, line.day_slope, line.day_fit, line.week_slope, line.week_fit
      FROM pools p
     CROSS JOIN LATERAL (
           SELECT array_agg((SELECT s.used FROM fill_samples s
                              WHERE s.pool_id = p.id AND s.at <= m.at ORDER BY s.at DESC LIMIT 1) ORDER BY m.at) AS used
             FROM generate_series(slot - interval '1 day', slot, '1 hour') AS m (at)) AS day
     CROSS JOIN LATERAL (
           SELECT array_agg((SELECT s.used FROM fill_samples s
                              WHERE s.pool_id = p.id AND s.at <= m.at ORDER BY s.at DESC LIMIT 1) ORDER BY m.at) AS used
             FROM generate_series(slot - interval '7 days', slot, '3 hours') AS m (at)) AS week
     CROSS JOIN LATERAL (
           SELECT regr_slope(s.used, s.hour) FILTER (WHERE s.hour >= -24) AS day_slope,
                  regr_r2(s.used, s.hour) FILTER (WHERE s.hour >= -24) AS day_fit,
                  regr_slope(s.used, s.hour) AS week_slope, regr_r2(s.used, s.hour) AS week_fit
             FROM (SELECT used, extract(epoch FROM at - slot)::double precision / 3600 AS hour
                     FROM fill_samples WHERE pool_id = p.id AND at >= slot - interval '7 days') AS s) AS line
    ON CONFLICT (pool_id) DO UPDATE
       SET (sampled_at, day, week, day_slope, day_fit, week_slope, week_fit)
           = (EXCLUDED.sampled_at, EXCLUDED.day, EXCLUDED.week, EXCLUDED.day_slope, EXCLUDED.day_fit,
              EXCLUDED.week_slope, EXCLUDED.week_fit);
    RETURN true;
END $$;


ALTER FUNCTION rowhouse.sample_fill_v1() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION sample_fill_v1(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.sample_fill_v1() IS 'Notes how many addresses of each pool are in use, once in a quarter of an hour.';


--
-- Name: sandboxes_v1(text, text, text, integer, text, text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer, of_namespace text DEFAULT NULL::text, of_pod text DEFAULT NULL::text) RETURNS TABLE(container_id text, interface text, node text, network text, address inet, attached_at timestamp with time zone, age interval, pod_uid text, namespace text, pod text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    SET jit TO 'off'
    AS $$
-- The sandboxes of a cluster that hold addresses for pods, a page at a time in the order of container and
-- interface; or those of one pod. The attachments of an owner that keeps its address as well: that it is in use must end
-- with its pod.
#variable_conflict use_column
BEGIN
    IF of_pod IS NOT NULL THEN
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace, r.owner_name
              FROM reservations r
              JOIN attachments a ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE r.owner_namespace = of_namespace AND r.owner_name = of_pod AND a.cluster = of_cluster
               AND r.owner_kind = 'pod'
             ORDER BY a.container_id, a.interface, a.address;
    ELSE
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace, r.owner_name
              FROM attachments a
              JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE a.cluster = of_cluster AND r.owner_kind = 'pod'
               AND (a.container_id, a.interface) > (after_container, after_interface)
             -- (all addresses of the last sandbox)
             ORDER BY a.container_id, a.interface FETCH FIRST at_most ROWS WITH TIES;
    END IF;
END $$;


ALTER FUNCTION rowhouse.sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer, of_namespace text, of_pod text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer, of_namespace text, of_pod text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer, of_namespace text, of_pod text) IS 'A page of the sandboxes of a cluster that hold addresses for pods.';


--
-- Name: alembic_version; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.alembic_version (
    version_num character varying(32) NOT NULL
);


ALTER TABLE rowhouse.alembic_version OWNER TO rowhouse_owner;

--
-- Name: TABLE alembic_version; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.alembic_version IS 'The revision that the schema is at; alembic keeps it.';


--
-- Name: COLUMN alembic_version.version_num; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.alembic_version.version_num IS 'Revision of the schema, such as r0001.';


--
-- Name: serves_code_of(text); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.serves_code_of(revision text) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN ((revision >= 'r0001'::text) AND (revision <= ((SELECT v.version_num FROM rowhouse.alembic_version v))::text));


ALTER FUNCTION rowhouse.serves_code_of(revision text) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION serves_code_of(revision text); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.serves_code_of(revision text) IS 'Whether code that was written for a revision may work on this schema, during a roll-out.';


--
-- Name: setting_changed(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.setting_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Networks, quotas and tokens: every change is in the audit log, a token's digest is not.
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - 'digest' END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - 'digest' END;
    row    jsonb := coalesce(after, before);
BEGIN
    IF TG_TABLE_NAME = 'networks' AND TG_OP = 'UPDATE' AND before->'isolated' <> after->'isolated'
       AND EXISTS (SELECT FROM pools p WHERE p.network_id = (row->>'id')::integer) THEN
        -- Every pool knows whether it is isolated, and its sandboxes go on using their addresses.
        RAISE EXCEPTION 'network % has pools, so its isolation cannot change', row->>'id'
            USING ERRCODE = error_code('in_the_way'), HINT = 'An ADD of a configuration that shares the range (enable_overlapping_ranges) moves the pool to the shared space.';
    END IF;
    PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END,
                          coalesce(row->>'name', row->>'namespace'), before, after);
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.setting_changed() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION setting_changed(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.setting_changed() IS 'Trigger: writes a change of a network, quota or token into the audit log.';


--
-- Name: settle_tenures(integer, inet, timestamp with time zone, bigint); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.settle_tenures(of_network integer, of_address inet, moment timestamp with time zone, kept bigint DEFAULT NULL::bigint) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    AS $$
-- Makes room in the history of an address from a moment on, and returns the moment. Usually there is room: the
-- cost is one index probe. If the clock was set back, tenures begin or end after the moment; they move before it, in
-- their order, each at least a microsecond long. An open tenure ends at the moment, except the one with the id
-- "kept", which begins no later than the moment. Each correction is a line of the audit log.
--
-- The caller holds the reservation of the address, or the free run that it is in.
DECLARE
    tenure  tenures;
    latest  timestamptz := moment;
    before  tenures[];
    span    tstzrange;
    spans   tstzrange[];
    settled tenures;
BEGIN
    IF NOT EXISTS (SELECT FROM tenures_of(of_network, of_address) t
                    WHERE t.during && tstzrange(moment, NULL) AND t.id IS DISTINCT FROM kept)
       AND NOT EXISTS (SELECT FROM tenures t WHERE t.id = kept AND lower(t.during) > moment) THEN
        RETURN moment;
    END IF;
    FOR tenure IN
        SELECT * FROM tenures_of(of_network, of_address) t
         WHERE NOT isempty(t.during)
         ORDER BY t.during DESC
    LOOP
        IF tenure.id = kept THEN
            CONTINUE WHEN lower_inf(tenure.during) OR lower(tenure.during) <= latest;
            span := tstzrange(latest, NULL);
        ELSE
            EXIT WHEN tenure.during << tstzrange(latest, NULL);
            span := tstzrange(CASE WHEN NOT lower_inf(tenure.during)
                                   THEN least(lower(tenure.during), latest - interval '1 microsecond') END, latest);
            latest := lower(span);
        END IF;
        before := before || tenure;
        spans := spans || span;
        EXIT WHEN latest IS NULL;
    END LOOP;
    -- The earliest first: so no tenure meets another one on its way.
    FOR i IN REVERSE coalesce(cardinality(before), 0) .. 1 LOOP
        UPDATE tenures t
           SET during = spans[i],
               ended_by = CASE WHEN upper_inf(spans[i]) THEN t.ended_by ELSE coalesce(t.ended_by, current_actor()) END,
               end_reason = CASE WHEN upper_inf(spans[i]) THEN t.end_reason ELSE coalesce(t.end_reason, current_reason()) END
         WHERE t.id = before[i].id
        RETURNING t.* INTO settled;
        PERFORM record_change('tenure.correct', host(of_address), to_jsonb(before[i]), to_jsonb(settled));
    END LOOP;
    RETURN moment;
END $$;


ALTER FUNCTION rowhouse.settle_tenures(of_network integer, of_address inet, moment timestamp with time zone, kept bigint) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION settle_tenures(of_network integer, of_address inet, moment timestamp with time zone, kept bigint); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.settle_tenures(of_network integer, of_address inet, moment timestamp with time zone, kept bigint) IS 'Makes room in the history of an address from a moment on, after the clock was set back or a tenure was left open.';


--
-- Name: span_last(rowhouse.inetrange); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.span_last(span rowhouse.inetrange) RETURNS inet
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN upper_inf(span) THEN 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'::inet WHEN ((upper(span) = '::'::inet) AND (family(lower(span)) = 4)) THEN '255.255.255.255'::inet ELSE (upper(span) - (1)::bigint) END;


ALTER FUNCTION rowhouse.span_last(span rowhouse.inetrange) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION span_last(span rowhouse.inetrange); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.span_last(span rowhouse.inetrange) IS 'The last address of a span.';


--
-- Name: stamp_audit(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.stamp_audit() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
-- A line that a person writes says so, and when.
BEGIN
    NEW.database_user := session_user;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;


ALTER FUNCTION rowhouse.stamp_audit() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION stamp_audit(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.stamp_audit() IS 'Trigger: stamps a new line of the audit log with the database user and the time.';


--
-- Name: switch_mirror_triggers(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.switch_mirror_triggers() RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Enables the triggers on "reservations" while a mirror is on. Waits for the transactions that write, so that afterwards
-- every transaction fires them.
DECLARE
    wanted boolean := EXISTS (SELECT FROM mirrors);
    name   text;
BEGIN
    FOR name IN
        SELECT t.tgname FROM pg_trigger t
         WHERE t.tgrelid = 'reservations'::regclass AND t.tgname LIKE 'reservations\_mirror\_%'
           AND (t.tgenabled <> 'D') <> wanted
         ORDER BY t.tgname
    LOOP
        EXECUTE format('ALTER TABLE reservations %s TRIGGER %I', CASE WHEN wanted THEN 'ENABLE' ELSE 'DISABLE' END, name);
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.switch_mirror_triggers() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION switch_mirror_triggers(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.switch_mirror_triggers() IS 'Enables the triggers of the outbox if a mirror is on, else disables them.';


--
-- Name: allocation_failures; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.allocation_failures (
    cluster text NOT NULL,
    namespace text NOT NULL,
    pod text NOT NULL,
    interface text NOT NULL,
    node text NOT NULL,
    pod_uid text,
    message text NOT NULL,
    reason text DEFAULT 'NoAddress'::text NOT NULL,
    times bigint NOT NULL,
    first_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_cost_delay='0');


ALTER TABLE rowhouse.allocation_failures OWNER TO rowhouse_owner;

--
-- Name: TABLE allocation_failures; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.allocation_failures IS 'ADDs refused since there was nothing left to give, until the controller has made events of them.';


--
-- Name: COLUMN allocation_failures.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.cluster IS 'Cluster of the pod; '''' is a cluster without a name.';


--
-- Name: COLUMN allocation_failures.namespace; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.namespace IS 'Namespace of the pod.';


--
-- Name: COLUMN allocation_failures.pod; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.pod IS 'Name of the pod.';


--
-- Name: COLUMN allocation_failures.interface; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.interface IS 'The interface that has no address.';


--
-- Name: COLUMN allocation_failures.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.node IS 'Node that the pod runs on.';


--
-- Name: COLUMN allocation_failures.pod_uid; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.pod_uid IS 'UID of the pod; NULL when the caller did not send it.';


--
-- Name: COLUMN allocation_failures.message; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.message IS 'The text of the event.';


--
-- Name: COLUMN allocation_failures.reason; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.reason IS 'NoAddress, or why there is a warning though the pod has its address.';


--
-- Name: COLUMN allocation_failures.times; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.times IS 'How often the runtime asked in vain.';


--
-- Name: COLUMN allocation_failures.first_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.first_at IS 'When it was refused first.';


--
-- Name: COLUMN allocation_failures.last_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.allocation_failures.last_at IS 'When it was refused last.';


--
-- Name: take_allocation_failures_v1(text, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.take_allocation_failures_v1(of_cluster text, at_most integer) RETURNS SETOF rowhouse.allocation_failures
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    BEGIN ATOMIC
 DELETE FROM rowhouse.allocation_failures r
   WHERE ((r.cluster, r.namespace, r.pod, r.interface, r.reason) IN ( SELECT w.cluster,
             w.namespace,
             w.pod,
             w.interface,
             w.reason
            FROM rowhouse.allocation_failures w
           WHERE (w.cluster = take_allocation_failures_v1.of_cluster)
           ORDER BY w.namespace, w.pod, w.interface, w.reason
          LIMIT take_allocation_failures_v1.at_most
          FOR UPDATE OF w SKIP LOCKED))
   RETURNING r.cluster,
     r.namespace,
     r.pod,
     r.interface,
     r.node,
     r.pod_uid,
     r.message,
     r.reason,
     r.times,
     r.first_at,
     r.last_at;
END;


ALTER FUNCTION rowhouse.take_allocation_failures_v1(of_cluster text, at_most integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION take_allocation_failures_v1(of_cluster text, at_most integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.take_allocation_failures_v1(of_cluster text, at_most integer) IS 'Takes refused ADDs of a cluster, to make events of them.';


--
-- Name: take_run(integer, inet, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.take_run(wanted_network integer, wanted_first inet, wanted_last inet) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    AS $$
-- Takes the addresses from wanted_first to wanted_last, few of them, out of the free space, and returns since
-- when all of them may be assigned. They may lie in several runs. Waits while a run is locked.
-- Error address_taken: one of them is not free.
DECLARE
    run        free_ranges;
    part_first inet := wanted_first;
    part_last  inet;
    block_end  inet;
    next_end   inet;
    free_since timestamptz;
BEGIN
    LOOP
        SELECT * INTO run FROM free_ranges
         WHERE network_id = wanted_network AND NOT quarantined AND last >= part_first
         ORDER BY last LIMIT 1 FOR UPDATE;
        IF NOT FOUND OR run.first > part_first THEN
            SELECT * INTO run FROM free_ranges
             WHERE network_id = wanted_network AND quarantined AND last >= part_first
             ORDER BY last LIMIT 1 FOR UPDATE;
        END IF;
        IF NOT FOUND OR run.first > part_first THEN
            -- While we waited the run may have been split, and our snapshot is older than its parts:
            -- only a fresh look can tell.
            CONTINUE WHEN EXISTS (SELECT FROM free_ranges WHERE network_id = wanted_network
                                     AND first <= part_first AND last >= part_first);
            RAISE EXCEPTION 'address % of network % is not free', host(part_first), wanted_network
                USING ERRCODE = error_code('address_taken'),
                      HINT = 'It is held by another owner, kept out of use, or in no pool of this network.';
        END IF;

        IF run.quarantined AND current_reason() = 'SQL' AND NOT is_forced() AND is_withheld(wanted_network, part_first) THEN
            -- (What is withheld and not quarantined was not found.)
            RAISE EXCEPTION 'address % of network % is not free: it is %', host(part_first), wanted_network,
                            why_withheld(wanted_network, part_first)
                USING ERRCODE = error_code('address_taken'), HINT = 'SET rowhouse.force = ''on'' allows a gateway.';
        END IF;

        part_last := least(run.last, wanted_last);
        IF run.first = part_first AND run.last = part_last THEN
            DELETE FROM free_ranges
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
        ELSIF run.first = part_first THEN
            -- A run that reaches past this block of 64 is split there, and once more behind the next block,
            -- so that other writers find runs that are not locked.
            block_end := last_address(block_of(part_last));
            IF block_end > part_last AND block_end < run.last THEN
                next_end := last_address(block_of(block_end + 1));
                IF next_end >= run.last THEN
                    next_end := block_end;
                END IF;
                UPDATE free_ranges SET first = next_end + 1
                 WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, part_last + 1, block_end, run.free_from);
                IF next_end > block_end THEN
                    INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                    VALUES (wanted_network, run.quarantined, block_end + 1, next_end, run.free_from);
                END IF;
            ELSE
                UPDATE free_ranges SET first = part_last + 1
                 WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
            END IF;
        ELSIF run.last = part_last THEN
            UPDATE free_ranges SET last = part_first - 1
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
        ELSE
            UPDATE free_ranges SET first = part_last + 1
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
            INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
            VALUES (wanted_network, run.quarantined, run.first, part_first - 1, run.free_from);
        END IF;
        IF run.quarantined THEN
            -- Only a person takes it before its time; what counts then is when its last owner left.
            SELECT max(upper(during)) INTO run.free_from FROM tenures
             WHERE network_id = wanted_network AND address BETWEEN part_first AND part_last;
        END IF;
        free_since := greatest(free_since, run.free_from);
        IF part_last = wanted_last THEN
            RETURN free_since;
        END IF;
        part_first := part_last + 1;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.take_run(wanted_network integer, wanted_first inet, wanted_last inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION take_run(wanted_network integer, wanted_first inet, wanted_last inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.take_run(wanted_network integer, wanted_first inet, wanted_last inet) IS 'Takes a run of addresses out of the free space of a network.';


--
-- Name: tenures_of(integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.tenures_of(of_network integer, of_address inet) RETURNS SETOF rowhouse.tenures
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT t.id,
     t.network_id,
     t.address,
     t.pool_id,
     t.during,
     t.owner_kind,
     t.owner_cluster,
     t.owner_namespace,
     t.owner_name,
     t.owner_interface,
     t.owner_uid,
     t.node,
     t.container_id,
     t.started_by,
     t.start_reason,
     t.ended_by,
     t.end_reason
    FROM rowhouse.tenures t
   WHERE ((family(tenures_of.of_address) = 4) AND (family((t.address)::inet) = 4) AND (rowhouse.network_key(t.network_id, (t.address)::inet) = rowhouse.network_key(tenures_of.of_network, tenures_of.of_address)))
 UNION ALL
  SELECT t.id,
     t.network_id,
     t.address,
     t.pool_id,
     t.during,
     t.owner_kind,
     t.owner_cluster,
     t.owner_namespace,
     t.owner_name,
     t.owner_interface,
     t.owner_uid,
     t.node,
     t.container_id,
     t.started_by,
     t.start_reason,
     t.ended_by,
     t.end_reason
    FROM rowhouse.tenures t
   WHERE ((family(tenures_of.of_address) = 6) AND (family((t.address)::inet) = 6) AND (rowhouse.address_key((t.address)::inet) = rowhouse.address_key(tenures_of.of_address)) AND ((t.address)::inet = tenures_of.of_address) AND (t.network_id = tenures_of.of_network));
END;


ALTER FUNCTION rowhouse.tenures_of(of_network integer, of_address inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION tenures_of(of_network integer, of_address inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.tenures_of(of_network integer, of_address inet) IS 'The history of an address in one network.';


--
-- Name: uncovered_runs(integer, cidr, integer); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.uncovered_runs(wanted_network integer, wanted cidr, except_pool integer) RETURNS TABLE(run_first inet, run_last inet)
    LANGUAGE plpgsql STABLE
    AS $$
-- The parts of a CIDR that no other pool of the network covers. CIDRs nest or are apart, so the largest
-- ones inside, in order, leave the gaps. Of pools that one statement makes, each counts for those behind it:
-- all of them are there before the first one's trigger looks.
DECLARE
    made_by    xid := (SELECT xmin FROM pools WHERE id = except_pool);
    inner_cidr cidr;
    position   inet := first_address(wanted);
    covered    boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pools WHERE network_id = wanted_network AND id <> except_pool AND cidr >>= wanted
                  AND (id < except_pool OR xmin IS DISTINCT FROM made_by)) THEN
        RETURN;
    END IF;
    FOR inner_cidr IN
        SELECT p.cidr FROM pools p
         WHERE p.network_id = wanted_network AND p.id <> except_pool AND p.cidr << wanted
           AND (p.id < except_pool OR p.xmin IS DISTINCT FROM made_by)
           AND NOT EXISTS (SELECT FROM pools larger
                            WHERE larger.network_id = wanted_network AND larger.id <> except_pool
                              AND (larger.id < except_pool OR larger.xmin IS DISTINCT FROM made_by)
                              AND larger.cidr >> p.cidr AND larger.cidr << wanted)
         ORDER BY p.cidr
    LOOP
        IF first_address(inner_cidr) > position THEN
            RETURN QUERY SELECT position, first_address(inner_cidr) - 1;
        END IF;
        covered := last_address(inner_cidr) = last_address(wanted);
        EXIT WHEN covered;
        position := last_address(inner_cidr) + 1;
    END LOOP;
    IF NOT covered THEN
        RETURN QUERY SELECT position, last_address(wanted);
    END IF;
END $$;


ALTER FUNCTION rowhouse.uncovered_runs(wanted_network integer, wanted cidr, except_pool integer) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION uncovered_runs(wanted_network integer, wanted cidr, except_pool integer); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.uncovered_runs(wanted_network integer, wanted cidr, except_pool integer) IS 'The parts of a CIDR that no other pool of the network covers.';


--
-- Name: wait_for_reservations(); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.wait_for_reservations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    AS $$
-- Until this transaction ends, no other one takes an address or gives one back. Each of those locks the table, more
-- weakly, before anything else. So a transaction that waits for this one holds nothing that this one wants, and none
-- that read a pool or an exclusion before it changed acts on it afterwards.
BEGIN
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;


ALTER FUNCTION rowhouse.wait_for_reservations() OWNER TO rowhouse_owner;

--
-- Name: FUNCTION wait_for_reservations(); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.wait_for_reservations() IS 'Trigger: waits for running allocations, and makes new ones wait until the transaction ends.';


--
-- Name: who_had(inet, timestamp with time zone); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.who_had(wanted inet, at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS SETOF rowhouse.address_history
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((family(who_had.wanted) = 4) AND (family((h.address)::inet) = 4) AND (rowhouse.network_key(h.network_id, (h.address)::inet) <@ rowhouse.network_keys(set_masklen(who_had.wanted, 32))) AND (h.during @>
         CASE
             WHEN (who_had.at < statement_timestamp()) THEN who_had.at
             ELSE 'infinity'::timestamp with time zone
         END))
 UNION ALL
  SELECT h.network,
     h.address,
     h.held_from,
     h.held_until,
     h.owner_kind,
     h.cluster,
     h.namespace,
     h.name,
     h.interface,
     h.uid,
     h.node,
     h.container_id,
     h.started_by,
     h.start_reason,
     h.ended_by,
     h.end_reason,
     h.pool,
     h.network_id,
     h.during,
     h.id,
     h.pool_id
    FROM rowhouse.address_history h
   WHERE ((family(who_had.wanted) = 6) AND (family((h.address)::inet) = 6) AND (rowhouse.address_key((h.address)::inet) = rowhouse.address_key(who_had.wanted)) AND ((h.address)::inet =
         CASE family(who_had.wanted)
             WHEN 6 THEN set_masklen(who_had.wanted, 128)
             ELSE NULL::inet
         END) AND (h.during @>
         CASE
             WHEN (who_had.at < statement_timestamp()) THEN who_had.at
             ELSE 'infinity'::timestamp with time zone
         END))
  ORDER BY 1;
END;


ALTER FUNCTION rowhouse.who_had(wanted inet, at timestamp with time zone) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION who_had(wanted inet, at timestamp with time zone); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.who_had(wanted inet, at timestamp with time zone) IS 'Who had an address at a moment, in every network; NULL, and every moment to come: who has it now.';


--
-- Name: why_withheld(integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.why_withheld(wanted_network integer, wanted inet) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rowhouse', 'pg_temp'
    RETURN COALESCE((SELECT concat('excluded: ', host((e.first)::inet), '-', host((e.last)::inet), ' is kept out of use', (': '::text || NULLIF(e.reason, ''::text))) AS concat FROM rowhouse.exclusions e WHERE ((e.network_id = why_withheld.wanted_network) AND ((e.last)::inet >= why_withheld.wanted) AND ((e.first)::inet <= why_withheld.wanted)) ORDER BY e.last LIMIT 1), (SELECT concat('the gateway of ', string_agg(DISTINCT CASE WHEN (g.cni_network IS NULL) THEN concat('pool ', p.cidr) ELSE concat('CNI network "', g.cni_network, '"') END, ', '::text)) AS concat FROM (rowhouse.gateways g JOIN rowhouse.pools p ON ((p.id = g.pool_id))) WHERE ((g.network_id = why_withheld.wanted_network) AND ((g.address)::inet = why_withheld.wanted)) HAVING (count(*) > 0)));


ALTER FUNCTION rowhouse.why_withheld(wanted_network integer, wanted inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION why_withheld(wanted_network integer, wanted inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.why_withheld(wanted_network integer, wanted inet) IS 'What keeps an address from being assigned, in words; NULL: nothing.';


--
-- Name: withdraw_reserved(integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.withdraw_reserved(of_network integer, of_address inet) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- After a reservation of a free address met another one: if the address is reserved and free at once, the free space is
-- damaged, and without this the caller would try the same address for ever. The caller has the run locked.
DECLARE
    run free_ranges;
BEGIN
    IF EXISTS (SELECT FROM reservations r WHERE r.network_id = of_network AND r.address = of_address) THEN
        SELECT * INTO run FROM free_ranges f
         WHERE f.network_id = of_network AND NOT f.quarantined AND f.last >= of_address AND f.first <= of_address
         ORDER BY f.last LIMIT 1;
        IF FOUND THEN
            PERFORM withdraw_run(of_network, of_address, of_address);
            PERFORM record_change('free_range.correct', host(run.first) || '-' || host(run.last), to_jsonb(run), NULL);
        END IF;
    END IF;
END $$;


ALTER FUNCTION rowhouse.withdraw_reserved(of_network integer, of_address inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION withdraw_reserved(of_network integer, of_address inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.withdraw_reserved(of_network integer, of_address inet) IS 'Takes an address out of the free space that is reserved and free at once.';


--
-- Name: withdraw_run(integer, inet, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.withdraw_run(wanted_network integer, run_first inet, run_last inet) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Takes every free address from run_first to run_last out of the free space (a pool goes, or a range
-- is kept out of use). Waits for allocations under way. Quarantined addresses stay: that no pod gets them before their
-- time is still true when the pool is made again or the exclusion lifted.
DECLARE
    run free_ranges;
BEGIN
    LOOP
        FOR run IN
            DELETE FROM free_ranges
             WHERE network_id = wanted_network AND NOT quarantined AND last >= run_first AND first <= run_last RETURNING *
        LOOP
            IF run.first < run_first THEN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, run.first, run_first - 1, run.free_from);
            END IF;
            IF run.last > run_last THEN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, run_last + 1, run.last, run.free_from);
            END IF;
        END LOOP;
        -- Once more, until nothing is left: while we waited a run may have been split.
        EXIT WHEN NOT FOUND;
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.withdraw_run(wanted_network integer, run_first inet, run_last inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION withdraw_run(wanted_network integer, run_first inet, run_last inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.withdraw_run(wanted_network integer, run_first inet, run_last inet) IS 'Takes a run of addresses out of the free space of a network.';


--
-- Name: withhold_gateway(integer, inet); Type: FUNCTION; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE FUNCTION rowhouse.withhold_gateway(of_network integer, wanted inet) RETURNS void
    LANGUAGE plpgsql
    AS $$
-- Takes an address that became a gateway out of the free space. A release or the end of a quarantine that is under
-- way frees the address after this look, so both rows are locked: they then wait for this transaction, and see
-- the gateway. No table lock, since attach_v1() calls this while it holds a weaker one.
DECLARE
    is_held boolean;
BEGIN
    PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
    LOOP
        PERFORM withdraw_run(of_network, wanted, wanted);
        PERFORM FROM reservations WHERE network_id = of_network AND address = wanted FOR UPDATE;
        is_held := FOUND;
        IF NOT is_held THEN
            PERFORM FROM free_ranges WHERE network_id = of_network AND quarantined AND last >= wanted AND first <= wanted
              FOR UPDATE;
            is_held := FOUND;
        END IF;
        -- One statement, so one snapshot.
        EXIT WHEN NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND NOT quarantined
                                 AND last >= wanted AND first <= wanted)
              AND (is_held
                   OR NOT EXISTS (SELECT FROM reservations WHERE network_id = of_network AND address = wanted)
                      AND NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND quarantined
                                         AND last >= wanted AND first <= wanted));
    END LOOP;
END $$;


ALTER FUNCTION rowhouse.withhold_gateway(of_network integer, wanted inet) OWNER TO rowhouse_owner;

--
-- Name: FUNCTION withhold_gateway(of_network integer, wanted inet); Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON FUNCTION rowhouse.withhold_gateway(of_network integer, wanted inet) IS 'Takes an address that became a gateway out of the free space of a network.';


--
-- Name: audit_changes; Type: VIEW; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE VIEW rowhouse.audit_changes AS
 SELECT l.id,
    l.at,
    l.actor,
    l.database_user,
    l.action,
    l.object_type,
        CASE
            WHEN (l.changes IS NULL) THEN l.object
            ELSE (COALESCE(c.before, c.after) ->> 'address'::text)
        END AS object,
        CASE
            WHEN (l.changes IS NULL) THEN l.object_key
            ELSE rowhouse.audit_key(l.object_type, COALESCE(c.after, c.before))
        END AS object_key,
    l.network,
    l.cluster,
    c.before,
    c.after,
    l.request_id
   FROM (rowhouse.audit_log l
     CROSS JOIN LATERAL ( SELECT l.before,
            l.after
          WHERE (l.changes IS NULL)
        UNION ALL
         SELECT NULLIF((one.value -> 0), 'null'::jsonb) AS "nullif",
            NULLIF((one.value -> 1), 'null'::jsonb) AS "nullif"
           FROM jsonb_array_elements(l.changes) one(value)) c);


ALTER VIEW rowhouse.audit_changes OWNER TO rowhouse_owner;

--
-- Name: VIEW audit_changes; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON VIEW rowhouse.audit_changes IS 'The audit log, a row for each changed row, also where several rows share a line.';


--
-- Name: COLUMN audit_changes.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.id IS 'Number of the line: audit_log.id.';


--
-- Name: COLUMN audit_changes.at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.at IS 'When the line was written, by the clock of the database.';


--
-- Name: COLUMN audit_changes.actor; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.actor IS 'The caller that the server knows, or the database user of a manual change.';


--
-- Name: COLUMN audit_changes.database_user; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.database_user IS 'The database user that was logged in.';


--
-- Name: COLUMN audit_changes.action; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.action IS 'What was done: the type of the object, a period, and the verb.';


--
-- Name: COLUMN audit_changes.object_type; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.object_type IS 'Type of the object, such as pool.';


--
-- Name: COLUMN audit_changes.object; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.object IS 'What it was done to, as people call it.';


--
-- Name: COLUMN audit_changes.object_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.object_key IS 'Primary key of the row; NULL: the line is about no row.';


--
-- Name: COLUMN audit_changes.network; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.network IS 'Name of the network; '''' is the default network. NULL: the object is in no network.';


--
-- Name: COLUMN audit_changes.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.cluster IS 'Cluster of the object; '''' is a cluster without a name. NULL: the object is in no cluster.';


--
-- Name: COLUMN audit_changes.before; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.before IS 'The row as it was; NULL: there was none.';


--
-- Name: COLUMN audit_changes.after; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.after IS 'The row as it became; NULL: it is gone.';


--
-- Name: COLUMN audit_changes.request_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.audit_changes.request_id IS 'X-Request-Id of the call of the API; NULL: none.';


--
-- Name: audit_log_id_seq; Type: SEQUENCE; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE rowhouse.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowhouse.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: current_reservations; Type: VIEW; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE VIEW rowhouse.current_reservations AS
 SELECT n.name AS network,
    p.cidr AS pool,
    p.name AS pool_name,
    r.address,
    r.owner_kind,
    r.owner_cluster AS cluster,
    r.owner_namespace AS namespace,
    r.owner_name AS name,
    r.owner_interface AS interface,
    r.owner_uid AS uid,
    r.node,
    r.container_id,
    r.sticky,
    r.expires_at,
    r.reserved_at,
    r.description,
    r.network_id,
    r.pool_id,
    ( SELECT count(*) AS count
           FROM rowhouse.attachments a
          WHERE ((a.network_id = r.network_id) AND ((a.address)::inet = (r.address)::inet))) AS attachments
   FROM ((rowhouse.reservations r
     JOIN rowhouse.pools p ON ((p.id = r.pool_id)))
     JOIN rowhouse.networks n ON ((n.id = r.network_id)));


ALTER VIEW rowhouse.current_reservations OWNER TO rowhouse_owner;

--
-- Name: VIEW current_reservations; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON VIEW rowhouse.current_reservations IS 'Every address in use, with its owner and where it is.';


--
-- Name: COLUMN current_reservations.network; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.network IS 'Name of the network; '''' is the default network.';


--
-- Name: COLUMN current_reservations.pool; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.pool IS 'CIDR of the pool that the address was taken from.';


--
-- Name: COLUMN current_reservations.pool_name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.pool_name IS 'Name of the pool; NULL: it has none.';


--
-- Name: COLUMN current_reservations.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.address IS 'The address, without a prefix length.';


--
-- Name: COLUMN current_reservations.owner_kind; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.owner_kind IS 'pod, or static for an owner that is no pod.';


--
-- Name: COLUMN current_reservations.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';


--
-- Name: COLUMN current_reservations.namespace; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.namespace IS 'Kubernetes namespace of the owner; '''' when a static owner has none.';


--
-- Name: COLUMN current_reservations.name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.name IS 'Name of the pod, or of the person or device.';


--
-- Name: COLUMN current_reservations.interface; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.interface IS 'Interface of the pod; '''' when it is not known, or when a static owner has none.';


--
-- Name: COLUMN current_reservations.uid; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.uid IS 'UID of the pod; NULL when the caller did not send it, and for static owners.';


--
-- Name: COLUMN current_reservations.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.node IS 'Node of the sandbox that attached last; '''' when no sandbox uses the address.';


--
-- Name: COLUMN current_reservations.container_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.container_id IS 'Sandbox that attached last; '''' when no sandbox uses the address.';


--
-- Name: COLUMN current_reservations.sticky; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.sticky IS 'Whether the reservation stays when its last attachment ends.';


--
-- Name: COLUMN current_reservations.expires_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.expires_at IS 'When an unattached sticky reservation is given up; NULL: never.';


--
-- Name: COLUMN current_reservations.reserved_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.reserved_at IS 'When the address was reserved.';


--
-- Name: COLUMN current_reservations.description; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.description IS 'Why it was reserved; '''' when nothing was written.';


--
-- Name: COLUMN current_reservations.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.network_id IS 'The network of the address: networks.id.';


--
-- Name: COLUMN current_reservations.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.pool_id IS 'The pool that the address was taken from: pools.id.';


--
-- Name: COLUMN current_reservations.attachments; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.current_reservations.attachments IS 'How many sandboxes use the address.';


--
-- Name: exclusions_id_seq; Type: SEQUENCE; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE rowhouse.exclusions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowhouse.exclusions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: gateways_id_seq; Type: SEQUENCE; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE rowhouse.gateways ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowhouse.gateways_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: idempotency_keys; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.idempotency_keys (
    actor text NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL,
    status integer,
    body text,
    headers jsonb,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);


ALTER TABLE rowhouse.idempotency_keys OWNER TO rowhouse_owner;

--
-- Name: TABLE idempotency_keys; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.idempotency_keys IS 'Answers of the API to requests with an Idempotency-Key, kept for a day.';


--
-- Name: COLUMN idempotency_keys.actor; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.idempotency_keys.actor IS 'Who sent the request.';


--
-- Name: COLUMN idempotency_keys.key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.idempotency_keys.key IS 'The header Idempotency-Key.';


--
-- Name: COLUMN idempotency_keys.request; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.idempotency_keys.request IS 'SHA-256 of method, path and body: the same key with another request is an error.';


--
-- Name: COLUMN idempotency_keys.status; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.idempotency_keys.status IS 'HTTP status of the answer; NULL while the first request is under way.';


--
-- Name: COLUMN idempotency_keys.body; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.idempotency_keys.body IS 'Body of the answer; NULL while the first request is under way, or when the answer has none.';


--
-- Name: COLUMN idempotency_keys.headers; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.idempotency_keys.headers IS 'Headers of the answer, as a JSON object; NULL while the first request is under way.';


--
-- Name: COLUMN idempotency_keys.created_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.idempotency_keys.created_at IS 'When the first request came; the row goes a day later.';


--
-- Name: imported_unnamed; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.imported_unnamed (
    network_id integer NOT NULL,
    address rowhouse.host_address NOT NULL
);


ALTER TABLE rowhouse.imported_unnamed OWNER TO rowhouse_owner;

--
-- Name: TABLE imported_unnamed; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.imported_unnamed IS 'Addresses that were imported without the name of their interface; those of which the reservation still has none are given to the first interface of the pod that asks.';


--
-- Name: COLUMN imported_unnamed.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.imported_unnamed.network_id IS 'The network of the address: networks.id.';


--
-- Name: COLUMN imported_unnamed.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.imported_unnamed.address IS 'The address of the reservation.';


--
-- Name: plain_pools; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.plain_pools (
    network_name text NOT NULL,
    cidr cidr NOT NULL,
    pool_id integer NOT NULL,
    network_id integer NOT NULL,
    isolated boolean NOT NULL
);


ALTER TABLE rowhouse.plain_pools OWNER TO rowhouse_owner;

--
-- Name: TABLE plain_pools; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.plain_pools IS 'The pools of which an ADD may take the lowest free address without further checks: no window, reuse delay, quota or hold, not drained, no other pool overlaps it, no owner has several addresses of it. Derived: choose_plain_pools() keeps it.';


--
-- Name: COLUMN plain_pools.network_name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.plain_pools.network_name IS 'Name of the network, as in pools; '''' is the default network.';


--
-- Name: COLUMN plain_pools.cidr; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.plain_pools.cidr IS 'CIDR of the pool, as in pools.';


--
-- Name: COLUMN plain_pools.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.plain_pools.pool_id IS 'The pool: pools.id.';


--
-- Name: COLUMN plain_pools.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.plain_pools.network_id IS 'The network of the pool: networks.id.';


--
-- Name: COLUMN plain_pools.isolated; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.plain_pools.isolated IS 'Whether the pool has an address space of its own, as in pools.';


--
-- Name: integrity_problems; Type: VIEW; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE VIEW rowhouse.integrity_problems AS
 WITH covered AS (
         SELECT p_1.network_id,
            range_agg(rowhouse.address_span(rowhouse.first_address((p_1.cidr)::inet), rowhouse.last_address((p_1.cidr)::inet))) AS spans
           FROM rowhouse.pools p_1
          GROUP BY p_1.network_id
        ), held AS (
         SELECT every.network_id,
            range_agg(every.span) AS spans
           FROM ( SELECT free_ranges.network_id,
                    rowhouse.address_span((free_ranges.first)::inet, (free_ranges.last)::inet) AS span
                   FROM rowhouse.free_ranges
                  WHERE (((free_ranges.first)::inet <= (free_ranges.last)::inet) AND (family((free_ranges.first)::inet) = family((free_ranges.last)::inet)))
                UNION ALL
                 SELECT reservations.network_id,
                    rowhouse.address_span((reservations.address)::inet, (reservations.address)::inet) AS address_span
                   FROM rowhouse.reservations
                UNION ALL
                 SELECT exclusions.network_id,
                    rowhouse.address_span((exclusions.first)::inet, (exclusions.last)::inet) AS address_span
                   FROM rowhouse.exclusions
                UNION ALL
                 SELECT gateways.network_id,
                    rowhouse.address_span((gateways.address)::inet, (gateways.address)::inet) AS address_span
                   FROM rowhouse.gateways) every
          GROUP BY every.network_id
        ), problems AS (
         SELECT 'reserved address is also free'::text AS problem,
            r.network_id,
            (r.address)::inet AS address
           FROM (rowhouse.reservations r
             JOIN rowhouse.free_ranges f ON (((f.network_id = r.network_id) AND (((r.address)::inet >= (f.first)::inet) AND ((r.address)::inet <= (f.last)::inet)))))
        UNION ALL
         SELECT 'free range is no run of addresses'::text,
            f.network_id,
            (f.first)::inet AS first
           FROM rowhouse.free_ranges f
          WHERE (((f.first)::inet > (f.last)::inet) OR (family((f.first)::inet) <> family((f.last)::inet)))
        UNION ALL
         SELECT 'free ranges overlap'::text,
            f.network_id,
            f.first
           FROM ( SELECT free_ranges.network_id,
                    free_ranges.first,
                    max((free_ranges.last)::inet) OVER (PARTITION BY free_ranges.network_id ORDER BY free_ranges.first, free_ranges.last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
                   FROM rowhouse.free_ranges) f
          WHERE (f.earlier >= (f.first)::inet)
        UNION ALL
         SELECT 'address kept out of use is free'::text,
            f.network_id,
            GREATEST(f.first, e.first) AS "greatest"
           FROM (rowhouse.free_ranges f
             JOIN rowhouse.exclusions e ON (((e.network_id = f.network_id) AND ((e.last)::inet >= (f.first)::inet) AND ((e.first)::inet <= (f.last)::inet) AND (NOT f.quarantined))))
        UNION ALL
         SELECT 'gateway is free'::text,
            g.network_id,
            g.address
           FROM (rowhouse.gateways g
             JOIN rowhouse.free_ranges f ON (((f.network_id = g.network_id) AND (((g.address)::inet >= (f.first)::inet) AND ((g.address)::inet <= (f.last)::inet)) AND (NOT f.quarantined))))
        UNION ALL
         SELECT 'pool taken for plain'::text,
            p_1.network_id,
            rowhouse.first_address((p_1.cidr)::inet) AS first_address
           FROM (rowhouse.plain_pools c
             JOIN rowhouse.pools p_1 ON ((p_1.id = c.pool_id)))
          WHERE ((NOT rowhouse.is_plain(p_1.*)) OR ((c.network_name <> p_1.network_name) OR ((c.cidr)::inet <> (p_1.cidr)::inet) OR (c.network_id <> p_1.network_id) OR (c.isolated <> p_1.isolated)))
        UNION ALL
         SELECT 'pool and gateway disagree'::text,
            p_1.network_id,
            (host(p_1.gateway))::inet AS host
           FROM rowhouse.pools p_1
          WHERE ((p_1.gateway IS NOT NULL) AND (NOT (EXISTS ( SELECT
                   FROM rowhouse.gateways g
                  WHERE ((g.pool_id = p_1.id) AND (g.network_id = p_1.network_id) AND ((g.address)::inet = (host(p_1.gateway))::inet) AND (g.cni_network IS NULL))))))
        UNION ALL
         SELECT 'free address in no pool'::text,
            f.network_id,
            f.first
           FROM (rowhouse.free_ranges f
             LEFT JOIN covered c ON ((c.network_id = f.network_id)))
          WHERE ((NOT f.quarantined) AND ((f.first)::inet <= (f.last)::inet) AND (family((f.first)::inet) = family((f.last)::inet)) AND (NOT COALESCE((rowhouse.address_span((f.first)::inet, (f.last)::inet) <@ c.spans), false)))
        UNION ALL
         SELECT 'pool address neither free nor reserved'::text,
            lost.network_id,
            lower(lost.span) AS lower
           FROM ( SELECT c.network_id,
                    unnest((c.spans - COALESCE(h.spans, '{}'::rowhouse.inetmultirange))) AS span
                   FROM (covered c
                     LEFT JOIN held h ON ((h.network_id = c.network_id)))) lost
        UNION ALL
         SELECT 'reservation in no pool'::text,
            r.network_id,
            r.address
           FROM rowhouse.reservations r
          WHERE (NOT (EXISTS ( SELECT
                   FROM rowhouse.pools p_1
                  WHERE ((p_1.network_id = r.network_id) AND ((r.address)::inet <<= (p_1.cidr)::inet)))))
        UNION ALL
         SELECT 'reservation without an open tenure of its owner'::text,
            r.network_id,
            r.address
           FROM (rowhouse.reservations r
             LEFT JOIN rowhouse.tenures t ON ((t.id = r.tenure_id)))
          WHERE ((t.id IS NULL) OR (NOT rowhouse.is_open_tenure(t.*, r.*)))
        UNION ALL
         SELECT 'open tenure without a reservation'::text,
            t.network_id,
            t.address
           FROM (rowhouse.tenures t
             LEFT JOIN rowhouse.reservations r ON ((r.tenure_id = t.id)))
          WHERE (upper_inf(t.during) AND (r.address IS NULL))
        UNION ALL
         SELECT 'tenure begins or ends in the future'::text,
            t.network_id,
            t.address
           FROM rowhouse.tenures t
          WHERE ((lower(t.during) > clock_timestamp()) OR (upper(t.during) > clock_timestamp()))
        )
 SELECT problem,
    network_id,
    address,
        CASE problem
            WHEN 'reservation in no pool'::text THEN 'Make a pool that holds the address, or release it.'::text
            ELSE 'Run `rowhouse db repair`.'::text
        END AS repair
   FROM problems p;


ALTER VIEW rowhouse.integrity_problems OWNER TO rowhouse_owner;

--
-- Name: VIEW integrity_problems; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON VIEW rowhouse.integrity_problems IS 'Violations of what the schema promises, and what repairs each: empty, unless the clock was set back or triggers were disabled.';


--
-- Name: COLUMN integrity_problems.problem; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.integrity_problems.problem IS 'What contradicts itself.';


--
-- Name: COLUMN integrity_problems.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.integrity_problems.network_id IS 'The network: networks.id.';


--
-- Name: COLUMN integrity_problems.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.integrity_problems.address IS 'The address, or the first one of the run.';


--
-- Name: COLUMN integrity_problems.repair; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.integrity_problems.repair IS 'What repairs it.';


--
-- Name: networks_id_seq; Type: SEQUENCE; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE rowhouse.networks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowhouse.networks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: pool_trends; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.pool_trends (
    pool_id integer NOT NULL,
    sampled_at timestamp with time zone NOT NULL,
    day bigint[] NOT NULL,
    week bigint[] NOT NULL,
    day_slope double precision,
    day_fit double precision,
    week_slope double precision,
    week_fit double precision
);


ALTER TABLE rowhouse.pool_trends OWNER TO rowhouse_owner;

--
-- Name: TABLE pool_trends; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.pool_trends IS 'What the samples of a pool come to, as of the last one: where its fill is going.';


--
-- Name: COLUMN pool_trends.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_trends.pool_id IS 'The pool: pools.id.';


--
-- Name: COLUMN pool_trends.sampled_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_trends.sampled_at IS 'The moment of the last sample.';


--
-- Name: COLUMN pool_trends.day; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_trends.day IS 'In use at 25 moments, an hour apart, the oldest first; NULL before the first sample.';


--
-- Name: COLUMN pool_trends.week; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_trends.week IS 'In use at 57 moments, three hours apart, the oldest first; NULL before the first sample.';


--
-- Name: COLUMN pool_trends.day_slope; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_trends.day_slope IS 'Addresses an hour, by linear regression over a day; NULL: too few samples.';


--
-- Name: COLUMN pool_trends.day_fit; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_trends.day_fit IS 'How much of the change over a day the line explains (R squared), 0 to 1; NULL: too few samples, or no change.';


--
-- Name: COLUMN pool_trends.week_slope; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_trends.week_slope IS 'Addresses an hour, by linear regression over a week; NULL: too few samples.';


--
-- Name: COLUMN pool_trends.week_fit; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_trends.week_fit IS 'How much of the change over a week the line explains (R squared), 0 to 1; NULL: too few samples, or no change.';


--
-- Name: pool_usage; Type: VIEW; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE VIEW rowhouse.pool_usage AS
 SELECT n.name AS network,
    p.cidr AS pool,
    p.name AS pool_name,
    p.gateway,
    c.total,
    c.reserved,
    c.reserved_by_overlaps,
    c.attached,
    c.sticky,
    c.used,
    c.quarantined,
    c.excluded,
    c.free,
    c.percent_used,
    p.id AS pool_id,
    p.network_id
   FROM ((rowhouse.pool_counts() c(pool_id, total, reserved, reserved_by_overlaps, attached, sticky, used, quarantined, excluded, free, percent_used)
     JOIN rowhouse.pools p ON ((p.id = c.pool_id)))
     JOIN rowhouse.networks n ON ((n.id = p.network_id)));


ALTER VIEW rowhouse.pool_usage OWNER TO rowhouse_owner;

--
-- Name: VIEW pool_usage; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON VIEW rowhouse.pool_usage IS 'Fill of each pool. Reserved counts its own reservations, so the sum over pools is the number of rows; reserved_by_overlaps those in its CIDR that other pools hold. What it may assign (total) is used, quarantined, excluded or free, whichever pool uses it.';


--
-- Name: COLUMN pool_usage.network; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.network IS 'Name of the network; '''' is the default network.';


--
-- Name: COLUMN pool_usage.pool; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.pool IS 'CIDR of the pool.';


--
-- Name: COLUMN pool_usage.pool_name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.pool_name IS 'Name of the pool; NULL: it has none.';


--
-- Name: COLUMN pool_usage.gateway; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.gateway IS 'The gateway that an operator set; NULL: none.';


--
-- Name: COLUMN pool_usage.total; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.total IS 'How many addresses the pool may assign: its window or its usable addresses, without gateways.';


--
-- Name: COLUMN pool_usage.reserved; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.reserved IS 'Reservations of this pool.';


--
-- Name: COLUMN pool_usage.reserved_by_overlaps; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.reserved_by_overlaps IS 'Reservations in its CIDR that were taken from overlapping pools.';


--
-- Name: COLUMN pool_usage.attached; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.attached IS 'Reservations of this pool that a sandbox uses.';


--
-- Name: COLUMN pool_usage.sticky; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.sticky IS 'Sticky reservations of this pool.';


--
-- Name: COLUMN pool_usage.used; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.used IS 'Of total: addresses in use, whichever pool they were taken from.';


--
-- Name: COLUMN pool_usage.quarantined; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.quarantined IS 'Of total: addresses in quarantine after a release.';


--
-- Name: COLUMN pool_usage.excluded; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.excluded IS 'Of total: excluded addresses that are not in use.';


--
-- Name: COLUMN pool_usage.free; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.free IS 'Of total: addresses that can be assigned now.';


--
-- Name: COLUMN pool_usage.percent_used; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.percent_used IS 'used, in percent of total, to one decimal; NULL: the pool has no address to assign.';


--
-- Name: COLUMN pool_usage.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.pool_id IS 'The pool: pools.id.';


--
-- Name: COLUMN pool_usage.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.pool_usage.network_id IS 'The network of the pool: networks.id.';


--
-- Name: pools_id_seq; Type: SEQUENCE; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE rowhouse.pools ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowhouse.pools_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: quotas_id_seq; Type: SEQUENCE; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE rowhouse.quotas ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowhouse.quotas_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: sessions; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.sessions (
    digest bytea NOT NULL,
    token_id integer,
    name text,
    role text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sessions_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT sessions_name_check CHECK ((name <> ''::text)),
    CONSTRAINT sessions_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text]))),
    CONSTRAINT sessions_whose CHECK (((num_nonnulls(token_id, name) = 1) AND ((name IS NULL) = (role IS NULL))))
);


ALTER TABLE rowhouse.sessions OWNER TO rowhouse_owner;

--
-- Name: TABLE sessions; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.sessions IS 'Sessions of browsers. Only the SHA-256 of a session''s cookie is kept.';


--
-- Name: COLUMN sessions.digest; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.sessions.digest IS 'SHA-256 of the cookie, 32 bytes.';


--
-- Name: COLUMN sessions.token_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.sessions.token_id IS 'The static token that it was begun with, whose name and role it has, and with which it ends: tokens.id; NULL: begun with OpenID Connect.';


--
-- Name: COLUMN sessions.name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.sessions.name IS 'The person whom an OpenID Connect provider named; NULL: the name of the token.';


--
-- Name: COLUMN sessions.role; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.sessions.role IS 'What the session may do, where there is no token: viewer, operator or admin; NULL: the role of the token.';


--
-- Name: COLUMN sessions.created_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.sessions.created_at IS 'When the session began.';


--
-- Name: COLUMN sessions.expires_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.sessions.expires_at IS 'When the session ends.';


--
-- Name: stale_reservations; Type: VIEW; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE VIEW rowhouse.stale_reservations AS
 SELECT network,
    pool,
    pool_name,
    address,
    owner_kind,
    cluster,
    namespace,
    name,
    interface,
    uid,
    node,
    container_id,
    sticky,
    expires_at,
    reserved_at,
    description,
    network_id,
    pool_id,
    attachments,
    (now() - reserved_at) AS age
   FROM rowhouse.current_reservations c
  WHERE ((attachments = 0) AND (owner_kind = 'pod'::rowhouse.owner_kind) AND ((NOT sticky) OR (expires_at <= now())));


ALTER VIEW rowhouse.stale_reservations OWNER TO rowhouse_owner;

--
-- Name: VIEW stale_reservations; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON VIEW rowhouse.stale_reservations IS 'Reservations of pods that no sandbox uses, though they are not sticky, or past their time.';


--
-- Name: COLUMN stale_reservations.network; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.network IS 'Name of the network; '''' is the default network.';


--
-- Name: COLUMN stale_reservations.pool; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.pool IS 'CIDR of the pool that the address was taken from.';


--
-- Name: COLUMN stale_reservations.pool_name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.pool_name IS 'Name of the pool; NULL: it has none.';


--
-- Name: COLUMN stale_reservations.address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.address IS 'The address, without a prefix length.';


--
-- Name: COLUMN stale_reservations.owner_kind; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.owner_kind IS 'pod, or static for an owner that is no pod.';


--
-- Name: COLUMN stale_reservations.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';


--
-- Name: COLUMN stale_reservations.namespace; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.namespace IS 'Kubernetes namespace of the owner; '''' when a static owner has none.';


--
-- Name: COLUMN stale_reservations.name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.name IS 'Name of the pod, or of the person or device.';


--
-- Name: COLUMN stale_reservations.interface; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.interface IS 'Interface of the pod; '''' when it is not known, or when a static owner has none.';


--
-- Name: COLUMN stale_reservations.uid; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.uid IS 'UID of the pod; NULL when the caller did not send it, and for static owners.';


--
-- Name: COLUMN stale_reservations.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.node IS 'Node of the sandbox that attached last; '''' when no sandbox uses the address.';


--
-- Name: COLUMN stale_reservations.container_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.container_id IS 'Sandbox that attached last; '''' when no sandbox uses the address.';


--
-- Name: COLUMN stale_reservations.sticky; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.sticky IS 'Whether the reservation stays when its last attachment ends.';


--
-- Name: COLUMN stale_reservations.expires_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.expires_at IS 'When an unattached sticky reservation is given up; NULL: never.';


--
-- Name: COLUMN stale_reservations.reserved_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.reserved_at IS 'When the address was reserved.';


--
-- Name: COLUMN stale_reservations.description; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.description IS 'Why it was reserved; '''' when nothing was written.';


--
-- Name: COLUMN stale_reservations.network_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.network_id IS 'The network of the address: networks.id.';


--
-- Name: COLUMN stale_reservations.pool_id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.pool_id IS 'The pool that the address was taken from: pools.id.';


--
-- Name: COLUMN stale_reservations.attachments; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.attachments IS 'How many sandboxes use the address.';


--
-- Name: COLUMN stale_reservations.age; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.stale_reservations.age IS 'How long ago the address was reserved.';


--
-- Name: tokens; Type: TABLE; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TABLE rowhouse.tokens (
    id integer NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    cluster text,
    node text,
    digest bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT tokens_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT tokens_name_check CHECK ((name <> ''::text)),
    CONSTRAINT tokens_role_check CHECK ((role = ANY (ARRAY['node'::text, 'viewer'::text, 'operator'::text, 'admin'::text])))
);


ALTER TABLE rowhouse.tokens OWNER TO rowhouse_owner;

--
-- Name: TABLE tokens; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON TABLE rowhouse.tokens IS 'Static tokens. Only the SHA-256 of a token is kept: it has 256 random bits, so it needs no salt.';


--
-- Name: COLUMN tokens.id; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tokens.id IS 'Number of the token.';


--
-- Name: COLUMN tokens.name; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tokens.name IS 'Name of the token: the actor of what is done with it.';


--
-- Name: COLUMN tokens.role; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tokens.role IS 'What it may do: node, viewer, operator or admin.';


--
-- Name: COLUMN tokens.cluster; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tokens.cluster IS 'A node token acts for this cluster alone; NULL: for every cluster.';


--
-- Name: COLUMN tokens.node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tokens.node IS 'A node token acts for this node alone; NULL: for every node.';


--
-- Name: COLUMN tokens.digest; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tokens.digest IS 'SHA-256 of the token, 32 bytes.';


--
-- Name: COLUMN tokens.created_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tokens.created_at IS 'When the token was made.';


--
-- Name: COLUMN tokens.expires_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tokens.expires_at IS 'When the token expires; NULL: never.';


--
-- Name: COLUMN tokens.revoked_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON COLUMN rowhouse.tokens.revoked_at IS 'When the token was revoked; NULL: it is valid.';


--
-- Name: tokens_id_seq; Type: SEQUENCE; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE rowhouse.tokens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rowhouse.tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.alembic_version VALUES
	('r0001');


--
-- Data for Name: allocation_failures; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.allocation_failures VALUES
	('prod-a', 'shop', 'late-0', 'net1', 'node1', 'uid-late-0', 'no free address', 'PoolExhausted', 3, '2026-11-30 02:49:40.158076+00', '2026-11-30 02:49:40.158076+00');


--
-- Data for Name: assignment_hold; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.assignment_hold VALUES
	(1, 'a restore', 'import', '2026-11-30 02:49:40.210588+00');


--
-- Data for Name: assignment_hold_pools; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.assignment_hold_pools VALUES
	(9);


--
-- Data for Name: attachments; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.attachments VALUES
	('prod-a', 'c-web-1', 'net1', 1, '10.1.0.3', 'node1', 'lan', 'uid-web-1', '2026-11-30 02:49:39.706723+00'),
	('prod-a', 'c-web-2', 'net1', 1, '10.1.0.4', 'node2', 'lan', 'uid-web-2', '2026-11-30 02:49:39.716974+00'),
	('prod-a', 'c-web-4', 'net1', 1, '10.1.0.6', 'node4', 'lan', 'uid-web-4', '2026-11-30 02:49:39.72587+00'),
	('prod-a', 'c-web-5', 'net1', 1, '10.1.0.7', 'node0', 'lan', 'uid-web-5', '2026-11-30 02:49:39.729844+00'),
	('prod-a', 'c-web-7', 'net1', 1, '10.1.0.9', 'node2', 'lan', 'uid-web-7', '2026-11-30 02:49:39.737749+00'),
	('prod-a', 'c-web-8', 'net1', 1, '10.1.0.10', 'node3', 'lan', 'uid-web-8', '2026-11-30 02:49:39.741924+00'),
	('prod-a', 'c-web-10', 'net1', 1, '10.1.0.12', 'node0', 'lan', 'uid-web-10', '2026-11-30 02:49:39.748987+00'),
	('prod-a', 'c-web-11', 'net1', 1, '10.1.0.13', 'node1', 'lan', 'uid-web-11', '2026-11-30 02:49:39.752827+00'),
	('prod-a', 'c-web-13', 'net1', 1, '10.1.0.15', 'node3', 'lan', 'uid-web-13', '2026-11-30 02:49:39.759342+00'),
	('prod-a', 'c-web-14', 'net1', 1, '10.1.0.16', 'node4', 'lan', 'uid-web-14', '2026-11-30 02:49:39.76506+00'),
	('prod-a', 'c-web-16', 'net1', 1, '10.1.0.18', 'node1', 'lan', 'uid-web-16', '2026-11-30 02:49:39.774901+00'),
	('prod-a', 'c-web-17', 'net1', 1, '10.1.0.19', 'node2', 'lan', 'uid-web-17', '2026-11-30 02:49:39.778161+00'),
	('prod-a', 'c-web-19', 'net1', 1, '10.1.0.21', 'node4', 'lan', 'uid-web-19', '2026-11-30 02:49:39.785168+00'),
	('prod-a', 'c-web-20', 'net1', 1, '10.1.0.22', 'node0', 'lan', 'uid-web-20', '2026-11-30 02:49:39.788987+00'),
	('prod-a', 'c-web-22', 'net1', 1, '10.1.0.24', 'node2', 'lan', 'uid-web-22', '2026-11-30 02:49:39.796349+00'),
	('prod-a', 'c-web-23', 'net1', 1, '10.1.0.25', 'node3', 'lan', 'uid-web-23', '2026-11-30 02:49:39.799802+00'),
	('prod-a', 'c-web-25', 'net1', 1, '10.1.0.27', 'node0', 'lan', 'uid-web-25', '2026-11-30 02:49:39.806959+00'),
	('prod-a', 'c-web-26', 'net1', 1, '10.1.0.28', 'node1', 'lan', 'uid-web-26', '2026-11-30 02:49:39.811426+00'),
	('prod-a', 'c-web-28', 'net1', 1, '10.1.0.30', 'node3', 'lan', 'uid-web-28', '2026-11-30 02:49:39.818216+00'),
	('prod-a', 'c-web-29', 'net1', 1, '10.1.0.31', 'node4', 'lan', 'uid-web-29', '2026-11-30 02:49:39.827698+00'),
	('prod-a', 'c-web-31', 'net1', 1, '10.1.0.33', 'node1', 'lan', 'uid-web-31', '2026-11-30 02:49:39.845186+00'),
	('prod-a', 'c-web-32', 'net1', 1, '10.1.0.34', 'node2', 'lan', 'uid-web-32', '2026-11-30 02:49:39.857617+00'),
	('prod-a', 'c-web-34', 'net1', 1, '10.1.0.36', 'node4', 'lan', 'uid-web-34', '2026-11-30 02:49:39.872+00'),
	('prod-a', 'c-web-35', 'net1', 1, '10.1.0.37', 'node0', 'lan', 'uid-web-35', '2026-11-30 02:49:39.876882+00'),
	('prod-a', 'c-web-37', 'net1', 1, '10.1.0.39', 'node2', 'lan', 'uid-web-37', '2026-11-30 02:49:39.885445+00'),
	('prod-a', 'c-web-38', 'net1', 1, '10.1.0.40', 'node3', 'lan', 'uid-web-38', '2026-11-30 02:49:39.889183+00'),
	('prod-a', 'c-store-0', 'net1', 2, '10.2.0.1', 'node1', 'lan', 'uid-store-0', '2026-11-30 02:49:39.946231+00'),
	('prod-a', 'c-store-2', 'net1', 2, '10.2.0.3', 'node1', 'lan', 'uid-store-2', '2026-11-30 02:49:39.965277+00'),
	('prod-a', 'c-dual-0', 'net1', 1, '10.3.0.1', 'node1', 'lan', 'uid-dual-0', '2026-11-30 02:49:39.986954+00'),
	('prod-a', 'c-dual-0', 'net1', 1, 'fd03::1', 'node1', 'lan', 'uid-dual-0', '2026-11-30 02:49:39.991751+00'),
	('prod-a', 'c-routed-0', 'net1', 1, '10.5.0.1', 'node1', 'lan', 'uid-routed-0', '2026-11-30 02:49:40.016283+00'),
	('prod-a', 'c-sliced-0', 'net1', 1, '10.6.0.1', 'node1', 'lan', 'uid-sliced-0', '2026-11-30 02:49:40.028615+00'),
	('prod-a', 'c-alone-0', 'net1', 8, '10.1.0.1', 'node1', 'lan', 'uid-alone-0', '2026-11-30 02:49:40.037862+00'),
	('prod-a', 'c-old-0', '', 1, '10.7.0.4', '', '', NULL, '2026-11-30 02:49:40.208363+00');


--
-- Data for Name: audit_log; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.audit_log OVERRIDING SYSTEM VALUE VALUES
	(1, '2026-11-30 02:49:39.593409+00', 'anybody', 'network.create', '', NULL, '{"id": 1, "name": "", "isolated": null, "created_at": "2026-11-30T02:49:39.58968+00:00"}', '375d01c1545e8ae7', 'postgres', DEFAULT, '{"id": 1}', '', NULL, 1, NULL),
	(2, '2026-11-30 02:49:39.605002+00', 'anybody', 'pool.create', '10.1.0.0/24', NULL, '{"id": 1, "cidr": "10.1.0.0/24", "name": "web", "labels": {}, "drained": false, "gateway": "10.1.0.1", "version": 1, "isolated": false, "created_at": "2026-11-30T02:49:39.590007+00:00", "network_id": 1, "description": "", "reuse_delay": "00:00:00", "window_last": null, "network_name": "", "window_first": null}', '375d01c1545e8ae7', 'postgres', DEFAULT, '{"id": 1}', '', NULL, 1, NULL),
	(3, '2026-11-30 02:49:39.660498+00', 'anybody', 'network.create', 'storage', NULL, '{"id": 2, "name": "storage", "isolated": null, "created_at": "2026-11-30T02:49:39.659736+00:00"}', 'acc9f2bcb0486ce4', 'postgres', DEFAULT, '{"id": 2}', 'storage', NULL, 1, NULL),
	(4, '2026-11-30 02:49:39.662683+00', 'anybody', 'pool.create', '10.2.0.0/28', NULL, '{"id": 2, "cidr": "10.2.0.0/28", "name": null, "labels": {"team": "data"}, "drained": false, "gateway": null, "version": 1, "isolated": false, "created_at": "2026-11-30T02:49:39.659786+00:00", "network_id": 2, "description": "", "reuse_delay": "00:00:00", "window_last": null, "network_name": "storage", "window_first": null}', 'acc9f2bcb0486ce4', 'postgres', DEFAULT, '{"id": 2}', 'storage', NULL, 1, NULL),
	(5, '2026-11-30 02:49:39.983507+00', 'postgres', 'pool.create', '10.3.0.0/24', NULL, '{"id": 3, "cidr": "10.3.0.0/24", "name": null, "labels": {}, "drained": false, "gateway": null, "version": 1, "isolated": false, "created_at": "2026-11-30T02:49:39.978907+00:00", "network_id": 1, "description": "", "reuse_delay": "00:00:00", "window_last": null, "network_name": "", "window_first": null}', NULL, 'postgres', DEFAULT, '{"id": 3}', '', NULL, 1, NULL),
	(6, '2026-11-30 02:49:39.990129+00', 'postgres', 'pool.create', 'fd03::/64', NULL, '{"id": 4, "cidr": "fd03::/64", "name": null, "labels": {}, "drained": false, "gateway": null, "version": 1, "isolated": false, "created_at": "2026-11-30T02:49:39.988594+00:00", "network_id": 1, "description": "", "reuse_delay": "00:00:00", "window_last": null, "network_name": "", "window_first": null}', NULL, 'postgres', DEFAULT, '{"id": 4}', '', NULL, 1, NULL),
	(7, '2026-11-30 02:49:39.998945+00', 'postgres', 'pool.create', '10.4.0.0/29', NULL, '{"id": 5, "cidr": "10.4.0.0/29", "name": null, "labels": {}, "drained": false, "gateway": null, "version": 1, "isolated": false, "created_at": "2026-11-30T02:49:39.996884+00:00", "network_id": 1, "description": "", "reuse_delay": "00:00:00", "window_last": null, "network_name": "", "window_first": null}', NULL, 'postgres', DEFAULT, '{"id": 5}', '', NULL, 1, NULL),
	(8, '2026-11-30 02:49:40.012554+00', 'postgres', 'pool.create', '10.5.0.0/24', NULL, '{"id": 6, "cidr": "10.5.0.0/24", "name": null, "labels": {}, "drained": false, "gateway": null, "version": 1, "isolated": false, "created_at": "2026-11-30T02:49:40.010948+00:00", "network_id": 1, "description": "", "reuse_delay": "00:00:00", "window_last": null, "network_name": "", "window_first": null}', NULL, 'postgres', DEFAULT, '{"id": 6}', '', NULL, 1, NULL),
	(9, '2026-11-30 02:49:40.014606+00', 'postgres', 'gateway.create', '10.5.0.254', NULL, '{"id": 2, "address": "10.5.0.254", "pool_id": 6, "network_id": 1, "cni_network": "lan", "first_used_at": "2026-11-30T02:49:40.01347+00:00"}', NULL, 'postgres', DEFAULT, '{"id": 2}', '', NULL, 1, NULL),
	(10, '2026-11-30 02:49:40.022643+00', 'postgres', 'pool.create', '10.6.0.0/16', NULL, '{"id": 7, "cidr": "10.6.0.0/16", "name": null, "labels": {}, "drained": false, "gateway": null, "version": 1, "isolated": false, "created_at": "2026-11-30T02:49:40.021627+00:00", "network_id": 1, "description": "", "reuse_delay": "00:00:00", "window_last": null, "network_name": "", "window_first": null}', NULL, 'postgres', DEFAULT, '{"id": 7}', '', NULL, 1, NULL),
	(11, '2026-11-30 02:49:40.034207+00', 'postgres', 'network.create', 'own', NULL, '{"id": 8, "name": "own", "isolated": "10.1.0.0/24", "created_at": "2026-11-30T02:49:40.0337+00:00"}', NULL, 'postgres', DEFAULT, '{"id": 8}', 'own', NULL, 1, NULL),
	(12, '2026-11-30 02:49:40.035927+00', 'postgres', 'pool.create', '10.1.0.0/24', NULL, '{"id": 8, "cidr": "10.1.0.0/24", "name": null, "labels": {}, "drained": false, "gateway": null, "version": 1, "isolated": true, "created_at": "2026-11-30T02:49:40.034294+00:00", "network_id": 8, "description": "", "reuse_delay": "00:00:00", "window_last": null, "network_name": "own", "window_first": null}', NULL, 'postgres', DEFAULT, '{"id": 8}', 'own', NULL, 1, NULL),
	(13, '2026-11-30 02:49:40.057133+00', 'anybody', 'reservation.create', '10.1.0.99', NULL, '{"node": "", "slot": 0, "sticky": true, "address": "10.1.0.99", "pool_id": 1, "owner_uid": null, "tenure_id": 51, "expires_at": null, "network_id": 1, "owner_kind": "static", "owner_name": "printer", "sticky_ttl": null, "description": "ticket 4711", "reserved_at": "2026-11-30T02:49:40.055266+00:00", "reuse_delay": null, "container_id": "", "owner_cluster": "", "policy_source": "operator", "owner_interface": "", "owner_namespace": ""}', '7034963c94debef7', 'postgres', DEFAULT, '{"address": "10.1.0.99", "network_id": 1}', '', '', 1, NULL),
	(14, '2026-11-30 02:49:40.095349+00', 'anybody', 'reservation.create', '10.1.0.2', NULL, '{"node": "", "slot": 0, "sticky": true, "address": "10.1.0.2", "pool_id": 1, "owner_uid": null, "tenure_id": 52, "expires_at": "2027-11-30T02:49:40.092417+00:00", "network_id": 1, "owner_kind": "pod", "owner_name": "kept-0", "sticky_ttl": "8760:00:00", "description": "", "reserved_at": "2026-11-30T02:49:40.092418+00:00", "reuse_delay": null, "container_id": "", "owner_cluster": "prod-a", "policy_source": "operator", "owner_interface": "net1", "owner_namespace": "shop"}', 'c936e4c38f8d276a', 'postgres', DEFAULT, '{"address": "10.1.0.2", "network_id": 1}', '', 'prod-a', 1, NULL),
	(15, '2026-11-30 02:49:40.096678+00', 'anybody', 'reservation.create', '10.1.0.5', NULL, '{"node": "", "slot": 1, "sticky": true, "address": "10.1.0.5", "pool_id": 1, "owner_uid": null, "tenure_id": 53, "expires_at": "2027-11-30T02:49:40.09567+00:00", "network_id": 1, "owner_kind": "pod", "owner_name": "kept-0", "sticky_ttl": "8760:00:00", "description": "", "reserved_at": "2026-11-30T02:49:40.09567+00:00", "reuse_delay": null, "container_id": "", "owner_cluster": "prod-a", "policy_source": "operator", "owner_interface": "net1", "owner_namespace": "shop"}', 'c936e4c38f8d276a', 'postgres', DEFAULT, '{"address": "10.1.0.5", "network_id": 1}', '', 'prod-a', 1, NULL),
	(16, '2026-11-30 02:49:40.116293+00', 'anybody', 'exclusion.create', '10.1.0.200-10.1.0.210', NULL, '{"id": 1, "last": "10.1.0.210", "first": "10.1.0.200", "reason": "old routers", "created_at": "2026-11-30T02:49:40.11302+00:00", "network_id": 1}', '1edbbfb9d30956c0', 'postgres', DEFAULT, '{"id": 1}', '', NULL, 1, NULL),
	(17, '2026-11-30 02:49:40.133904+00', 'anybody', 'quota.create', 'shop', NULL, '{"id": 1, "pool_id": null, "addresses": 200, "namespace": "shop"}', 'af8dcc1a7dcabd02', 'postgres', DEFAULT, '{"id": 1}', NULL, NULL, 1, NULL),
	(18, '2026-11-30 02:49:40.147603+00', 'anybody', 'quota.create', 'shop', NULL, '{"id": 2, "pool_id": 1, "addresses": 100, "namespace": "shop"}', 'bc83748aee31979d', 'postgres', DEFAULT, '{"id": 2}', '', NULL, 1, NULL),
	(19, '2026-11-30 02:49:40.165654+00', 'postgres', 'token.create', 'team', NULL, '{"id": 1, "name": "team", "node": null, "role": "operator", "cluster": null, "created_at": "2026-11-30T02:49:40.16017+00:00", "expires_at": null, "revoked_at": null}', NULL, 'postgres', DEFAULT, '{"id": 1}', NULL, NULL, 1, NULL),
	(20, '2026-11-30 02:49:40.167054+00', 'postgres', 'token.create', 'node1', NULL, '{"id": 2, "name": "node1", "node": "node1", "role": "node", "cluster": "prod-a", "created_at": "2026-11-30T02:49:40.160531+00:00", "expires_at": null, "revoked_at": null}', NULL, 'postgres', DEFAULT, '{"id": 2}', NULL, 'prod-a', 1, NULL),
	(21, '2026-11-30 02:49:40.193677+00', 'import', 'pool.create', '10.7.0.0/24', NULL, '{"id": 9, "cidr": "10.7.0.0/24", "name": null, "labels": {}, "drained": false, "gateway": null, "version": 1, "isolated": false, "created_at": "2026-11-30T02:49:40.172454+00:00", "network_id": 1, "description": "", "reuse_delay": "00:00:00", "window_last": null, "network_name": "", "window_first": null}', 'r', 'postgres', DEFAULT, '{"id": 9}', '', NULL, 1, NULL),
	(22, '2026-11-30 02:49:40.212309+00', 'import', 'assignment_hold.create', 'a restore', NULL, '{"id": 1, "actor": "import", "since": "2026-11-30T02:49:40.210588+00:00", "reason": "a restore"}', 'r', 'postgres', DEFAULT, '{"id": 1}', NULL, NULL, 1, NULL);


--
-- Data for Name: exclusions; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.exclusions OVERRIDING SYSTEM VALUE VALUES
	(1, 1, '10.1.0.200', '10.1.0.210', 'old routers', '2026-11-30 02:49:40.11302+00');


--
-- Data for Name: fill_samples; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.fill_samples VALUES
	(1, '2026-11-30 02:45:00+00', 29),
	(2, '2026-11-30 02:45:00+00', 3),
	(3, '2026-11-30 02:45:00+00', 1),
	(4, '2026-11-30 02:45:00+00', 1),
	(5, '2026-11-30 02:45:00+00', 0),
	(6, '2026-11-30 02:45:00+00', 1),
	(7, '2026-11-30 02:45:00+00', 1),
	(8, '2026-11-30 02:45:00+00', 1),
	(9, '2026-11-30 02:45:00+00', 1);


--
-- Data for Name: free_ranges; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.free_ranges VALUES
	(1, false, '10.1.0.0', '10.1.0.0', '-infinity', NULL),
	(1, false, '10.1.0.8', '10.1.0.8', '2026-11-30 02:49:39.911368+00', NULL),
	(1, false, '10.1.0.11', '10.1.0.11', '2026-11-30 02:49:39.914345+00', NULL),
	(1, false, '10.1.0.14', '10.1.0.14', '2026-11-30 02:49:39.918468+00', NULL),
	(1, false, '10.1.0.17', '10.1.0.17', '2026-11-30 02:49:39.920706+00', NULL),
	(1, false, '10.1.0.20', '10.1.0.20', '2026-11-30 02:49:39.923693+00', NULL),
	(1, false, '10.1.0.23', '10.1.0.23', '2026-11-30 02:49:39.925797+00', NULL),
	(1, false, '10.1.0.26', '10.1.0.26', '2026-11-30 02:49:39.927757+00', NULL),
	(1, false, '10.1.0.29', '10.1.0.29', '2026-11-30 02:49:39.929602+00', NULL),
	(1, false, '10.1.0.32', '10.1.0.32', '2026-11-30 02:49:39.931861+00', NULL),
	(1, false, '10.1.0.35', '10.1.0.35', '2026-11-30 02:49:39.933848+00', NULL),
	(1, false, '10.1.0.38', '10.1.0.38', '2026-11-30 02:49:39.936081+00', NULL),
	(1, false, '10.1.0.41', '10.1.0.63', '2026-11-30 02:49:39.938545+00', NULL),
	(2, false, '10.2.0.0', '10.2.0.0', '-infinity', NULL),
	(2, false, '10.2.0.4', '10.2.0.15', '-infinity', NULL),
	(1, false, '10.3.0.2', '10.3.0.255', '-infinity', NULL),
	(1, false, '10.3.0.0', '10.3.0.0', '-infinity', NULL),
	(1, false, '10.1.0.100', '10.1.0.127', '-infinity', NULL),
	(1, false, 'fd03::2', 'fd03::ffff:ffff:ffff:ffff', '-infinity', NULL),
	(1, false, 'fd03::', 'fd03::', '-infinity', NULL),
	(1, true, '10.4.0.1', '10.4.0.1', '2027-11-30 02:49:40.006227+00', 'prod-a shop slow-0 net1'),
	(1, false, '10.6.0.0', '10.6.0.0', '-infinity', NULL),
	(1, false, '10.1.0.64', '10.1.0.98', '-infinity', NULL),
	(1, false, '10.1.0.128', '10.1.0.199', '-infinity', NULL),
	(1, false, '10.1.0.211', '10.1.0.255', '-infinity', NULL),
	(1, false, '10.4.0.2', '10.4.0.7', '-infinity', NULL),
	(1, false, '10.4.0.0', '10.4.0.0', '-infinity', NULL),
	(1, false, '10.5.0.255', '10.5.0.255', '-infinity', NULL),
	(1, false, '10.5.0.2', '10.5.0.253', '-infinity', NULL),
	(1, false, '10.5.0.0', '10.5.0.0', '-infinity', NULL),
	(8, false, '10.1.0.2', '10.1.0.255', '-infinity', NULL),
	(8, false, '10.1.0.0', '10.1.0.0', '-infinity', NULL),
	(1, false, '10.7.0.5', '10.7.0.255', '-infinity', NULL),
	(1, false, '10.6.0.2', '10.7.0.3', '-infinity', NULL);


--
-- Data for Name: gateways; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.gateways OVERRIDING SYSTEM VALUE VALUES
	(1, 1, '10.1.0.1', 1, NULL, '2026-11-30 02:49:39.601423+00'),
	(2, 1, '10.5.0.254', 6, 'lan', '2026-11-30 02:49:40.01347+00');


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.idempotency_keys VALUES
	('anybody', 'populate-1', '\xdb1227d5c008cec5fe71917f88164560383c459dd5986283fde8a7bd3bb39ffb', 201, '{"id":1,"network_id":1,"network":"","cidr":"10.1.0.0/24","name":"web","gateway":"10.1.0.1","window_first":null,"window_last":null,"reuse_delay":0.0,"labels":{},"description":"","drained":false,"version":1,"created_at":"2026-11-30T02:49:39.590007Z","usage":null,"overlaps":[]}', '{"ETag": "\"1\"", "Location": "/api/v1/pools/1", "Content-Type": "application/json", "Cache-Control": "no-cache"}', '2026-11-30 02:49:39.581545+00'),
	('anybody', 'populate-2', '\xc48fd714c08d06e04bbea1680654a70f55a202655f0e515e48c57bb7fdfbbc4d', 201, '{"id":2,"network_id":2,"network":"storage","cidr":"10.2.0.0/28","name":null,"gateway":null,"window_first":null,"window_last":null,"reuse_delay":0.0,"labels":{"team":"data"},"description":"","drained":false,"version":1,"created_at":"2026-11-30T02:49:39.659786Z","usage":null,"overlaps":[]}', '{"ETag": "\"1\"", "Location": "/api/v1/pools/2", "Content-Type": "application/json", "Cache-Control": "no-cache"}', '2026-11-30 02:49:39.657303+00'),
	('anybody', 'populate-3', '\xf9b36e97b1b09744fd0f6f36434b7180d9ca5090e657a32d0d8f0f2394218b97', 201, '{"items":[{"network_id":1,"network":"","pool_id":1,"pool":"10.1.0.0/24","pool_name":"web","address":"10.1.0.99","owner":{"kind":"static","name":"printer","namespace":"","cluster":"","interface":"","uid":null},"node":"","container_id":"","sticky":true,"expires_at":null,"reserved_at":"2026-11-30T02:49:40.055266Z","description":"ticket 4711","attachments":0}]}', '{"Content-Type": "application/json", "Cache-Control": "no-cache"}', '2026-11-30 02:49:40.044221+00'),
	('anybody', 'populate-4', '\xe82293d2633f353bab61203136c710521e822d0b8b40413d08d18966340b67d4', 201, '{"items":[{"network_id":1,"network":"","pool_id":1,"pool":"10.1.0.0/24","pool_name":"web","address":"10.1.0.2","owner":{"kind":"pod","name":"kept-0","namespace":"shop","cluster":"prod-a","interface":"net1","uid":null},"node":"","container_id":"","sticky":true,"expires_at":"2027-11-30T02:49:40.092417Z","reserved_at":"2026-11-30T02:49:40.092418Z","description":"","attachments":0},{"network_id":1,"network":"","pool_id":1,"pool":"10.1.0.0/24","pool_name":"web","address":"10.1.0.5","owner":{"kind":"pod","name":"kept-0","namespace":"shop","cluster":"prod-a","interface":"net1","uid":null},"node":"","container_id":"","sticky":true,"expires_at":"2027-11-30T02:49:40.095670Z","reserved_at":"2026-11-30T02:49:40.095670Z","description":"","attachments":0}]}', '{"Content-Type": "application/json", "Cache-Control": "no-cache"}', '2026-11-30 02:49:40.089074+00'),
	('anybody', 'populate-5', '\x2ab1746ebcf5710984f5a820416923fb62a14d0f5209721d2b9bba42ab710d4d', 201, '{"id":1,"network_id":1,"network":"","first":"10.1.0.200","last":"10.1.0.210","reason":"old routers","created_at":"2026-11-30T02:49:40.113020Z","in_use":0}', '{"Location": "/api/v1/exclusions/1", "Content-Type": "application/json", "Cache-Control": "no-cache"}', '2026-11-30 02:49:40.110805+00'),
	('anybody', 'populate-6', '\xdd84e2560cc687a9d9370ab56f8a32d7a9844e758afd794fb3a0424096f860a1', 201, '{"id":1,"namespace":"shop","pool_id":null,"pool":null,"addresses":200,"in_use":36}', '{"Location": "/api/v1/quotas/1", "Content-Type": "application/json", "Cache-Control": "no-cache"}', '2026-11-30 02:49:40.130187+00'),
	('anybody', 'populate-7', '\xd77c7ef34f6fcae65d107d8a153b3842c388993e38e18bcfa860ad7ca26d72fe', 201, '{"id":2,"namespace":"shop","pool_id":1,"pool":"10.1.0.0/24","addresses":100,"in_use":28}', '{"Location": "/api/v1/quotas/2", "Content-Type": "application/json", "Cache-Control": "no-cache"}', '2026-11-30 02:49:40.145298+00');


--
-- Data for Name: imported_unnamed; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.imported_unnamed VALUES
	(1, '10.7.0.4');


--
-- Data for Name: mirror_changes; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.mirror_changes VALUES
	('prod-a', 1, '925', '2026-11-30 02:49:39.608157+00'),
	('prod-a', 2, '928', '2026-11-30 02:49:39.663563+00'),
	('prod-a', 3, '988', '2026-11-30 02:49:39.985361+00'),
	('prod-a', 4, '988', '2026-11-30 02:49:39.990847+00'),
	('prod-a', 5, '989', '2026-11-30 02:49:40.000133+00'),
	('prod-a', 6, '991', '2026-11-30 02:49:40.013115+00'),
	('prod-a', 7, '992', '2026-11-30 02:49:40.023181+00'),
	('prod-a', 8, '993', '2026-11-30 02:49:40.036334+00'),
	('prod-a', 9, '1012', '2026-11-30 02:49:40.196223+00');


--
-- Data for Name: mirrors; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.mirrors VALUES
	('prod-a', 'kube-system', '2026-11-30 02:49:39.559335+00', NULL, '{}');


--
-- Data for Name: networks; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.networks OVERRIDING SYSTEM VALUE VALUES
	(1, '', NULL, '2026-11-30 02:49:39.58968+00'),
	(2, 'storage', NULL, '2026-11-30 02:49:39.659736+00'),
	(8, 'own', '10.1.0.0/24', '2026-11-30 02:49:40.0337+00');


--
-- Data for Name: node_slices; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.node_slices VALUES
	(7, 'prod-a', 'node1', '10.6.0.0/24', '2026-11-30 02:49:40.027327+00');


--
-- Data for Name: plain_pools; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--



--
-- Data for Name: pool_trends; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.pool_trends VALUES
	(1, '2026-11-30 02:45:00+00', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,29}', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,29}', NULL, NULL, NULL, NULL),
	(2, '2026-11-30 02:45:00+00', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3}', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3}', NULL, NULL, NULL, NULL),
	(3, '2026-11-30 02:45:00+00', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', NULL, NULL, NULL, NULL),
	(4, '2026-11-30 02:45:00+00', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', NULL, NULL, NULL, NULL),
	(5, '2026-11-30 02:45:00+00', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0}', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0}', NULL, NULL, NULL, NULL),
	(6, '2026-11-30 02:45:00+00', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', NULL, NULL, NULL, NULL),
	(7, '2026-11-30 02:45:00+00', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', NULL, NULL, NULL, NULL),
	(8, '2026-11-30 02:45:00+00', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', NULL, NULL, NULL, NULL),
	(9, '2026-11-30 02:45:00+00', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1}', NULL, NULL, NULL, NULL);


--
-- Data for Name: pools; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.pools OVERRIDING SYSTEM VALUE VALUES
	(1, 1, '', '10.1.0.0/24', 'web', '10.1.0.1', NULL, NULL, '00:00:00', '{}', '', false, false, 1, '2026-11-30 02:49:39.590007+00'),
	(2, 2, 'storage', '10.2.0.0/28', NULL, NULL, NULL, NULL, '00:00:00', '{"team": "data"}', '', false, false, 1, '2026-11-30 02:49:39.659786+00'),
	(3, 1, '', '10.3.0.0/24', NULL, NULL, NULL, NULL, '00:00:00', '{}', '', false, false, 1, '2026-11-30 02:49:39.978907+00'),
	(4, 1, '', 'fd03::/64', NULL, NULL, NULL, NULL, '00:00:00', '{}', '', false, false, 1, '2026-11-30 02:49:39.988594+00'),
	(5, 1, '', '10.4.0.0/29', NULL, NULL, NULL, NULL, '00:00:00', '{}', '', false, false, 1, '2026-11-30 02:49:39.996884+00'),
	(6, 1, '', '10.5.0.0/24', NULL, NULL, NULL, NULL, '00:00:00', '{}', '', false, false, 1, '2026-11-30 02:49:40.010948+00'),
	(7, 1, '', '10.6.0.0/16', NULL, NULL, NULL, NULL, '00:00:00', '{}', '', false, false, 1, '2026-11-30 02:49:40.021627+00'),
	(8, 8, 'own', '10.1.0.0/24', NULL, NULL, NULL, NULL, '00:00:00', '{}', '', false, true, 1, '2026-11-30 02:49:40.034294+00'),
	(9, 1, '', '10.7.0.0/24', NULL, NULL, NULL, NULL, '00:00:00', '{}', '', false, false, 1, '2026-11-30 02:49:40.172454+00');


--
-- Data for Name: quotas; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.quotas OVERRIDING SYSTEM VALUE VALUES
	(1, 'shop', NULL, 200),
	(2, 'shop', 1, 100);


--
-- Data for Name: reservations; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.reservations VALUES
	(1, '10.1.0.3', 1, 'pod', 'prod-a', 'shop', 'web-1', 'net1', 'uid-web-1', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-web-1', '', '2026-11-30 02:49:39.706621+00', 2),
	(1, '10.1.0.4', 1, 'pod', 'prod-a', 'shop', 'web-2', 'net1', 'uid-web-2', 0, false, NULL, NULL, 'nad', NULL, 'node2', 'c-web-2', '', '2026-11-30 02:49:39.716943+00', 3),
	(1, '10.1.0.6', 1, 'pod', 'prod-a', 'shop', 'web-4', 'net1', 'uid-web-4', 0, false, NULL, NULL, 'nad', NULL, 'node4', 'c-web-4', '', '2026-11-30 02:49:39.725649+00', 5),
	(1, '10.1.0.7', 1, 'pod', 'prod-a', 'shop', 'web-5', 'net1', 'uid-web-5', 0, false, NULL, NULL, 'nad', NULL, 'node0', 'c-web-5', '', '2026-11-30 02:49:39.729818+00', 6),
	(1, '10.1.0.9', 1, 'pod', 'prod-a', 'shop', 'web-7', 'net1', 'uid-web-7', 0, false, NULL, NULL, 'nad', NULL, 'node2', 'c-web-7', '', '2026-11-30 02:49:39.737725+00', 8),
	(1, '10.1.0.10', 1, 'pod', 'prod-a', 'shop', 'web-8', 'net1', 'uid-web-8', 0, false, NULL, NULL, 'nad', NULL, 'node3', 'c-web-8', '', '2026-11-30 02:49:39.741893+00', 9),
	(1, '10.1.0.12', 1, 'pod', 'prod-a', 'shop', 'web-10', 'net1', 'uid-web-10', 0, false, NULL, NULL, 'nad', NULL, 'node0', 'c-web-10', '', '2026-11-30 02:49:39.748958+00', 11),
	(1, '10.1.0.13', 1, 'pod', 'prod-a', 'shop', 'web-11', 'net1', 'uid-web-11', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-web-11', '', '2026-11-30 02:49:39.752797+00', 12),
	(1, '10.1.0.15', 1, 'pod', 'prod-a', 'shop', 'web-13', 'net1', 'uid-web-13', 0, false, NULL, NULL, 'nad', NULL, 'node3', 'c-web-13', '', '2026-11-30 02:49:39.759312+00', 14),
	(1, '10.1.0.16', 1, 'pod', 'prod-a', 'shop', 'web-14', 'net1', 'uid-web-14', 0, false, NULL, NULL, 'nad', NULL, 'node4', 'c-web-14', '', '2026-11-30 02:49:39.765035+00', 15),
	(1, '10.1.0.18', 1, 'pod', 'prod-a', 'shop', 'web-16', 'net1', 'uid-web-16', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-web-16', '', '2026-11-30 02:49:39.774872+00', 17),
	(1, '10.1.0.19', 1, 'pod', 'prod-a', 'shop', 'web-17', 'net1', 'uid-web-17', 0, false, NULL, NULL, 'nad', NULL, 'node2', 'c-web-17', '', '2026-11-30 02:49:39.778131+00', 18),
	(1, '10.1.0.21', 1, 'pod', 'prod-a', 'shop', 'web-19', 'net1', 'uid-web-19', 0, false, NULL, NULL, 'nad', NULL, 'node4', 'c-web-19', '', '2026-11-30 02:49:39.785143+00', 20),
	(1, '10.1.0.22', 1, 'pod', 'prod-a', 'shop', 'web-20', 'net1', 'uid-web-20', 0, false, NULL, NULL, 'nad', NULL, 'node0', 'c-web-20', '', '2026-11-30 02:49:39.788955+00', 21),
	(1, '10.1.0.24', 1, 'pod', 'prod-a', 'shop', 'web-22', 'net1', 'uid-web-22', 0, false, NULL, NULL, 'nad', NULL, 'node2', 'c-web-22', '', '2026-11-30 02:49:39.796318+00', 23),
	(1, '10.1.0.25', 1, 'pod', 'prod-a', 'shop', 'web-23', 'net1', 'uid-web-23', 0, false, NULL, NULL, 'nad', NULL, 'node3', 'c-web-23', '', '2026-11-30 02:49:39.799773+00', 24),
	(1, '10.1.0.27', 1, 'pod', 'prod-a', 'shop', 'web-25', 'net1', 'uid-web-25', 0, false, NULL, NULL, 'nad', NULL, 'node0', 'c-web-25', '', '2026-11-30 02:49:39.806932+00', 26),
	(1, '10.1.0.28', 1, 'pod', 'prod-a', 'shop', 'web-26', 'net1', 'uid-web-26', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-web-26', '', '2026-11-30 02:49:39.811396+00', 27),
	(1, '10.1.0.30', 1, 'pod', 'prod-a', 'shop', 'web-28', 'net1', 'uid-web-28', 0, false, NULL, NULL, 'nad', NULL, 'node3', 'c-web-28', '', '2026-11-30 02:49:39.818187+00', 29),
	(1, '10.1.0.31', 1, 'pod', 'prod-a', 'shop', 'web-29', 'net1', 'uid-web-29', 0, false, NULL, NULL, 'nad', NULL, 'node4', 'c-web-29', '', '2026-11-30 02:49:39.827668+00', 30),
	(1, '10.1.0.33', 1, 'pod', 'prod-a', 'shop', 'web-31', 'net1', 'uid-web-31', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-web-31', '', '2026-11-30 02:49:39.84514+00', 32),
	(1, '10.1.0.34', 1, 'pod', 'prod-a', 'shop', 'web-32', 'net1', 'uid-web-32', 0, false, NULL, NULL, 'nad', NULL, 'node2', 'c-web-32', '', '2026-11-30 02:49:39.857585+00', 33),
	(1, '10.1.0.36', 1, 'pod', 'prod-a', 'shop', 'web-34', 'net1', 'uid-web-34', 0, false, NULL, NULL, 'nad', NULL, 'node4', 'c-web-34', '', '2026-11-30 02:49:39.871971+00', 35),
	(1, '10.1.0.37', 1, 'pod', 'prod-a', 'shop', 'web-35', 'net1', 'uid-web-35', 0, false, NULL, NULL, 'nad', NULL, 'node0', 'c-web-35', '', '2026-11-30 02:49:39.876856+00', 36),
	(1, '10.1.0.39', 1, 'pod', 'prod-a', 'shop', 'web-37', 'net1', 'uid-web-37', 0, false, NULL, NULL, 'nad', NULL, 'node2', 'c-web-37', '', '2026-11-30 02:49:39.885414+00', 38),
	(1, '10.1.0.40', 1, 'pod', 'prod-a', 'shop', 'web-38', 'net1', 'uid-web-38', 0, false, NULL, NULL, 'nad', NULL, 'node3', 'c-web-38', '', '2026-11-30 02:49:39.889158+00', 39),
	(2, '10.2.0.1', 2, 'pod', 'prod-a', 'shop', 'store-0', 'net1', 'uid-store-0', 0, true, '168:00:00', NULL, 'nad', NULL, 'node1', 'c-store-0', '', '2026-11-30 02:49:39.946193+00', 41),
	(2, '10.2.0.3', 2, 'pod', 'prod-a', 'shop', 'store-2', 'net1', 'uid-store-2', 0, true, '168:00:00', NULL, 'nad', NULL, 'node1', 'c-store-2', '', '2026-11-30 02:49:39.965241+00', 43),
	(2, '10.2.0.2', 2, 'pod', 'prod-a', 'shop', 'store-1', 'net1', 'uid-store-1', 0, true, '168:00:00', '2026-12-07 02:49:39.968914+00', 'nad', NULL, '', '', '', '2026-11-30 02:49:39.956119+00', 44),
	(1, '10.3.0.1', 3, 'pod', 'prod-a', 'shop', 'dual-0', 'net1', 'uid-dual-0', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-dual-0', '', '2026-11-30 02:49:39.986918+00', 45),
	(1, 'fd03::1', 4, 'pod', 'prod-a', 'shop', 'dual-0', 'net1', 'uid-dual-0', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-dual-0', '', '2026-11-30 02:49:39.991725+00', 46),
	(1, '10.5.0.1', 6, 'pod', 'prod-a', 'shop', 'routed-0', 'net1', 'uid-routed-0', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-routed-0', '', '2026-11-30 02:49:40.016244+00', 48),
	(1, '10.6.0.1', 7, 'pod', 'prod-a', 'shop', 'sliced-0', 'net1', 'uid-sliced-0', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-sliced-0', '', '2026-11-30 02:49:40.028578+00', 49),
	(8, '10.1.0.1', 8, 'pod', 'prod-a', 'shop', 'alone-0', 'net1', 'uid-alone-0', 0, false, NULL, NULL, 'nad', NULL, 'node1', 'c-alone-0', '', '2026-11-30 02:49:40.037714+00', 50),
	(1, '10.1.0.99', 1, 'static', '', '', 'printer', '', NULL, 0, true, NULL, NULL, 'operator', NULL, '', '', 'ticket 4711', '2026-11-30 02:49:40.055266+00', 51),
	(1, '10.1.0.2', 1, 'pod', 'prod-a', 'shop', 'kept-0', 'net1', NULL, 0, true, '8760:00:00', '2027-11-30 02:49:40.092417+00', 'operator', NULL, '', '', '', '2026-11-30 02:49:40.092418+00', 52),
	(1, '10.1.0.5', 1, 'pod', 'prod-a', 'shop', 'kept-0', 'net1', NULL, 1, true, '8760:00:00', '2027-11-30 02:49:40.09567+00', 'operator', NULL, '', '', '', '2026-11-30 02:49:40.09567+00', 53),
	(1, '10.7.0.4', 9, 'pod', 'prod-a', 'shop', 'old-0', '', NULL, 0, false, NULL, NULL, 'nad', NULL, '', 'c-old-0', '', '2026-11-30 02:49:40.202341+00', 54);


--
-- Data for Name: sessions; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.sessions VALUES
	('\x14e814b87108d3f234aa76a249373046ed40ddaaed878317c97d2483a6637094', 1, NULL, NULL, '2026-11-30 02:49:40.16893+00', '2099-01-01 00:00:00+00');


--
-- Data for Name: tenures; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.tenures VALUES
	(2, 1, '10.1.0.3', 1, '["2026-11-30 02:49:39.709654+00",)', 'pod', 'prod-a', 'shop', 'web-1', 'net1', 'uid-web-1', 'node1', 'c-web-1', 'postgres', 'ADD', NULL, NULL),
	(3, 1, '10.1.0.4', 1, '["2026-11-30 02:49:39.717135+00",)', 'pod', 'prod-a', 'shop', 'web-2', 'net1', 'uid-web-2', 'node2', 'c-web-2', 'postgres', 'ADD', NULL, NULL),
	(5, 1, '10.1.0.6', 1, '["2026-11-30 02:49:39.726037+00",)', 'pod', 'prod-a', 'shop', 'web-4', 'net1', 'uid-web-4', 'node4', 'c-web-4', 'postgres', 'ADD', NULL, NULL),
	(6, 1, '10.1.0.7', 1, '["2026-11-30 02:49:39.73+00",)', 'pod', 'prod-a', 'shop', 'web-5', 'net1', 'uid-web-5', 'node0', 'c-web-5', 'postgres', 'ADD', NULL, NULL),
	(8, 1, '10.1.0.9', 1, '["2026-11-30 02:49:39.737892+00",)', 'pod', 'prod-a', 'shop', 'web-7', 'net1', 'uid-web-7', 'node2', 'c-web-7', 'postgres', 'ADD', NULL, NULL),
	(9, 1, '10.1.0.10', 1, '["2026-11-30 02:49:39.742063+00",)', 'pod', 'prod-a', 'shop', 'web-8', 'net1', 'uid-web-8', 'node3', 'c-web-8', 'postgres', 'ADD', NULL, NULL),
	(11, 1, '10.1.0.12', 1, '["2026-11-30 02:49:39.749183+00",)', 'pod', 'prod-a', 'shop', 'web-10', 'net1', 'uid-web-10', 'node0', 'c-web-10', 'postgres', 'ADD', NULL, NULL),
	(12, 1, '10.1.0.13', 1, '["2026-11-30 02:49:39.752958+00",)', 'pod', 'prod-a', 'shop', 'web-11', 'net1', 'uid-web-11', 'node1', 'c-web-11', 'postgres', 'ADD', NULL, NULL),
	(14, 1, '10.1.0.15', 1, '["2026-11-30 02:49:39.75946+00",)', 'pod', 'prod-a', 'shop', 'web-13', 'net1', 'uid-web-13', 'node3', 'c-web-13', 'postgres', 'ADD', NULL, NULL),
	(15, 1, '10.1.0.16', 1, '["2026-11-30 02:49:39.765199+00",)', 'pod', 'prod-a', 'shop', 'web-14', 'net1', 'uid-web-14', 'node4', 'c-web-14', 'postgres', 'ADD', NULL, NULL),
	(17, 1, '10.1.0.18', 1, '["2026-11-30 02:49:39.775015+00",)', 'pod', 'prod-a', 'shop', 'web-16', 'net1', 'uid-web-16', 'node1', 'c-web-16', 'postgres', 'ADD', NULL, NULL),
	(18, 1, '10.1.0.19', 1, '["2026-11-30 02:49:39.77852+00",)', 'pod', 'prod-a', 'shop', 'web-17', 'net1', 'uid-web-17', 'node2', 'c-web-17', 'postgres', 'ADD', NULL, NULL),
	(20, 1, '10.1.0.21', 1, '["2026-11-30 02:49:39.785305+00",)', 'pod', 'prod-a', 'shop', 'web-19', 'net1', 'uid-web-19', 'node4', 'c-web-19', 'postgres', 'ADD', NULL, NULL),
	(21, 1, '10.1.0.22', 1, '["2026-11-30 02:49:39.789115+00",)', 'pod', 'prod-a', 'shop', 'web-20', 'net1', 'uid-web-20', 'node0', 'c-web-20', 'postgres', 'ADD', NULL, NULL),
	(23, 1, '10.1.0.24', 1, '["2026-11-30 02:49:39.796596+00",)', 'pod', 'prod-a', 'shop', 'web-22', 'net1', 'uid-web-22', 'node2', 'c-web-22', 'postgres', 'ADD', NULL, NULL),
	(24, 1, '10.1.0.25', 1, '["2026-11-30 02:49:39.799924+00",)', 'pod', 'prod-a', 'shop', 'web-23', 'net1', 'uid-web-23', 'node3', 'c-web-23', 'postgres', 'ADD', NULL, NULL),
	(26, 1, '10.1.0.27', 1, '["2026-11-30 02:49:39.807088+00",)', 'pod', 'prod-a', 'shop', 'web-25', 'net1', 'uid-web-25', 'node0', 'c-web-25', 'postgres', 'ADD', NULL, NULL),
	(27, 1, '10.1.0.28', 1, '["2026-11-30 02:49:39.81164+00",)', 'pod', 'prod-a', 'shop', 'web-26', 'net1', 'uid-web-26', 'node1', 'c-web-26', 'postgres', 'ADD', NULL, NULL),
	(29, 1, '10.1.0.30', 1, '["2026-11-30 02:49:39.818334+00",)', 'pod', 'prod-a', 'shop', 'web-28', 'net1', 'uid-web-28', 'node3', 'c-web-28', 'postgres', 'ADD', NULL, NULL),
	(30, 1, '10.1.0.31', 1, '["2026-11-30 02:49:39.827827+00",)', 'pod', 'prod-a', 'shop', 'web-29', 'net1', 'uid-web-29', 'node4', 'c-web-29', 'postgres', 'ADD', NULL, NULL),
	(32, 1, '10.1.0.33', 1, '["2026-11-30 02:49:39.845317+00",)', 'pod', 'prod-a', 'shop', 'web-31', 'net1', 'uid-web-31', 'node1', 'c-web-31', 'postgres', 'ADD', NULL, NULL),
	(33, 1, '10.1.0.34', 1, '["2026-11-30 02:49:39.857766+00",)', 'pod', 'prod-a', 'shop', 'web-32', 'net1', 'uid-web-32', 'node2', 'c-web-32', 'postgres', 'ADD', NULL, NULL),
	(35, 1, '10.1.0.36', 1, '["2026-11-30 02:49:39.87243+00",)', 'pod', 'prod-a', 'shop', 'web-34', 'net1', 'uid-web-34', 'node4', 'c-web-34', 'postgres', 'ADD', NULL, NULL),
	(36, 1, '10.1.0.37', 1, '["2026-11-30 02:49:39.877026+00",)', 'pod', 'prod-a', 'shop', 'web-35', 'net1', 'uid-web-35', 'node0', 'c-web-35', 'postgres', 'ADD', NULL, NULL),
	(38, 1, '10.1.0.39', 1, '["2026-11-30 02:49:39.885582+00",)', 'pod', 'prod-a', 'shop', 'web-37', 'net1', 'uid-web-37', 'node2', 'c-web-37', 'postgres', 'ADD', NULL, NULL),
	(39, 1, '10.1.0.40', 1, '["2026-11-30 02:49:39.889313+00",)', 'pod', 'prod-a', 'shop', 'web-38', 'net1', 'uid-web-38', 'node3', 'c-web-38', 'postgres', 'ADD', NULL, NULL),
	(1, 1, '10.1.0.2', 1, '["2026-11-30 02:49:39.689631+00","2026-11-30 02:49:39.897673+00")', 'pod', 'prod-a', 'shop', 'web-0', 'net1', 'uid-web-0', 'node0', 'c-web-0', 'postgres', 'ADD', 'postgres', 'DEL'),
	(4, 1, '10.1.0.5', 1, '["2026-11-30 02:49:39.721752+00","2026-11-30 02:49:39.903985+00")', 'pod', 'prod-a', 'shop', 'web-3', 'net1', 'uid-web-3', 'node3', 'c-web-3', 'postgres', 'ADD', 'postgres', 'DEL'),
	(7, 1, '10.1.0.8', 1, '["2026-11-30 02:49:39.733838+00","2026-11-30 02:49:39.911368+00")', 'pod', 'prod-a', 'shop', 'web-6', 'net1', 'uid-web-6', 'node1', 'c-web-6', 'postgres', 'ADD', 'postgres', 'DEL'),
	(10, 1, '10.1.0.11', 1, '["2026-11-30 02:49:39.74547+00","2026-11-30 02:49:39.914345+00")', 'pod', 'prod-a', 'shop', 'web-9', 'net1', 'uid-web-9', 'node4', 'c-web-9', 'postgres', 'ADD', 'postgres', 'DEL'),
	(13, 1, '10.1.0.14', 1, '["2026-11-30 02:49:39.756323+00","2026-11-30 02:49:39.918468+00")', 'pod', 'prod-a', 'shop', 'web-12', 'net1', 'uid-web-12', 'node2', 'c-web-12', 'postgres', 'ADD', 'postgres', 'DEL'),
	(16, 1, '10.1.0.17', 1, '["2026-11-30 02:49:39.77107+00","2026-11-30 02:49:39.920706+00")', 'pod', 'prod-a', 'shop', 'web-15', 'net1', 'uid-web-15', 'node0', 'c-web-15', 'postgres', 'ADD', 'postgres', 'DEL'),
	(19, 1, '10.1.0.20', 1, '["2026-11-30 02:49:39.782046+00","2026-11-30 02:49:39.923693+00")', 'pod', 'prod-a', 'shop', 'web-18', 'net1', 'uid-web-18', 'node3', 'c-web-18', 'postgres', 'ADD', 'postgres', 'DEL'),
	(22, 1, '10.1.0.23', 1, '["2026-11-30 02:49:39.792693+00","2026-11-30 02:49:39.925797+00")', 'pod', 'prod-a', 'shop', 'web-21', 'net1', 'uid-web-21', 'node1', 'c-web-21', 'postgres', 'ADD', 'postgres', 'DEL'),
	(25, 1, '10.1.0.26', 1, '["2026-11-30 02:49:39.803719+00","2026-11-30 02:49:39.927757+00")', 'pod', 'prod-a', 'shop', 'web-24', 'net1', 'uid-web-24', 'node4', 'c-web-24', 'postgres', 'ADD', 'postgres', 'DEL'),
	(28, 1, '10.1.0.29', 1, '["2026-11-30 02:49:39.815095+00","2026-11-30 02:49:39.929602+00")', 'pod', 'prod-a', 'shop', 'web-27', 'net1', 'uid-web-27', 'node2', 'c-web-27', 'postgres', 'ADD', 'postgres', 'DEL'),
	(31, 1, '10.1.0.32', 1, '["2026-11-30 02:49:39.833428+00","2026-11-30 02:49:39.931861+00")', 'pod', 'prod-a', 'shop', 'web-30', 'net1', 'uid-web-30', 'node0', 'c-web-30', 'postgres', 'ADD', 'postgres', 'DEL'),
	(34, 1, '10.1.0.35', 1, '["2026-11-30 02:49:39.867453+00","2026-11-30 02:49:39.933848+00")', 'pod', 'prod-a', 'shop', 'web-33', 'net1', 'uid-web-33', 'node3', 'c-web-33', 'postgres', 'ADD', 'postgres', 'DEL'),
	(37, 1, '10.1.0.38', 1, '["2026-11-30 02:49:39.881193+00","2026-11-30 02:49:39.936081+00")', 'pod', 'prod-a', 'shop', 'web-36', 'net1', 'uid-web-36', 'node1', 'c-web-36', 'postgres', 'ADD', 'postgres', 'DEL'),
	(40, 1, '10.1.0.41', 1, '["2026-11-30 02:49:39.893577+00","2026-11-30 02:49:39.938545+00")', 'pod', 'prod-a', 'shop', 'web-39', 'net1', 'uid-web-39', 'node4', 'c-web-39', 'postgres', 'ADD', 'postgres', 'DEL'),
	(41, 2, '10.2.0.1', 2, '["2026-11-30 02:49:39.948615+00",)', 'pod', 'prod-a', 'shop', 'store-0', 'net1', 'uid-store-0', 'node1', 'c-store-0', 'postgres', 'ADD', NULL, NULL),
	(43, 2, '10.2.0.3', 2, '["2026-11-30 02:49:39.965598+00",)', 'pod', 'prod-a', 'shop', 'store-2', 'net1', 'uid-store-2', 'node1', 'c-store-2', 'postgres', 'ADD', NULL, NULL),
	(42, 2, '10.2.0.2', 2, '["2026-11-30 02:49:39.956689+00","2026-11-30 02:49:39.969253+00")', 'pod', 'prod-a', 'shop', 'store-1', 'net1', 'uid-store-1', 'node1', 'c-store-1', 'postgres', 'ADD', 'postgres', 'DEL'),
	(44, 2, '10.2.0.2', 2, '["2026-11-30 02:49:39.969253+00",)', 'pod', 'prod-a', 'shop', 'store-1', 'net1', 'uid-store-1', '', '', 'postgres', 'DEL', NULL, NULL),
	(47, 1, '10.4.0.1', 5, '["2026-11-30 02:49:40.002843+00","2026-11-30 02:49:40.006227+00")', 'pod', 'prod-a', 'shop', 'slow-0', 'net1', 'uid-slow-0', 'node1', 'c-slow-0', 'postgres', 'ADD', 'postgres', 'DEL'),
	(48, 1, '10.5.0.1', 6, '["2026-11-30 02:49:40.016726+00",)', 'pod', 'prod-a', 'shop', 'routed-0', 'net1', 'uid-routed-0', 'node1', 'c-routed-0', 'postgres', 'ADD', NULL, NULL),
	(50, 8, '10.1.0.1', 8, '["2026-11-30 02:49:40.038547+00",)', 'pod', 'prod-a', 'shop', 'alone-0', 'net1', 'uid-alone-0', 'node1', 'c-alone-0', 'postgres', 'ADD', NULL, NULL),
	(45, 1, '10.3.0.1', 3, '["2026-11-30 02:49:39.987764+00",)', 'pod', 'prod-a', 'shop', 'dual-0', 'net1', 'uid-dual-0', 'node1', 'c-dual-0', 'postgres', 'ADD', NULL, NULL),
	(46, 1, 'fd03::1', 4, '["2026-11-30 02:49:39.992087+00",)', 'pod', 'prod-a', 'shop', 'dual-0', 'net1', 'uid-dual-0', 'node1', 'c-dual-0', 'postgres', 'ADD', NULL, NULL),
	(49, 1, '10.6.0.1', 7, '["2026-11-30 02:49:40.029208+00",)', 'pod', 'prod-a', 'shop', 'sliced-0', 'net1', 'uid-sliced-0', 'node1', 'c-sliced-0', 'postgres', 'ADD', NULL, NULL),
	(51, 1, '10.1.0.99', 1, '["2026-11-30 02:49:40.056412+00",)', 'static', '', '', 'printer', '', NULL, '', '', 'anybody', 'API', NULL, NULL),
	(52, 1, '10.1.0.2', 1, '["2026-11-30 02:49:40.094354+00",)', 'pod', 'prod-a', 'shop', 'kept-0', 'net1', NULL, '', '', 'anybody', 'API', NULL, NULL),
	(53, 1, '10.1.0.5', 1, '["2026-11-30 02:49:40.096022+00",)', 'pod', 'prod-a', 'shop', 'kept-0', 'net1', NULL, '', '', 'anybody', 'API', NULL, NULL),
	(54, 1, '10.7.0.4', 9, '["2026-11-30 02:49:40.207315+00",)', 'pod', 'prod-a', 'shop', 'old-0', '', NULL, '', 'c-old-0', 'import', 'IMPORT', NULL, NULL);


--
-- Data for Name: tokens; Type: TABLE DATA; Schema: rowhouse; Owner: rowhouse_owner
--

INSERT INTO rowhouse.tokens OVERRIDING SYSTEM VALUE VALUES
	(1, 'team', 'operator', NULL, NULL, '\x176ee997be36f27e43068bb82237fec2acd9cf1a4ebf6a7132603263e9899238', '2026-11-30 02:49:40.16017+00', NULL, NULL),
	(2, 'node1', 'node', 'prod-a', 'node1', '\x82386024fa1a50b4e4cf9720f70515eeff343f18d8179f3adccf59f484b87faa', '2026-11-30 02:49:40.160531+00', NULL, NULL);


--
-- Name: audit_log_id_seq; Type: SEQUENCE SET; Schema: rowhouse; Owner: rowhouse_owner
--

SELECT pg_catalog.setval('rowhouse.audit_log_id_seq', 22, true);


--
-- Name: exclusions_id_seq; Type: SEQUENCE SET; Schema: rowhouse; Owner: rowhouse_owner
--

SELECT pg_catalog.setval('rowhouse.exclusions_id_seq', 1, true);


--
-- Name: gateways_id_seq; Type: SEQUENCE SET; Schema: rowhouse; Owner: rowhouse_owner
--

SELECT pg_catalog.setval('rowhouse.gateways_id_seq', 2, true);


--
-- Name: networks_id_seq; Type: SEQUENCE SET; Schema: rowhouse; Owner: rowhouse_owner
--

SELECT pg_catalog.setval('rowhouse.networks_id_seq', 9, true);


--
-- Name: pools_id_seq; Type: SEQUENCE SET; Schema: rowhouse; Owner: rowhouse_owner
--

SELECT pg_catalog.setval('rowhouse.pools_id_seq', 9, true);


--
-- Name: quotas_id_seq; Type: SEQUENCE SET; Schema: rowhouse; Owner: rowhouse_owner
--

SELECT pg_catalog.setval('rowhouse.quotas_id_seq', 2, true);


--
-- Name: tenures_id_seq; Type: SEQUENCE SET; Schema: rowhouse; Owner: rowhouse_owner
--

SELECT pg_catalog.setval('rowhouse.tenures_id_seq', 54, true);


--
-- Name: tokens_id_seq; Type: SEQUENCE SET; Schema: rowhouse; Owner: rowhouse_owner
--

SELECT pg_catalog.setval('rowhouse.tokens_id_seq', 2, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: allocation_failures allocation_failures_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.allocation_failures
    ADD CONSTRAINT allocation_failures_pkey PRIMARY KEY (cluster, namespace, pod, interface, reason);


--
-- Name: assignment_hold assignment_hold_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.assignment_hold
    ADD CONSTRAINT assignment_hold_pkey PRIMARY KEY (id);


--
-- Name: assignment_hold_pools assignment_hold_pools_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.assignment_hold_pools
    ADD CONSTRAINT assignment_hold_pools_pkey PRIMARY KEY (pool_id);


--
-- Name: attachments attachments_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.attachments
    ADD CONSTRAINT attachments_pkey PRIMARY KEY (cluster, container_id, interface, network_id, address);


--
-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);


--
-- Name: exclusions exclusions_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.exclusions
    ADD CONSTRAINT exclusions_pkey PRIMARY KEY (id);


--
-- Name: fill_samples fill_samples_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.fill_samples
    ADD CONSTRAINT fill_samples_pkey PRIMARY KEY (pool_id, at);


--
-- Name: free_ranges free_ranges_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.free_ranges
    ADD CONSTRAINT free_ranges_pkey PRIMARY KEY (network_id, quarantined, last);


--
-- Name: gateways gateways_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.gateways
    ADD CONSTRAINT gateways_pkey PRIMARY KEY (id);


--
-- Name: gateways gateways_pool_id_address_cni_network_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.gateways
    ADD CONSTRAINT gateways_pool_id_address_cni_network_key UNIQUE NULLS NOT DISTINCT (pool_id, address, cni_network);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor, key);


--
-- Name: imported_unnamed imported_unnamed_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.imported_unnamed
    ADD CONSTRAINT imported_unnamed_pkey PRIMARY KEY (network_id, address);


--
-- Name: mirrors mirrors_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.mirrors
    ADD CONSTRAINT mirrors_pkey PRIMARY KEY (cluster);


--
-- Name: networks networks_id_name_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.networks
    ADD CONSTRAINT networks_id_name_key UNIQUE (id, name);


--
-- Name: networks networks_name_isolated_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.networks
    ADD CONSTRAINT networks_name_isolated_key UNIQUE NULLS NOT DISTINCT (name, isolated);


--
-- Name: networks networks_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.networks
    ADD CONSTRAINT networks_pkey PRIMARY KEY (id);


--
-- Name: node_slices node_slices_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.node_slices
    ADD CONSTRAINT node_slices_pkey PRIMARY KEY (pool_id, cluster, node);


--
-- Name: node_slices node_slices_pool_id_slice_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.node_slices
    ADD CONSTRAINT node_slices_pool_id_slice_key UNIQUE (pool_id, slice);


--
-- Name: plain_pools plain_pools_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.plain_pools
    ADD CONSTRAINT plain_pools_pkey PRIMARY KEY (network_name, cidr);


--
-- Name: plain_pools plain_pools_pool_id_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.plain_pools
    ADD CONSTRAINT plain_pools_pool_id_key UNIQUE (pool_id);


--
-- Name: pool_trends pool_trends_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.pool_trends
    ADD CONSTRAINT pool_trends_pkey PRIMARY KEY (pool_id);


--
-- Name: pools pools_name_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.pools
    ADD CONSTRAINT pools_name_key UNIQUE (name);


--
-- Name: pools pools_network_name_cidr_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.pools
    ADD CONSTRAINT pools_network_name_cidr_key UNIQUE (network_name, cidr);


--
-- Name: pools pools_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.pools
    ADD CONSTRAINT pools_pkey PRIMARY KEY (id);


--
-- Name: quotas quotas_namespace_pool_id_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.quotas
    ADD CONSTRAINT quotas_namespace_pool_id_key UNIQUE NULLS NOT DISTINCT (namespace, pool_id);


--
-- Name: quotas quotas_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.quotas
    ADD CONSTRAINT quotas_pkey PRIMARY KEY (id);


--
-- Name: reservations reservations_owner; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.reservations
    ADD CONSTRAINT reservations_owner UNIQUE (owner_namespace, owner_name, pool_id, owner_interface, owner_cluster, slot, owner_kind);


--
-- Name: reservations reservations_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.reservations
    ADD CONSTRAINT reservations_pkey PRIMARY KEY (network_id, address);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (digest);


--
-- Name: tenures tenures_one_owner_at_a_time_ipv4; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.tenures
    ADD CONSTRAINT tenures_one_owner_at_a_time_ipv4 EXCLUDE USING gist (rowhouse.network_key(network_id, (address)::inet) WITH =, during WITH &&) WHERE ((family((address)::inet) = 4));


--
-- Name: CONSTRAINT tenures_one_owner_at_a_time_ipv4 ON tenures; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON CONSTRAINT tenures_one_owner_at_a_time_ipv4 ON rowhouse.tenures IS 'No IPv4 address of a network has two owners at once.';


--
-- Name: tenures tenures_one_owner_at_a_time_ipv6; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.tenures
    ADD CONSTRAINT tenures_one_owner_at_a_time_ipv6 EXCLUDE USING gist (rowhouse.address_key((address)::inet) WITH =, during WITH &&, address inet_ops WITH =, int4range(network_id, network_id, '[]'::text) WITH =) WHERE ((family((address)::inet) = 6));


--
-- Name: CONSTRAINT tenures_one_owner_at_a_time_ipv6 ON tenures; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON CONSTRAINT tenures_one_owner_at_a_time_ipv6 ON rowhouse.tenures IS 'No IPv6 address of a network has two owners at once.';


--
-- Name: tenures tenures_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.tenures
    ADD CONSTRAINT tenures_pkey PRIMARY KEY (id);


--
-- Name: tokens tokens_digest_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.tokens
    ADD CONSTRAINT tokens_digest_key UNIQUE (digest);


--
-- Name: tokens tokens_name_key; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.tokens
    ADD CONSTRAINT tokens_name_key UNIQUE (name);


--
-- Name: tokens tokens_pkey; Type: CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);


--
-- Name: INDEX alembic_version_pkc; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.alembic_version_pkc IS 'One row.';


--
-- Name: INDEX allocation_failures_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.allocation_failures_pkey IS 'One row for each pod, interface and reason.';


--
-- Name: INDEX assignment_hold_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.assignment_hold_pkey IS 'One row at most.';


--
-- Name: INDEX assignment_hold_pools_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.assignment_hold_pools_pkey IS 'Whether a pool was read already.';


--
-- Name: attachments_node; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX attachments_node ON rowhouse.attachments USING btree (node, cluster);


--
-- Name: INDEX attachments_node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.attachments_node IS 'What runs on a node, for CNI GC and the pages.';


--
-- Name: INDEX attachments_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.attachments_pkey IS 'DEL and CHECK find what a sandbox uses.';


--
-- Name: attachments_reservation; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX attachments_reservation ON rowhouse.attachments USING btree (network_id, address);


--
-- Name: INDEX attachments_reservation; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.attachments_reservation IS 'Whether a sandbox still uses a reservation.';


--
-- Name: audit_log_at; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX audit_log_at ON rowhouse.audit_log USING btree (at);


--
-- Name: INDEX audit_log_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.audit_log_at IS 'The lines of a time, the latest first.';


--
-- Name: audit_log_object; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX audit_log_object ON rowhouse.audit_log USING btree (object);


--
-- Name: INDEX audit_log_object; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.audit_log_object IS 'The lines about an object.';


--
-- Name: INDEX audit_log_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.audit_log_pkey IS 'The lines in their order.';


--
-- Name: exclusions_last; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE UNIQUE INDEX exclusions_last ON rowhouse.exclusions USING btree (network_id, last);


--
-- Name: INDEX exclusions_last; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.exclusions_last IS 'Whether an address is excluded.';


--
-- Name: INDEX exclusions_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.exclusions_pkey IS 'Finds an exclusion by its number.';


--
-- Name: fill_samples_at; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX fill_samples_at ON rowhouse.fill_samples USING btree (at);


--
-- Name: INDEX fill_samples_at; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.fill_samples_at IS 'Finds samples that are old enough to thin out.';


--
-- Name: INDEX fill_samples_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.fill_samples_pkey IS 'The samples of a pool, in order.';


--
-- Name: INDEX free_ranges_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.free_ranges_pkey IS 'The allocator finds the lowest free run that reaches into a range.';


--
-- Name: free_ranges_previous_owner; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX free_ranges_previous_owner ON rowhouse.free_ranges USING btree (previous_owner) WHERE quarantined;


--
-- Name: INDEX free_ranges_previous_owner; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.free_ranges_previous_owner IS 'Finds what is in quarantine after an owner that asks again.';


--
-- Name: free_ranges_quarantine; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX free_ranges_quarantine ON rowhouse.free_ranges USING btree (network_id, free_from) WHERE quarantined;


--
-- Name: INDEX free_ranges_quarantine; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.free_ranges_quarantine IS 'Finds quarantines that end.';


--
-- Name: gateways_address; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX gateways_address ON rowhouse.gateways USING btree (network_id, address);


--
-- Name: INDEX gateways_address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.gateways_address IS 'Whether an address is a gateway.';


--
-- Name: INDEX gateways_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.gateways_pkey IS 'Finds a gateway by its number.';


--
-- Name: INDEX gateways_pool_id_address_cni_network_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.gateways_pool_id_address_cni_network_key IS 'One row for each pool, address and CNI network.';


--
-- Name: idempotency_keys_created; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX idempotency_keys_created ON rowhouse.idempotency_keys USING btree (created_at);


--
-- Name: INDEX idempotency_keys_created; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.idempotency_keys_created IS 'Finds rows that are old enough to go.';


--
-- Name: INDEX idempotency_keys_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.idempotency_keys_pkey IS 'One answer for each caller and key.';


--
-- Name: INDEX imported_unnamed_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.imported_unnamed_pkey IS 'Whether an address was imported without an interface.';


--
-- Name: mirror_changes_pool; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX mirror_changes_pool ON rowhouse.mirror_changes USING btree (cluster, pool_id);


--
-- Name: INDEX mirror_changes_pool; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.mirror_changes_pool IS 'Whether a pool is marked already.';


--
-- Name: INDEX mirrors_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.mirrors_pkey IS 'One mirror per cluster.';


--
-- Name: INDEX networks_id_name_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.networks_id_name_key IS 'Target of the foreign key of pools, which keeps the name beside the number.';


--
-- Name: INDEX networks_name_isolated_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.networks_name_isolated_key IS 'One shared space per name, and one per isolated CIDR.';


--
-- Name: INDEX networks_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.networks_pkey IS 'Finds a network by its number.';


--
-- Name: INDEX node_slices_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.node_slices_pkey IS 'Finds the slice of a node.';


--
-- Name: INDEX node_slices_pool_id_slice_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.node_slices_pool_id_slice_key IS 'A slice belongs to one node.';


--
-- Name: INDEX plain_pools_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.plain_pools_pkey IS 'An ADD finds its pool by network and CIDR.';


--
-- Name: INDEX plain_pools_pool_id_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.plain_pools_pool_id_key IS 'Finds the row of a pool that changed.';


--
-- Name: INDEX pool_trends_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.pool_trends_pkey IS 'One row per pool.';


--
-- Name: pools_cidr; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX pools_cidr ON rowhouse.pools USING gist (cidr inet_ops);


--
-- Name: INDEX pools_cidr; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.pools_cidr IS 'Which pools hold an address or overlap a CIDR.';


--
-- Name: INDEX pools_name_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.pools_name_key IS 'Finds a pool by its name.';


--
-- Name: pools_network; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX pools_network ON rowhouse.pools USING btree (network_id);


--
-- Name: INDEX pools_network; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.pools_network IS 'The pools of a network.';


--
-- Name: INDEX pools_network_name_cidr_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.pools_network_name_cidr_key IS 'The identity of a pool: its network and its CIDR.';


--
-- Name: INDEX pools_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.pools_pkey IS 'Finds a pool by its number.';


--
-- Name: INDEX quotas_namespace_pool_id_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.quotas_namespace_pool_id_key IS 'One quota for each namespace and pool.';


--
-- Name: INDEX quotas_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.quotas_pkey IS 'Finds a quota by its number.';


--
-- Name: reservations_expiry; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX reservations_expiry ON rowhouse.reservations USING btree (network_id, expires_at) WHERE (expires_at IS NOT NULL);


--
-- Name: INDEX reservations_expiry; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.reservations_expiry IS 'Finds reservations that are due to expire; holds no others.';


--
-- Name: INDEX reservations_owner; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.reservations_owner IS 'ADD finds what its owner holds; search by pod. One reservation for each owner, pool and slot.';


--
-- Name: INDEX reservations_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.reservations_pkey IS 'The guarantee itself: one owner per address. Also finds an address, and counts those of a pool.';


--
-- Name: reservations_slots; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX reservations_slots ON rowhouse.reservations USING btree (pool_id) WHERE (slot > 0);


--
-- Name: INDEX reservations_slots; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.reservations_slots IS 'Finds owners that hold several addresses of a pool.';


--
-- Name: sessions_expiry; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX sessions_expiry ON rowhouse.sessions USING btree (expires_at);


--
-- Name: INDEX sessions_expiry; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.sessions_expiry IS 'Finds sessions that have expired.';


--
-- Name: INDEX sessions_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.sessions_pkey IS 'Finds the session of a cookie.';


--
-- Name: sessions_token; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX sessions_token ON rowhouse.sessions USING btree (token_id);


--
-- Name: INDEX sessions_token; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.sessions_token IS 'Finds the sessions that end with a token.';


--
-- Name: tenures_address; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX tenures_address ON rowhouse.tenures USING btree (address);


--
-- Name: INDEX tenures_address; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tenures_address IS 'The history of an address or a prefix, in all networks.';


--
-- Name: tenures_container; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX tenures_container ON rowhouse.tenures USING hash (container_id) WHERE (NOT upper_inf(during));


--
-- Name: INDEX tenures_container; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tenures_container IS 'The history of a container: of_container(). Closed tenures alone.';


--
-- Name: tenures_node; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX tenures_node ON rowhouse.tenures USING btree (node, upper(during), lower(during)) WHERE (NOT upper_inf(during));


--
-- Name: INDEX tenures_node; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tenures_node IS 'What ran on a node in a time: ran_on(). Closed tenures alone.';


--
-- Name: INDEX tenures_one_owner_at_a_time_ipv4; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tenures_one_owner_at_a_time_ipv4 IS 'The guarantee of history for IPv4; who_had() and tenures_of() use it.';


--
-- Name: INDEX tenures_one_owner_at_a_time_ipv6; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tenures_one_owner_at_a_time_ipv6 IS 'The guarantee of history for IPv6; who_had() and tenures_of() use it.';


--
-- Name: tenures_owner; Type: INDEX; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE INDEX tenures_owner ON rowhouse.tenures USING btree (owner_namespace, owner_name);


--
-- Name: INDEX tenures_owner; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tenures_owner IS 'The history of a pod: held_by().';


--
-- Name: INDEX tenures_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tenures_pkey IS 'Finds the open tenure of a reservation; db prune walks through it.';


--
-- Name: INDEX tokens_digest_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tokens_digest_key IS 'Finds the token of a request.';


--
-- Name: INDEX tokens_name_key; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tokens_name_key IS 'One token per name.';


--
-- Name: INDEX tokens_pkey; Type: COMMENT; Schema: rowhouse; Owner: rowhouse_owner
--

COMMENT ON INDEX rowhouse.tokens_pkey IS 'Finds a token by its number.';


--
-- Name: allocation_failures allocation_failures_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER allocation_failures_truncate AFTER TRUNCATE ON rowhouse.allocation_failures FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.record_truncate();


--
-- Name: assignment_hold assignment_hold_by_hand; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER assignment_hold_by_hand AFTER INSERT OR DELETE OR UPDATE ON rowhouse.assignment_hold FOR EACH ROW EXECUTE FUNCTION rowhouse.changed_by_hand();


--
-- Name: assignment_hold assignment_hold_change_alone; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER assignment_hold_change_alone BEFORE INSERT OR DELETE OR UPDATE ON rowhouse.assignment_hold FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.wait_for_reservations();


--
-- Name: assignment_hold assignment_hold_plain; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER assignment_hold_plain AFTER INSERT OR DELETE ON rowhouse.assignment_hold FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.checks_changed();


--
-- Name: assignment_hold_pools assignment_hold_pools_by_hand; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER assignment_hold_pools_by_hand AFTER INSERT OR DELETE OR UPDATE ON rowhouse.assignment_hold_pools FOR EACH ROW EXECUTE FUNCTION rowhouse.changed_by_hand();


--
-- Name: assignment_hold_pools assignment_hold_pools_change_alone; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER assignment_hold_pools_change_alone BEFORE DELETE OR UPDATE ON rowhouse.assignment_hold_pools FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.wait_for_reservations();


--
-- Name: assignment_hold_pools assignment_hold_pools_read; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER assignment_hold_pools_read AFTER INSERT ON rowhouse.assignment_hold_pools FOR EACH ROW EXECUTE FUNCTION rowhouse.checks_changed();


--
-- Name: assignment_hold_pools assignment_hold_pools_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER assignment_hold_pools_truncate BEFORE TRUNCATE ON rowhouse.assignment_hold_pools FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: assignment_hold_pools assignment_hold_pools_unread; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER assignment_hold_pools_unread AFTER DELETE OR UPDATE ON rowhouse.assignment_hold_pools FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.checks_changed();


--
-- Name: assignment_hold assignment_hold_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER assignment_hold_truncate BEFORE TRUNCATE ON rowhouse.assignment_hold FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: attachments attachments_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER attachments_truncate BEFORE TRUNCATE ON rowhouse.attachments FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: attachments attachments_updated; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER attachments_updated AFTER UPDATE OF cluster, container_id, interface, node, cni_network, pod_uid, attached_at ON rowhouse.attachments FOR EACH ROW EXECUTE FUNCTION rowhouse.changed_by_hand();


--
-- Name: audit_log audit_log_append_only; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE ON rowhouse.audit_log FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_rewriting();


--
-- Name: audit_log audit_log_stamp; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER audit_log_stamp BEFORE INSERT ON rowhouse.audit_log FOR EACH ROW EXECUTE FUNCTION rowhouse.stamp_audit();


--
-- Name: audit_log audit_log_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER audit_log_truncate BEFORE TRUNCATE ON rowhouse.audit_log FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: exclusions exclusions_change; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER exclusions_change AFTER INSERT OR DELETE OR UPDATE ON rowhouse.exclusions FOR EACH ROW EXECUTE FUNCTION rowhouse.exclusion_changed();


--
-- Name: exclusions exclusions_change_alone; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER exclusions_change_alone BEFORE INSERT OR DELETE ON rowhouse.exclusions FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.wait_for_reservations();


--
-- Name: exclusions exclusions_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER exclusions_truncate BEFORE TRUNCATE ON rowhouse.exclusions FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: fill_samples fill_samples_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER fill_samples_truncate AFTER TRUNCATE ON rowhouse.fill_samples FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.record_truncate();


--
-- Name: free_ranges free_ranges_deleted; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER free_ranges_deleted AFTER DELETE ON rowhouse.free_ranges FOR EACH ROW EXECUTE FUNCTION rowhouse.free_space_deleted();


--
-- Name: free_ranges free_ranges_guard; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER free_ranges_guard AFTER INSERT OR UPDATE OF network_id, quarantined, last, free_from, previous_owner ON rowhouse.free_ranges FOR EACH ROW EXECUTE FUNCTION rowhouse.free_ranges_guard();


--
-- Name: free_ranges free_ranges_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER free_ranges_truncate BEFORE TRUNCATE ON rowhouse.free_ranges FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: gateways gateways_change; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER gateways_change AFTER INSERT OR DELETE OR UPDATE ON rowhouse.gateways FOR EACH ROW EXECUTE FUNCTION rowhouse.gateway_changed();


--
-- Name: gateways gateways_go_alone; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER gateways_go_alone BEFORE DELETE ON rowhouse.gateways FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.wait_for_reservations();


--
-- Name: gateways gateways_in_use; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER gateways_in_use AFTER INSERT ON rowhouse.gateways FOR EACH ROW EXECUTE FUNCTION rowhouse.gateway_in_use();


--
-- Name: gateways gateways_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER gateways_truncate BEFORE TRUNCATE ON rowhouse.gateways FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: idempotency_keys idempotency_keys_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER idempotency_keys_truncate AFTER TRUNCATE ON rowhouse.idempotency_keys FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.record_truncate();


--
-- Name: imported_unnamed imported_unnamed_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER imported_unnamed_truncate BEFORE TRUNCATE ON rowhouse.imported_unnamed FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: mirror_changes mirror_changes_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER mirror_changes_truncate AFTER TRUNCATE ON rowhouse.mirror_changes FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.record_truncate();


--
-- Name: mirrors mirrors_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER mirrors_truncate AFTER TRUNCATE ON rowhouse.mirrors FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.record_truncate();


--
-- Name: networks networks_change; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER networks_change AFTER INSERT OR DELETE OR UPDATE ON rowhouse.networks FOR EACH ROW EXECUTE FUNCTION rowhouse.setting_changed();


--
-- Name: networks networks_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER networks_truncate BEFORE TRUNCATE ON rowhouse.networks FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: node_slices node_slices_by_hand; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER node_slices_by_hand AFTER INSERT OR DELETE OR UPDATE ON rowhouse.node_slices FOR EACH ROW EXECUTE FUNCTION rowhouse.changed_by_hand();


--
-- Name: node_slices node_slices_mirror_delete; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER node_slices_mirror_delete AFTER DELETE ON rowhouse.node_slices REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.mirrored_rows_changed();


--
-- Name: node_slices node_slices_mirror_insert; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER node_slices_mirror_insert AFTER INSERT ON rowhouse.node_slices REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.mirrored_rows_changed();


--
-- Name: node_slices node_slices_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER node_slices_truncate BEFORE TRUNCATE ON rowhouse.node_slices FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: plain_pools plain_pools_by_hand; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER plain_pools_by_hand AFTER INSERT OR UPDATE ON rowhouse.plain_pools FOR EACH ROW EXECUTE FUNCTION rowhouse.changed_by_hand();


--
-- Name: plain_pools plain_pools_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER plain_pools_truncate BEFORE TRUNCATE ON rowhouse.plain_pools FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: pool_trends pool_trends_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER pool_trends_truncate AFTER TRUNCATE ON rowhouse.pool_trends FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.record_truncate();


--
-- Name: pools pools_change; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER pools_change AFTER INSERT OR DELETE OR UPDATE ON rowhouse.pools FOR EACH ROW EXECUTE FUNCTION rowhouse.pool_changed();


--
-- Name: pools pools_change_alone; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER pools_change_alone BEFORE UPDATE OF name, gateway, window_first, window_last ON rowhouse.pools FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.wait_for_reservations();


--
-- Name: pools pools_change_with_reservations; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER pools_change_with_reservations BEFORE INSERT OR UPDATE ON rowhouse.pools FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.join_reservations();


--
-- Name: pools pools_go_alone; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER pools_go_alone BEFORE DELETE ON rowhouse.pools FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.wait_for_reservations();


--
-- Name: pools pools_isolation; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER pools_isolation BEFORE INSERT OR UPDATE OF network_id, isolated ON rowhouse.pools FOR EACH ROW EXECUTE FUNCTION rowhouse.pool_isolation();


--
-- Name: pools pools_mirror; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER pools_mirror AFTER INSERT OR DELETE ON rowhouse.pools FOR EACH ROW EXECUTE FUNCTION rowhouse.mirrored_pool_changed();


--
-- Name: pools pools_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER pools_truncate BEFORE TRUNCATE ON rowhouse.pools FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: pools pools_version; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER pools_version BEFORE UPDATE ON rowhouse.pools FOR EACH ROW EXECUTE FUNCTION rowhouse.pool_version();


--
-- Name: quotas quotas_change; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER quotas_change AFTER INSERT OR DELETE OR UPDATE ON rowhouse.quotas FOR EACH ROW EXECUTE FUNCTION rowhouse.setting_changed();


--
-- Name: quotas quotas_change_alone; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER quotas_change_alone BEFORE INSERT OR DELETE OR UPDATE ON rowhouse.quotas FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.wait_for_reservations();


--
-- Name: quotas quotas_plain; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER quotas_plain AFTER INSERT OR DELETE OR UPDATE ON rowhouse.quotas FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.checks_changed();


--
-- Name: quotas quotas_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER quotas_truncate BEFORE TRUNCATE ON rowhouse.quotas FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: reservations reservations_delete; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER reservations_delete AFTER DELETE ON rowhouse.reservations REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.reservation_released();


--
-- Name: reservations reservations_insert; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER reservations_insert AFTER INSERT ON rowhouse.reservations REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.reservation_made();


--
-- Name: reservations reservations_mirror_delete; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER reservations_mirror_delete AFTER DELETE ON rowhouse.reservations REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.mirrored_rows_changed();


--
-- Name: reservations reservations_mirror_insert; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER reservations_mirror_insert AFTER INSERT ON rowhouse.reservations REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.mirrored_rows_changed();


--
-- Name: reservations reservations_mirror_update; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER reservations_mirror_update AFTER UPDATE ON rowhouse.reservations FOR EACH ROW EXECUTE FUNCTION rowhouse.mirrored_reservation_changed();


--
-- Name: reservations reservations_move; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER reservations_move AFTER UPDATE ON rowhouse.reservations FOR EACH ROW WHEN (((new.network_id <> old.network_id) OR ((new.address)::inet <> (old.address)::inet))) EXECUTE FUNCTION rowhouse.reservation_moved();


--
-- Name: reservations reservations_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER reservations_truncate BEFORE TRUNCATE ON rowhouse.reservations FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: reservations reservations_update; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER reservations_update BEFORE UPDATE ON rowhouse.reservations FOR EACH ROW EXECUTE FUNCTION rowhouse.reservation_changed();


--
-- Name: sessions sessions_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER sessions_truncate AFTER TRUNCATE ON rowhouse.sessions FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.record_truncate();


--
-- Name: tenures tenures_deleted; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER tenures_deleted AFTER DELETE ON rowhouse.tenures REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.history_by_hand();


--
-- Name: tenures tenures_inserted; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER tenures_inserted AFTER INSERT ON rowhouse.tenures REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.history_by_hand();


--
-- Name: tenures tenures_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER tenures_truncate BEFORE TRUNCATE ON rowhouse.tenures FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: tenures tenures_updated; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER tenures_updated AFTER UPDATE ON rowhouse.tenures REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.history_by_hand();


--
-- Name: tokens tokens_change; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER tokens_change AFTER INSERT OR DELETE OR UPDATE ON rowhouse.tokens FOR EACH ROW EXECUTE FUNCTION rowhouse.setting_changed();


--
-- Name: tokens tokens_truncate; Type: TRIGGER; Schema: rowhouse; Owner: rowhouse_owner
--

CREATE TRIGGER tokens_truncate BEFORE TRUNCATE ON rowhouse.tokens FOR EACH STATEMENT EXECUTE FUNCTION rowhouse.refuse_truncate();


--
-- Name: assignment_hold_pools assignment_hold_pools_pool_id_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.assignment_hold_pools
    ADD CONSTRAINT assignment_hold_pools_pool_id_fkey FOREIGN KEY (pool_id) REFERENCES rowhouse.pools(id) ON DELETE CASCADE;


--
-- Name: attachments attachments_network_id_address_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.attachments
    ADD CONSTRAINT attachments_network_id_address_fkey FOREIGN KEY (network_id, address) REFERENCES rowhouse.reservations(network_id, address) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: exclusions exclusions_network_id_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.exclusions
    ADD CONSTRAINT exclusions_network_id_fkey FOREIGN KEY (network_id) REFERENCES rowhouse.networks(id);


--
-- Name: fill_samples fill_samples_pool_id_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.fill_samples
    ADD CONSTRAINT fill_samples_pool_id_fkey FOREIGN KEY (pool_id) REFERENCES rowhouse.pools(id) ON DELETE CASCADE;


--
-- Name: gateways gateways_pool_id_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.gateways
    ADD CONSTRAINT gateways_pool_id_fkey FOREIGN KEY (pool_id) REFERENCES rowhouse.pools(id) ON DELETE CASCADE;


--
-- Name: node_slices node_slices_pool_id_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.node_slices
    ADD CONSTRAINT node_slices_pool_id_fkey FOREIGN KEY (pool_id) REFERENCES rowhouse.pools(id) ON DELETE CASCADE;


--
-- Name: plain_pools plain_pools_pool_id_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.plain_pools
    ADD CONSTRAINT plain_pools_pool_id_fkey FOREIGN KEY (pool_id) REFERENCES rowhouse.pools(id) ON DELETE CASCADE;


--
-- Name: pool_trends pool_trends_pool_id_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.pool_trends
    ADD CONSTRAINT pool_trends_pool_id_fkey FOREIGN KEY (pool_id) REFERENCES rowhouse.pools(id) ON DELETE CASCADE;


--
-- Name: pools pools_network_id_network_name_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.pools
    ADD CONSTRAINT pools_network_id_network_name_fkey FOREIGN KEY (network_id, network_name) REFERENCES rowhouse.networks(id, name);


--
-- Name: quotas quotas_pool_id_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.quotas
    ADD CONSTRAINT quotas_pool_id_fkey FOREIGN KEY (pool_id) REFERENCES rowhouse.pools(id) ON DELETE CASCADE;


--
-- Name: sessions sessions_token_id_fkey; Type: FK CONSTRAINT; Schema: rowhouse; Owner: rowhouse_owner
--

ALTER TABLE ONLY rowhouse.sessions
    ADD CONSTRAINT sessions_token_id_fkey FOREIGN KEY (token_id) REFERENCES rowhouse.tokens(id) ON DELETE CASCADE;


--
-- Name: SCHEMA rowhouse; Type: ACL; Schema: -; Owner: rowhouse_owner
--

GRANT USAGE ON SCHEMA rowhouse TO rowhouse_server;
GRANT USAGE ON SCHEMA rowhouse TO rowhouse_auditor;


--
-- Name: FUNCTION act_as(actor text, request_id text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.act_as(actor text, request_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.act_as(actor text, request_id text) TO rowhouse_server;


--
-- Name: FUNCTION address_key(address inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.address_key(address inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.address_key(address inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.address_key(address inet) TO rowhouse_auditor;


--
-- Name: FUNCTION address_number(address inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.address_number(address inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.address_number(address inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.address_number(address inet) TO rowhouse_auditor;


--
-- Name: FUNCTION address_span(first inet, last inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.address_span(first inet, last inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.address_span(first inet, last inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.address_span(first inet, last inet) TO rowhouse_auditor;


--
-- Name: FUNCTION admit_gateways(of_network integer, run_first inet, run_last inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.admit_gateways(of_network integer, run_first inet, run_last inet) FROM PUBLIC;


--
-- Name: FUNCTION adopt_owner_v1(of_cluster text, of_namespace text, of_pod text, of_interface text, networks text[], cidrs cidr[], only_node text, is_verified boolean, known inet[], can_ask boolean); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.adopt_owner_v1(of_cluster text, of_namespace text, of_pod text, of_interface text, networks text[], cidrs cidr[], only_node text, is_verified boolean, known inet[], can_ask boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.adopt_owner_v1(of_cluster text, of_namespace text, of_pod text, of_interface text, networks text[], cidrs cidr[], only_node text, is_verified boolean, known inet[], can_ask boolean) TO rowhouse_server;


--
-- Name: FUNCTION adopt_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.adopt_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.adopt_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) TO rowhouse_server;


--
-- Name: FUNCTION attach_many_v1(clusters text[], nodes text[], container_ids text[], interfaces text[], cni_networks text[], namespaces text[], pods text[], uids text[], network text, cidr cidr, firsts inet[], lasts inet[], max_wait integer, gateway_addresses inet[], is_isolated boolean, reuse_delay interval); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.attach_many_v1(clusters text[], nodes text[], container_ids text[], interfaces text[], cni_networks text[], namespaces text[], pods text[], uids text[], network text, cidr cidr, firsts inet[], lasts inet[], max_wait integer, gateway_addresses inet[], is_isolated boolean, reuse_delay interval) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.attach_many_v1(clusters text[], nodes text[], container_ids text[], interfaces text[], cni_networks text[], namespaces text[], pods text[], uids text[], network text, cidr cidr, firsts inet[], lasts inet[], max_wait integer, gateway_addresses inet[], is_isolated boolean, reuse_delay interval) TO rowhouse_server;


--
-- Name: FUNCTION attach_v1(cluster text, node text, container_id text, interface text, cni_network text, namespace text, pod text, uid text, is_sticky boolean, ttl interval, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[], slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean, max_wait integer, gateway_ranges integer[], gateway_addresses inet[], reuse_delay interval, bound_node text, placement text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.attach_v1(cluster text, node text, container_id text, interface text, cni_network text, namespace text, pod text, uid text, is_sticky boolean, ttl interval, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[], slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean, max_wait integer, gateway_ranges integer[], gateway_addresses inet[], reuse_delay interval, bound_node text, placement text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.attach_v1(cluster text, node text, container_id text, interface text, cni_network text, namespace text, pod text, uid text, is_sticky boolean, ttl interval, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[], slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean, max_wait integer, gateway_ranges integer[], gateway_addresses inet[], reuse_delay interval, bound_node text, placement text) TO rowhouse_server;


--
-- Name: FUNCTION audit_key(object_type text, of_row jsonb); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.audit_key(object_type text, of_row jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.audit_key(object_type text, of_row jsonb) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.audit_key(object_type text, of_row jsonb) TO rowhouse_auditor;


--
-- Name: FUNCTION available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[]) TO rowhouse_server;


--
-- Name: FUNCTION await_due(wanted_network integer, firsts inet[], lasts inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.await_due(wanted_network integer, firsts inet[], lasts inet[]) FROM PUBLIC;


--
-- Name: FUNCTION block_of(address inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.block_of(address inet) FROM PUBLIC;


--
-- Name: FUNCTION changed_by_hand(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.changed_by_hand() FROM PUBLIC;


--
-- Name: FUNCTION check_quotas(holder text, of_pool integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.check_quotas(holder text, of_pool integer) FROM PUBLIC;


--
-- Name: FUNCTION checks_changed(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.checks_changed() FROM PUBLIC;


--
-- Name: FUNCTION choose_plain_pools(chosen integer[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.choose_plain_pools(chosen integer[]) FROM PUBLIC;


--
-- Name: TABLE free_ranges; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.free_ranges TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.free_ranges TO rowhouse_auditor;


--
-- Name: FUNCTION choose_run(wanted_network integer, low inet, high inet, reach inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.choose_run(wanted_network integer, low inet, high inet, reach inet) FROM PUBLIC;


--
-- Name: FUNCTION claim_addresses(wanted_network integer, firsts inet[], lasts inet[], how_many integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.claim_addresses(wanted_network integer, firsts inet[], lasts inet[], how_many integer) FROM PUBLIC;


--
-- Name: FUNCTION clip_segments(low inet, high inet, INOUT firsts inet[], INOUT lasts inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.clip_segments(low inet, high inet, INOUT firsts inet[], INOUT lasts inet[]) FROM PUBLIC;


--
-- Name: FUNCTION current_actor(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.current_actor() FROM PUBLIC;


--
-- Name: FUNCTION current_reason(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.current_reason() FROM PUBLIC;


--
-- Name: FUNCTION detach_many_v1(clusters text[], container_ids text[], interfaces text[], only_nodes text[], reason text, max_wait integer, only_uids text[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.detach_many_v1(clusters text[], container_ids text[], interfaces text[], only_nodes text[], reason text, max_wait integer, only_uids text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.detach_many_v1(clusters text[], container_ids text[], interfaces text[], only_nodes text[], reason text, max_wait integer, only_uids text[]) TO rowhouse_server;


--
-- Name: FUNCTION end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]) FROM PUBLIC;


--
-- Name: FUNCTION end_quarantine_of(wanted_network integer, wanted inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.end_quarantine_of(wanted_network integer, wanted inet) FROM PUBLIC;


--
-- Name: FUNCTION end_quarantines(wanted_network integer, at_most integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.end_quarantines(wanted_network integer, at_most integer) FROM PUBLIC;


--
-- Name: FUNCTION end_replaced_sandboxes(cluster text, interface text, node text, uid text, container_id text, spaces integer[], used inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.end_replaced_sandboxes(cluster text, interface text, node text, uid text, container_id text, spaces integer[], used inet[]) FROM PUBLIC;


--
-- Name: TABLE pools; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rowhouse.pools TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.pools TO rowhouse_auditor;


--
-- Name: FUNCTION ensure_node_slice(wanted_pool rowhouse.pools, wanted_cluster text, wanted_node text, slice_size integer, firsts inet[], lasts inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.ensure_node_slice(wanted_pool rowhouse.pools, wanted_cluster text, wanted_node text, slice_size integer, firsts inet[], lasts inet[]) FROM PUBLIC;


--
-- Name: FUNCTION ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean) FROM PUBLIC;


--
-- Name: TABLE error_codes; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.error_codes TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.error_codes TO rowhouse_auditor;


--
-- Name: FUNCTION error_code(wanted text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.error_code(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.error_code(wanted text) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.error_code(wanted text) TO rowhouse_auditor;


--
-- Name: FUNCTION exclusion_changed(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.exclusion_changed() FROM PUBLIC;


--
-- Name: FUNCTION explain_address(wanted_network text, wanted inet, of_space integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.explain_address(wanted_network text, wanted inet, of_space integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.explain_address(wanted_network text, wanted inet, of_space integer) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.explain_address(wanted_network text, wanted inet, of_space integer) TO rowhouse_auditor;


--
-- Name: FUNCTION first_address(block inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.first_address(block inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.first_address(block inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.first_address(block inet) TO rowhouse_auditor;


--
-- Name: FUNCTION first_usable(block cidr); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.first_usable(block cidr) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.first_usable(block cidr) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.first_usable(block cidr) TO rowhouse_auditor;


--
-- Name: FUNCTION free_covered(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.free_covered(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION free_or_due(wanted_network integer, firsts inet[], lasts inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.free_or_due(wanted_network integer, firsts inet[], lasts inet[]) FROM PUBLIC;


--
-- Name: FUNCTION free_ranges_guard(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.free_ranges_guard() FROM PUBLIC;


--
-- Name: FUNCTION free_run(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.free_run(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION free_space_deleted(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.free_space_deleted() FROM PUBLIC;


--
-- Name: FUNCTION free_unless_withheld(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.free_unless_withheld(run_network integer, run_first inet, run_last inet, run_free_from timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION gateway_changed(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.gateway_changed() FROM PUBLIC;


--
-- Name: FUNCTION gateway_in_use(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.gateway_in_use() FROM PUBLIC;


--
-- Name: FUNCTION give_back(of_network integer, of_address inet, ended timestamp with time zone, delay interval, owner text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.give_back(of_network integer, of_address inet, ended timestamp with time zone, delay interval, owner text) FROM PUBLIC;


--
-- Name: FUNCTION has_free(wanted_network integer, firsts inet[], lasts inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.has_free(wanted_network integer, firsts inet[], lasts inet[]) FROM PUBLIC;


--
-- Name: FUNCTION has_unnamed_v1(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.has_unnamed_v1() FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.has_unnamed_v1() TO rowhouse_server;


--
-- Name: TABLE networks; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rowhouse.networks TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.networks TO rowhouse_auditor;


--
-- Name: TABLE tenures; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.tenures TO rowhouse_server;


--
-- Name: TABLE address_history; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.address_history TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.address_history TO rowhouse_auditor;


--
-- Name: FUNCTION held_by(wanted_namespace text, wanted_name text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.held_by(wanted_namespace text, wanted_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.held_by(wanted_namespace text, wanted_name text) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.held_by(wanted_namespace text, wanted_name text) TO rowhouse_auditor;


--
-- Name: TABLE reservations; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.reservations TO rowhouse_server;


--
-- Name: FUNCTION held_by_owner(wanted_pool integer, cluster text, namespace text, name text, interface text, wanted inet, wanted_slot integer, last_slot integer, taken text[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.held_by_owner(wanted_pool integer, cluster text, namespace text, name text, interface text, wanted inet, wanted_slot integer, last_slot integer, taken text[]) FROM PUBLIC;


--
-- Name: TABLE attachments; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.attachments TO rowhouse_server;


--
-- Name: FUNCTION held_by_sandbox(wanted_pool integer, cluster text, namespace text, name text, container_id text, interface text, only_node text, wanted inet, wanted_slot integer, taken text[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.held_by_sandbox(wanted_pool integer, cluster text, namespace text, name text, container_id text, interface text, only_node text, wanted inet, wanted_slot integer, taken text[]) FROM PUBLIC;


--
-- Name: FUNCTION held_in_other_range(wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet, firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.held_in_other_range(wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet, firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[]) FROM PUBLIC;


--
-- Name: FUNCTION history_by_hand(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.history_by_hand() FROM PUBLIC;


--
-- Name: FUNCTION hold_v1(actor text, request_id text, why text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.hold_v1(actor text, request_id text, why text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.hold_v1(actor text, request_id text, why text) TO rowhouse_server;


--
-- Name: FUNCTION import_addresses_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, entries jsonb, are_running boolean); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.import_addresses_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, entries jsonb, are_running boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.import_addresses_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, entries jsonb, are_running boolean) TO rowhouse_server;


--
-- Name: FUNCTION import_gateways_v1(actor text, request_id text, only_look boolean, of_cni_network text, wanted_network text, wanted cidr, isolated boolean, addresses inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.import_gateways_v1(actor text, request_id text, only_look boolean, of_cni_network text, wanted_network text, wanted cidr, isolated boolean, addresses inet[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.import_gateways_v1(actor text, request_id text, only_look boolean, of_cni_network text, wanted_network text, wanted cidr, isolated boolean, addresses inet[]) TO rowhouse_server;


--
-- Name: FUNCTION import_pool_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, nodes text[], slices cidr[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.import_pool_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, nodes text[], slices cidr[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.import_pool_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, wants_isolation boolean, nodes text[], slices cidr[]) TO rowhouse_server;


--
-- Name: TABLE assignment_hold; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.assignment_hold TO rowhouse_server;


--
-- Name: TABLE assignment_hold_pools; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.assignment_hold_pools TO rowhouse_server;


--
-- Name: FUNCTION import_read_v1(wanted_network text, wanted cidr); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.import_read_v1(wanted_network text, wanted cidr) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.import_read_v1(wanted_network text, wanted cidr) TO rowhouse_server;


--
-- Name: FUNCTION import_record_v1(actor text, request_id text, source text, facts jsonb); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.import_record_v1(actor text, request_id text, source text, facts jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.import_record_v1(actor text, request_id text, source text, facts jsonb) TO rowhouse_server;


--
-- Name: FUNCTION import_release_v1(actor text, request_id text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.import_release_v1(actor text, request_id text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.import_release_v1(actor text, request_id text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[]) TO rowhouse_server;


--
-- Name: FUNCTION import_stale_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[], listed_at timestamp with time zone); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.import_stale_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[], listed_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.import_stale_v1(actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[], listed_at timestamp with time zone) TO rowhouse_server;


--
-- Name: FUNCTION imported_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.imported_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.imported_sandbox_v1(of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean, of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[]) TO rowhouse_server;


--
-- Name: FUNCTION last_address(block inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.last_address(block inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.last_address(block inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.last_address(block inet) TO rowhouse_auditor;


--
-- Name: FUNCTION network_key(network_id integer, address inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.network_key(network_id integer, address inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.network_key(network_id integer, address inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.network_key(network_id integer, address inet) TO rowhouse_auditor;


--
-- Name: FUNCTION network_keys(prefix inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.network_keys(prefix inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.network_keys(prefix inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.network_keys(prefix inet) TO rowhouse_auditor;


--
-- Name: FUNCTION in_prefix(prefix inet, since timestamp with time zone, until timestamp with time zone); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.in_prefix(prefix inet, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.in_prefix(prefix inet, since timestamp with time zone, until timestamp with time zone) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.in_prefix(prefix inet, since timestamp with time zone, until timestamp with time zone) TO rowhouse_auditor;


--
-- Name: FUNCTION in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer, INOUT firsts inet[], INOUT lasts inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer, INOUT firsts inet[], INOUT lasts inet[]) FROM PUBLIC;


--
-- Name: FUNCTION is_careful(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.is_careful() FROM PUBLIC;


--
-- Name: TABLE exclusions; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rowhouse.exclusions TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.exclusions TO rowhouse_auditor;


--
-- Name: FUNCTION is_excluded(wanted_network integer, wanted inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.is_excluded(wanted_network integer, wanted inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.is_excluded(wanted_network integer, wanted inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.is_excluded(wanted_network integer, wanted inet) TO rowhouse_auditor;


--
-- Name: FUNCTION is_forced(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.is_forced() FROM PUBLIC;


--
-- Name: FUNCTION is_open_tenure(t rowhouse.tenures, r rowhouse.reservations); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.is_open_tenure(t rowhouse.tenures, r rowhouse.reservations) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.is_open_tenure(t rowhouse.tenures, r rowhouse.reservations) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.is_open_tenure(t rowhouse.tenures, r rowhouse.reservations) TO rowhouse_auditor;


--
-- Name: TABLE quotas; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rowhouse.quotas TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.quotas TO rowhouse_auditor;


--
-- Name: FUNCTION is_plain(pool rowhouse.pools); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.is_plain(pool rowhouse.pools) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.is_plain(pool rowhouse.pools) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.is_plain(pool rowhouse.pools) TO rowhouse_auditor;


--
-- Name: FUNCTION is_withheld(wanted_network integer, wanted inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.is_withheld(wanted_network integer, wanted inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.is_withheld(wanted_network integer, wanted inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.is_withheld(wanted_network integer, wanted inet) TO rowhouse_auditor;


--
-- Name: FUNCTION join_reservations(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.join_reservations() FROM PUBLIC;


--
-- Name: FUNCTION join_shared_space_v1(wanted_network text, wanted cidr); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.join_shared_space_v1(wanted_network text, wanted cidr) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.join_shared_space_v1(wanted_network text, wanted cidr) TO rowhouse_server;


--
-- Name: TABLE gateways; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rowhouse.gateways TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.gateways TO rowhouse_auditor;


--
-- Name: FUNCTION knows_gateways(of_cni_network text, network text, cidr cidr, addresses inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.knows_gateways(of_cni_network text, network text, cidr cidr, addresses inet[]) FROM PUBLIC;


--
-- Name: FUNCTION last_usable(block cidr); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.last_usable(block cidr) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.last_usable(block cidr) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.last_usable(block cidr) TO rowhouse_auditor;


--
-- Name: FUNCTION learn_gateways(of_cni_network text, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], gateway_ranges integer[], gateway_addresses inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.learn_gateways(of_cni_network text, networks text[], cidrs cidr[], pool_names text[], isolated boolean[], gateway_ranges integer[], gateway_addresses inet[]) FROM PUBLIC;


--
-- Name: FUNCTION mark_for_mirrors(changed integer[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mark_for_mirrors(changed integer[]) FROM PUBLIC;


--
-- Name: FUNCTION mirror_again_v1(of_cluster text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirror_again_v1(of_cluster text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirror_again_v1(of_cluster text) TO rowhouse_server;


--
-- Name: TABLE mirror_changes; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.mirror_changes TO rowhouse_server;


--
-- Name: FUNCTION mirror_changes_v1(of_cluster text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirror_changes_v1(of_cluster text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirror_changes_v1(of_cluster text) TO rowhouse_server;


--
-- Name: FUNCTION mirror_off_v1(of_cluster text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirror_off_v1(of_cluster text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirror_off_v1(of_cluster text) TO rowhouse_server;


--
-- Name: FUNCTION mirror_on_v1(of_cluster text, in_namespace text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirror_on_v1(of_cluster text, in_namespace text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirror_on_v1(of_cluster text, in_namespace text) TO rowhouse_server;


--
-- Name: TABLE mirrors; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.mirrors TO rowhouse_server;


--
-- Name: FUNCTION mirror_report_v1(of_cluster text, report jsonb); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirror_report_v1(of_cluster text, report jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirror_report_v1(of_cluster text, report jsonb) TO rowhouse_server;


--
-- Name: FUNCTION mirror_unknown_v1(of_network text, addresses inet[], holders text[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirror_unknown_v1(of_network text, addresses inet[], holders text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirror_unknown_v1(of_network text, addresses inet[], holders text[]) TO rowhouse_server;


--
-- Name: TABLE node_slices; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rowhouse.node_slices TO rowhouse_server;


--
-- Name: FUNCTION mirror_writers_v1(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirror_writers_v1() FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirror_writers_v1() TO rowhouse_server;


--
-- Name: FUNCTION mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer) TO rowhouse_server;


--
-- Name: FUNCTION mirrored_pool_changed(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirrored_pool_changed() FROM PUBLIC;


--
-- Name: FUNCTION mirrored_pools_v1(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirrored_pools_v1() FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirrored_pools_v1() TO rowhouse_server;


--
-- Name: FUNCTION mirrored_reservation_changed(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirrored_reservation_changed() FROM PUBLIC;


--
-- Name: FUNCTION mirrored_rows_changed(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirrored_rows_changed() FROM PUBLIC;


--
-- Name: FUNCTION mirrored_slices_v1(of_cluster text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.mirrored_slices_v1(of_cluster text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.mirrored_slices_v1(of_cluster text) TO rowhouse_server;


--
-- Name: FUNCTION note_allocation_failures_v1(clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[], uids text[], messages text[], counts bigint[], reasons text[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.note_allocation_failures_v1(clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[], uids text[], messages text[], counts bigint[], reasons text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.note_allocation_failures_v1(clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[], uids text[], messages text[], counts bigint[], reasons text[]) TO rowhouse_server;


--
-- Name: TABLE attached_tenures; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.attached_tenures TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.attached_tenures TO rowhouse_auditor;


--
-- Name: FUNCTION of_container(wanted text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.of_container(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.of_container(wanted text) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.of_container(wanted text) TO rowhouse_auditor;


--
-- Name: FUNCTION owner_key(cluster text, namespace text, name text, interface text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.owner_key(cluster text, namespace text, name text, interface text) FROM PUBLIC;


--
-- Name: FUNCTION pool_changed(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.pool_changed() FROM PUBLIC;


--
-- Name: FUNCTION window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[]) TO rowhouse_server;


--
-- Name: FUNCTION pool_counts(wanted_pools integer[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.pool_counts(wanted_pools integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.pool_counts(wanted_pools integer[]) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.pool_counts(wanted_pools integer[]) TO rowhouse_auditor;


--
-- Name: TABLE fill_samples; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.fill_samples TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.fill_samples TO rowhouse_auditor;


--
-- Name: FUNCTION pool_fill(wanted_pool integer, since timestamp with time zone, until timestamp with time zone, steps integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.pool_fill(wanted_pool integer, since timestamp with time zone, until timestamp with time zone, steps integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.pool_fill(wanted_pool integer, since timestamp with time zone, until timestamp with time zone, steps integer) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.pool_fill(wanted_pool integer, since timestamp with time zone, until timestamp with time zone, steps integer) TO rowhouse_auditor;


--
-- Name: FUNCTION pool_isolation(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.pool_isolation() FROM PUBLIC;


--
-- Name: FUNCTION pool_version(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.pool_version() FROM PUBLIC;


--
-- Name: FUNCTION pool_window(pool rowhouse.pools); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.pool_window(pool rowhouse.pools) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.pool_window(pool rowhouse.pools) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.pool_window(pool rowhouse.pools) TO rowhouse_auditor;


--
-- Name: FUNCTION prune_audit_v1(older_than timestamp with time zone, after_id bigint, at_most integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.prune_audit_v1(older_than timestamp with time zone, after_id bigint, at_most integer) FROM PUBLIC;


--
-- Name: FUNCTION prune_v1(older_than timestamp with time zone, after_id bigint, at_most integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.prune_v1(older_than timestamp with time zone, after_id bigint, at_most integer) FROM PUBLIC;


--
-- Name: FUNCTION quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]) FROM PUBLIC;


--
-- Name: FUNCTION ran_on(wanted_node text, since timestamp with time zone, until timestamp with time zone); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.ran_on(wanted_node text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.ran_on(wanted_node text, since timestamp with time zone, until timestamp with time zone) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.ran_on(wanted_node text, since timestamp with time zone, until timestamp with time zone) TO rowhouse_auditor;


--
-- Name: FUNCTION reassign_v1(actor text, request_id text, wanted_network integer, wanted inet, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, force boolean); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.reassign_v1(actor text, request_id text, wanted_network integer, wanted inet, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.reassign_v1(actor text, request_id text, wanted_network integer, wanted inet, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, force boolean) TO rowhouse_server;


--
-- Name: FUNCTION reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text, seen_at timestamp with time zone); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text, seen_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text, seen_at timestamp with time zone) TO rowhouse_server;


--
-- Name: TABLE audit_log; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.audit_log TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.audit_log TO rowhouse_auditor;


--
-- Name: FUNCTION record_change(action text, object text, before jsonb, after jsonb, changes jsonb); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.record_change(action text, object text, before jsonb, after jsonb, changes jsonb) FROM PUBLIC;


--
-- Name: FUNCTION record_changes(action text, before jsonb[], after jsonb[]); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.record_changes(action text, before jsonb[], after jsonb[]) FROM PUBLIC;


--
-- Name: FUNCTION record_truncate(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.record_truncate() FROM PUBLIC;


--
-- Name: FUNCTION record_v1(actor text, request_id text, action text, object text, before jsonb, after jsonb); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.record_v1(actor text, request_id text, action text, object text, before jsonb, after jsonb) FROM PUBLIC;


--
-- Name: FUNCTION refuse_attached(change text, of_network integer, firsts inet[], lasts inet[], of_pool integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_attached(change text, of_network integer, firsts inet[], lasts inet[], of_pool integer) FROM PUBLIC;


--
-- Name: FUNCTION refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer, progress text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer, progress text) FROM PUBLIC;


--
-- Name: FUNCTION refuse_foreign_pool(of_network integer, of_pool integer, wanted inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_foreign_pool(of_network integer, of_pool integer, wanted inet) FROM PUBLIC;


--
-- Name: FUNCTION refuse_held_pool(wanted_pool integer, wanted cidr, range_no integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_held_pool(wanted_pool integer, wanted cidr, range_no integer) FROM PUBLIC;


--
-- Name: FUNCTION refuse_quarantined(of_network integer, wanted inet, range_no integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_quarantined(of_network integer, wanted inet, range_no integer) FROM PUBLIC;


--
-- Name: FUNCTION refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer, cluster text, namespace text, name text, interface text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer, cluster text, namespace text, name text, interface text) FROM PUBLIC;


--
-- Name: FUNCTION refuse_rewriting(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_rewriting() FROM PUBLIC;


--
-- Name: FUNCTION refuse_special(pool rowhouse.pools, wanted inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_special(pool rowhouse.pools, wanted inet) FROM PUBLIC;


--
-- Name: FUNCTION refuse_taken(of_network integer, wanted inet, range_no integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_taken(of_network integer, wanted inet, range_no integer) FROM PUBLIC;


--
-- Name: FUNCTION refuse_truncate(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.refuse_truncate() FROM PUBLIC;


--
-- Name: FUNCTION release_expired(wanted_network integer, at_most integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.release_expired(wanted_network integer, at_most integer) FROM PUBLIC;


--
-- Name: FUNCTION release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean) TO rowhouse_server;


--
-- Name: FUNCTION release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean, expected_tenure bigint); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean, expected_tenure bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean, expected_tenure bigint) TO rowhouse_server;


--
-- Name: FUNCTION repair_v1(actor text, request_id text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.repair_v1(actor text, request_id text) FROM PUBLIC;


--
-- Name: FUNCTION reservation_changed(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.reservation_changed() FROM PUBLIC;


--
-- Name: FUNCTION reservation_made(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.reservation_made() FROM PUBLIC;


--
-- Name: FUNCTION reservation_moved(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.reservation_moved() FROM PUBLIC;


--
-- Name: FUNCTION reservation_released(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.reservation_released() FROM PUBLIC;


--
-- Name: FUNCTION reserve_v1(actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text, force boolean); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.reserve_v1(actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text, force boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.reserve_v1(actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer, kind rowhouse.owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text, force boolean) TO rowhouse_server;


--
-- Name: FUNCTION resume_v1(actor text, request_id text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.resume_v1(actor text, request_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.resume_v1(actor text, request_id text) TO rowhouse_server;


--
-- Name: FUNCTION return_gateway(of_network integer, wanted inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.return_gateway(of_network integer, wanted inet) FROM PUBLIC;


--
-- Name: FUNCTION sample_fill_v1(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.sample_fill_v1() FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.sample_fill_v1() TO rowhouse_server;


--
-- Name: FUNCTION sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer, of_namespace text, of_pod text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer, of_namespace text, of_pod text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer, of_namespace text, of_pod text) TO rowhouse_server;


--
-- Name: TABLE alembic_version; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.alembic_version TO rowhouse_server;


--
-- Name: FUNCTION serves_code_of(revision text); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.serves_code_of(revision text) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.serves_code_of(revision text) TO rowhouse_server;


--
-- Name: FUNCTION setting_changed(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.setting_changed() FROM PUBLIC;


--
-- Name: FUNCTION settle_tenures(of_network integer, of_address inet, moment timestamp with time zone, kept bigint); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.settle_tenures(of_network integer, of_address inet, moment timestamp with time zone, kept bigint) FROM PUBLIC;


--
-- Name: FUNCTION span_last(span rowhouse.inetrange); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.span_last(span rowhouse.inetrange) FROM PUBLIC;


--
-- Name: FUNCTION stamp_audit(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.stamp_audit() FROM PUBLIC;


--
-- Name: FUNCTION switch_mirror_triggers(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.switch_mirror_triggers() FROM PUBLIC;


--
-- Name: TABLE allocation_failures; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.allocation_failures TO rowhouse_server;


--
-- Name: FUNCTION take_allocation_failures_v1(of_cluster text, at_most integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.take_allocation_failures_v1(of_cluster text, at_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.take_allocation_failures_v1(of_cluster text, at_most integer) TO rowhouse_server;


--
-- Name: FUNCTION take_run(wanted_network integer, wanted_first inet, wanted_last inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.take_run(wanted_network integer, wanted_first inet, wanted_last inet) FROM PUBLIC;


--
-- Name: FUNCTION tenures_of(of_network integer, of_address inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.tenures_of(of_network integer, of_address inet) FROM PUBLIC;


--
-- Name: FUNCTION uncovered_runs(wanted_network integer, wanted cidr, except_pool integer); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.uncovered_runs(wanted_network integer, wanted cidr, except_pool integer) FROM PUBLIC;


--
-- Name: FUNCTION wait_for_reservations(); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.wait_for_reservations() FROM PUBLIC;


--
-- Name: FUNCTION who_had(wanted inet, at timestamp with time zone); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.who_had(wanted inet, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.who_had(wanted inet, at timestamp with time zone) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.who_had(wanted inet, at timestamp with time zone) TO rowhouse_auditor;


--
-- Name: FUNCTION why_withheld(wanted_network integer, wanted inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.why_withheld(wanted_network integer, wanted inet) FROM PUBLIC;
GRANT ALL ON FUNCTION rowhouse.why_withheld(wanted_network integer, wanted inet) TO rowhouse_server;
GRANT ALL ON FUNCTION rowhouse.why_withheld(wanted_network integer, wanted inet) TO rowhouse_auditor;


--
-- Name: FUNCTION withdraw_reserved(of_network integer, of_address inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.withdraw_reserved(of_network integer, of_address inet) FROM PUBLIC;


--
-- Name: FUNCTION withdraw_run(wanted_network integer, run_first inet, run_last inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.withdraw_run(wanted_network integer, run_first inet, run_last inet) FROM PUBLIC;


--
-- Name: FUNCTION withhold_gateway(of_network integer, wanted inet); Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

REVOKE ALL ON FUNCTION rowhouse.withhold_gateway(of_network integer, wanted inet) FROM PUBLIC;


--
-- Name: TABLE audit_changes; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.audit_changes TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.audit_changes TO rowhouse_auditor;


--
-- Name: TABLE current_reservations; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.current_reservations TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.current_reservations TO rowhouse_auditor;


--
-- Name: TABLE idempotency_keys; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rowhouse.idempotency_keys TO rowhouse_server;


--
-- Name: TABLE imported_unnamed; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.imported_unnamed TO rowhouse_server;


--
-- Name: TABLE plain_pools; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.plain_pools TO rowhouse_server;


--
-- Name: TABLE integrity_problems; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.integrity_problems TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.integrity_problems TO rowhouse_auditor;


--
-- Name: TABLE pool_trends; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.pool_trends TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.pool_trends TO rowhouse_auditor;


--
-- Name: TABLE pool_usage; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.pool_usage TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.pool_usage TO rowhouse_auditor;


--
-- Name: TABLE sessions; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT,INSERT,DELETE ON TABLE rowhouse.sessions TO rowhouse_server;


--
-- Name: TABLE stale_reservations; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT ON TABLE rowhouse.stale_reservations TO rowhouse_server;
GRANT SELECT ON TABLE rowhouse.stale_reservations TO rowhouse_auditor;


--
-- Name: TABLE tokens; Type: ACL; Schema: rowhouse; Owner: rowhouse_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rowhouse.tokens TO rowhouse_server;


--
-- PostgreSQL database dump complete
--


