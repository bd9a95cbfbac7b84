import { join } from 'node:path';
import { bareNode, ended, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';

const EXPERIMENTS = 10_000;
const ROUNDS = 21;
/** Copies of the only experiment, each with an id and a value of its own. */
const COPIES = `import json, random, sqlite3, sys, uuid
database = sqlite3.connect(sys.argv[1])
row = database.execute("SELECT * FROM experiments").fetchone()
names = [column[1] for column in database.execute("PRAGMA table_info(experiments)")]
known = dict(zip(names, row))
random.seed(7)
for number in range(2, ${EXPERIMENTS} + 1):
    identity, value = str(uuid.uuid4()), random.random()
    summary = json.loads(known["summary"].replace(known["id"], identity))
    summary["metrics"] = {"loss": {"last": value, "step": 1, "min": value, "max": value, "time": None}}
    copy = {**known, "number": number, "id": identity, "summary": json.dumps(summary)}
    database.execute(f"INSERT INTO experiments ({','.join(copy)}) VALUES ({','.join('?' * len(copy))})", list(copy.values()))
    database.execute("INSERT INTO metrics (number, name, last) VALUES (?, 'loss', ?)", (number, value))
database.commit()
`;

/** Lists in the order of a metric, of 10,000 experiments, on a warm server: the first page, and the whole order beside a list by time. */
export async function measure() {
  const lab = openLab();
  try {
    const folder = writeRepository(join(lab.folder, 'tiny'), { command: 'true' });
    await lab.aichor(['experiments', 'submit', 'local', '--repo-dir', folder, '--wait']);
    await lab.aichor(['server', 'stop']);
    await ended('python3', ['-c', COPIES, join(lab.env.AICHOR_HOME, 'control-plane.sqlite')]);
    const list = (...flags) => ['experiments', 'list', ...flags];
    for (const sort of ['metric.loss', '-metric.loss']) await checkOrder(lab, sort);
    const times = await interleaved(ROUNDS, {
      node: bareNode,
      ascending: async () => (await lab.aichor(list('--sort', 'metric.loss'))).ms,
      descending: async () => (await lab.aichor(list('--sort', '-metric.loss'))).ms,
      missing: async () => (await lab.aichor(list('--sort', 'metric.none'))).ms,
      byTime: async () => (await lab.aichor(list())).ms,
    });
    const floor = `node -e 0, ${times.node.toFixed(0)} ms; the list by time, ${times.byTime.toFixed(0)} ms`;
    return ['ascending', 'descending', 'missing'].map((order) =>
      row(`list of ${EXPERIMENTS.toLocaleString('en')} by a metric, ${order}`, {
        value: times[order] / times.node,
        unit: 'x',
        limit: 3,
        floor,
      }),
    );
  } finally {
    await lab.close();
  }
}

async function checkOrder(lab, sort) {
  const { experiments } = await lab.json(['experiments', 'list', '--sort', sort, '--limit', '100']);
  const values = experiments.map(({ metrics }) => metrics.loss.last);
  const sorted = [...values].sort((a, b) => (sort.startsWith('-') ? b - a : a - b));
  if (values.length !== 100 || values.some((value, index) => value !== sorted[index]))
    throw new Error(`the list is not in the order ${sort}`);
}
