\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- Values in every form a table keeps them in: short and long headers, compressed, stored elsewhere, NULL. Rows
-- of one form stand between rows of another, so that every way of reading a row follows every other.
CREATE TEMP TABLE stored (id int, word text, far text, near bytea, digits numeric, doc jsonb, flag boolean, day date, key uuid, ratio float8);
ALTER TABLE stored ALTER far SET STORAGE EXTERNAL, ALTER near SET STORAGE EXTERNAL;
INSERT INTO stored
SELECT n, repeat('w', size), repeat(md5(n::text), size / 32), decode(repeat('0f', size), 'hex'),
       CASE WHEN n % 5 = 0 THEN repeat('7', size)::numeric ELSE n / 8.0 END,
       CASE WHEN n % 4 = 0 THEN jsonb_build_object('n', n, 'text', repeat('j', size)) ELSE to_jsonb(n) END,
       n % 2 = 0, date '2000-01-01' + n, md5(n::text)::uuid, n / 7.0
FROM generate_series(1, 300) n, LATERAL (SELECT (ARRAY[3, 40, 200, 3000, 20000, 100000])[1 + n % 6]) AS s (size);
INSERT INTO stored SELECT n FROM generate_series(301, 310) n;
SELECT bool_or(pg_column_compression(word) IS NOT NULL) AS compressed, bool_or(pg_column_size(far) > 90000) AS external,
    bool_or(pg_column_compression(digits) IS NOT NULL) AS compressed_digits,
    bool_or(pg_column_compression(doc) IS NOT NULL) AS compressed_doc FROM stored;

-- The same rows with every value made anew: none is compressed or elsewhere.
\set same 'SELECT id, word || '''' AS word, far || '''' AS far, near || '''' AS near, digits + 0 AS digits, CASE jsonb_typeof(doc) WHEN ''object'' THEN doc || ''{}'' ELSE doc END AS doc, flag, day, key, ratio FROM stored'
SELECT a.rows, a.bytes = b.bytes AS same_size, a.crc32c = b.crc32c AS same_bytes
FROM export_to_avro('SELECT * FROM stored', pg_temp.out('stored.avro'), 'null', options => '{"sync_marker": "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e"}') a,
    export_to_avro(:'same', pg_temp.out('anew.avro'), 'null', options => '{"sync_marker": "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e"}') b;
SELECT ok, rows FROM verify_export(pg_temp.out('stored.avro'));
\set csv `echo "$SPOUT_OUT/stored.csv"`
COPY (SELECT * FROM stored) TO :'csv' WITH (FORMAT csv, sync off);
CREATE TEMP TABLE ours (LIKE stored);
COPY ours FROM :'csv' WITH (FORMAT csv);
SELECT count(*) AS differ FROM ((TABLE stored EXCEPT TABLE ours) UNION ALL (TABLE ours EXCEPT TABLE stored)) d;

-- Which value is refused is told the same on either way.
SELECT pg_temp.try($$COPY (SELECT word, CASE id WHEN 7 THEN 'NaN'::numeric(8,3) ELSE id END::numeric(8,3) AS d FROM stored WHERE id < 10 ORDER BY id) TO '$OUT/x.avro' WITH (FORMAT avro, on_nan error, if_exists replace)$$);
SELECT pg_temp.try($$COPY (SELECT word, CASE id WHEN 4 THEN 'infinity' ELSE day END::timestamp AS d FROM stored WHERE id < 10 ORDER BY id) TO '$OUT/x.avro' WITH (FORMAT avro)$$);
