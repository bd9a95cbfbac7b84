import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstLoad } from '../../scripts/build/first-load.js';
import { frames, launchBrowser, openPage, seenAfterLoad } from '../console/page.js';
import { ended, median, openLab, root, row } from '../lab.js';
import { load } from '../load.js';
import { writeRepository } from '../repository.js';

const LINES = 500_000;
const MIDDLE = 250_000;
const OTHERS = 200;
const CONSOLES = 20;
const IDLE_MS = 15_000;

/** The console in a real browser, beside a real server: times are those of a machine that does nothing else. */
export async function measure() {
  const lab = openLab();
  const browser = await launchBrowser();
  try {
    const { id, server } = await fill(lab);
    const open = () => entered(lab, browser);
    const one = await open();
    const rows = [...(await sizes()), await bundling(), ...(await list(one)), ...(await log(one, id))];
    rows.push(
      row('console, breaches of its policy and errors', {
        value: one.faults.length,
        unit: '',
        limit: 0,
        floor: one.faults[0] ?? 'none',
      }),
    );
    await one.page.context().close();
    rows.push(await idle(open, server));
    return rows;
  } finally {
    await browser.close();
    await end(lab);
  }
}

/** One experiment with a long log, one that runs, and many that wait for it. */
async function fill(lab) {
  mkdirSync(lab.env.AICHOR_HOME, { recursive: true, mode: 0o700 });
  writeFileSync(join(lab.env.AICHOR_HOME, 'settings.json'), '{"max_experiments": 1}', { mode: 0o600 });
  const submit = (name, content, ...flags) => {
    const folder = writeRepository(join(lab.folder, name), content);
    return lab.json(['experiments', 'submit', 'local', '--repo-dir', folder, '--message', name, ...flags]);
  };
  const print = `awk 'BEGIN { for (i = 1; i <= ${LINES}; i++) printf "step %d loss %.6f\\n", i, 1 / i }'`;
  const { experiment_id: id } = await submit('long-log', { command: print }, '--wait');
  await submit('runs', { command: 'exec sleep 3600' });
  const { experiment_id: last } = await submit('waits', { command: 'true' });
  const { source } = await lab.json(['experiments', 'get', last]);
  const { address, pid } = await lab.json(['server', 'status']);
  const submission = JSON.stringify({
    source: { kind: 'local', snapshot: source.snapshot },
    message: 'One of many',
    shell: { PATH: process.env.PATH, HOME: process.env.HOME ?? '/' },
  });
  await load({ socket: address.replace(/^unix:/, ''), submission }, { clients: 4, count: OTHERS });
  return { id, server: pid };
}

async function end(lab) {
  const { pid } = await lab.json(['server', 'status']);
  await lab.aichor(['experiments', 'cancel', '--all', '--yes', '--wait'], { codes: [0, 1, 6, 7, 8, 9] });
  if (pid !== null) process.kill(pid, 'SIGKILL');
  rmSync(lab.folder, { recursive: true, force: true, maxRetries: 5 });
}

/** A page that has come in. */
async function entered(lab, browser) {
  const opened = await openPage(browser);
  const { url } = await lab.json(['console', '--print']);
  await opened.page.goto(url);
  await opened.page.locator('tbody tr').first().waitFor({ timeout: 60_000 });
  return { ...opened, origin: new URL(url).origin };
}

async function sizes() {
  const { scripts, styles } = await firstLoad(join(root, 'dist/console'));
  return [
    row('console, scripts of the first load, gzip', {
      ...{ value: scripts / 1000, unit: 'kB', limit: 20, floor: 'Preact and signals: 9 kB' },
    }),
    row('console, styles of the first load, gzip', {
      ...{ value: styles / 1000, unit: 'kB', limit: 4, floor: 'none' },
    }),
  ];
}

/** Built several times in one process: the first one loads the bundler itself. */
async function bundling() {
  const built = new URL('../../scripts/build/console.js', import.meta.url).href;
  const script = `const { bundled } = await import(${JSON.stringify(built)});
    const times = [];
    for (let i = 0; i < 4; i++) {
      const before = performance.now();
      await bundled(${JSON.stringify(root)});
      times.push(performance.now() - before);
    }
    console.log(JSON.stringify(times));`;
  const { stdout } = await ended(process.execPath, ['--input-type=module', '-e', script]);
  const [first, ...later] = JSON.parse(stdout.trim().split('\n').at(-1));
  return row('console, bundled, without packing', {
    ...{ value: Math.min(...later), unit: 'ms', limit: 1000, floor: `the first time ${first.toFixed(0)} ms` },
  });
}

async function list({ page, origin }) {
  const times = { list: [], floor: [] };
  for (let round = 0; round < 9; round++) {
    times.floor.push(await seenAfterLoad(page, `${origin}/assets/none`, { selector: 'pre' }));
    times.list.push(await seenAfterLoad(page, `${origin}/experiments`, { selector: 'tbody tr' }));
  }
  return [
    row('console, list seen after the navigation', {
      ...{ value: median(times.list), unit: 'ms', limit: 300 },
      floor: `one line of text of the same server: ${median(times.floor).toFixed(0)} ms`,
    }),
  ];
}

async function log({ page, origin, session }, id) {
  await page.goto(`${origin}/experiments/${id}/logs`);
  const lineSeen = (sequence) => `[...document.querySelectorAll('.line:not([hidden])')].some((line) =>
    line.querySelector('.line-number').textContent === '${sequence}' &&
    line.querySelector('.line-text').textContent.includes('loss'))`;
  await page.evaluate(`firstSeen(() => ${lineSeen(LINES)})`);
  // The page's own script has taken the place of what the server drew.
  await page.locator('#first').waitFor({ state: 'detached' });
  const jumps = [];
  for (let round = 0; round < 9; round++) {
    // Another place each time, so that none is here already.
    const sequence = MIDDLE + (round - 4) * 20_000;
    await page.evaluate(`{
      document.getElementById('to')?.remove();
      const link = document.createElement('a');
      Object.assign(link, { id: 'to', href: '#L${sequence}', textContent: 'there' });
      document.querySelector('.log').prepend(link);
      globalThis.came = new Promise((resolve) => link.addEventListener('click', () => {
        const since = performance.now();
        firstSeen(() => ${lineSeen(sequence)}, since).then(resolve);
      }));
      void 0;
    }`);
    await page.locator('#to').click();
    jumps.push(await page.evaluate('came'));
  }
  const scrolled = await frames(page, { selector: '.log-box', pixels: 2500 });
  await page.evaluate(`firstSeen(() => [...document.querySelectorAll('.line:not([hidden]) .line-text')]
    .every((text) => text.textContent !== '…'))`);
  const { metrics } = await session
    .send('Performance.enable')
    .then(() => session.send('Performance.getMetrics'));
  const heap = metrics.find(({ name }) => name === 'JSHeapUsedSize').value;
  const empty = await openPage(page.context().browser());
  const still = await frames(empty.page);
  await empty.page.context().close();
  return [
    row(`console, line ${MIDDLE.toLocaleString('en')} of ${LINES.toLocaleString('en')} after the click`, {
      ...{ value: median(jumps), unit: 'ms', limit: 300, floor: 'none' },
    }),
    row('console, median frame while a log scrolls', {
      ...{
        value: median(scrolled),
        unit: 'ms',
        limit: 17,
        floor: `an empty page: ${median(still).toFixed(1)} ms`,
      },
    }),
    row(`console, heap with ${LINES.toLocaleString('en')} lines`, {
      ...{ value: heap / 1e6, unit: 'MB', limit: 40, floor: 'none' },
    }),
  ];
}

/** Twenty people look at the list, and nothing happens. */
async function idle(open, server) {
  const alone = await busyShare(server);
  const pages = [];
  for (let i = 0; i < CONSOLES; i++) pages.push(await open());
  const watched = await busyShare(server);
  for (const { page } of pages) await page.context().close();
  return row(`console, CPU of the server with ${CONSOLES} open and nothing to tell`, {
    ...{ value: watched * 100, unit: '%', limit: 5, floor: `with none: ${(alone * 100).toFixed(1)} %` },
  });
}

/** CPU time of a process by the time that passed. */
async function busyShare(pid) {
  await sleep(2000);
  const before = cpuMs(pid);
  const started = performance.now();
  await sleep(IDLE_MS);
  return (cpuMs(pid) - before) / (performance.now() - started);
}

/** User and system time of a process so far, in milliseconds. */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
