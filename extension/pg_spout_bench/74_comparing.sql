-- The bounds of stored baselines: fresh values of a metric beside those of the baseline's runs. `clean` are the fresh ones without
-- flags, which alone make a time red. `red` is the ratio that is too much, `above` of the fresh values are beyond `yellow`.
CREATE FUNCTION spout_bench.verdict(metric pg_catalog.text, base pg_catalog.float8[], fresh pg_catalog.float8[], clean pg_catalog.float8[],
    OUT middle pg_catalog.float8, OUT value pg_catalog.float8, OUT ratio pg_catalog.float8, OUT red pg_catalog.float8,
    OUT yellow pg_catalog.float8, OUT above pg_catalog.int8, OUT verdict pg_catalog.text)
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_verdict';

-- One fresh median beside a stored baseline: {"ratio", "verdict"}. One run alone never makes a regression.
CREATE FUNCTION spout_bench.against(baseline pg_catalog.text, name pg_catalog.text, fingerprint pg_catalog.text,
    definition_hash pg_catalog.text,
    median pg_catalog.float8, but_run pg_catalog.int8 DEFAULT 0)
RETURNS pg_catalog.jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object('ratio', round(v.ratio::numeric, 3),
        'verdict', CASE WHEN b.same IS NOT NULL THEN v.verdict WHEN b.n > 0 THEN 'not comparable' ELSE 'no baseline' END))
    FROM (SELECT count(*) AS n, array_agg(x.median_time) FILTER (WHERE x.fingerprint = against.fingerprint
                AND x.definition_hash = against.definition_hash) AS same
            FROM @extschema@.benchmark_history x
            WHERE x.baseline = against.baseline AND x.name = against.name AND x.run_id <> but_run
                AND x.status = 'ok' AND x.median_time IS NOT NULL) b,
        LATERAL spout_bench.verdict('median_time', b.same, ARRAY[median], NULL) v;
END;

-- Theil-Sen: the median of the slopes between any two points; NULL below three with distinct x.
CREATE FUNCTION spout_bench.slope(x pg_catalog.float8[], y pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_slope';

-- The slope of ln time on ln rows, over three sizes or more: above 1.1 the time grows faster than the rows.
CREATE FUNCTION spout_bench.super_linear(finished pg_catalog.jsonb[])
RETURNS pg_catalog.text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH t AS (SELECT regexp_replace(m -> 'item' ->> 'name', '/\d+$', '') AS family, ln((m -> 'item' ->> 'rows')::float8) AS x,
            ln((m -> 'item' ->> 'rows')::float8 / (m -> 'item' -> 'detail' ->> 'rows_per_s')::float8) AS y
        FROM unnest(finished) m WHERE m -> 'item' ->> 'rows' <> '0' AND m -> 'item' -> 'detail' ->> 'rows_per_s' <> '0'),
    s AS (SELECT family, spout_bench.slope(array_agg(x), array_agg(y)) AS slope FROM t GROUP BY 1)
    SELECT coalesce(array_agg(format('%s: super-linear, its time grows with the power %s of the rows', family,
        to_char(slope, 'FM990.00')) ORDER BY family), '{}')
    FROM s WHERE slope > 1.1;
END;

-- The dictionary of a run: its row, and of each benchmark what became of it or the tables keep.
CREATE FUNCTION spout_bench.whole(run pg_catalog.jsonb, finished pg_catalog.jsonb[], baseline pg_catalog.text,
    warnings pg_catalog.text[], recorded pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
BEGIN ATOMIC
    WITH f AS (SELECT n, nullif(m -> 'result', 'null') AS result, nullif(m -> 'memory', 'null') AS memory, m -> 'warnings' AS warnings,
            (m -> 'item') - '{samples,detail,run_id,ord}'::text[] || (m -> 'item' -> 'detail') || coalesce(spout_bench.against(baseline,
                m -> 'item' ->> 'name', coalesce(run ->> 'fingerprint', spout_bench.fingerprint(run -> 'environment')),
                    m -> 'item' ->> 'definition_hash',
                (m -> 'result' ->> 'median_time')::float8, coalesce((run ->> 'run_id')::int8, 0)), '{}') AS item
        FROM unnest(finished) WITH ORDINALITY u (m, n))
    SELECT jsonb_build_object('run_id', run -> 'run_id', 'status', coalesce(run ->> 'status', 'done'), 'environment', run -> 'environment',
        'results', coalesce(jsonb_agg(result - 'environment' || item || jsonb_build_object('peak_memory', memory -> 'peak_memory')
            ORDER BY n)
            FILTER (WHERE result IS NOT NULL), '[]'),
        'memory', coalesce(jsonb_agg(memory - 'environment' || (item - 'stats') ORDER BY n) FILTER (WHERE memory IS NOT NULL), '[]'),
        'skipped', coalesce(jsonb_agg(item - 'flags' ORDER BY n) FILTER (WHERE item ->> 'status' = 'skipped'), '[]'),
        'failed', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE item ->> 'status' NOT IN ('ok', 'skipped')), '[]'),
        'warnings', to_jsonb(whole.warnings || spout_bench.super_linear(finished)
            || ARRAY(SELECT w FROM f g, jsonb_array_elements_text(g.warnings) w ORDER BY g.n)), 'recorded', recorded)
    FROM f;
END;
