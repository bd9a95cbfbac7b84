import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../../src/server/store/database.ts';
import { salvage } from '../../../src/server/store/damage/salvage.ts';
import { MIGRATIONS } from '../../../src/server/store/migrations.ts';
import { examineOffline } from '../../../src/server/doctor/offline.ts';
import { openSqliteStore } from '../../../src/server/store/sqlite.ts';

const PAGE = 4096;
const COUNT = 12;
const NOW = new Date('2026-01-01T00:00:00.000Z');

let folder: string;
let whole: Buffer;

const openStore = (file: string) =>
  openSqliteStore({ file, now: () => NOW, onChange: () => undefined, isWatched: () => false });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-salvage-'));
  const file = join(folder, 'store.sqlite');
  const store = await openStore(file);
  for (let number = 0; number < COUNT; number++) {
    store.create([
      {
        experiment: {
          experiment_id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
          message: 'x'.repeat(300),
          labels: { n: String(number) },
          created_at: NOW.toISOString(),
          operator: 'jobset',
          engine: 'local',
          project: 'default',
          source: { kind: 'local', snapshot: null, repository: null, commit_sha: null, branch: null },
          manifest_path: 'manifest.yaml',
          resubmit_of: null,
          env: {},
          secrets: [],
          paths: { input: '/', output: '/', tensorboard: null, workdir: null },
        },
        submission: { manifest: 'y'.repeat(400), plan: null, keep: false, vcs: {} },
        facts: [
          { type: 'step', step: 'build', message: 'z'.repeat(200) },
          { type: 'failure', reason: 'BuildFailed', explanation: '' },
          { type: 'ended' },
        ],
        idempotency: null,
      },
    ]);
  }
  store.close();
  whole = await readFile(file);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test(
  'whichever page is damaged, doctor ends with a database that opens and lists',
  { timeout: 60_000 },
  async () => {
    const pages = whole.length / PAGE;
    const saved: number[] = [];
    for (let page = 0; page < pages; page++) {
      const home = join(folder, `home-${page}`);
      await mkdir(home);
      const bytes = Buffer.from(whole);
      bytes.fill(0xee, page * PAGE + (page % 2 === 0 ? 0 : 700), (page + 1) * PAGE);
      await writeFile(join(home, 'control-plane.sqlite'), bytes);
      await examineOffline({ AICHOR_HOME: home });
      const again = await examineOffline({ AICHOR_HOME: home });
      expect(
        again.findings.filter(({ place }) => place.endsWith('.sqlite')),
        `page ${page}`,
      ).toEqual([]);
      const store = await openStore(join(home, 'control-plane.sqlite'));
      const listed = store.list({ limit: 1000, status: [], label: [] }).experiments.length;
      store.close();
      if (page > 0) saved.push(listed);
      await rm(home, { recursive: true });
    }
    // Most pages hold a few rows; only the root of the table is the way to all of them.
    expect(saved.filter((count) => count > COUNT / 2).length).toBeGreaterThan(saved.length / 2);
  },
);

/** In how many steps the database came to have these tables. */
const SINCE = { metrics: 2, sweeps: 3, feed: 4, audit: 5, projects: 6, expired_logs: 7, shared_values: 8 };
const FORMATS = MIGRATIONS.map((_, index) => index + 1);

/** A database as the version with so many steps has left it: two experiments, and a row or two in each table that it knew. */
async function ofFormat(format: number, file: string): Promise<Database> {
  const database = await openDatabase(file, { timeoutMs: 5000 });
  for (const sql of MIGRATIONS.slice(0, format)) database.exec(sql);
  database.exec(`PRAGMA user_version = ${format}`);
  for (const [number, id] of [[1, 'a'], [2, 'b']] as const) {
    database
      .prepare(
        `INSERT INTO experiments (number, id, status, live, message, created_at, updated_at, summary, pods, fold, submission)
         VALUES (?, ?, 'Succeeded', 0, 'm', 't', 't', '{"project":"p"}', '[]', '{}', '{}')`,
      )
      .run(number, id);
    database.exec(`INSERT INTO labels VALUES (${number}, 'k', 'v'); INSERT INTO idempotency VALUES ('k${number}', 'c', ${number})`);
    database.exec(`INSERT INTO events VALUES (${number}, 1, 'step', '{}'), (${number}, 2, 'ended', '{}')`);
  }
  const since = (name: keyof typeof SINCE, sql: string) => {
    if (format >= SINCE[name]) database.exec(sql);
  };
  since('metrics', "INSERT INTO metrics VALUES (1, 'loss', 0.5)");
  since('sweeps', "INSERT INTO sweeps VALUES (1, 's', '{}')");
  since('feed', "INSERT INTO feed VALUES (7, '{}')");
  since('audit', "INSERT INTO audit VALUES (1, 't', NULL, 'd', 's', '{}')");
  since('projects', "INSERT INTO projects VALUES ('p1', 'p', '{}'), ('p2', 'q', '{}')");
  since('projects', "INSERT INTO deliveries VALUES (1, 'd', 'p1', 'queued', '{}', NULL)");
  since('projects', "INSERT INTO judged VALUES ('p1', 'c1', 1), ('p1', 'c2', NULL), ('p2', 'c1', NULL)");
  since('expired_logs', "INSERT INTO expired_logs VALUES (1, 't', 0)");
  since('shared_values', "INSERT INTO shared_values VALUES (2, 'n')");
  return database;
} // prettier-ignore

function tablesOf(database: Database): string[] {
  const sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
  return database.prepare(sql).all().map((row) => String(Object(row).name)); // prettier-ignore
}

const rowsOf = (database: Database, table: string) =>
  database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all() as object[];

describe('what is saved of a database', () => {
  test.each(FORMATS)('of format %d: every row, and none is called lost that never was', async (format) => {
    const file = join(folder, `format-${format}.sqlite`);
    const old = await ofFormat(format, file);
    const before = new Map(tablesOf(old).map((table) => [table, rowsOf(old, table)]));
    old.close();
    const { saved, lost } = await salvage(file, NOW);
    expect({ saved, lost }).toEqual({ saved: 2, lost: 0 });
    const now = await openDatabase(file, { timeoutMs: 5000 });
    expect(Object(now.prepare('PRAGMA user_version').get()).user_version).toBe(MIGRATIONS.length);
    for (const [table, rows] of before) {
      expect(rows.length, table).toBeGreaterThan(0);
      expect(rowsOf(now, table), table).toMatchObject(rows);
      expect(rowsOf(now, table), table).toHaveLength(rows.length);
    }
    // What lists choose by is taken from the summaries, also of a version that did not have it.
    expect(rowsOf(now, 'facets')).toMatchObject([{ project: 'p' }, { project: 'p' }]);
    now.close();
  });

  test('has commits that were decided upon from both sides of a page that cannot be read', async () => {
    const file = join(folder, 'judged.sqlite');
    const database = await ofFormat(MIGRATIONS.length, file);
    for (let number = 0; number < 2000; number++)
      database.prepare("INSERT INTO judged VALUES ('p1', ?, NULL)").run(`sha-${String(number).padStart(40, '0')}`);
    database.close();
    const bytes = await readFile(file);
    const hit = bytes.indexOf(`sha-${'1000'.padStart(40, '0')}`);
    const page = Math.floor(hit / PAGE);
    bytes.fill(0xee, page * PAGE, (page + 1) * PAGE);
    await writeFile(file, bytes);
    const { saved, lost } = await salvage(file, NOW);
    const now = await openDatabase(file, { timeoutMs: 5000 });
    const kept = rowsOf(now, 'judged').length;
    now.close();
    expect(saved).toBe(2);
    expect(kept).toBeGreaterThan(1800);
    expect(kept).toBeLessThan(2003);
    expect(lost).toBeGreaterThan(0);
  }); // prettier-ignore
});
