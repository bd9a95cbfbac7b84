/**
 * `npm run bench console-peers`: the console beside the pages of peers, in one run and the same browser: a list of 1,000, and the
 * end of a log of 100,000 lines; milliseconds from the start of the navigation until it is seen, what browser and server took of the
 * processor until then, and bytes that came, with nothing in the browser's cache. Our server draws what is seen first; when the page's own
 * script has taken its place, so that it hears keys and clicks, is said too. Peers' pages hear them when they are seen. Peers are
 * installed from PyPI, once, into the user's cache folder; `node bench/console-peers.js dstack` has one of them alone. The floor is one line of text of our server in the same browser: what no page can
 * be faster than; `at most` is how much better than the peer that would be.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { goneAfterLoad, launchBrowser, openPage, seenAfterLoad } from './console/page.js';
import { median } from './lab.js';
import { startDstack } from './peers/dstack.js';
import { startOurs } from './peers/ours.js';
import { between, taken, withDescendants } from './peers/processor.js';
import { startRay } from './peers/ray.js';

const JOBS = 1000;
const LINES = 100_000;
const ROUNDS = 9;
const SETTLED_MS = 500;
const PEERS = { ray: startRay, dstack: startDstack };
const LOOKS = { list: 'a list of 1,000', log: 'the end of 100,000 lines' };
const FIGURES = [
  { key: 'ms', name: 'seen after', unit: 'ms' },
  { key: 'browserMs', name: 'CPU of the browser', unit: 'ms' },
  { key: 'serverMs', name: 'CPU of the server', unit: 'ms' },
  { key: 'bytes', name: 'sent', unit: 'kB' },
];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PEERS));
if (unknown.length > 0) throw new Error(`no peer is called ${unknown}: ${Object.keys(PEERS)}`);
const folder = mkdtempSync(join(tmpdir(), 'aichor-peers-'));
// Fonts and widgets of other hosts are refused at once: a page that waits for them would be measured by the network.
const here = 'MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost';
// A signal would end this program before servers are stopped.
const unheeded = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
const browser = await launchBrowser([`--host-resolver-rules=${here}`], unheeded);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    process.exitCode = 130;
    void browser.close();
  });
const elsewhere = await startElsewhere();
const processes = await browser.newBrowserCDPSession();
const all = [];
try {
  all.push(await startOurs({ jobs: JOBS, lines: LINES }));
  for (const name of asked.length > 0 ? asked : Object.keys(PEERS))
    all.push(await PEERS[name]({ folder, jobs: JOBS, lines: LINES }));
  print(await measure());
} finally {
  await browser.close();
  for (const each of all) await each.stop();
  elsewhere.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** All of them in turn, round after round; the first one warms up servers. */
async function measure() {
  const looks = [];
  for (const one of all) {
    const opened = await openPage(browser);
    await one.enter(opened.page);
    for (const what of ['floor', 'list', 'log'])
      if (one[what] !== undefined) looks.push({ of: one.name, what, times: [], opened, one });
  }
  for (let round = 0; round <= ROUNDS; round++)
    for (const { what, times, opened, one } of looks) {
      const time = await cold(opened, one, one[what]);
      if (round > 0) times.push(time);
    }
  return (of, what, key) => {
    const { times } = looks.find((look) => look.of === of && look.what === what);
    return median(times.map((time) => time[key]));
  };
}

/** One navigation with an empty cache: how long until it is seen, and what it took and brought. */
async function cold({ page, session, sent }, { pid }, look) {
  await page.goto(elsewhere.url);
  await session.send('Network.clearBrowserCache');
  // What the browser still does for that page is not for this one.
  await sleep(SETTLED_MS);
  const server = () => taken(withDescendants(pid));
  const before = { bytes: sent(), browser: await browserTaken(), server: server() };
  const ms = await seenAfterLoad(page, look.url, look);
  const after = { browser: await browserTaken(), server: server() };
  const takenMs = look.takenOver === undefined ? ms : await goneAfterLoad(page, look.takenOver);
  // What is still on its way belongs to it; what a page asks for again and again does not.
  await sleep(1000);
  return {
    ms,
    takenMs,
    bytes: (sent() - before.bytes) / 1000,
    browserMs: between(before.browser, after.browser),
    serverMs: between(before.server, after.server),
  };
}

async function browserTaken() {
  const { processInfo } = await processes.send('SystemInfo.getProcessInfo');
  return taken(processInfo.map(({ id }) => id));
}

/** A page of another site, from which all are opened, as by a link or a bookmark: each begins in a process of its own, whatever it says of itself. */
async function startElsewhere() {
  const server = createServer((_, outgoing) => outgoing.end('elsewhere')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://elsewhere.localhost:${server.address().port}/`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function print(figure) {
  const [ours, ...peers] = all.map(({ name }) => name);
  const floor = figure(ours, 'floor', 'ms');
  process.stdout.write(
    `one line of text: ${floor.toFixed(0)} ms, CPU of the browser ${figure(ours, 'floor', 'browserMs').toFixed(0)} ms\n\n`,
  );
  const heads = peers.flatMap((name) => [name, 'better', 'at most']);
  process.stdout.write(`| | ${[ours, ...heads].join(' | ')} |\n|${'---|'.repeat(heads.length + 2)}\n`);
  for (const [what, name] of Object.entries(LOOKS))
    for (const { key, name: which, unit } of FIGURES) {
      const own = figure(ours, what, key);
      const cells = peers.flatMap((peer) => {
        const theirs = figure(peer, what, key);
        // Below a step of the clock there is nothing to compare.
        const better = own < 10 && unit === 'ms' ? '' : `${(theirs / own).toFixed(1)} x`;
        return [
          `${theirs.toFixed(0)} ${unit}`,
          better,
          key === 'ms' ? `${(theirs / floor).toFixed(1)} x` : '',
        ];
      });
      process.stdout.write(
        `| ${[`${name}, ${which}`, `${own.toFixed(0)} ${unit}`, ...cells].join(' | ')} |\n`,
      );
    }
  const taken = Object.entries(LOOKS).map(
    ([what, name]) => `${name}: ${figure(ours, what, 'takenMs').toFixed(0)} ms`,
  );
  process.stdout.write(`\n${ours} hears keys and clicks after: ${taken.join(', ')}\n`);
}
