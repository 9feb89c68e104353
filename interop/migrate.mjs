// Takes AIPerf exports from one schema version to another by the map that `aiperf-migrate versions --map` prints.
//
//   node interop/migrate.mjs MAP.json FROM TO < export.json > migrated.json
//   node interop/migrate.mjs MAP.json --lines < jobs.jsonl > results.jsonl     {"from": …, "to": …, "document": …} a line
//
// It knows the kinds of operations, and the few functions that the map names under `code`. All else is in the map.
// `input_config` stays as it is, and secrets are to be taken out before (aiperf-migrate redact).

import { readFileSync, writeSync } from "node:fs";

// --- JSON that loses nothing: the order of keys, and how numbers are spelled -----------------------------------------

class Num {
  constructor(text) {
    this.text = text;
  }
  get value() {
    return Number(this.text);
  }
}
const number = (value) => new Num(String(value));
const isObject = (value) => value instanceof Map;
const isNumber = (value) => value instanceof Num;

function parse(text) {
  let at = 0;
  const token = /\s*([{}[\],:]|"(?:[^"\\]|\\.)*"|-?(?:\d[\d.eE+-]*|Infinity)|NaN|true|false|null)/y;
  const next = () => {
    token.lastIndex = at;
    const found = token.exec(text);
    if (!found) throw new SyntaxError(`not JSON at character ${at}`);
    at = token.lastIndex;
    return found[1];
  };
  const peek = () => {
    const start = at;
    const found = next();
    at = start;
    return found;
  };
  const value = (first) => {
    if (first === "{") {
      const found = new Map();
      if (peek() === "}") return next(), found;
      for (;;) {
        const key = JSON.parse(next());
        next(); // the colon
        found.set(key, value(next()));
        if (next() === "}") return found;
      }
    }
    if (first === "[") {
      const found = [];
      if (peek() === "]") return next(), found;
      for (;;) {
        found.push(value(next()));
        if (next() === "]") return found;
      }
    }
    if (first[0] === '"') return JSON.parse(first);
    if (first === "true" || first === "false" || first === "null") return JSON.parse(first);
    return new Num(first);
  };
  const found = value(next());
  if (text.slice(at).trim()) throw new SyntaxError(`more than one document, at character ${at}`);
  return found;
}

function write(value) {
  if (isObject(value)) return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`).join(",")}}`;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  return isNumber(value) ? value.text : JSON.stringify(value);
}

// --- documents: never modified, always copied ------------------------------------------------------------------------

const UNKNOWN = Symbol("unknown");
const text = (value) => (typeof value === "string" ? value : UNKNOWN);
const get = (node, ...path) => path.reduce((found, key) => (isObject(found) ? found.get(key) : undefined), node);
const isBlock = (value) => isObject(value) && value.has("unit");
const without = (node, keys) => new Map([...node].filter(([key]) => !keys.has(key)));
const withKey = (node, key, value) => new Map([...node, [key, value]]);
const renamedKeys = (node, name) => new Map([...node].map(([key, value]) => [name(key), value]));

/** Whether two values are the same: numbers by their value, keys of objects in any order. */
function same(one, two) {
  if (isNumber(one) && isNumber(two)) return one.text === two.text || one.value === two.value;
  if (isObject(one) && isObject(two)) return one.size === two.size && [...one].every(([k, v]) => two.has(k) && same(v, two.get(k)));
  if (Array.isArray(one) && Array.isArray(two)) return one.length === two.length && one.every((v, i) => same(v, two[i]));
  return one === two;
}

/** [path, object, its parent] of every object that a pattern of the map names. */
function visit(document, pattern) {
  let found = [[[], document, document]];
  for (const part of pattern) {
    const wanted = part === "*" ? isObject : part === map.block ? isBlock : null;
    found = found.flatMap(([path, node]) =>
      wanted
        ? [...node].filter(([, child]) => wanted(child)).map(([key, child]) => [[...path, key], child, node])
        : isObject(node.get(part)) ? [[[...path, part], node.get(part), node]] : [],
    );
  }
  return found;
}

function replaced(node, path, value) {
  if (!path.length) return value;
  return withKey(node, path[0], replaced(node.get(path[0]), path.slice(1), value));
}

/** The document with a function applied to every object of a pattern; it gives the object itself for no change. */
function changed(document, pattern, change) {
  let result = document;
  for (const [path, node, parent] of visit(document, pattern)) {
    const value = change(node, path, parent);
    if (value !== node) result = replaced(result, path, value);
  }
  return result;
}

/** An object with [key, value, after] added: each after the first key of `after` that is there; [""] is the front. */
function inserted(node, additions) {
  const items = [...node];
  for (const [key, value, after] of additions) {
    const anchor = after.find((name) => items.some(([there]) => there === name));
    const front = after.length === 1 && after[0] === "" && node.size;
    const index = front ? 0 : anchor === undefined ? items.length : items.findIndex(([there]) => there === anchor) + 1;
    items.splice(index, 0, [key, value]);
  }
  return new Map(items);
}

// --- the code that the map names -------------------------------------------------------------------------------------

function platformOf(gpu) {
  const metrics = isObject(gpu.get("metrics")) ? gpu.get("metrics") : new Map();
  const names = [...metrics.keys()];
  if (names.some((name) => name.startsWith("amd_"))) return "amd";
  if (names.some((name) => name.startsWith("nvidia_"))) return "nvidia";
  const given = gpu.get("gpu_name");
  const called = typeof given === "string" ? given : "";
  if (/\bAMD\b|Instinct|Radeon|\bMI\d{3}/i.test(called)) return "amd";
  if (/NVIDIA|GeForce|Tesla|Quadro|\b[AHBLV]\d{2,3}\b|\bGB?\d{3}\b/i.test(called)) return "nvidia";
  return names.some((name) => oldGpuNames().has(name)) ? "nvidia" : "unknown";
}
const oldGpuNames = () =>
  new Set(operations().filter((op) => op.op === "rename" && op.unless).flatMap((op) => Object.keys(op.table)));
const gpuOfRecord = (record) => new Map([["metrics", record.get("telemetry_data")], ["gpu_name", record.get("gpu_model_name") ?? ""]]);

function scalar(document, metric, unit) {
  const block = document.get(metric);
  return isObject(block) && block.get("unit") === unit && isNumber(block.get("avg")) ? block.get("avg").value : null;
}

function seed(document) {
  let config = document.get("input_config");
  if (config === undefined || config === null) {
    const options = document.get("genai_perf_input_config");
    config = isObject(options) ? new Map([["input", options], ...options]) : null;
  }
  if (!isObject(config)) return UNKNOWN;
  const sets = config.get("datasets");
  const section = Array.isArray(sets) && sets.length === 1 ? sets[0] : config.get("input");
  const found = get(section, "random_seed");
  return isNumber(found) && /^-?\d+$/.test(found.text) ? found : UNKNOWN;
}

function reasons(document) {
  const listed = (value) => (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string" && item);
  const about = isObject(document.get("metadata")) ? document.get("metadata") : new Map();
  const found = [...listed(about.get("submission_invalid_reasons")), ...listed(document.get("runtime_submission_invalid_reasons"))];
  const invalid = found.length > 0 || about.get("submission_valid") === false;
  return !invalid || (found.length && found.every((reason) => reason === "unsafe_override")) ? [] : UNKNOWN;
}

const CODE = {
  "genai_perf.per_image": (document, tag) => {
    if (tag !== "image_latency") return true;
    const [one, whole] = [get(document, tag, "avg"), get(document, "request_latency", "avg")];
    return get(document, "request_latency", "unit") === "ms" && isNumber(one) && isNumber(whole) && one.value <= whole.value;
  },
  "gpu_records.is_amd": (record) => (record.get("platform") || platformOf(gpuOfRecord(record))) === "amd",
  "gpu_records.platform": (document, record) => platformOf(gpuOfRecord(record)),
  "s0_1_to_0_2.header": (document, block, path) => map.metrics[path.at(-1)]?.header ?? UNKNOWN,
  "s0_1_to_0_2.scalar_count": (document, block) =>
    ["min", "max", "std", "p50"].every((name) => (block.get(name) ?? null) === null) ? number(1) : UNKNOWN,
  "s0_1_to_0_2.tag": (document, block, path) => path.at(-1),
  "s0_3_to_1_0.benchmark_id": (document) => text(get(document, "input_config", "benchmark_id")),
  "s0_3_to_1_0.total_token_throughput": (document) => {
    const [isl, osl] = [scalar(document, "total_isl", "tokens"), scalar(document, "total_osl", "tokens")];
    const duration = scalar(document, "benchmark_duration", "sec");
    if (isl === null || osl === null || duration === null || !(duration > 0)) return UNKNOWN;
    const total = (isl + osl) / duration;
    return Number.isFinite(total) ? new Map([["unit", "tokens/sec"], ["avg", number(total)]]) : UNKNOWN;
  },
  "s1_1_to_1_2.empty": () => new Map(),
  "s1_1_to_1_2.seed": seed,
  "s1_2_to_1_3.benchmark_id": (document) => text(document.get("benchmark_id") || get(document, "input_config", "benchmark_id")),
  "s1_2_to_1_3.command": (document) => text(get(document, "input_config", "cli_command")), // redacted before
  "s1_4_to_1_5.reasons": reasons,
  "telemetry.is_amd": (gpu) => (gpu.get("platform") || platformOf(gpu)) === "amd",
  "telemetry.platform": (document, gpu) => platformOf(gpu),
};

function code(name) {
  if (!(name in CODE)) throw new Error(`the map names code that this script does not have: ${name}`);
  return CODE[name];
}

// --- the operations ----------------------------------------------------------------------------------------------------

function valueOf(field, document, node, path) {
  const value = field.source ? code(field.source)(document, node, path) : UNKNOWN;
  return value === UNKNOWN && field.default === null ? null : value;
}

const RUN = {
  add: {
    up: (op, document) =>
      changed(document, op.at, (node, path) => {
        const additions = op.fields
          .filter((field) => (field.source || field.default === null) && !node.has(field.key))
          .map((field) => [field.key, valueOf(field, document, node, path), field.after])
          .filter(([, value]) => value !== UNKNOWN);
        return additions.length ? inserted(node, additions) : node;
      }),
    down: (op, document, context) =>
      changed(document, op.at, (node, path) => {
        const dropped = op.fields.filter((field) => {
          if (!node.has(field.key)) return false;
          const computed = valueOf(field, document, node, path);
          return (computed !== UNKNOWN && same(computed, node.get(field.key))) || !context.kept.has(placeOf(op, field));
        });
        return dropped.length ? without(node, new Set(dropped.map((field) => field.key))) : node;
      }),
  },
  rename: {
    up: (op, document) => renamed(op, document, new Map(Object.entries(op.table))),
    down: (op, document) => renamed(op, document, new Map(Object.entries(op.table).map(([old, now]) => [now, old]))),
  },
  unnest: { up: lifted, down: gathered },
  units: {
    up: (op, document) =>
      units(document, op.table, 1, (tag, unit) => {
        const [old, now] = op.table[tag];
        if (typeof unit !== "string" || unit === now) return false;
        return unit === old || ((op.others[tag] ?? []).includes(unit) && (!op.proof || code(op.proof)(document, tag)));
      }),
    down: (op, document) => units(document, op.table, 0, (tag, unit) => unit === op.table[tag][1]),
  },
  milliseconds: { up: milliseconds, down: (op, document) => document },
  derive: {
    up: (op, document) => {
      const block = document.has(op.metric) ? UNKNOWN : code(op.source)(document);
      return block === UNKNOWN ? document : inserted(document, [[op.metric, block, op.after]]);
    },
    down: (op, document) => {
      const block = document.has(op.metric) ? code(op.source)(document) : UNKNOWN;
      return block !== UNKNOWN && same(block, document.get(op.metric)) ? without(document, new Set([op.metric])) : document;
    },
  },
  pivot: {
    up: pivoted,
    down: (op, document) => {
      throw new Error("the way back to GenAI-Perf is not part of this script");
    },
  },
  in_dialect: {
    up: (op, document, context) => ([null, context.dialect].includes(op.entering_up) ? run(op.of, document, context, true) : document),
    down: (op, document, context) => ([null, context.dialect].includes(op.entering_down) ? run(op.of, document, context, false) : document),
  },
  inverse: {
    up: (op, document, context) => run(op.of, document, context, false),
    down: (op, document, context) => run(op.of, document, context, true),
  },
  one_way: { up: (op, document, context) => run(op.of, document, context, true), down: (op, document) => document },
  within: {
    up: (op, document, context) => changed(document, op.at, (node) => run(op.of, node, context, true)),
    down: (op, document, context) => changed(document, op.at, (node) => run(op.of, node, context, false)),
  },
};

function run(op, document, context, up) {
  if (!(op.op in RUN)) throw new Error(`the map has an operation that this script does not know: ${op.op}`);
  return RUN[op.op][up ? "up" : "down"](op, document, context);
}

function renamed(op, document, table) {
  return changed(document, op.at, (node, path, parent) => {
    const due = [...table.keys()].filter((old) => node.has(old));
    if (!due.length || (op.unless && code(op.unless)(parent))) return node;
    const free = new Set(due.filter((old) => !node.has(table.get(old))));
    return free.size ? renamedKeys(node, (key) => (free.has(key) ? table.get(key) : key)) : node;
  });
}

function lifted(op, document) {
  const holder = document.get(op.key);
  if (!isObject(holder) || isBlock(holder)) return document;
  const blocks = new Map([...holder].filter(([name, value]) => isBlock(value) && (!document.has(name) || name === op.key)));
  const rest = without(holder, blocks);
  if (rest.size && blocks.has(op.key)) {
    rest.set(op.key, blocks.get(op.key));
    blocks.delete(op.key);
  }
  return new Map([...document].flatMap(([key, value]) => (key !== op.key ? [[key, value]] : [...(rest.size ? [[key, rest]] : []), ...blocks])));
}

function gathered(op, document) {
  const holder = document.get(op.key);
  const seed = isObject(holder) && !isBlock(holder) ? holder : new Map();
  const moved = new Map([...document].filter(([name, value]) => isBlock(value) && !seed.has(name)));
  const all = new Map([...seed, ...moved]);
  const result = new Map();
  for (const [name, value] of document) {
    if (!moved.has(name) && name !== op.key) result.set(name, value);
    else if (!result.has(op.key)) result.set(op.key, all);
  }
  return result.has(op.key) ? result : new Map([[op.key, all], ...result]);
}

function units(document, table, side, due) {
  let result = document;
  for (const tag of Object.keys(table)) {
    const block = document.get(tag);
    if (isBlock(block) && due(tag, block.get("unit"))) result = withKey(result, tag, withKey(block, "unit", table[tag][side]));
  }
  return result;
}

function milliseconds(op, document) {
  let result = document;
  for (const tag of op.metrics) {
    const block = document.get(tag);
    if (!isBlock(block) || block.get("unit") !== "ns") continue;
    const due = map.statistics.filter((name) => name !== "count" && (block.get(name) ?? null) !== null);
    if (!due.every((name) => isNumber(block.get(name)))) continue;
    let now = withKey(block, "unit", "ms");
    for (const name of due) now = withKey(now, name, millionth(block.get(name)));
    result = withKey(result, tag, now);
  }
  return result;
}

/** A millionth of a number, exactly: its exponent changes, its digits do not. */
function millionth(given) {
  const [digits, exponent] = given.text.toLowerCase().split("e");
  return /^-?\d/.test(digits) ? new Num(`${digits}e${Number(exponent ?? 0) - 6}`) : given;
}

function pivoted(op, document) {
  const old = document.get(op.key);
  if (!document.has(op.key)) return document;
  const name = (metric) => op.table[metric] ?? metric;
  const regular =
    isObject(old) && old.size && new Set([...old.keys()].map(name)).size === old.size &&
    [...old.values()].every(
      (byGpu) => isObject(byGpu) && typeof byGpu.get("unit") === "string" && byGpu.size > 1 &&
        [...byGpu].every(([gpu, block]) => gpu === "unit" || (isObject(block) && block.size && !block.has("unit"))),
    );
  if (document.has("telemetry_data") || !regular) {
    return document.has(op.kept_as) ? document : renamedKeys(document, (key) => (key === op.key ? op.kept_as : key));
  }
  const gpus = new Map();
  for (const [metric, byGpu] of old)
    for (const [gpu, block] of byGpu) {
      if (gpu === "unit") continue;
      if (!gpus.has(gpu)) gpus.set(gpu, new Map([["metrics", new Map()]]));
      gpus.get(gpu).get("metrics").set(name(metric), new Map([["unit", byGpu.get("unit")], ...block]));
    }
  const turned = new Map([["endpoints", new Map([[op.endpoint, new Map([["gpus", gpus]])]])]]);
  return new Map([...document].map(([key, value]) => (key === op.key ? ["telemetry_data", turned] : [key, value])));
}

// --- the way from one version to another -----------------------------------------------------------------------------

let map;
let line;
const operations = () => map.lines.flatMap((each) => each.steps.flatMap((step) => step.operations)).map((op) => op.of ?? op);
const placeOf = (op, field) => JSON.stringify([op.at, field.key]);
const numbers = (version) => version.split(".").map(Number);
const before = (one, two) => {
  const [a, b] = [numbers(one), numbers(two)];
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1];
};

/** The fields that one direction of an operation makes room for. */
function gains(op, up) {
  if (op.op === "add") return up ? op.fields.map((field) => placeOf(op, field)) : [];
  if (op.op === "inverse") return gains(op.of, !up);
  return op.op === "in_dialect" || op.op === "within" ? gains(op.of, up) : [];
}

function planned(from, to) {
  const entered = line.entry && from === line.entry.older;
  const order = (version) => {
    const index = line.versions.indexOf(version);
    if (index < 0) throw new Error(`no version ${version}: expected ${line.versions.join(", ")}`);
    return index;
  };
  const first = entered ? order(line.entry.newer) : order(from);
  const up = entered || first <= order(to);
  if (entered && order(to) < first) throw new Error(`${from} cannot become ${to}`);
  const steps = up ? [...(entered ? [line.entry] : []), ...line.steps.slice(first, order(to))] : line.steps.slice(order(to), first).reverse();
  const [dropped, kept] = [new Set(), new Set()];
  for (const op of steps.flatMap((step) => step.operations)) {
    for (const place of gains(op, up)) if (dropped.has(place)) kept.add(place);
    for (const place of gains(op, !up)) dropped.add(place);
  }
  return { steps, up, kept };
}

/** The names of GPU telemetry that 1.4 has in this migration: those of the release that wrote the document. */
function dialectOf(document) {
  const found = /^(\d+)\.(\d+)\.(\d+)(?:\.post\d+)?(?:\.dev(\d+))?/.exec(String(document.get("aiperf_version") ?? ""));
  if (!found) return "vendor";
  const age = (name) => /^(\d+)\.(\d+)\.(\d+)(?:\.post\d+)?(?:\.dev(\d+))?/.exec(name).slice(1).map((part) => Number(part ?? 0));
  const notAfter = (one, two) => {
    const [a, b] = [age(one), age(two)];
    const index = a.findIndex((part, place) => part !== b[place]);
    return index < 0 || a[index] < b[index];
  };
  const all = [...map.releases, ...map.nightlies];
  const newest = all.reduce((one, two) => (notAfter(one.name, two.name) ? two : one));
  let known;
  if (!found[4] && !notAfter(found[0], newest.name)) known = newest;
  else if (found[4]) known = map.nightlies.filter((entry) => Number(entry.name.split("dev")[1]) <= Number(found[4])).at(-1);
  else known = map.releases.filter((entry) => notAfter(entry.name, found[0])).at(-1);
  return known?.version === "1.4" ? known.dialect : "vendor";
}

function withNulls(document) {
  const { metrics } = map.nulls;
  const missing = metrics.map((tag, index) => [tag, null, index ? [metrics[index - 1]] : [""]]).filter(([tag]) => !document.has(tag));
  return missing.length ? inserted(document, missing) : document;
}

function withoutNulls(document) {
  return without(document, new Set(map.nulls.metrics.filter((tag) => document.get(tag) === null)));
}

function labelled(document, to) {
  if (before(to, map.first_labelled)) return without(document, new Set(["schema_version"]));
  return document.has("schema_version") ? withKey(document, "schema_version", to) : new Map([["schema_version", to], ...document]);
}

function migrate(document, from, to) {
  const { steps, up, kept } = planned(from, to);
  if (!steps.length) return document;
  const context = { dialect: dialectOf(document), kept };
  const hasNulls = (version) => map.nulls.versions.includes(version);
  let result = hasNulls(to) ? document : withoutNulls(document);
  for (const step of steps)
    for (const op of up ? step.operations : [...step.operations].reverse()) result = run(op, result, context, up);
  if (hasNulls(to) && !hasNulls(from)) result = withNulls(result);
  return labelled(result, to);
}

// --- the command -------------------------------------------------------------------------------------------------------

function main([mapFile, from, to]) {
  if (!mapFile || !from || (from !== "--lines" && !to)) {
    process.stderr.write("usage: node migrate.mjs MAP.json FROM TO < export.json, or MAP.json --lines < jobs.jsonl\n");
    return 2;
  }
  map = JSON.parse(readFileSync(mapFile, "utf8"));
  if (map.format !== "aiperf-migrate map 1") throw new Error(`the map is of another form: ${map.format}`);
  line = map.lines[0];
  const given = readFileSync(0, "utf8");
  const jobs = from === "--lines" ? given.split("\n").filter((text) => text.trim()).map(parse) : [new Map([["from", from], ["to", to], ["document", parse(given)]])];
  for (const job of jobs) {
    let rest = Buffer.from(`${write(migrate(job.get("document"), job.get("from"), job.get("to")))}\n`);
    while (rest.length) rest = rest.subarray(writeSync(1, rest));
  }
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`migrate.mjs: ${error.message}\n`);
  process.exitCode = 1;
}
