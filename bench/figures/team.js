import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { bareNode, ended, interleaved, median, row } from '../lab.js';
import { memoryOf } from '../load.js';
import { openProject, openTeam, sent } from '../team/server.js';
import { submitRows } from '../team/submits.js';

const PUSHES = 30;
const EQUAL = 10_000;
const FOLLOWERS = 100;
const EXPERIMENTS = 10_000;
const MANIFEST = JSON.stringify({
  kind: 'AIchorManifest',
  apiVersion: '0.2.3',
  builder: { image: 'x', dockerfile: './Dockerfile', context: '.' },
  spec: {
    operator: 'jobset',
    image: 'x',
    command: 'true',
    types: { worker: { count: 1, resources: { cpus: 0.1, ramRatio: 0.01 } } },
  },
});
/** Copies of the newest experiment, until there are so many. */
const COPIES = `import sqlite3, sys, uuid
database = sqlite3.connect(sys.argv[1])
names = [column[1] for column in database.execute("PRAGMA table_info(experiments)")]
known = dict(zip(names, database.execute("SELECT * FROM experiments ORDER BY number DESC LIMIT 1").fetchone()))
count = database.execute("SELECT count(*) FROM experiments").fetchone()[0]
for number in range(known["number"] + 1, known["number"] + 1 + max(0, ${EXPERIMENTS} - count)):
    identity = str(uuid.uuid4())
    copy = {**known, "number": number, "id": identity, "status": "Cancelled", "live": 0, "tidied": 1,
        "summary": known["summary"].replace(known["id"], identity).replace('"Waiting"', '"Cancelled"')}
    database.execute(f"INSERT INTO experiments ({','.join(copy)}) VALUES ({','.join('?' * len(copy))})", list(copy.values()))
database.commit()
`;

/** A team's server: submits of many clients through its port, pushes, lists, followers, and what it holds in memory. */
export async function measure() {
  const team = await openTeam();
  const database = join(team.home, 'control-plane.sqlite');
  try {
    const idle = memoryOf(team.pid);
    const rates = await submitRows(team);
    const hooks = await pushes(team);
    const followed = await withFollowers(team);
    await team.stop();
    await ended('python3', ['-c', COPIES, database]);
    await team.start();
    const lists = await listsOf(team);
    return [
      row('idle server of a team, resident memory', { value: idle, unit: 'MB', limit: 110, floor: 'none' }),
      ...rates,
      ...hooks,
      ...lists,
      row(`the same after all that, with ${FOLLOWERS} followers`, {
        value: followed,
        unit: 'MB',
        limit: 300,
        floor: 'none',
      }),
    ];
  } finally {
    await team.stop();
    rmSync(team.lab.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function pushes(team) {
  const project = await openProject(team, { 'manifest.yaml': MANIFEST, Dockerfile: 'FROM scratch\n' });
  const visible = [];
  while (visible.length < 5) {
    const commit = project.commit();
    const started = performance.now();
    const { headers } = project;
    const { statuses } = await sent(team, project.path, {
      bodies: [project.push(commit)],
      clients: 1,
      headers,
    });
    // What is there when the project is first looked at is nothing new: that look may come behind the first push.
    if (!statuses.has(202)) continue;
    while ((await team.listed(`commit=${commit}`)).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    visible.push(performance.now() - started);
  }
  const commits = Array.from({ length: PUSHES }, project.commit);
  const many = await sent(team, project.path, {
    bodies: commits.map(project.push),
    clients: 1,
    headers: project.headers,
  });
  if (many.statuses.get(202) !== PUSHES) throw new Error(`pushes: ${JSON.stringify([...many.statuses])}`);
  const last = project.push(project.commit());
  const equal = await sent(team, project.path, {
    bodies: Array(EQUAL).fill(last),
    clients: 64,
    headers: project.headers,
  });
  if (equal.statuses.get(202) !== 1 || equal.statuses.get(200) !== EQUAL - 1)
    throw new Error(`equal deliveries: ${JSON.stringify([...equal.statuses])}`);
  const floor = 'none';
  return [
    row('a push is answered, while those before it are fetched: p50', {
      value: many.p50,
      unit: 'ms',
      limit: 100,
      floor,
    }),
    row('… p99', { value: many.p99, unit: 'ms', limit: 100, floor }),
    row(`one of ${EQUAL} equal deliveries by 64 clients is answered, p99`, {
      value: equal.p99,
      unit: 'ms',
      limit: 100,
      floor,
    }),
    row('from the push to the experiment in the list', {
      value: median(visible),
      unit: 'ms',
      limit: 2000,
      floor,
    }),
  ];
}

/** Memory while so many follow changes and a log. */
async function withFollowers(team) {
  const [running] = await team.listed('status=Running&limit=1');
  const streams = [];
  for (let at = 0; at < FOLLOWERS; at++) {
    const path =
      at % 2 === 0
        ? '/v1/events?follow=true&since=now'
        : `/v1/experiments/${running.experiment_id}/logs?follow=true`;
    streams.push(await opened(team, path));
  }
  const memory = memoryOf(team.pid);
  for (const stream of streams) stream.destroy();
  return memory;
}

function opened({ url, key }, path) {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } }, (answer) => {
      answer.on('error', () => undefined).resume();
      if (answer.statusCode === 200) resolve(asked);
      else reject(new Error(`${path}: ${answer.statusCode}`));
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function listsOf({ lab, url, key }) {
  const env = { ...lab.env, AICHOR_SERVER: url, AICHOR_API_KEY: key };
  const list = async (...flags) => (await lab.aichor(['experiments', 'list', ...flags], { env })).ms;
  const filters = {
    'all of them': [],
    'by status and person': ['--status', 'cancelled', '--submitted-by', 'push'],
    'by project, nothing found': ['--project', 'none'],
  };
  const measured = Object.fromEntries(
    Object.entries(filters).map(([what, flags]) => [what, () => list(...flags)]),
  );
  const times = await interleaved(7, { node: bareNode, ...measured });
  return Object.keys(filters).map((what) =>
    row(`list of ${EXPERIMENTS.toLocaleString('en')} through the port, ${what}`, {
      value: times[what] / times.node,
      unit: 'x',
      limit: 3,
      floor: `node -e 0, ${times.node.toFixed(0)} ms`,
    }),
  );
}
