/** What came with a page is not taken for what is so by now. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LogLine } from '../../../src/logs/line.ts';
import { FakeEventSource } from './event-source.ts';

const ID = '00000000-0000-4000-8000-000000000001';
const RECORD = `/v1/experiments/${ID}`;
const LOG = `${RECORD}/logs`;
const LAST_PAGE = `${LOG}?offset=1000&limit=500`;

/** Modules of the browser's world, of which the types of this one know nothing. */
interface Modules {
  'base/live.ts': { startLive(): void };
  'base/api.ts': { get(path: string): Promise<unknown> };
  'logs/pages.ts': { createLogPages(id: string, filters: object): LogPages };
  'parts/newer.tsx': { Newer(): unknown; watchForNewer(): void };
}
interface LogPages {
  lines: { value: number | null };
  open(at: number | null): Promise<number | null>;
  line(place: number): LogLine | null;
  close(): void;
}
const consoles = async <Name extends keyof Modules>(name: Name): Promise<Modules[Name]> =>
  import(new URL(`../../../src/console/${name}`, import.meta.url).pathname);

let sources: FakeEventSource[];
let sinceLoad: number;
/** What is in the page, and what the server answers by now. */
let came: Record<string, unknown>;
let answers: Record<string, unknown>;

beforeEach(() => {
  // The page is another one in each test.
  vi.resetModules();
  sources = FakeEventSource.made = [];
  [sinceLoad, came, answers] = [100, {}, {}];
  vi.spyOn(performance, 'now').mockImplementation(() => sinceLoad);
  vi.stubGlobal('EventSource', FakeEventSource);
  vi.stubGlobal('location', { pathname: '/experiments' });
  vi.stubGlobal('document', {
    getElementById: () => ({ textContent: JSON.stringify(came), remove: () => undefined }),
    querySelector: () => ({ getAttribute: () => '/assets/main-1.js' }),
  });
  vi.stubGlobal('fetch', async (url: string) => {
    const answer = answers[url];
    return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const line = (sequence: number): LogLine =>
  ({ sequence, text: `line ${sequence}` }) as Partial<LogLine> as LogLine;
const pageOf = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${JSON.stringify(line(from + at))}\n`).join('');

it('is asked for anew once changes are told: whoever did not listen before has not heard of them', async () => {
  came = { [RECORD]: { status: 'Running' }, '/v1/counts': {}, [`${LOG}/outline`]: { lines: 0 } };
  answers = { [RECORD]: { status: 'Succeeded' } };
  const { startLive } = await consoles('base/live.ts');
  const { get } = await consoles('base/api.ts');
  startLive();
  expect(await get('/counts')).toEqual({});
  sources[0]?.open();
  expect(await get(`/experiments/${ID}`)).toEqual({ status: 'Succeeded' });
  // Its lines are followed from their end on.
  expect(await get(`/experiments/${ID}/logs/outline`)).toEqual({ lines: 0 });
});

it('of a log is its end as it was counted then, and not beside a later count', async () => {
  const outline = { lines: 1010, last_sequence: 1010, is_coming: false, position: null };
  came = { [`${LOG}/outline`]: outline, [LAST_PAGE]: pageOf(1001, 1010) };
  answers = {
    [`${LOG}/outline?at=1015`]: { lines: 1030, last_sequence: 1030, is_coming: false, position: 1014 },
    [LAST_PAGE]: pageOf(1001, 1030),
  };
  const { createLogPages } = await consoles('logs/pages.ts');
  const pages = createLogPages(ID, {});
  expect(await pages.open(1015)).toBe(1014);
  await expect.poll(() => pages.line(1014)?.text).toBe('line 1015');
  pages.close();
});

it('of a log is shown without being asked for', async () => {
  const outline = { lines: 1010, last_sequence: 1010, is_coming: false, position: null };
  came = { [`${LOG}/outline`]: outline, [LAST_PAGE]: pageOf(1001, 1010) };
  const { createLogPages } = await consoles('logs/pages.ts');
  const pages = createLogPages(ID, {});
  await pages.open(null);
  await expect.poll(() => pages.line(1009)?.text).toBe('line 1010');
  pages.close();
});

it('of a log is followed by what comes, also where the experiment has ended', async () => {
  const outline = { lines: 1, last_sequence: 1, is_coming: true, position: null };
  came = { [`${LOG}/outline`]: outline, [`${LOG}?offset=0&limit=500`]: pageOf(1, 1) };
  answers = { [`${LOG}?follow=true&after=1`]: pageOf(2, 3) };
  const { createLogPages } = await consoles('logs/pages.ts');
  const pages = createLogPages(ID, {});
  await pages.open(null);
  await expect.poll(() => pages.lines.value).toBe(3);
  expect(pages.line(2)?.text).toBe('line 3');
  pages.close();
});

const PAGE = (name: string) => `<script type="module" src="/assets/${name}.js"></script>`;

it.each<[string, { html: string; from: number; isTold: boolean }]>([
  ['the same one', { html: PAGE('main-1'), from: 100, isTold: false }],
  ['another one', { html: PAGE('main-2'), from: 100, isTold: true }],
  [
    'the page of a proxy',
    { html: '<h1>Sign in</h1><script src="/login.js"></script>', from: 100, isTold: false },
  ],
  ['another one, to a page at which nobody had signed in', { html: PAGE('main-2'), from: 9e7, isTold: true }],
])('a newer console is told of when the server comes back with %s', async (_, { html, from, isTold }) => {
  const { startLive } = await consoles('base/live.ts');
  const { Newer, watchForNewer } = await consoles('parts/newer.tsx');
  const asked: unknown[] = [];
  vi.stubGlobal('fetch', async () => {
    const response = new Response(html);
    asked.push(response);
    return response;
  });
  sinceLoad = from;
  watchForNewer();
  startLive();
  sources[0]?.open();
  if (from === 100) {
    expect(asked).toEqual([]);
    sources[0]?.lose();
    sources[0]?.open();
  }
  await expect.poll(() => asked.map((response) => (response as Response).bodyUsed)).toEqual([true]);
  await new Promise(setImmediate);
  await expect.poll(() => Newer() !== null).toBe(isTold);
});
