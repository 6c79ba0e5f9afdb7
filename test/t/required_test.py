#!/usr/bin/env python3
"""required_test.py - option required: no query has a NULL where the schema says there is none, and an older snapshot that has one
is an error. The random queries come from SPOUT_SEED and there are SPOUT_REQUIRED_QUERIES of them."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster, SqlError  # noqa: E402

CASES = int(os.environ.get("SPOUT_REQUIRED_QUERIES", "1000"))
TABLES = ("a", "b", "c", "v", "p")
c = None


def setup_module():
    global c
    c = Cluster(preload=True, conf={"jit": "off"})
    c.psql("""CREATE EXTENSION pg_spout;
        CREATE TABLE a (x int NOT NULL, y int, z text NOT NULL);
        CREATE TABLE b (x int PRIMARY KEY, y int NOT NULL, z text);
        CREATE TABLE c (x int, y int, z text NOT NULL);
        CREATE VIEW v AS SELECT a.x, b.y, b.z || '' AS z FROM a LEFT JOIN b USING (x);
        CREATE TABLE p (x int NOT NULL, y int, z text NOT NULL) PARTITION BY LIST (x);
        CREATE TABLE p1 PARTITION OF p DEFAULT;
        INSERT INTO a VALUES (1, NULL, 'a'), (2, 2, 'b'), (2, 3, 'c');
        INSERT INTO b VALUES (1, 1, NULL), (3, 3, 'b');
        INSERT INTO c VALUES (NULL, NULL, 'c'), (2, NULL, 'x'), (3, 3, 'a');
        INSERT INTO p VALUES (1, NULL, 'a'), (4, 4, 'd');
        -- Fields without a null branch; the rows of each query are judged by the server, and by the export itself.
        CREATE FUNCTION judge(queries text[], OUT required int, OUT wrong text[]) LANGUAGE plpgsql AS $$
        DECLARE q text; f text; bad bigint;
        BEGIN
            required := 0;
            FOREACH q IN ARRAY queries LOOP
                FOR f IN SELECT e ->> 'name' FROM describe_export(q, 'avro', '{"required": "auto"}'), jsonb_array_elements(target_type::jsonb -> 'fields') e
                         WHERE ordinal = 0 AND e -> 'type' ->> 0 IS DISTINCT FROM 'null' LOOP
                    required := required + 1;
                    EXECUTE format('SELECT count(*) FROM (%s) q WHERE %I IS NULL', q, f) INTO bad;
                    IF bad > 0 THEN wrong := wrong || (f || ': ' || q); END IF;
                END LOOP;
                EXECUTE format('COPY (%s) TO ''/dev/null'' (FORMAT avro, REQUIRED auto)', q);
            END LOOP;
        END $$""")


def teardown_module():
    c.remove()


class Queries:
    """Every relation of its FROM clauses has columns x, y (int) and z (text)."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = 0

    def one_of(self, *choices):
        return self.random.choice(choices)

    def relation(self, depth, earlier):
        """(SQL, names of relations whose columns it has)."""
        self.names += 1
        name = "r%d" % self.names
        if depth == 0 or self.random.random() < 0.3:
            return "%s %s" % (self.one_of(*TABLES), name), [name]
        if self.random.random() < 0.35:
            lateral = earlier if self.random.random() < 0.5 else []
            return "LATERAL (%s) %s" % (self.query(depth - 1, lateral), name), [name]
        left, names = self.relation(depth - 1, earlier)
        kind = self.one_of("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
        right, more = self.relation(depth - 1, [])
        condition = self.one_of("ON true", "ON false", "ON %s.x = %s.x" % (names[0], more[0])) if kind != "FULL JOIN" \
            else "ON %s.x = %s.x" % (names[0], more[0])
        if len(names) == len(more) == 1 and self.random.random() < 0.3:
            return "(%s %s %s USING (x, y, z)) %s" % (left, kind, right, name), [name]
        return "(%s %s %s %s)" % (left, kind, right, condition), names + more

    def expression(self, column, names):
        def plain():
            return "%s.%s" % (self.one_of(*names), column)
        if self.random.random() < 0.6:
            return plain()
        other = "'k'" if column == "z" else "7"
        return self.one_of("COALESCE(%s, %s)" % (plain(), self.one_of(plain(), other)), "NULLIF(%s, %s)" % (plain(), other),
                           "CASE WHEN %s IS NULL THEN %s ELSE %s END" % (plain(), self.one_of(plain(), other), plain()),
                           "GREATEST(%s, %s)" % (plain(), plain()), other, "(SELECT max(%s) FROM b)" % column)

    def query(self, depth, outside=()):
        if depth and self.random.random() < 0.2:
            word = self.one_of("UNION ALL", "UNION", "EXCEPT", "INTERSECT")
            return "(%s) %s (%s)" % (self.query(depth - 1, outside), word, self.query(depth - 1, outside))
        sources, names = [], []
        for _ in range(self.one_of(1, 1, 2)):
            sql, more = self.relation(depth, names)
            sources.append(sql)
            names += more
        names += outside
        columns = ["%s AS %s" % (self.expression(n, names), n) for n in ("x", "y", "z")]
        if self.random.random() < 0.15:
            keys = ["%s.%s" % (names[0], n) for n in ("x", "y", "z")]
            return "SELECT %s AS x, %s AS y, max(%s) AS z FROM %s GROUP BY %s" % (
                keys[0], self.one_of(keys[1], "count(*)::int", "min(%s)" % keys[1]), keys[2], ", ".join(sources),
                self.one_of("%s, %s" % tuple(keys[:2]), "ROLLUP (%s, %s)" % tuple(keys[:2])))
        with_clause = ""
        if not outside and self.random.random() < 0.2:
            with_clause = "WITH w AS %s(SELECT * FROM %s) " % (self.one_of("", "MATERIALIZED "), self.one_of(*TABLES))
            sources[0] = "w " + "w0 CROSS JOIN " + sources[0]
            columns[0] = self.one_of("w0.x AS x", columns[0])
        return "%sSELECT %s FROM %s%s" % (with_clause, ", ".join(columns), ", ".join(sources), self.one_of("", "", " WHERE %s.x > 1" % names[0]))


def test_no_required_column_of_any_query_has_a_null():
    seed = int(os.environ.get("SPOUT_SEED") or random.randrange(1 << 30))
    queries = [Queries(seed + i).query(2) for i in range(CASES)]
    text = "ARRAY[%s]" % ", ".join("$q$%s$q$" % q for q in queries)
    (required, wrong), = c.psql("SELECT * FROM judge(%s)" % text)
    assert wrong is None, "seed %d: %s" % (seed, wrong)
    assert int(required) > CASES / 2, (seed, required)  # else nothing was tried


def test_a_snapshot_older_than_the_not_null():
    c.psql("CREATE TABLE late (id int); INSERT INTO late VALUES (1), (NULL)")
    s = c.session()
    s.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM a")
    c.psql("DELETE FROM late WHERE id IS NULL")
    c.psql("ALTER TABLE late ALTER id SET NOT NULL")
    try:
        s.run("COPY late TO '%s' (FORMAT avro, REQUIRED auto, PARALLEL off)" % c.out("late.avro"))
        raise AssertionError("a NULL was written where the schema has none")
    except SqlError as e:
        assert tuple(e)[:2] == ("22004", 'column "id", row 2: NULL in a column that the catalog says has none'), e
    assert not os.path.exists(c.out("late.avro"))


if __name__ == "__main__":
    harness.main()
