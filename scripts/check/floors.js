/** The table of docs/design.md as data: which folder of `src/` stands on which floor, and what it may import. */

/** From the ground up. A folder imports from floors below its own; neighbours only where `also` names them. */
export const FLOORS = [
  {
    floor: 0,
    pure: true,
    folders: ['errors.ts', 'exit-codes.ts', 'base/text'],
    also: { 'exit-codes.ts': ['errors.ts'] },
  },
  // Files, timers and requests, written once for everybody above.
  {
    floor: 0.5,
    folders: ['base/async', 'base/io', 'base/http'],
    also: { 'base/io': ['base/async'], 'base/http': ['base/async', 'base/io'] },
  },
  {
    floor: 1,
    pure: true,
    folders: [
      'manifest',
      'repository',
      'experiment',
      'operators',
      'logs',
      'metrics',
      'snapshot/listing',
      'dockerfile',
      'sweep',
      'compare',
    ],
    also: {
      operators: ['manifest', 'experiment'],
      repository: ['manifest', 'dockerfile', 'operators/table.ts', 'operators/environment.ts'],
      // Tables of names, which everybody shares.
      experiment: ['operators/table.ts'],
      logs: ['experiment/status.ts'],
      metrics: ['experiment/record.ts'],
      sweep: ['experiment'],
      manifest: ['operators/table.ts', 'operators/environment.ts', 'operators/protected.ts'],
    },
  },
  { floor: 2, pure: true, folders: ['api', 'render/local', 'render/kubernetes'] },
  // The ground of adapters: what the operating system offers. Nothing of the domain.
  { floor: 2.5, folders: ['machine', 'kubeconfig', 'object-store'], only: [0, 0.5] },
  // The port that engines implement: types only, so whoever serves an engine may name it.
  {
    floor: 2.5,
    pure: true,
    folders: ['engines/engine.ts'],
    also: { 'engines/engine.ts': ['object-store/client/access.ts'] },
  },
  {
    floor: 3,
    folders: [
      'client',
      'snapshot/packaging',
      'snapshot/store',
      'logs/store',
      'source',
      'scaffold',
      'engines',
    ],
    // What is packed on one side is unpacked on the other: tar, digests and walks stand once.
    also: { 'snapshot/store': ['snapshot/packaging'] },
    never: { engines: ['api'], 'snapshot/store': ['api'], 'logs/store': ['api'] },
  },
  { floor: 4, folders: ['cli', 'server'] },
  // It runs in browsers: of the others it has only what is pure.
  { floor: 4, folders: ['console'], only: [0, 1, 2] },
  { floor: 5, folders: ['commands'] },
];

/** Doors that only one file may use. */
export const DOORS = [
  { to: 'server', from: 'commands/server', above: 'server' },
  { to: 'engines/local', from: 'server/process/compose.ts', above: 'engines/local' },
  { to: 'engines/kubernetes', from: 'server/process/compose.ts', above: 'engines/kubernetes' },
];

/** The home of each package that costs start-up time or ties code to one library. */
export const HOMES = {
  '@oclif/core': ['commands', 'cli'],
  '@photostructure/sqlite': ['server'],
  '@preact/signals': ['console'],
  preact: ['console'],
  'preact-render-to-string': ['console/picture.tsx'],
  uplot: ['console/metrics'],
  '@hono/node-server': ['server'],
  '@hono/zod-openapi': ['server', 'api'],
  '@inquirer/prompts': ['cli', 'scaffold'],
  '@modelcontextprotocol/server': ['cli/mcp'],
  '@kubernetes/client-node': ['engines/kubernetes/api/access/kube-config.ts'],
  'cli-table3': ['cli'],
  diff: ['server/experiments/compare.ts'],
  'csv-parse': ['sweep/list.ts'],
  'env-paths': ['machine'],
  eta: ['scaffold'],
  execa: ['base/io', 'source', 'scaffold'],
  hono: ['server', 'api'],
  ignore: ['snapshot/packaging'],
  'prom-client': ['server/monitor'],
  'kubernetes-types': ['render/kubernetes', 'engines/kubernetes'],
  ora: ['cli'],
  picocolors: ['cli'],
  pino: ['server'],
  'smol-toml': ['engines/local', 'scaffold/project'],
  tar: ['base/io', 'snapshot'],
  undici: ['base/http'],
  ws: ['engines/kubernetes', 'base/http', 'server/exec', 'server/http', 'client'],
  yaml: ['manifest', 'cli', 'kubeconfig'],
  zod: [
    'manifest',
    'experiment/record.ts',
    'render/kubernetes/settings',
    'api',
    'server/http/routes',
    'cli/settings/settings.ts',
    'cli/mcp',
    'machine/settings-file.ts',
  ],
};

/** What a pure file must not touch: the clock, chance, the process, the network. */
export const IMPURE = [
  { name: 'the clock', pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/ },
  { name: 'chance', pattern: /\bMath\.random\b|\brandomUUID\b/ },
  { name: 'the process', pattern: /\bprocess\./ },
  { name: 'timers', pattern: /\bset(?:Timeout|Interval|Immediate)\(/ },
  { name: 'the network', pattern: /\bfetch\(/ },
];

/** Lines a file may have. */
export const LONGEST_FILE = 350;
/** Lines a command may have. */
export const LONGEST_COMMAND = 80;
