CREATE FUNCTION spout_bench.run_all(benchmark_type pg_catalog.text, adapter_type pg_catalog.text, extended pg_catalog.bool,
    output_format pg_catalog.text, names pg_catalog.text,
    formats pg_catalog.text[], baseline pg_catalog.text, config pg_catalog.jsonb, label pg_catalog.text,
        commit_hash pg_catalog.text, search_path pg_catalog.text)
RETURNS SETOF pg_catalog.text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    arguments jsonb := jsonb_build_object('benchmark_type', benchmark_type, 'adapter_type', adapter_type, 'extended', extended,
        'output_format', output_format, 'names', names,
        'formats', formats, 'baseline', baseline, 'config', config, 'key', gen_random_uuid());
    settings jsonb;
    environment jsonb;
    started timestamptz := clock_timestamp();
    budget float8;
    spent float8;
    run jsonb;
    keep boolean;
    chosen jsonb;
    todo int;
    ord int := 0;
    one jsonb;
    task jsonb;
    problem text;
    missing jsonb := '{}';
    pending jsonb[] := '{}'; -- begun, and not yet recorded
    profiles jsonb;
    made jsonb;
    finished jsonb[] := '{}';
    recorded jsonb := '{"sent": 0, "committed": 0, "rejected": 0}';
    before jsonb;
    after jsonb;
BEGIN
    IF benchmark_type IS NULL OR benchmark_type NOT IN ('time', 'memory', 'combined', 'all') THEN
        RAISE EXCEPTION 'unknown benchmark type "%"', benchmark_type USING ERRCODE = '22023',
            HINT = 'Types are time, memory, combined, all.';
    ELSIF adapter_type IS NULL OR adapter_type NOT IN ('core', 'db', 'async', 'all') THEN
        RAISE EXCEPTION 'unknown adapter type "%"', adapter_type USING ERRCODE = '22023', HINT = 'Adapter types are core, db, async, all.';
    ELSIF output_format IS NULL OR output_format NOT IN ('console', 'json', 'csv') THEN
        RAISE EXCEPTION 'unknown output format "%"', output_format USING ERRCODE = '22023', HINT = 'Output formats are console, json, csv.';
    ELSIF length(commit_hash) > 40 THEN
        RAISE EXCEPTION 'a commit hash has at most 40 characters' USING ERRCODE = '22023';
    END IF;
    SELECT f INTO problem FROM unnest(formats) f WHERE f IS NULL OR NOT (f = ANY (spout_bench.formats())
        OR f IN ('native_text', 'native_csv', 'native_binary')) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'unknown format "%"', problem USING ERRCODE = '22023', HINT = 'Formats are '
            || array_to_string(spout_bench.formats(), ', ') || ', native_text, native_csv, native_binary.';
    END IF;
    PERFORM '' ~ names;
    settings := spout_bench.settings(config, NULL, extended);
    budget := spout_bench.budget(settings);
    keep := (settings ->> 'autosave')::bool;
    SELECT coalesce(jsonb_agg(to_jsonb(s) || jsonb_build_object('wants', CASE WHEN run_all.benchmark_type <> 'all'
        AND s.benchmark_type = 'all' THEN run_all.benchmark_type ELSE s.benchmark_type END) ORDER BY s.ordinality), '[]')
        INTO chosen FROM spout_bench.selected(run_all.benchmark_type, run_all.adapter_type, extended, names, formats, config) WITH
            ORDINALITY s;
    todo := jsonb_array_length(chosen);
    environment := spout_bench.environment(settings ->> 'directory') || jsonb_build_object('seed', settings -> 'seed', 'timer',
        settings -> 'timer');
    -- Nothing to do: nothing to record.
    IF todo = 0 THEN
        problem := CASE WHEN adapter_type = 'async' THEN 'no benchmark of adapter type async is registered'
            WHEN benchmark_type = 'combined' THEN 'no combined benchmark is registered' ELSE 'no registered benchmark fits' END;
        IF output_format = 'csv' THEN
            RAISE WARNING '%', problem;
        END IF;
        RETURN QUERY SELECT spout_bench.output(spout_bench.whole(jsonb_build_object('environment', environment), finished, NULL,
            ARRAY[problem], recorded), output_format);
        RETURN;
    END IF;
    -- The lock alone would let the session in that has it: a benchmark that runs benchmarks.
    IF EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid()
        AND l.classid = '@extschema@.benchmark_runs'::regclass AND l.objid = 0 AND l.objsubid = 2)
        OR NOT pg_try_advisory_lock('@extschema@.benchmark_runs'::regclass::oid::int, 0) THEN
        RAISE EXCEPTION 'benchmarks are running in this database already' USING ERRCODE = '55006',
            HINT = 'Two runs at once would measure each other; see table benchmark_runs.';
    END IF;
    BEGIN
        before := spout_bench.flush(10);
        environment := environment || jsonb_build_object('noise_floor', spout_bench.noise(chosen, budget));
        run := jsonb_build_object('run_id', CASE WHEN keep THEN spout_bench.id('@extschema@.benchmark_runs_run_id_seq') END,
            'commit_hash', commit_hash, 'environment', environment, 'search_path', search_path);
        IF keep THEN
            PERFORM spout_bench.send(jsonb_build_object('abort_but', arguments -> 'key', 'run',
                jsonb_build_object('run_id', run -> 'run_id', 'status', 'running',
                'started', started, 'requested_by', current_user, 'arguments', arguments, 'label', label, 'commit_hash',
                    commit_hash, 'fingerprint', spout_bench.fingerprint(environment), 'environment', environment)));
        END IF;
        RAISE LOG 'benchmarks start: %', environment;
        -- Open work of the checkpointer is done before we measure, where we may ask for it.
        IF (settings ->> 'disable_gc')::bool AND pg_has_role(current_user, 'pg_checkpoint', 'USAGE') THEN
            EXECUTE 'CHECKPOINT';
        END IF;
        FOR one IN SELECT x FROM jsonb_array_elements(chosen) x LOOP
            ord := ord + 1;
            spent := extract(epoch FROM clock_timestamp() - started);
            problem := CASE WHEN spent > 1.2 * budget THEN 'budget spent' ELSE spout_bench.unmet(one -> 'requires',
                one -> 'settings' ->> 'directory') END;
            IF problem IS NULL AND one ->> 'owner' IS NULL THEN
                IF NOT missing ? (one ->> 'rows') THEN
                    missing := missing || jsonb_build_object(one ->> 'rows', spout_bench.prepare((one ->> 'rows')::bigint,
                        one -> 'settings'));
                END IF;
                problem := missing ->> (one ->> 'rows');
            END IF;
            one := one || jsonb_build_object('ord', ord, 'problem', problem);
            pending := pending || one;
            IF problem IS NULL THEN
                task := spout_bench.task(one, greatest(0.05, least((one -> 'settings' ->> 'max_time')::float8,
                    0.8 * (budget - spent) / (todo - ord + 1))), search_path);
                IF one ->> 'wants' <> 'memory' THEN
                    one := one || jsonb_build_object('timed', spout_bench.execute(task));
                END IF;
                IF one ->> 'wants' IN ('memory', 'all') AND coalesce(one -> 'timed' ->> 'status', 'ok') = 'ok' THEN
                    one := one || jsonb_build_object('profile', task || '{"memory": true}');
                END IF;
                pending[cardinality(pending)] := one;
            END IF;
            CONTINUE WHEN ord < todo AND cardinality(pending) < (settings ->> 'parallel')::int;
            -- Times were taken one by one; memory does not mind company.
            profiles := spout_bench.execute((SELECT coalesce(jsonb_agg(x -> 'profile' ORDER BY n), '[]') FROM unnest(pending) WITH
                ORDINALITY u (x, n) WHERE x ? 'profile'));
            FOREACH one IN ARRAY pending LOOP
                made := spout_bench.grown(spout_bench.measured(one, CASE WHEN one ? 'profile' THEN profiles -> 0 END, run), finished);
                profiles := CASE WHEN one ? 'profile' THEN profiles - 0 ELSE profiles END;
                IF keep THEN
                    PERFORM spout_bench.store(made, arguments -> 'key');
                END IF;
                finished := finished || made;
                pending := pending[2:];
                IF extended THEN
                    RAISE LOG 'benchmark % of %: % %', one ->> 'ord', todo, one ->> 'name', made -> 'item' ->> 'status';
                END IF;
            END LOOP;
        END LOOP;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        IF keep THEN
            FOREACH one IN ARRAY pending LOOP
                PERFORM spout_bench.store(spout_bench.measured(one || '{"cancelled": true}', NULL, run), arguments -> 'key');
            END LOOP;
            PERFORM spout_bench.send(jsonb_build_object('key', arguments -> 'key', 'finish',
                jsonb_build_object('run_id', run -> 'run_id', 'status', CASE SQLSTATE WHEN '57014' THEN 'cancelled'
                ELSE 'aborted' END, 'finished', clock_timestamp())));
        END IF;
        PERFORM pg_advisory_unlock('@extschema@.benchmark_runs'::regclass::oid::int, 0);
        PERFORM spout_bench.flush(CASE WHEN keep THEN 5 ELSE 0 END);
        RAISE;
    END;
    IF keep THEN
        PERFORM spout_bench.send(jsonb_build_object('key', arguments -> 'key', 'finish',
            jsonb_build_object('run_id', run -> 'run_id', 'status', 'done', 'finished', clock_timestamp())));
    END IF;
    PERFORM pg_advisory_unlock('@extschema@.benchmark_runs'::regclass::oid::int, 0);
    after := spout_bench.flush(CASE WHEN keep THEN 10 ELSE 0 END);
    SELECT jsonb_object_agg(k, (after ->> k)::bigint - (before ->> k)::bigint) INTO recorded FROM jsonb_object_keys(recorded) k;
    RETURN QUERY SELECT spout_bench.output(spout_bench.whole(run, finished, baseline, '{}', recorded), output_format);
END
$$;

CREATE FUNCTION @extschema@.run_benchmarks(
    benchmark_type pg_catalog.text DEFAULT 'all',
    adapter_type pg_catalog.text DEFAULT 'all',
    extended pg_catalog.bool DEFAULT false,
    output_format pg_catalog.text DEFAULT 'console',
    names pg_catalog.text DEFAULT NULL,
    formats pg_catalog.text[] DEFAULT NULL,
    baseline pg_catalog.text DEFAULT NULL,
    config pg_catalog.jsonb DEFAULT '{}',
    label pg_catalog.text DEFAULT NULL,
    commit_hash pg_catalog.text DEFAULT NULL)
RETURNS SETOF pg_catalog.text
LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    -- Benchmarks of users run under the caller's search path.
    SELECT spout_bench.run_all(benchmark_type, adapter_type, coalesce(extended, false), output_format, names, formats, baseline,
        config, label, commit_hash, current_setting('search_path'));
END;
COMMENT ON FUNCTION @extschema@.run_benchmarks(text, text, bool, text, text, text[], text, jsonb, text, text) IS 'measures exports, records the results past any ROLLBACK, and prints them';
