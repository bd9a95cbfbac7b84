/** What the console's components, built for the server, draw of a page: for one person at a time. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DrawPicture } from '../../../../src/api/console/picture-contract.ts';
import { readDrawing } from '../../../../src/server/console/drawing.ts';
import type { Log } from '../../../../src/server/ports.ts';

const warn = vi.fn<Log['warn']>();
let draw: DrawPicture;

beforeEach(() => {
  warn.mockReset();
  const read = readDrawing({ warn });
  if (read === null) throw new Error('build the console first: npm run build');
  draw = read;
});

const NOW = Date.parse('2026-01-01T00:00:00Z');
const session = (name: string, role: string) => JSON.stringify({ name, role, is_embedded: false });
const summary = (message: string) => ({
  ...{ experiment_id: 'a1', message, status: 'Failed', explanation: '<b>why</b>', project: 'vision' },
  ...{ engine: 'local', operator: 'jax', created_at: '2025-12-31T23:00:00Z', submitted_by: 'anna' },
  ...{ started_at: null, duration_s: 3, env: {}, labels: {}, metrics: {} },
  ...{ source: { branch: '"><img src=x>' }, resources: { pods: 1, gpus: 0 } },
});
const listOf = (who: string, message: string) =>
  new Map([
    ['/v1/session', who],
    ['/v1/experiments?limit=50', JSON.stringify({ experiments: [summary(message)], next_cursor: null })],
    ['/v1/counts', JSON.stringify({ counts: { Failed: 3 } })],
  ]);

it('draws whatever stands in a list as text', () => {
  const answers = listOf(session('anna', 'admin'), '</div><script>alert(1)</script>');
  const html = draw({ address: '/experiments', answers, now: NOW });
  expect(html).toContain('&lt;/div>&lt;script>alert(1)&lt;/script>');
  expect(html).not.toMatch(/<(?:script|img|b>why)| style=| on[a-z]+=/);
  expect(html).toContain('>1h ago</time>');
});

it('has nothing of one person for the next', () => {
  draw({ address: '/experiments', answers: listOf(session('anna', 'admin'), 'Secret work'), now: NOW });
  const next = draw({
    address: '/experiments',
    answers: listOf(session('ben', 'viewer'), 'Own work'),
    now: NOW,
  });
  expect(next).toContain('Own work');
  expect(next).not.toMatch(/anna \(|Secret|href="\/keys"/);
  expect(draw({ address: '/experiments', answers: new Map(), now: NOW })).toBe('');
});

it.each([
  ['who asks alone', '/experiments', [['/v1/session', session('anna', 'admin')]]],
  ['a page that draws itself', '/engines', [...listOf(session('anna', 'admin'), 'Work')]],
  ['a list with another filter', '/experiments?status=Failed', [...listOf(session('anna', 'admin'), 'Work')]],
  [
    'an experiment of which nothing is known',
    '/experiments/a1/logs',
    [['/v1/session', session('a', 'admin')]],
  ],
] as const)('draws nothing of %s', (_what, address, answers) => {
  expect(draw({ address, answers: new Map(answers), now: NOW })).toBe('');
  expect(warn).not.toHaveBeenCalled();
});

it('tells the log of what cannot be drawn, and leaves it out', () => {
  const answers = listOf(session('anna', 'admin'), 'Work').set(
    '/v1/experiments?limit=50',
    '{"experiments":[{}]}',
  );
  expect(draw({ address: '/experiments', answers, now: NOW })).toBe('');
  expect(warn).toHaveBeenCalledOnce();
  expect(
    draw({ address: '/experiments', answers: listOf(session('ben', 'viewer'), 'Own work'), now: NOW }),
  ).toContain('Own work');
});

describe('of a log', () => {
  const record = {
    ...summary('Work'),
    ...{ pods: [], events: [], notices: [], progress: null, attempt: 1 },
  };
  const drawn = (text: string, lines: number) => {
    const line = (sequence: number) =>
      JSON.stringify({
        ...{ sequence, text, time: '2026-01-01T00:00:00Z', step: 'run' },
        ...{ pod: 'w-0', stream: 'stdout', attempt: 1 },
      });
    const first = Array.from({ length: Math.min(500, lines) }, (_, at) => line(at + 1)).join('\n');
    const answers = new Map([
      ['/v1/session', session('anna', 'admin')],
      ['/v1/experiments/a1', JSON.stringify(record)],
      ['/v1/experiments/a1/logs/outline', JSON.stringify({ lines, sources: [] })],
      ['/v1/experiments/a1/logs?offset=0&limit=500', JSON.stringify(first)],
    ]);
    return draw({ address: '/experiments/a1/logs', answers, now: NOW });
  };

  it('draws as much as a window shows, whatever colours it has', () => {
    const html = drawn('\u001b[1ma\u001b[0m'.repeat(2000), 500);
    expect(html).toContain('#L500');
    expect(html.match(/class="line"/g)).toHaveLength(120);
    expect(html.length).toBeLessThan(500_000);
    expect(warn).not.toHaveBeenCalled();
  });

  it('draws nothing where its end is not known', () => {
    expect(drawn('a', 1010)).toBe('');
    expect(drawn('a', 0)).toContain('No line yet.');
    expect(warn).not.toHaveBeenCalled();
  });
});
