-- Numbers for people: 2.2 M, 12.3 MB.
CREATE FUNCTION spout_bench.human(number pg_catalog.jsonb, unit pg_catalog.text DEFAULT '')
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN abs(n) >= 1e9 THEN round((n / 1e9)::numeric, 1) || ' G' WHEN abs(n) >= 1e6 THEN round((n / 1e6)::numeric, 1) || ' M'
        WHEN abs(n) >= 1e4 THEN round((n / 1e3)::numeric, 1) || ' k' ELSE round(n::numeric, 0) || CASE unit WHEN '' THEN ''
            ELSE ' ' END END || unit
    FROM (SELECT (number #>> '{}')::float8 AS n) x;
END;

CREATE FUNCTION spout_bench.milliseconds(seconds pg_catalog.jsonb, unit pg_catalog.text DEFAULT 'ms')
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT to_char((seconds #>> '{}')::float8 * CASE unit WHEN 's' THEN 1 WHEN 'ms' THEN 1e3 ELSE 1e6 END, 'FM99999990.000');
END;

-- The unit that suits a time.
CREATE FUNCTION spout_bench.unit(seconds pg_catalog.float8)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN seconds >= 10 THEN 's' WHEN seconds >= 0.0002 THEN 'ms' ELSE 'us' END;
END;

-- Names and messages may hold line ends; a line of output must not.
CREATE FUNCTION spout_bench.line(words pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT regexp_replace(words, '[[:cntrl:]]+', ' ', 'g');
END;

-- An aligned table of texts: the first row names the columns. Names and flags stand left, columns without a value are left out.
CREATE FUNCTION spout_bench.aligned(cells pg_catalog.jsonb)
RETURNS SETOF pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH c AS (SELECT r.n AS line, x.n AS col, coalesce(spout_bench.line(x.v), '') AS v FROM jsonb_array_elements(cells) WITH
        ORDINALITY r (v, n),
        LATERAL jsonb_array_elements_text(r.v) WITH ORDINALITY x (v, n)),
    w AS (SELECT col, max(length(v)) AS width, col = 1 OR max(v) FILTER (WHERE line = 1) = 'flags' AS stands_left FROM c
        GROUP BY col HAVING bool_or(line > 1 AND v <> ''))
    SELECT rtrim(string_agg(CASE WHEN stands_left THEN rpad(v, width) ELSE lpad(v, width) END, '  ' ORDER BY col)) FROM c JOIN w
        USING (col) GROUP BY line ORDER BY line;
END;

-- The texts of a JSON array in one.
CREATE FUNCTION spout_bench.words(list pg_catalog.jsonb, separator pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(w, separator ORDER BY n) FROM jsonb_array_elements_text(list) WITH ORDINALITY x (w, n);
END;

-- Formats without a result on this machine, in this run or before it: "async (every format), db time (csv, xml)".
CREATE FUNCTION spout_bench.gaps(run pg_catalog.jsonb)
RETURNS pg_catalog.text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH known AS (
        SELECT k.kind, x ->> 'adapter_type' AS adapter, x ->> 'format' AS format
        FROM (VALUES ('time', 'results'), ('memory', 'memory')) k (kind, list), LATERAL jsonb_array_elements(run -> k.list) x
        UNION SELECT k.kind, h.adapter_type, h.format
        FROM @extschema@.benchmark_history h, LATERAL (VALUES ('time', h.median_time), ('memory', h.peak_memory::float8)) k (kind, value)
        WHERE k.value IS NOT NULL AND h.fingerprint = spout_bench.fingerprint(run -> 'environment')),
    missing AS (
        SELECT a, k, CASE WHEN count(*) = cardinality(spout_bench.formats()) THEN 'every format'
            ELSE string_agg(f, ', ' ORDER BY f) END AS formats
        FROM unnest(ARRAY['core', 'db', 'async']) a, unnest(ARRAY['time', 'memory']) k, unnest(spout_bench.formats()) f
        WHERE NOT EXISTS (SELECT FROM known WHERE known.kind = k AND known.adapter = a AND known.format = f) GROUP BY a, k),
    gaps AS (SELECT a || CASE count(*) WHEN 1 THEN ' ' || min(k) ELSE '' END AS part, formats FROM missing GROUP BY a, formats)
    SELECT string_agg(format('%s (%s)', part, formats), ', ' ORDER BY part) FROM gaps;
END;

-- A run's dictionary as people read it.
CREATE FUNCTION spout_bench.console(run pg_catalog.jsonb, slowest pg_catalog.int4 DEFAULT 5)
RETURNS SETOF pg_catalog.text
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    time_head CONSTANT jsonb := '[["name", "min", "max", "mean", "stddev", "median", "rounds", "rows/s", "points/s", "MB/s", "peak",
        "ratio", "flags"]]';
    memory_head CONSTANT jsonb := '[["name", "peak", "allocated", "freed", "net", "process peak"]]';
    part record;
    line text;
    noise text := coalesce('; noise floor of this machine +-' || round((run -> 'environment' ->> 'noise_floor')::numeric * 100, 1)
        || ' % (10 A/A pairs)', '');
    vague bigint;
BEGIN
    FOR part IN SELECT x ->> 'adapter_type' AS adapter, (x ->> 'rows')::bigint AS rows, unit, count(*) AS n,
        jsonb_agg(jsonb_build_array(x -> 'name',
            spout_bench.milliseconds(x -> 'min_time', unit), spout_bench.milliseconds(x -> 'max_time', unit),
                spout_bench.milliseconds(x -> 'mean_time', unit),
            spout_bench.milliseconds(x -> 'stddev_time', unit), format('%s (%s)', spout_bench.milliseconds(x -> 'median_time',
                unit), to_char(median / nullif(best, 0), 'FM9990.00')),
            x -> 'iterations', spout_bench.human(x -> 'rows_per_s'), spout_bench.human(x -> 'points_per_s'),
                round((x ->> 'mb_per_s')::numeric),
            spout_bench.human(x -> 'peak_memory', 'B'), concat_ws(' ', x ->> 'ratio', x ->> 'verdict'),
                spout_bench.words(x -> 'flags', ',')) ORDER BY median) AS lines
        FROM (SELECT x, median, min(median) OVER (PARTITION BY x -> 'adapter_type', x -> 'rows') AS best
            FROM jsonb_array_elements(run -> 'results') x, LATERAL (SELECT (x ->> 'median_time')::float8 AS median) m) r,
                LATERAL (SELECT spout_bench.unit(best) AS unit) u
        GROUP BY 1, 2, 3 ORDER BY 1, 2 NULLS LAST LOOP
        RETURN NEXT format('%s: %s benchmark%s%s, times in %s%s', part.adapter, part.n, CASE part.n WHEN 1 THEN '' ELSE 's' END,
            ', ' || part.rows || ' rows', part.unit, noise);
        RETURN QUERY SELECT spout_bench.aligned(time_head || part.lines);
        RETURN NEXT '';
    END LOOP;
    FOR part IN SELECT x ->> 'adapter_type' AS adapter, count(*) AS n, jsonb_agg(jsonb_build_array(x -> 'name',
            spout_bench.human(x -> 'peak_memory', 'B'), spout_bench.human(x -> 'allocated_memory', 'B'),
                spout_bench.human(x -> 'deallocated_memory', 'B'),
            spout_bench.human(x -> 'net_memory', 'B'), spout_bench.human(x -> 'os_peak', 'B')) ORDER BY x ->> 'format',
                (x ->> 'rows')::bigint, x ->> 'name') AS lines
        FROM jsonb_array_elements(run -> 'memory') x GROUP BY 1 ORDER BY 1 LOOP
        RETURN NEXT format('%s: memory of %s benchmark%s, one pass each', part.adapter, part.n, CASE part.n WHEN 1 THEN '' ELSE 's' END);
        RETURN QUERY SELECT spout_bench.aligned(memory_head || part.lines);
        RETURN NEXT '';
    END LOOP;
    RETURN QUERY SELECT spout_bench.line(format('%s: %s: %s', x ->> 'status', x ->> 'name', x ->> 'message'))
        FROM jsonb_array_elements((run -> 'skipped') || (run -> 'failed')) x
        ORDER BY x ->> 'status' <> 'skipped', x ->> 'status', x ->> 'name';
    -- Where everything is variable, the flags say of whom.
    SELECT count(*) INTO vague FROM jsonb_array_elements_text(run -> 'warnings') w WHERE w ~ 'Performance is too variable';
    RETURN QUERY SELECT format('warning: %s of %s benchmarks are too variable (flag variable): stddev exceeds 10%% of median',
        vague, jsonb_array_length(run -> 'results')) WHERE vague > 3;
    RETURN QUERY SELECT spout_bench.line('warning: ' || w) FROM jsonb_array_elements_text(run -> 'warnings') w WHERE vague <= 3
        OR w !~ 'Performance is too variable' ORDER BY w;
    IF jsonb_array_length((run -> 'results') || (run -> 'memory') || (run -> 'failed') || (run -> 'skipped')) = 0 THEN
        RETURN;
    END IF;
    SELECT string_agg(format('%s (%s %s)', x ->> 'name', spout_bench.milliseconds(x -> 'median_time', unit), unit), ', '
        ORDER BY n) INTO line
        FROM (SELECT x, spout_bench.unit((x ->> 'median_time')::float8) AS unit,
            row_number() OVER (ORDER BY (x ->> 'median_time')::float8 DESC) AS n FROM jsonb_array_elements(run -> 'results') x) s
            WHERE n <= slowest;
    RETURN QUERY SELECT spout_bench.line('slowest: ' || line) WHERE line IS NOT NULL;
    RETURN QUERY SELECT 'gaps, never measured on this machine: ' || g FROM spout_bench.gaps(run) g WHERE g IS NOT NULL;
    RETURN NEXT format('run %s %s: %s measured, %s failed, %s skipped; %s of %s records stored',
        coalesce(run ->> 'run_id', '(not stored)'), run ->> 'status',
        (SELECT count(DISTINCT x ->> 'name') FROM jsonb_array_elements((run -> 'results') || (run -> 'memory')) x),
            jsonb_array_length(run -> 'failed'), jsonb_array_length(run -> 'skipped'),
        run -> 'recorded' ->> 'committed', run -> 'recorded' ->> 'sent');
END
$$;

-- A line of CSV as RFC 4180 wants it.
CREATE FUNCTION spout_bench.csv(fields pg_catalog.text[])
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(CASE WHEN f ~ '[",\n\r]' THEN '"' || replace(f, '"', '""') || '"' ELSE coalesce(f, '') END, ',' ORDER BY n)
    FROM unnest(fields) WITH ORDINALITY u (f, n);
END;

-- A row of a Markdown table.
CREATE FUNCTION spout_bench.markdown(fields pg_catalog.text[])
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT '| ' || string_agg(regexp_replace(replace(coalesce(spout_bench.line(f), ''), '<', '&lt;'), '([\\|])', '\\\1', 'g'),
        ' | ' ORDER BY n) || ' |'
    FROM unnest(fields) WITH ORDINALITY u (f, n);
END;

-- A run's dictionary in an output format; the tables have a row per benchmark, whatever became of it.
CREATE FUNCTION spout_bench.output(run pg_catalog.jsonb, output_format pg_catalog.text, slowest pg_catalog.int4 DEFAULT 5)
RETURNS SETOF pg_catalog.text
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    keys CONSTANT text[] := '{run_id,status,environment,results,memory,skipped,failed,warnings,recorded}';
    columns CONSTANT text[] := '{name,adapter_type,format,rows,status,min_time,max_time,mean_time,median_time,stddev_time,iterations,'
        'rows_per_s,points_per_s,mb_per_s,peak_memory,allocated_memory,deallocated_memory,net_memory,ratio,verdict,grade,flags,message}';
    lines jsonb[];
    x jsonb;
BEGIN
    IF output_format = 'json' THEN
        RETURN QUERY SELECT json_object_agg(k, run -> k ORDER BY n)::text FROM unnest(keys) WITH ORDINALITY u (k, n);
        RETURN;
    ELSIF output_format = 'console' THEN
        RETURN QUERY SELECT spout_bench.console(run, slowest);
        RETURN;
    END IF;
    SELECT coalesce(array_agg(m ORDER BY m ->> 'name'), '{}') INTO lines FROM (SELECT jsonb_object_agg(e.key, e.value) AS m
        FROM jsonb_array_elements((run -> 'results') || (run -> 'memory') || (run -> 'skipped') || (run -> 'failed')) y, jsonb_each(y) e
        GROUP BY y -> 'name') s;
    IF output_format = 'csv' THEN
        RETURN NEXT array_to_string(columns, ',');
        FOREACH x IN ARRAY lines LOOP
            RETURN NEXT spout_bench.csv(ARRAY(SELECT CASE c WHEN 'flags' THEN spout_bench.words(x -> c, ' ') ELSE x ->> c END
                FROM unnest(columns) WITH ORDINALITY u (c, n) ORDER BY n));
        END LOOP;
        RETURN;
    END IF;
    RETURN NEXT format('Run %s, %s; PostgreSQL %s, %s, %s cores', run ->> 'run_id', run ->> 'status',
        (run -> 'environment' ->> 'pg_version_num')::int / 10000,
        run -> 'environment' ->> 'cpu_model', run -> 'environment' ->> 'cores');
    RETURN NEXT '';
    RETURN NEXT '| benchmark | status | median ms | spread (MAD) ms | rounds | MB/s | peak memory | ratio | remarks |';
    RETURN NEXT '|---|---|--:|--:|--:|--:|--:|---|---|';
    FOREACH x IN ARRAY lines LOOP
        RETURN NEXT spout_bench.markdown(ARRAY[x ->> 'name', x ->> 'status', spout_bench.milliseconds(x -> 'median_time'),
            spout_bench.milliseconds(x -> 'stats' -> 'mad'), x ->> 'iterations', round((x ->> 'mb_per_s')::numeric)::text,
            spout_bench.human(x -> 'peak_memory', 'B'), concat_ws(' ', x ->> 'ratio', x ->> 'verdict'),
                concat_ws('; ', spout_bench.words(x -> 'flags', ', '), x ->> 'message')]);
    END LOOP;
END
$$;
