/**
 * The text format 0.0.4 of Prometheus, read as strictly as its documentation and `promtool check metrics` ask. Throws
 * with the line that breaks a rule.
 */
export interface Family {
  type: string;
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{((?:[a-zA-Z_]\\w*="(?:[^"\\\\\\n]|\\\\[\\\\n"])*",?)*)\\})? (-?[0-9.e+-]+|\\+Inf|-Inf|NaN)$`,
);
const SUFFIXES = /_(?:bucket|sum|count)$/;

export function readExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line) ?? [];
    if (kind === 'HELP') {
      if (families.has(name)) throw new Error(`told twice: ${line}`);
      families.set(name, { type: '', help: rest, samples: [] });
      current = name;
    } else if (kind === 'TYPE') {
      if (name !== current || families.get(name)?.samples.length !== 0)
        throw new Error(`out of place: ${line}`);
      families.set(name, { ...familyOf(families, name), type: rest });
    } else {
      const sample = sampleIn(line);
      const family = familyOf(families, current);
      const isOurs = sample.name === current || sample.name.replace(SUFFIXES, '') === current;
      if (!isOurs) throw new Error(`of no family, or of one that is over: ${line}`);
      const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(series)) throw new Error(`told twice: ${line}`);
      seen.add(series);
      family.samples.push(sample);
    }
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function familyOf(families: Map<string, Family>, name: string): Family {
  const family = families.get(name);
  if (family === undefined) throw new Error(`there is no family ${name}`);
  return family;
}

function sampleIn(line: string) {
  const [, name, inner = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  const labels = Object.fromEntries(
    Array.from(inner.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g), ([, key = '', text = '']) => [
      key,
      text,
    ]),
  );
  return { name, labels, value: value === '+Inf' ? Infinity : Number(value) };
}

/** What promtool complains of: names without units and `_total`, no help, buckets that do not add up. */
function checkFamily(name: string, { type, help, samples }: Family): void {
  if (help === '' || !['counter', 'gauge', 'histogram'].includes(type))
    throw new Error(`${name}: help and type`);
  if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name}: _total is for counters`);
  if (type !== 'histogram') return;
  const key = ({ le: _le, ...labels }: Record<string, string>) =>
    JSON.stringify(Object.entries(labels).sort());
  const counts = samples.filter((sample) => sample.name === `${name}_count`);
  for (const count of counts) {
    const buckets = samples.filter(
      (sample) => sample.name === `${name}_bucket` && key(sample.labels) === key(count.labels),
    );
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])));
    const grows = (values: number[]) =>
      values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));
    if (bounds.at(-1) !== Infinity || !grows(bounds) || !grows(buckets.map(({ value }) => value)))
      throw new Error(`${name}: its buckets do not grow up to +Inf`);
    if (buckets.at(-1)?.value !== count.value) throw new Error(`${name}: +Inf is not its count`);
  }
}
