/** A disk that takes nothing for a while: pushes wait for it, and the server stays. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AichorError } from '../../../../src/errors.ts';
import { createPushJudge, type Judging } from '../../../../src/server/hooks/judge.ts';
import { deliveryOf, newDelivery } from '../../../../src/server/hooks/receive.ts';
import { openSqliteStore, type SqliteStore } from '../../../../src/server/store/sqlite.ts';
import type { StoredProject } from '../../../../src/server/store/tables/projects.ts';

const NOW = new Date('2026-05-01T12:00:00.000Z');
const SHA = 'a'.repeat(40);
const full = () =>
  Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 });
const PROJECT: StoredProject = {
  ...{ id: 'x', name: 'p', repository: null, branches: [], engines: ['local'], default_engine: null },
  ...{ allow_local_repository: false, allow_inner_addresses: false, manifest_root: null, host_keys: [] },
  quotas: { running: null, gpus: null, stored_gb: null },
  ...{ retention_s: null, commit_status: null, variables: [] },
  ...{ git: { kind: 'none', public_key: null }, created_at: NOW.toISOString(), created_by: null },
};

let folder: string;
let store: SqliteStore;
let closing: AbortController;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-judge-'));
  store = await openSqliteStore({
    file: join(folder, 'experiments.db'),
    now: () => NOW,
    onChange: () => undefined,
    isWatched: () => false,
  });
  store.projects.put(PROJECT);
  closing = new AbortController();
});
afterEach(() => {
  closing.abort();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @param failing how often each of them fails before it works */
function judging(
  failing: { list: number; queued: number; withId: number; decide: number },
  trouble: () => Error = full,
) {
  const log = { info: vi.fn<() => void>(), warn: vi.fn<() => void>(), error: vi.fn<() => void>() };
  const unlessFull = <Arguments extends unknown[], T>(
    what: keyof typeof failing,
    real: (...words: Arguments) => T,
  ) =>
    vi.fn<(...words: Arguments) => T>((...words) => {
      if (--failing[what] >= 0) throw trouble();
      return real(...words);
    });
  const { projects, deliveries } = store;
  const decide = unlessFull('decide', deliveries.decide);
  const by: Pick<Judging, 'projects' | 'deliveries' | 'privateValues' | 'env' | 'log' | 'now' | 'pauseMs'> = {
    projects: {
      ...projects,
      list: unlessFull('list', projects.list),
      withId: unlessFull('withId', projects.withId),
    },
    deliveries: { ...deliveries, queued: unlessFull('queued', deliveries.queued), decide },
    privateValues: { ofProject: () => ({ variables: {}, hook: [], git: null }) },
    env: { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    ...{ log, now: () => NOW, pauseMs: 1 },
  };
  // What is not here is for commits that can be read.
  return { judge: createPushJudge(by as Judging), log };
}

function queue(project = 'x', after = SHA): string {
  const push = {
    ...{ ref: 'refs/heads/main', branch: 'main', before: null, after },
    ...{ created: false, message: null, listed: null },
  };
  const why = 'its commit is looked at';
  const delivery = deliveryOf(NOW, { provider: 'github', request: null, decision: 'queued', why, push });
  store.deliveries.add(project, [newDelivery(delivery, push)]);
  return delivery.id;
}

async function decided(id: string) {
  return vi.waitFor(
    () => {
      const delivery = store.deliveries.get('x', id)?.delivery;
      if (delivery?.decision === 'queued') throw new Error('it waits yet');
      return delivery;
    },
    { timeout: 30_000 },
  );
}

it('a push is decided when the disk has room again, however often it had none', async () => {
  const id = queue();
  const { judge, log } = judging({ list: 1, queued: 3, withId: 8, decide: 8 });
  const running = judge.run(closing.signal);
  expect(await decided(id)).toMatchObject({
    decision: 'ignored',
    why: 'the project no longer has a repository',
  });
  expect(log.warn).toHaveBeenCalled();
  closing.abort();
  judge.wake();
  await running;
});

it(
  'two pushes of a project are looked at together, and those of other projects beside them',
  { timeout: 120_000 },
  async () => {
    // A Git that says that it was begun, and ends when it may.
    const begun = join(folder, 'begun');
    const script = `#!/bin/sh
case "$*" in *fetch*) ;; *) exit 0 ;; esac
echo "$*" >> ${begun}
while [ ! -e ${folder}/go ]; do sleep 0.05; done
exit 1
`;
    writeFileSync(join(folder, 'git'), script, { mode: 0o700 });
    for (const [id, repository] of [
      ['x', 'https://127.0.0.1:9/x.git'],
      ['y', 'https://127.0.0.1:9/y.git'],
    ] as const)
      store.projects.put({ ...PROJECT, id, name: id, repository, allow_inner_addresses: true });
    const ids = [1, 2, 3, 4, 5].map((number) => queue('x', String(number).repeat(40)));
    queue('y', '6'.repeat(40));
    const { judge } = judging({ list: 9, queued: 0, withId: 0, decide: 0 });
    const running = judge.run(closing.signal);
    const of = (project: string) =>
      (existsSync(begun) ? readFileSync(begun, 'utf8') : '')
        .split('\n')
        .filter((line) => line.includes(`/${project}.git`));
    await vi.waitFor(() => expect([of('x').length, of('y').length]).toEqual([2, 1]), { timeout: 30_000 });
    writeFileSync(join(folder, 'go'), '');
    for (const id of ids) expect(await decided(id)).toMatchObject({ decision: 'failed' });
    closing.abort();
    judge.wake();
    await running;
  },
);

it('nor is one failed that Git, or the store of files, had no room for', async () => {
  const id = queue();
  const cause = Object.assign(new Error('no room'), { code: 'ENOSPC' });
  const { judge } = judging(
    { list: 0, queued: 0, withId: 9, decide: 0 },
    () => new AichorError('server_error', 'Git could not write to the disk', { cause }),
  );
  const running = judge.run(closing.signal);
  expect(await decided(id)).toMatchObject({ decision: 'ignored' });
  closing.abort();
  judge.wake();
  await running;
});

it('looking for missed pushes does not fail with the disk', async () => {
  const { judge, log } = judging({ list: 1, queued: 0, withId: 0, decide: 0 });
  await judge.reconcile();
  expect(log.warn).toHaveBeenCalledOnce();
  await judge.reconcile();
  expect(log.warn).toHaveBeenCalledOnce();
});
