-- records.sql - the reference table of every speed figure: deterministic, the same bytes on every machine.
-- Run with psql -v rows=N. 10,000,000 rows are about 1.5 GB as CSV. No random(): every value is a hash of
-- the row number, so that two clusters, two versions and two years compare the same rows.
-- Values repeat as real ones do (names from a list, few tags, rounded readings), so that no codec lives
-- on constants and none fails on noise.
\set ON_ERROR_STOP on
\if :{?rows}
\else
  \set rows 10000000
\endif

-- With wal_level minimal a table made in the loading transaction is not logged: half the time.
BEGIN;
CREATE TABLE records (
    id         bigserial PRIMARY KEY,
    created_at timestamptz,
    name       varchar(255),
    value      decimal(18,4),
    metadata   jsonb
);
ALTER TABLE records SET (autovacuum_enabled = off);

INSERT INTO records
SELECT i,
       timestamptz '2024-01-01 00:00:00+00' + (i * 1500 + a % 1500) * interval '1 millisecond'
                                            + (b % 1000) * interval '1 microsecond',
       (ARRAY['pump','valve','motor','sensor','boiler','mixer','drum','press'])[1 + a % 8]
           || '-' || lpad((b % 100000)::text, 5, '0')
           || (ARRAY[' north hall',' south hall',' yard',' outer depot'])[1 + (a >> 8) % 4],
       ((c % 20000000000) - 5000000000)::numeric / 10000,
       jsonb_build_object(
           'ok', c % 10 <> 0,
           'at', jsonb_build_object('x', round(((b >> 17) % 20000)::numeric / 10, 1), 'y', (c >> 35) % 1000),
           'tag', (ARRAY['new', 'hot', 'spare', 'to be checked'])[1 + (a >> 20) % 4])
FROM generate_series(1::bigint, :rows) AS i,
     LATERAL (SELECT hashint8extended(i, 1) & 9223372036854775807 AS a,
                     hashint8extended(i, 2) & 9223372036854775807 AS b,
                     hashint8extended(i, 3) & 9223372036854775807 AS c) AS h;

SELECT setval('records_id_seq', :rows) AS rows_loaded \gset
COMMIT;
-- Frozen and all-visible: no run pays for hint bits, none writes a page while it reads.
VACUUM (FREEZE, ANALYZE) records;
CHECKPOINT;
