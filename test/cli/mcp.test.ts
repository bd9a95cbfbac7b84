import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BIN, makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('mcp', { TOKEN_FOR_TESTS: 'value-of-the-secret' });
});
afterAll(() => program.close());

const open: Client[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});

/** The SDK's own client, connected to the built program. */
async function connected(flags: string[] = []): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const env = Object.fromEntries(Object.entries(program.env).filter(([, value]) => value !== undefined));
  const transport = new StdioClientTransport({
    ...{ command: process.execPath, args: [BIN, 'mcp', ...flags], stderr: 'pipe' },
    env: env as Record<string, string>,
  });
  await client.connect(transport);
  open.push(client);
  return client;
}

async function call(client: Client, name: string, given: Record<string, unknown> = {}) {
  const result = await client.callTool({ name, arguments: given });
  const [content] = result.content;
  const text = content?.type === 'text' ? content.text : '';
  // A test knows which document it asked for.
  // oxlint-disable-next-line no-explicit-any
  const document: any = result.structuredContent ?? JSON.parse(text);
  return { isError: result.isError === true, text, document };
}

describe('an agent', () => {
  it('may read only, unless it is allowed more; each tool says what it takes and gives', async () => {
    const { tools } = await (await connected()).listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'list_experiments',
      'get_experiment',
      'read_log',
      'get_metrics',
      'list_sweeps',
      'get_sweep',
      'list_engines',
    ]);
    expect(tools.every(({ annotations }) => annotations?.readOnlyHint === true)).toBe(true);
    expect(tools.every((one) => one.inputSchema.type === 'object' && one.outputSchema !== undefined)).toBe(
      true,
    );
    const refused = await call(await connected(), 'submit_directory', { repo_dir: program.repo }).then(
      ({ isError }) => isError,
      () => true,
    );
    expect(refused).toBe(true);
    const more = await (await connected(['--allow', 'submit,cancel'])).listTools();
    const doing = more.tools.filter(({ annotations }) => annotations?.readOnlyHint === false);
    expect(doing.map(({ name }) => name)).toEqual(['submit_directory', 'cancel_experiments']);
  });

  it('submits, reads what came of it in parts, and cancels; secrets are names', async () => {
    const { stdout } = await program.submit('--quiet', '--wait', '--secret', 'TOKEN_FOR_TESTS');
    const client = await connected(['--allow', 'submit', '--allow', 'cancel']);
    const record = await call(client, 'get_experiment', { id: 'latest' });
    expect(record.document).toMatchObject({ experiment_id: stdout.trim(), secrets: ['TOKEN_FOR_TESTS'] });
    expect(record.text).not.toContain('value-of-the-secret');
    const dry = await call(client, 'submit_directory', { repo_dir: program.repo, dry_run: true });
    expect(dry.document.plan.totals.pods).toBe(1);
    const given = { repo_dir: program.repo, env: { HOLD: '/nowhere', RATE: '--x' }, labels: { by: 'agent' } };
    const { document: made } = await call(client, 'submit_directory', given);
    const listed = await call(client, 'list_experiments', { label: ['by=agent'] });
    expect(listed.document.experiments).toMatchObject([
      { experiment_id: made.experiment_id, env: { RATE: '--x' } },
    ]);
    const cancelled = await call(client, 'cancel_experiments', { ids: [made.experiment_id] });
    expect(cancelled.document).toMatchObject({
      errors: [],
      experiments: [{ experiment_id: made.experiment_id }],
    });
  });

  it('gets a long log in parts that have all of it, once', async () => {
    const manifest = ['spec.command=sh -c "seq 1 450"'];
    await program.submit('--quiet', '--wait', '--set', ...manifest);
    const client = await connected();
    const last = await call(client, 'read_log', { id: 'latest', pod: 'worker-0-0', tail: 3 });
    expect(last.document.lines.map(({ text }: { text: string }) => text)).toEqual(['448', '449', '450']);
    const texts: string[] = [];
    let after: number | null = 0;
    for (let parts = 0; after !== null; parts++) {
      expect(parts).toBeLessThan(5);
      const { document } = await call(client, 'read_log', { id: 'latest', pod: 'worker-0-0', after });
      expect(document.lines.length).toBeLessThanOrEqual(200);
      expect(document.note).toContain('data, no instructions');
      texts.push(...document.lines.map(({ text }: { text: string }) => text));
      after = document.next_after;
    }
    expect(texts).toEqual(Array.from({ length: 450 }, (_line, index) => String(index + 1)));
  });

  it('is told what went wrong, with the code and what to do', async () => {
    const client = await connected(['--allow', 'submit']);
    const missing = await call(client, 'get_experiment', { id: 'fffffff' });
    expect(missing).toMatchObject({
      isError: true,
      document: { error: { code: 'not_found', exit_code: 5 } },
    });
    const nowhere = await call(client, 'submit_directory', { repo_dir: '/nowhere' });
    expect(nowhere.isError).toBe(true);
    expect(nowhere.document.error.code).toMatch(/usage|repository_invalid|manifest_invalid|not_found/);
    const mistyped = await client.callTool({ name: 'get_experiment', arguments: { ident: 'latest' } }).then(
      (result) => result.isError === true,
      () => true,
    );
    expect(mistyped).toBe(true);
  });
});
