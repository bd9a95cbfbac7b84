import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { SUBMIT_PROGRAM } from '../../../src/engines/local/ray/submit-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'aichor-ray-submit-'));
const program = join(folder, 'submit.py');
writeFileSync(program, SUBMIT_PROGRAM);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Runs the submitter against a dashboard that answers like this. */
async function submitTo(answer: Answer, env: Record<string, string>) {
  const asked: IncomingMessage[] = [];
  const dashboard = createServer((request, response) => {
    asked.push(request);
    request.resume().on('end', () => answer(request, response));
  });
  dashboard.listen(0, '127.0.0.1');
  await once(dashboard, 'listening');
  const { port } = dashboard.address() as AddressInfo;
  const words = ['-I', program, String(port), 'job', join(folder, 'no.log'), 'true'];
  const child = spawn('python3', words, { env: { PATH: process.env['PATH'], ...env } });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = await once(child, 'close');
  dashboard.close();
  return { code, stderr, asked };
}

/** A dashboard of Ray that demands a token, in Ray's own words. */
function demanding(token: string): Answer {
  return ({ headers, method }, response) => {
    const shown = headers.authorization ?? '';
    if (shown === '') return response.writeHead(401).end('Unauthorized: Missing authentication token');
    if (shown !== `Bearer ${token}`)
      return response.writeHead(403).end('Forbidden: Invalid authentication token');
    return response.end(method === 'POST' ? '{}' : '{"status": "SUCCEEDED", "logs": ""}');
  };
}

describe('the submitter of a Ray job', () => {
  test('shows the token of its cluster', async () => {
    const { code, stderr, asked } = await submitTo(demanding('ours'), { RAY_AUTH_TOKEN: 'ours' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(asked.every(({ headers }) => headers.authorization === 'Bearer ours')).toBe(true);
  });

  test.each([
    ['none', {}, 'Unauthorized: Missing authentication token'],
    ['another', { RAY_AUTH_TOKEN: 'theirs' }, 'Forbidden: Invalid authentication token'],
  ])('with %s is refused in the words of the cluster, and does not ask again', async (_, env, said) => {
    const { code, stderr, asked } = await submitTo(demanding('ours'), env);
    expect(code).toBe(1);
    expect(stderr).toBe(`the Ray cluster does not take the job: ${said}\n`);
    expect(stderr).not.toContain('theirs');
    expect(asked.filter(({ method }) => method === 'POST').length).toBe(1);
  });

  test('of a cluster that knows no tokens shows none', async () => {
    const { code, asked } = await submitTo(
      ({ method }, response) => response.end(method === 'POST' ? '{}' : '{"status": "SUCCEEDED"}'),
      {},
    );
    expect(code).toBe(0);
    expect(asked.some(({ headers }) => headers.authorization !== undefined)).toBe(false);
  });
});
