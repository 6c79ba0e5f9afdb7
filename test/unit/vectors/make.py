#!/usr/bin/env python3
"""Makes server.inc: values as a PostgreSQL server stores them, and the text it prints for them.

Usage: make.py PSQL_ARGS... > server.inc     (a superuser's connection; needs pageinspect)
The C++ tests compare our own printers with these; run again only to add values.
"""
import random
import struct
import subprocess
import sys

random.seed(20240131)


def numerics():
    fixed = ["0", "0.0000", "1", "-1", "9999", "10000", "-10000.5", "0.00001", "1e-20", "1e20", "123456789012345678.1234",
             "99999999999999999999999999999999999999", "-0.5", "100.50", "NaN", "Infinity", "-Infinity",
             "12345678901234.5678", "1e130", "1e-1000", "5e-5"]
    for _ in range(120):
        whole = random.randrange(10 ** random.randrange(1, 40))
        scale = random.randrange(0, 25)
        digits = str(random.randrange(10 ** scale)).zfill(scale) if scale else ""
        fixed.append(random.choice(["", "-"]) + str(whole) + ("." + digits if scale else ""))
    return fixed


def jsonbs():
    yield from ['{}', '[]', '1', '"a"', 'null', 'true', 'false', '-0.50', '""', '[[]]', '[{}]', '{"a":{}}', '[null]',
                '{"a":1,"bb":"x","ccc":[1,2.50,null,true,false],"d":{"e":{"f":[[],[[1]]]}}}',
                r'{"q\"uote":"back\\slash \" / \b\f\n\r\t\u0001\u001f\u007f"}', '{"größe":"äöü€😀"}',
                '[1e5,1.5e-7,12345678901234567890.123456789,-1]', '"' + 'x' * 300 + '"', '["a","a",[["a"],"b"]]',
                '{"' + 'k' * 200 + '":"' + 'v' * 500 + r'\n' + 'w' * 21 + '"}',
                '[' + ','.join(str(i) for i in range(300)) + ']',
                '{' + ','.join(f'"k{i}":"v{i}"' for i in range(100)) + '}',
                '{' + ','.join(f'"k{i}":{i}.5' for i in range(70)) + '}',
                '[' * 60 + ']' * 60, '{"a":' * 40 + '1' + '}' * 40]
    for n in range(1, 40):  # an escape at every position of the words a fast scan looks at
        text = ['a'] * n
        text[random.randrange(n)] = random.choice([r'\"', r'\\', r'\n', r'\u0002', 'é'])
        yield '["' + ''.join(text) + '"]'

    def value(depth):
        kind = random.randrange(8 if depth else 6)
        if kind == 0:
            return random.choice(['null', 'true', 'false'])
        if kind in (1, 2):
            return str(round(random.uniform(-1e6, 1e6), random.randrange(0, 6)))
        if kind < 6:
            return '"' + ''.join(random.choice('abcdefghij \\u000bé€".'.replace('\\u000b', 'z').replace('"', 'y'))
                                 for _ in range(random.randrange(0, 30))) + '"'
        if kind == 6:
            return '[' + ','.join(value(depth - 1) for _ in range(random.randrange(5))) + ']'
        return '{' + ','.join(f'"{random.randrange(1000)}":' + value(depth - 1) for _ in range(random.randrange(5))) + '}'
    for _ in range(60):
        yield value(4)


def intervals():
    yield from ['0', '1 year 2 mons 3 days 04:05:06.789', '-1 years -2 mons +3 days -04:00:00', '0.000001 s', '-0.5 s',
                '-1 s', '59.999999 s', '1 mon', '-1 mon', '13 mon', '-13 mon', '1 day -1 h', '100000 h', '61 s',
                '178956970 years 7 mons 2147483647 days 2562047788:00:54.775807',
                '-178956970 years -8 mons -2147483648 days -2562047788:00:54.775807']
    for _ in range(60):
        yield (f'{random.randrange(-300, 300)} mons {random.randrange(-99, 99)} days '
               f'{random.randrange(-10 ** 12, 10 ** 12)} microseconds')


def dates():
    yield from ['2000-01-01', '1970-01-01', '1999-12-31', '2000-02-29', '1900-03-01', '0001-01-01', '0001-12-31 BC',
                '4713-01-01 BC', '0044-03-15 BC', '9999-12-31', '10000-01-01', '5874897-12-31', 'infinity', '-infinity']
    for _ in range(60):
        yield f'{random.randrange(1, 12000):04}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}'


def timestamps():
    for d in dates():
        if d == '5874897-12-31' or 'infinity' in d:
            continue
        day, _, era = d.partition(' ')
        clock = random.choice(['00:00:00', '23:59:59.999999', '12:30:00.5', '01:02:03.000001'])
        yield f'{day} {clock} {era}'.strip()
    yield from ['infinity', '-infinity', '294276-12-31 23:59:59.999999', '4713-01-01 00:00:00 BC']


def floats():
    yield from ['0', '-0', '1', '-1.5', '0.1', '1e15', '1e14', '123456789012345', '1234567890123456', '1e-4', '1e-5', '1e100',
                '5e-324', '1.7976931348623157e308', '9e15', '2e23', '1e23', '9007199254740996e2', 'NaN', 'Infinity', '-Infinity', '9007199254740993', '3.14159']
    yield from [str(2 ** 60 + 256 * k * 977) for k in range(60)]
    for _ in range(100):
        v = struct.unpack('<d', struct.pack('<Q', random.getrandbits(64)))[0]
        if v == v and abs(v) != float('inf'):
            yield repr(v)


def float4s():
    yield from ['0', '1', '-1.5', '0.1', '1e6', '1e5', '123456', '1234567', '1e-4', '1e-5', '1e-45', '3.4028235e38', 'NaN']
    yield from [str(56876408 + 4 * k) for k in range(30)]  # shortest digits that lie half-way between two floats
    for _ in range(100):
        v = struct.unpack('<f', struct.pack('<I', random.getrandbits(32)))[0]
        if v == v and abs(v) != float('inf'):
            yield repr(v)


TYPES = {'numeric': numerics(), 'jsonb': jsonbs(), 'interval': intervals(), 'date': dates(), 'timestamp': timestamps(),
         'timestamptz': timestamps(), 'time': ['00:00:00', '01:02:03.5', '24:00:00', '23:59:59.999999', '12:00:00.000100'],
         'float8': floats(), 'float4': float4s()}


def main():
    sql = ["\\set QUIET on", "set client_min_messages = error; create extension if not exists pageinspect;",
           "set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'iso_8601'; set extra_float_digits = 1;"]
    for name, values in TYPES.items():
        sql.append(f"create temp table t_{name} (v {name});")
        if name == 'jsonb':
            sql.append("alter table t_jsonb alter v set storage plain;")
        for v in values:
            sql.append(f"insert into t_{name} values ($v${v}$v$);")
        # Text with characters that upset a raw literal does not occur: jsonb escapes them.
        sql.append(f"select format('{{\"{name}\", \"%s\", R\"~(%s)~\"}},', encode(t_data, 'hex'), v)"
                   f" from generate_series(0, pg_relation_size('t_{name}') / 8192 - 1) page,"
                   f" heap_page_items(get_raw_page('t_{name}', page::int)) i"
                   f" join t_{name} on t_{name}.ctid = i.t_ctid order by page, lp;")
    out = subprocess.run(['psql', '-X', '-At', '-v', 'ON_ERROR_STOP=1'] + sys.argv[1:], input='\n'.join(sql), text=True,
                         capture_output=True)
    if out.returncode:
        sys.exit(out.stderr)
    print('// server.inc - made by make.py; type, stored bytes, text under pinned settings.')
    for line in out.stdout.splitlines():
        if line.startswith('{'):
            print(line)


main()
