import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLab } from '../lab.js';
import { load } from '../load.js';
import { writeRepository } from '../repository.js';

/** What the server drew goes with the answers that came with it, when the page's own script takes its place. */
const DRAWN = { takenOver: '#first' };

/** Our console, with one experiment that has printed so many lines, one that runs, and many that wait for it. */
export async function startOurs({ jobs, lines }) {
  const lab = openLab();
  mkdirSync(lab.env.AICHOR_HOME, { recursive: true, mode: 0o700 });
  writeFileSync(join(lab.env.AICHOR_HOME, 'settings.json'), '{"max_experiments": 1}', { mode: 0o600 });
  const submit = (name, command, ...flags) => {
    const folder = writeRepository(join(lab.folder, name), { command });
    return lab.json(['experiments', 'submit', 'local', '--repo-dir', folder, '--message', name, ...flags]);
  };
  const print = `awk 'BEGIN { for (i = 1; i <= ${lines}; i++) printf "step %d loss %.6f\\n", i, 1 / i }'`;
  const { experiment_id: id } = await submit('long-log', print, '--wait');
  const { experiment_id: runs } = await submit('runs', 'exec sleep 3600');
  const { source } = await lab.json(['experiments', 'get', runs]);
  const { address, pid } = await lab.json(['server', 'status']);
  const shell = { PATH: process.env.PATH, HOME: process.env.HOME ?? '/' };
  const submission = { source: { kind: 'local', snapshot: source.snapshot }, message: 'One of many', shell };
  const asked = { socket: address.replace(/^unix:/, ''), submission: JSON.stringify(submission) };
  await load(asked, { clients: 4, count: jobs - 2 });
  const { url } = await lab.json(['console', '--print']);
  const { origin } = new URL(url);
  return {
    name: 'aichor',
    pid,
    async stop() {
      await lab.aichor(['experiments', 'cancel', runs, '--wait'], { codes: [0, 1, 6, 7, 8, 9] });
      process.kill(pid, 'SIGKILL');
      rmSync(lab.folder, { recursive: true, force: true, maxRetries: 5 });
    },
    async enter(page) {
      // A link of its own: starting the peers may take longer than the first one holds.
      await page.goto((await lab.json(['console', '--print'])).url);
      await page.locator('tbody tr').first().waitFor();
    },
    floor: { url: `${origin}/assets/none`, selector: 'pre' },
    list: { url: `${origin}/experiments`, selector: 'tbody tr', text: 'One of many', ...DRAWN },
    log: {
      url: `${origin}/experiments/${id}/logs`,
      selector: '.line:not([hidden])',
      text: `step ${lines} loss`,
      ...DRAWN,
    },
  };
}
