// read_avsc.js FILE... - rows of Avro files as canonical JSON (canonical.py), through avsc. Logical types are off,
// longs are BigInt: avsc's own numbers end at 2^53. NODE_PATH says where avsc, snappyjs and fzstd are.
const avro = require('avsc');
const fs = require('fs');
const snappy = require('snappyjs');
const fzstd = require('fzstd');
const zlib = require('zlib');

const long = avro.types.LongType.__with({
  fromBuffer: (b) => b.readBigInt64LE(),
  toBuffer: (n) => { const b = Buffer.alloc(8); b.writeBigInt64LE(n); return b; },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (n) => typeof n === 'bigint',
  compare: (a, b) => (a === b ? 0 : a < b ? -1 : 1),
});

// Given, codecs replace avsc's table. A snappy block ends with a CRC-32 that snappyjs does not know.
const codecs = {
  null: (data, done) => done(null, data),
  deflate: (data, done) => zlib.inflateRaw(data, done),
  snappy: (data, done) => done(null, Buffer.from(snappy.uncompress(data.subarray(0, data.length - 4)))),
  zstandard: (data, done) => done(null, Buffer.from(fzstd.decompress(data))),
};

// avsc takes the registry's long only for the bare word, not for {"type": "long", "logicalType": ...}.
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain);
  if (schema === null || typeof schema !== 'object') return schema;
  if (schema.type === 'long') return 'long';
  const copy = { ...schema };
  for (const key of ['type', 'items', 'values']) if (key in copy) copy[key] = plain(copy[key]);
  if (copy.fields) copy.fields = copy.fields.map((f) => ({ ...f, type: plain(f.type) }));
  return copy;
}

function floatBits(value, width) {
  const b = Buffer.alloc(width);
  if (width === 4) b.writeFloatBE(value); else b.writeDoubleBE(value);
  return b.toString('hex');
}

function canonical(type, value) {
  switch (type.typeName) {
    case 'union:wrapped': {
      if (value === null) return 'null';
      const [name] = Object.keys(value);
      const branch = type.types.find((t) => t.branchName === name);
      return canonical(branch, value[name]);
    }
    case 'record': return `{"r":${fields(type, value)}}`;
    case 'array': return `[${value.map((v) => canonical(type.itemsType, v)).join(',')}]`;
    case 'map': {
      const pairs = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}:${canonical(type.valuesType, v)}`);
      return `{"m":{${pairs.join(',')}}}`;
    }
    case 'float': return `{"f":"${floatBits(value, 4)}"}`;
    case 'double': return `{"d":"${floatBits(value, 8)}"}`;
    case 'bytes': case 'fixed': return `{"b":"${value.toString('hex')}"}`;
    case 'enum': return `{"e":${JSON.stringify(value)}}`;
    case 'string': return JSON.stringify(value);
    default: return String(value); // null, boolean, int, long
  }
}

function fields(type, value) {
  return `[${type.fields.map((f) => canonical(f.type, value[f.name])).join(',')}]`;
}

// writeSync may write a part only. Standard output is a file: a pipe could answer EAGAIN.
function write(lines) {
  let rest = Buffer.from(`${lines.splice(0).join('\n')}\n`);
  while (rest.length) rest = rest.subarray(fs.writeSync(1, rest));
}

function readFile(path, out) {
  return new Promise((resolve, reject) => {
    let rows = 0;
    let type;
    const options = {
      codecs,
      parseHook: (schema) => avro.Type.forSchema(plain(schema), { registry: { long }, wrapUnions: true }),
    };
    out.push(JSON.stringify({ file: path }));
    avro.createFileDecoder(path, options)
      .on('metadata', (t) => { type = t; })
      .on('data', (row) => {
        rows++;
        out.push(fields(type, row));
        if (out.length >= 1000) write(out);
      })
      .on('error', reject)
      .on('end', () => { out.push(`{"rows":${rows}}`); resolve(); });
  });
}

async function main() {
  const out = [];
  for (const path of process.argv.slice(2)) await readFile(path, out);
  if (out.length) write(out);
}

main().catch((e) => { console.error(e); process.exit(1); });
