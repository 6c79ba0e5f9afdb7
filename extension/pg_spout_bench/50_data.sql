-- The query of a data set: every value is a hash of its row, column and seed, the same on every machine. Values repeat as
-- real ones do, so that no codec lives on constants and none fails on noise.
CREATE FUNCTION spout_bench.data_query(kind pg_catalog.text, rows pg_catalog.int8, columns pg_catalog.int4, seed pg_catalog.int8)
RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- {h} is a hash from 0 to 2^63 - 1, of the row, the column and the seed
    expressions CONSTANT jsonb := '{
        "int4": "({h} % 2000001 - 1000000)::int4", "int8": "{h} % 2000000000001 - 1000000000000", "bool": "{h} % 3 = 0",
        "float8": "round(({h} % 100000000)::numeric / 997, 3)::float8",
            "numeric": "(({h} % 20000000000 - 5000000000)::numeric / 10000)::numeric(18,4)",
        "text": "(ARRAY[''pump'', ''valve'', ''motor'', ''sensor''])[1 + {h} % 4] || ''-'' || ({h} >> 8) % 100000",
        "bytea": "decode(lpad(to_hex({h}), 16, ''0''), ''hex'')", "uuid": "md5({h}::text)::uuid",
        "timestamptz": "timestamptz ''2024-01-01 00:00:00+00'' + {h} % 31536000000 * interval ''1 millisecond''",
        "jsonb": "jsonb_build_object(''ok'', {h} % 10 <> 0, ''x'', {h} % 20000, ''tag'', (ARRAY[''new'', ''hot'', ''spare''])[1 + {h} % 3])",
        "composite": "ROW({h} % 10 <> 0, ({h} % 20000)::float8 / 8, (ARRAY[''new'', ''hot'', ''spare''])[1 + {h} % 3])::spout_bench.reading",
        "float8_array": "ARRAY[{h} % 1000, {h} % 999, {h} % 998, {h} % 997, {h} % 996, {h} % 995, {h} % 994, {h} % 993]::float8[]"}';
    kinds text[] := ARRAY(SELECT jsonb_object_keys(expressions) ORDER BY 1);
    list text;
BEGIN
    IF kind = 'records' THEN
        RETURN format($q$SELECT i AS id,
            timestamptz '2024-01-01 00:00:00+00' + (i * 1500 + a %% 1500) * interval '1 millisecond' + (b %% 1000) * interval '1 microsecond' AS created_at,
            ((ARRAY['pump', 'valve', 'motor', 'sensor', 'boiler', 'mixer', 'drum', 'press'])[1 + a %% 8] || '-'
                || lpad((b %% 100000)::text, 5, '0')
                || (ARRAY[' north hall', ' south hall', ' yard', ' outer depot'])[1 + (a >> 8) %% 4])::varchar(255) AS name,
            ((c %% 20000000000 - 5000000000)::numeric / 10000)::numeric(18,4) AS value,
            jsonb_build_object('ok', c %% 10 <> 0, 'at', jsonb_build_object('x', round(((b >> 17) %% 20000)::numeric / 10, 1), 'y',
                (c >> 35) %% 1000),
                'tag', (ARRAY['new', 'hot', 'spare', 'to be checked'])[1 + (a >> 20) %% 4]) AS metadata
            FROM generate_series(1::bigint, %1$s) AS i, LATERAL (SELECT hashint8extended(i, %2$s) & 9223372036854775807 AS a,
                hashint8extended(i, %2$s + 1) & 9223372036854775807 AS b,
                    hashint8extended(i, %2$s + 2) & 9223372036854775807 AS c) AS h$q$, rows, seed);
    ELSIF kind <> 'mixed' AND NOT expressions ? kind THEN
        RAISE EXCEPTION 'unknown kind of data set "%"', kind USING ERRCODE = '22023',
            HINT = 'Kinds are records, mixed, ' || array_to_string(kinds, ', ') || '.';
    END IF;
    SELECT string_agg(replace(expressions ->> CASE kind WHEN 'mixed' THEN kinds[1 + (n - 1) % cardinality(kinds)] ELSE kind END, '{h}',
        format('(hashint8extended(i, %s) & 9223372036854775807)', seed * 10000 + n)) || ' AS c' || n, ', ' ORDER BY n) INTO list
            FROM generate_series(1, columns) n;
    RETURN format('SELECT %s FROM generate_series(1::bigint, %s) AS i', list, rows);
END
$$;

-- Where a data set lies, made or not. The last number is the generator's version.
CREATE FUNCTION spout_bench.data_name(kind pg_catalog.text, rows pg_catalog.int8, columns pg_catalog.int4, seed pg_catalog.int8)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT format('%s_r%s_c%s_s%s_v1', kind, rows, columns, seed);
END;

CREATE FUNCTION @extschema@.benchmark_data(
    kind pg_catalog.text DEFAULT 'records',
    rows pg_catalog.int8 DEFAULT 10000,
    columns pg_catalog.int4 DEFAULT NULL,
    seed pg_catalog.int8 DEFAULT 1)
RETURNS pg_catalog.regclass
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    width int := CASE kind WHEN 'records' THEN 5 ELSE coalesce(columns, 10) END;
    name text;
    found oid;
    query text;
BEGIN
    IF kind IS NULL OR rows IS NULL OR seed IS NULL THEN
        RAISE EXCEPTION 'kind, rows and seed of a data set must not be NULL' USING ERRCODE = '22004';
    ELSIF rows < 0 OR rows > 10000000000 OR seed < 0 OR seed > 1000000000 OR width NOT BETWEEN 1 AND 1600 THEN
        RAISE EXCEPTION 'a data set has 0 to 10000000000 rows, 1 to 1600 columns and a seed from 0 to 1000000000' USING ERRCODE = '22023';
    ELSIF kind = 'records' AND coalesce(columns, 5) <> 5 THEN
        RAISE EXCEPTION 'data sets of kind records have 5 columns' USING ERRCODE = '22023';
    END IF;
    query := spout_bench.data_query(kind, rows, width, seed);
    IF rows = 0 THEN
        FOR name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'spout_bench'::regnamespace AND c.relkind = 'm'
            AND c.relname ~ ('^' || kind || '_r\d+_c\d+_s\d+_v\d+$') LOOP
            EXECUTE format('DROP MATERIALIZED VIEW spout_bench.%I', name);
        END LOOP;
        RETURN NULL;
    END IF;
    name := spout_bench.data_name(kind, rows, width, seed);
    IF to_regclass(format('spout_bench.%I', name)) IS NULL THEN
        -- Who comes second waits, and finds it.
        PERFORM pg_advisory_xact_lock('@extschema@.benchmark_results'::regclass::oid::int, 0);
    END IF;
    SELECT c.oid INTO found FROM pg_class c WHERE c.relnamespace = 'spout_bench'::regnamespace AND c.relname = name;
    IF found IS NULL THEN
        -- Made empty, then filled: so its pages are frozen and the first scan dirties none.
        EXECUTE format('CREATE MATERIALIZED VIEW spout_bench.%I WITH (autovacuum_enabled = off) AS %s WITH NO DATA', name, query);
        EXECUTE format('REFRESH MATERIALIZED VIEW spout_bench.%I', name);
        EXECUTE format('ANALYZE spout_bench.%I', name);
        EXECUTE format('GRANT SELECT ON spout_bench.%I TO PUBLIC', name);
        EXECUTE format('ALTER MATERIALIZED VIEW spout_bench.%I DEPENDS ON EXTENSION pg_spout_bench', name);
        SELECT c.oid INTO found FROM pg_class c WHERE c.relnamespace = 'spout_bench'::regnamespace AND c.relname = name;
    ELSIF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = found AND c.relkind = 'm' AND c.relispopulated) THEN
        -- A view of that name would run its author's functions with the reader's rights.
        RAISE EXCEPTION 'spout_bench.% is not a data set', quote_ident(name) USING ERRCODE = '42809';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION @extschema@.benchmark_data(text, int8, int4, int8) IS 'makes or finds a data set of a kind, with this many rows; no rows drop the kind';
