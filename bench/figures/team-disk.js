import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, root } from '../lab.js';
import { openTeam } from '../team/server.js';
import { submitRows } from '../team/submits.js';

/**
 * Submits beside bare transactions, both on a disk that takes 4 ms for each sync. On one that says at once that it has what was
 * written (a virtual machine's, a memory's) the floor is what SQLite computes, and a submit what HTTP does: `team` has those rows.
 */
export async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-disk-'));
  const library = join(folder, 'slow-disk.so');
  await ended('cc', ['-shared', '-fPIC', '-O2', '-o', library, join(root, 'bench/team/slow-disk.c')]);
  const team = await openTeam({ LD_PRELOAD: library });
  try {
    return await submitRows(team, { disk: ', of a disk that takes 4 ms for a sync' });
  } finally {
    await team.stop();
    for (const left of [team.lab.folder, folder])
      rmSync(left, { recursive: true, force: true, maxRetries: 5 });
  }
}
