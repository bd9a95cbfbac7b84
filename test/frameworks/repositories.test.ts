import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram } from '../../src/machine/find-program.ts';
import { openCli, type Cli, type Ended } from './cli.ts';
import { repository, REPOSITORIES, type Repository } from './repositories.ts';

/** Who has conda sees something else than who has not. */
const conda = await findProgram('conda', process.env['PATH'] ?? '');
const failing = REPOSITORIES.filter(({ fails, name }) => fails !== undefined && !(name === 'conda' && conda));

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli.leave());

async function write({ files, name }: Repository): Promise<string> {
  const folder = join(cli.home, name);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
    if (text.startsWith('#!')) await chmod(join(folder, path), 0o755);
  }
  return folder;
}

const noticesOf = ({ record }: Ended) => record.notices.map(({ message }) => message).join('\n');

describe.concurrent('repositories as people write them, submitted as they are:', () => {
  test.each(
    REPOSITORIES.filter(({ fails }) => fails === undefined).map((each) => [each.name, each] as const),
  )('%s', async (_name, repository) => {
    const ended = await cli.submit(await write(repository));
    expect(ended.record).toMatchObject({ status: 'Succeeded', explanation: null });
    expect(ended.printed.join('\n')).toContain(repository.prints);
    if (repository.notices !== undefined) expect(noticesOf(ended)).toMatch(repository.notices);
  });

  test.each(failing.map((each) => [each.name, each] as const))(
    '%s cannot, and the record says why',
    async (_name, repository) => {
      const ended = await cli.submit(await write(repository));
      expect(ended.record.status).toBe('Failed');
      expect(ended.record.explanation).toMatch(repository.fails ?? /^$/);
      if (repository.notices !== undefined) expect(noticesOf(ended)).toMatch(repository.notices);
    },
  );
});

describe.concurrent('without a network', () => {
  const dead = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };
  const requirements = (name: string) =>
    repository(name, { command: 'true', files: { 'requirements.txt': 'tabulate==0.8.9\n' } });

  test('a build fails with uv’s reason', async () => {
    const env = { ...dead, UV_CACHE_DIR: join(cli.home, 'no-cache'), UV_HTTP_RETRIES: '0' };
    const { record, built } = await cli.submit(await write(requirements('offline-uv')), [], env);
    expect(record).toMatchObject({ status: 'Failed', step: 'build', reason: 'BuildFailed' });
    expect(record.explanation).toMatch(/error: .*(tcp connect error|Connection refused)/);
    expect(built.join('\n')).toContain('Connection refused');
  });

  test('or pip’s, where there is no uv', async () => {
    const without = { PATH: process.env['PATH'] ?? '', ...dead, PIP_RETRIES: '1', PIP_NO_CACHE_DIR: '1' };
    const { record } = await cli.submit(await write(requirements('offline-pip')), [], without);
    expect(record).toMatchObject({ status: 'Failed', step: 'build', reason: 'BuildFailed' });
    expect(record.explanation).toMatch(/No matching distribution found for tabulate.*the package index cannot be reached: .*refused/); // prettier-ignore
  });
});
