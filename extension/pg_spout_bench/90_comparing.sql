CREATE FUNCTION @extschema@.set_baseline(run_id pg_catalog.int8, name pg_catalog.text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE spout_bench.runs r SET baseline = set_baseline.name WHERE r.run_id = set_baseline.run_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no run %', run_id USING ERRCODE = '22023', HINT = 'Runs stand in table benchmark_runs.';
    END IF;
END
$$;
COMMENT ON FUNCTION @extschema@.set_baseline(int8, text) IS 'adds a run to a baseline; a NULL name takes it out';

CREATE FUNCTION spout_bench.compared(runs pg_catalog.int8[], baseline pg_catalog.text)
RETURNS TABLE (name pg_catalog.text, metric pg_catalog.text, base pg_catalog.float8, candidate pg_catalog.float8, ratio pg_catalog.float8,
    verdict pg_catalog.text, message pg_catalog.text)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing bigint;
BEGIN
    SELECT r INTO missing FROM unnest(runs) r WHERE NOT EXISTS (SELECT FROM spout_bench.runs x WHERE x.run_id = r) LIMIT 1;
    IF FOUND OR coalesce(cardinality(runs), 0) = 0 THEN
        RAISE EXCEPTION 'there is no run %', coalesce(missing::text, 'to compare') USING ERRCODE = '22023',
            HINT = 'Runs stand in table benchmark_runs.';
    ELSIF NOT EXISTS (SELECT FROM spout_bench.runs x WHERE x.baseline = compared.baseline) THEN
        RAISE EXCEPTION 'baseline "%" has no runs', baseline USING ERRCODE = '22023',
            HINT = 'set_baseline() adds them; five say what is usual.';
    END IF;
    RETURN QUERY
    WITH measured AS (
        SELECT h.name::text AS name, h.rows, h.fingerprint, h.definition_hash, h.flags, m.metric, m.value, h.run_id = ANY (runs) AS fresh
        FROM spout_bench.history h, LATERAL (VALUES ('median_time', h.median_time), ('peak_memory', h.peak_memory::float8),
            ('allocated_memory', h.allocated_memory::float8), ('net_memory', CASE WHEN h.net_memory < 0 THEN 0
                ELSE h.net_memory END::float8),
            ('bytes', h.bytes::float8)) m (metric, value)
        WHERE m.value IS NOT NULL AND (h.run_id = ANY (runs) OR h.baseline = compared.baseline AND h.status = 'ok')),
    fresh AS (
        SELECT x.name, x.metric, x.rows, x.fingerprint, x.definition_hash, array_agg(x.value) AS every,
            array_agg(x.value) FILTER (WHERE x.flags = '{}') AS clean
        FROM measured x WHERE x.fresh GROUP BY 1, 2, 3, 4, 5),
    base AS (
        SELECT x.name, x.metric, x.fingerprint, x.definition_hash, array_agg(x.value) AS every FROM measured x WHERE NOT x.fresh
            GROUP BY 1, 2, 3, 4),
    judged AS (
        SELECT f.name, f.metric, f.rows, cardinality(b.every) AS runs_before, cardinality(f.every) AS n, v.middle, v.value,
            v.ratio, v.red, v.yellow, v.above,
            CASE WHEN b.every IS NOT NULL THEN v.verdict WHEN (f.name, f.metric) IN (SELECT o.name, o.metric FROM base o)
                THEN 'not comparable'
                ELSE 'no baseline' END AS verdict
        FROM fresh f LEFT JOIN base b ON (b.name, b.metric, b.fingerprint, b.definition_hash) = (f.name, f.metric, f.fingerprint,
            f.definition_hash),
            LATERAL spout_bench.verdict(f.metric, b.every, f.every, f.clean) v),
    -- A leak that more rows make larger is one, however small.
    grown AS (
        SELECT j.*, j.metric = 'net_memory' AND j.verdict IN ('inconclusive', 'regression') AND EXISTS (SELECT FROM judged s
            WHERE s.metric = j.metric
            AND s.rows < j.rows AND s.value < j.value AND regexp_replace(s.name, '\d+$', '') = regexp_replace(j.name, '\d+$', '')) AS grows
        FROM judged j),
    final AS (
        SELECT g.*, CASE WHEN g.grows THEN 'regression' ELSE g.verdict END AS verdict_now,
            format('%s: %s ratio %s vs baseline %s', g.name, g.metric, to_char(g.ratio, 'FM9999990.00'), baseline) AS text
        FROM grown g)
    SELECT f.name, f.metric, f.middle, f.value, f.ratio, f.verdict_now, CASE
        WHEN f.verdict = 'not comparable' THEN format('%s: baseline %s was measured on another machine, build or definition',
            f.name, baseline)
        WHEN f.verdict = 'no baseline' THEN format('%s: not in baseline %s', f.name, baseline)
        WHEN f.metric = 'net_memory' AND f.value > 0 THEN format('%s: net_memory %s bytes were not given back%s', f.name, f.value,
            CASE WHEN f.grows THEN ', more with more rows' ELSE '' END)
        WHEN f.verdict = 'regression' THEN format('%s exceeds %s', f.text, to_char(f.red, 'FM9990.00'))
        WHEN f.verdict = 'inconclusive' AND f.metric = 'median_time' THEN f.text
            || CASE WHEN f.above > 0 THEN format(', %s of %s runs above %s', f.above, f.n, to_char(f.yellow, 'FM9990.00')) ELSE '' END
            || CASE WHEN f.runs_before < 5 OR f.n < 3 THEN ': more runs decide' ELSE ': noisy, rerun' END
        WHEN f.verdict = 'inconclusive' THEN f.text || ': look at it' END
    FROM final f
    UNION ALL
    SELECT m.name, NULL, NULL, NULL, NULL, 'not measured', format('%s: in baseline %s, now %s', m.name, baseline, coalesce(
        (SELECT concat_ws(': ', i.status, i.message) FROM spout_bench.items i WHERE i.run_id = ANY (runs) AND i.name = m.name
            ORDER BY i.run_id DESC LIMIT 1), 'not measured'))
    FROM (SELECT b.name FROM base b EXCEPT SELECT f.name FROM fresh f) m
    ORDER BY 1, 2;
END
$$;

CREATE FUNCTION @extschema@.compare_benchmarks(runs pg_catalog.int8[], baseline pg_catalog.text DEFAULT 'main')
RETURNS TABLE (name pg_catalog.text, metric pg_catalog.text, base pg_catalog.float8, candidate pg_catalog.float8, ratio pg_catalog.float8,
    verdict pg_catalog.text, message pg_catalog.text)
LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
BEGIN ATOMIC
    SELECT * FROM spout_bench.compared(runs, baseline);
END;
COMMENT ON FUNCTION @extschema@.compare_benchmarks(int8[], text)
    IS 'fresh runs beside a stored baseline of the same machine and definition';

-- {"median_time": "10%", "peak_memory": "64kB"} as bounds: of the ratio, or of the growth in bytes.
CREATE FUNCTION spout_bench.bounds(fail_on pg_catalog.jsonb)
RETURNS TABLE (metric pg_catalog.text, share pg_catalog.float8, bytes pg_catalog.float8)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    item record;
BEGIN
    IF fail_on IS NULL THEN
        RETURN;
    ELSIF jsonb_typeof(fail_on) <> 'object' THEN
        RAISE EXCEPTION 'argument "fail_on" is not a JSON object' USING ERRCODE = '22023',
            HINT = 'Write for example {"median_time": "10%"}.';
    END IF;
    FOR item IN SELECT e.key, e.value #>> '{}' AS word FROM jsonb_each(fail_on) e LOOP
        metric := item.key;
        share := NULL;
        bytes := NULL;
        IF item.word ~ '^\d{1,6}(\.\d{1,4})?\s*%$' THEN
            share := rtrim(item.word, ' %')::float8 / 100;
        ELSIF item.key <> 'median_time' THEN
            bytes := spout_bench.bytes(item.word);
        END IF;
        IF metric NOT IN ('median_time', 'peak_memory', 'allocated_memory', 'net_memory', 'bytes') OR (share IS NULL AND bytes IS NULL) THEN
            RAISE EXCEPTION 'impossible bound "%": "%"', item.key, item.word USING ERRCODE = '22023',
                HINT = 'Metrics are median_time, peak_memory, allocated_memory, net_memory, bytes;'
                    ' bounds look like "10%" or, for all but times, "64kB".';
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE FUNCTION @extschema@.gate_benchmarks(runs pg_catalog.int8[], baseline pg_catalog.text DEFAULT 'main',
    fail_on pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bad text[];
    failed text[];
    measured int;
    doubtful int;
    uncompared int;
BEGIN
    PERFORM spout_bench.bounds(fail_on);
    SELECT array_agg(CASE WHEN fail_on IS NULL THEN c.message ELSE format('%s: %s %s vs baseline %s exceeds %s', c.name, c.metric,
                coalesce('ratio ' || to_char(c.ratio, 'FM9999990.00'), c.candidate || ' bytes'), baseline,
                    fail_on ->> c.metric) END ORDER BY c.name, c.metric)
            FILTER (WHERE CASE WHEN fail_on IS NULL THEN c.verdict = 'regression'
                ELSE c.candidate > c.base * (1 + b.share) OR c.candidate > c.base + b.bytes END),
        count(DISTINCT c.name) FILTER (WHERE c.base IS NOT NULL), count(DISTINCT c.name) FILTER (WHERE c.verdict = 'inconclusive'
            OR EXISTS (SELECT FROM spout_bench.items i WHERE i.run_id = ANY (runs) AND i.name = c.name
                AND i.status = 'failed' AND i.grade = 'yellow')),
        count(DISTINCT c.name)
    INTO bad, measured, doubtful, uncompared
    FROM spout_bench.compared(runs, baseline) c LEFT JOIN spout_bench.bounds(fail_on) b USING (metric);
    uncompared := uncompared - measured;
    -- A time that a flag makes doubtful fails nothing.
    SELECT array_agg(format('%s: %s', i.name, coalesce(i.message, i.status)) ORDER BY i.name, i.run_id) INTO failed
        FROM spout_bench.items i WHERE i.run_id = ANY (runs) AND i.status IN ('failed', 'timeout', 'cancelled')
            AND i.grade IS DISTINCT FROM 'yellow';
    bad := coalesce(bad, '{}') || coalesce(failed, '{}');
    IF bad <> '{}' THEN
        RAISE EXCEPTION '%', array_to_string(bad, E'\n') USING ERRCODE = 'P0004';
    END IF;
    RETURN format('%s benchmarks pass against baseline %s: %s doubtful, %s not compared', measured, baseline, doubtful, uncompared);
END
$$;
COMMENT ON FUNCTION @extschema@.gate_benchmarks(int8[], text, jsonb)
    IS 'one line when runs are no worse than a baseline, else an error with all that is';

CREATE FUNCTION @extschema@.benchmark_report(
    run_id pg_catalog.int8 DEFAULT NULL,
    output_format pg_catalog.text DEFAULT 'console',
    baseline pg_catalog.text DEFAULT NULL,
    slowest pg_catalog.int4 DEFAULT 5)
RETURNS SETOF pg_catalog.text
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    chosen bigint := coalesce(run_id, (SELECT max(r.run_id) FROM spout_bench.runs r));
    run jsonb;
BEGIN
    IF output_format IS NULL OR output_format NOT IN ('console', 'json', 'csv', 'markdown') THEN
        RAISE EXCEPTION 'unknown output format "%"', output_format USING ERRCODE = '22023',
            HINT = 'Output formats are console, json, csv, markdown.';
    END IF;
    SELECT spout_bench.whole(to_jsonb(r), i.stored, benchmark_report.baseline, '{}', jsonb_build_object('sent', i.n, 'committed',
        i.n, 'rejected', 0)) INTO run
    FROM spout_bench.runs r, LATERAL (
        SELECT count(*) AS n, array_agg(jsonb_build_object('item', to_jsonb(x) - 'samples', 'result', to_jsonb(t), 'memory', to_jsonb(m),
            'warnings', coalesce(x.detail -> 'warnings', '[]')) ORDER BY x.ord) AS stored
        FROM spout_bench.items x LEFT JOIN spout_bench.results t ON t.id = x.result_id
            LEFT JOIN spout_bench.memory_results m ON m.id = x.memory_result_id
        WHERE x.run_id = r.run_id) i
    WHERE r.run_id = chosen;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no run %', coalesce(chosen::text, 'to report') USING ERRCODE = '22023',
            HINT = 'run_benchmarks() makes one.';
    END IF;
    RETURN QUERY SELECT spout_bench.output(run, output_format, greatest(slowest, 0));
END
$$;
COMMENT ON FUNCTION @extschema@.benchmark_report(int8, text, text, int4)
    IS 'prints a stored run, the last one if none is named';
