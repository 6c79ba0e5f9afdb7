-- The grade of a finished item, and what is wrong with it: thresholds first, then the bounds of its adapter type.
CREATE FUNCTION spout_bench.judged(item pg_catalog.jsonb, adapter_type pg_catalog.text, settings pg_catalog.jsonb,
    thresholds pg_catalog.jsonb)
RETURNS TABLE (grade pg_catalog.text, message pg_catalog.text)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    t record;
    seconds text; -- how times are written
    memory_bound float8 := (settings ->> ('max_memory_' || adapter_type))::float8;
    os_peak float8 := (item ->> 'os_peak')::float8;
BEGIN
    FOR t IN SELECT key, value::text::float8 AS bound, (item ->> key)::float8 AS value FROM jsonb_each(thresholds) ORDER BY key LOOP
        IF t.value > t.bound THEN
            grade := 'red';
            seconds := CASE WHEN t.bound < 0.001 THEN 'FM990.0000000' ELSE 'FM999999990.0000' END;
            message := CASE WHEN t.key LIKE '%_time'
                THEN format('Performance regression detected: %s %ss exceeds threshold of %ss', replace(t.key, '_', ' '),
                    to_char(t.value, seconds), to_char(t.bound, seconds))
                ELSE format('Memory limit exceeded: %s %s MB exceeds threshold of %s MB', replace(t.key, '_', ' '),
                    to_char(t.value / 1e6, 'FM999999990.0'), to_char(t.bound / 1e6, 'FM999999990.0')) END;
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
    IF os_peak > memory_bound THEN
        grade := 'red';
        message := format('Memory limit exceeded: peak growth %s MB exceeds %s MB for adapter type %s',
            to_char(os_peak / 1e6, 'FM999999990.0'), to_char(memory_bound / 1e6, 'FM999999990.0'), adapter_type);
    ELSIF (item ->> 'net_memory')::bigint > 65536 THEN
        grade := 'red';
        message := format('Memory leak detected: %s bytes were not given back', item ->> 'net_memory')
            || coalesce(' at ' || (item -> 'top_allocations' -> 0 ->> 'file') || ':' || (item -> 'top_allocations' -> 0 ->> 'line'), '');
    ELSIF os_peak > 0.8 * memory_bound OR (item ->> 'net_memory')::bigint > 0 THEN
        grade := 'yellow';
    ELSE
        grade := 'green';
    END IF;
    RETURN NEXT;
END
$$;

-- What two passes of one benchmark say that more rows do to memory; null: nothing. Once some blocks are full, from 10000 rows, the peak
-- stays; what memory contexts keep for good stays from the first row.
CREATE FUNCTION spout_bench.growth(fewer pg_catalog.jsonb, more pg_catalog.jsonb)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT 'Memory grows with rows: ' || CASE
        WHEN (more ->> 'context_growth')::int8 > (fewer ->> 'context_growth')::int8 + 65536
            THEN format('memory contexts keep %s bytes after %s rows, %s after %s', fewer ->> 'context_growth', fewer ->> 'rows',
                more ->> 'context_growth', more ->> 'rows')
        WHEN (fewer ->> 'rows')::int8 >= 10000 AND (more ->> 'peak_memory')::float8 > 1.05 * (fewer ->> 'peak_memory')::float8
            AND (more ->> 'peak_memory')::int8 > (fewer ->> 'peak_memory')::int8 + 65536
            THEN format('peak %s bytes at %s rows, %s at %s', fewer ->> 'peak_memory', fewer ->> 'rows', more ->> 'peak_memory',
                more ->> 'rows')
        WHEN (fewer ->> 'rows')::int8 >= 10000 AND (more ->> 'private_peak')::int8 > (fewer ->> 'private_peak')::int8 + 8388608
            THEN format('private memory %s bytes at %s rows, %s at %s', fewer ->> 'private_peak', fewer ->> 'rows',
                more ->> 'private_peak', more ->> 'rows') END;
END;

-- A benchmark as it was measured, red when its memory grows beside another size of the same. Sizes come in any order: the later one tells.
CREATE FUNCTION spout_bench.grown(made pg_catalog.jsonb, finished pg_catalog.jsonb[])
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    problem text;
BEGIN
    IF made -> 'item' ->> 'status' = 'ok' AND made ->> 'memory' IS NOT NULL THEN
        WITH passes AS (
            SELECT n, x -> 'item' -> 'rows' AS rows, jsonb_build_object('rows', x -> 'item' -> 'rows', 'peak_memory',
                x -> 'memory' -> 'peak_memory', 'context_growth', x -> 'item' -> 'detail' -> 'context_growth',
                'private_peak', x -> 'item' -> 'detail' -> 'os' -> 'peak_low') AS pass
            FROM unnest(finished || made) WITH ORDINALITY u (x, n)
            WHERE x ->> 'memory' IS NOT NULL AND x -> 'item' ->> 'rows' IS NOT NULL AND regexp_replace(x -> 'item' ->> 'name',
                '\d+$', '') = regexp_replace(made -> 'item' ->> 'name', '\d+$', ''))
        SELECT spout_bench.growth(CASE WHEN p.rows < this.rows THEN p.pass ELSE this.pass END, CASE WHEN p.rows < this.rows
            THEN this.pass ELSE p.pass END)
            INTO problem FROM passes p JOIN passes this ON this.n = cardinality(finished) + 1 AND p.n < this.n
                ORDER BY 1 NULLS LAST LIMIT 1;
    END IF;
    RETURN CASE WHEN problem IS NULL THEN made ELSE jsonb_set(made, '{item}', (made -> 'item') || jsonb_build_object('status',
        'failed', 'grade', 'red', 'message', problem)) END;
END
$$;
