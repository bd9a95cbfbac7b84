import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineOffline } from '../../../src/server/doctor/offline.ts';
import { openSqliteStore } from '../../../src/server/store/sqlite.ts';

const PAGE = 4096;
const COUNT = 12;
const NOW = new Date('2026-01-01T00:00:00.000Z');

let folder: string;
let whole: Buffer;

const openStore = (file: string) => openSqliteStore({ file, now: () => NOW, onChange: () => undefined });

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
