const HEAD = `kind: AIchorManifest
apiVersion: 0.2.3
builder: { image: a, dockerfile: Dockerfile }
spec:
  operator: jobset
  image: a
`;
const COMMAND = '  command: python main.py\n';
const TYPES = '  types: { worker: { resources: { cpus: 1, memory: 1 } } }\n';

/** A valid manifest of about so many lines: types of ten lines each. */
export function longManifest(lines) {
  const type = (index) => `    worker-${index}:
      count: 2
      completions: 2
      resources:
        cpus: 2
        memory: 4
        accelerators:
          gpu:
            count: 1
            product: NVIDIA-A100-SXM4-80GB
`;
  return `${HEAD}${COMMAND}  types:\n${many(Math.ceil(lines / 10), type)}`;
}

/** Texts of nearly 64 kB that are meant to be slow, by what they are. */
export function hostileTexts() {
  return {
    'opening brackets': '['.repeat(65_000),
    'opening braces': '{'.repeat(65_000),
    'closing brackets': ']'.repeat(65_000),
    'small maps in a list': `[${'{a: 1},'.repeat(9_000)}]`,
    dashes: '- '.repeat(32_000),
    'unknown keys': many(9_000, (index) => `k${index}:\n`),
    'the same key': 'a: 1\n'.repeat(12_000),
    'types of wrong keys': `${HEAD}${COMMAND}  types:\n${many(3_000, (index) => `    g${index}: {x: 1}\n`)}`,
    variables: `${HEAD}${COMMAND}${TYPES}  env:\n${many(4_000, (index) => `    K${index}: 1\n`)}`,
    'a command of variables': `${HEAD}  command: "${many(8_000, (index) => `$A${index} `)}"\n${TYPES}`,
    aliases: `a: &a 1\n${many(6_000, (index) => `b${index}: *a\n`)}`,
    'aliases of nothing': many(5_000, (index) => `b${index}: *a\n`),
    'aliases of aliases': `a: &a {${many(2_000, (index) => `k${index}: 1,`)}}\nb:\n${'- *a\n'.repeat(500)}`,
    tags: many(5_000, (index) => `b${index}: !x 1\n`),
    'lines that are no YAML': 'a: b: c\n'.repeat(8_000),
    'open quotes': 'a: "x\n'.repeat(9_000),
  };
}

function many(count, line) {
  return Array.from({ length: count }, (_, index) => line(index)).join('');
}
