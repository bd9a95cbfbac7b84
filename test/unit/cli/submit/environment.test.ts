import { describe, expect, it } from 'vitest';
import {
  readEnvFlags,
  readLabels,
  readSecrets,
  secretNames,
} from '../../../../src/cli/submit/environment.ts';

const usage = (message: RegExp) =>
  expect.objectContaining({
    code: 'usage',
    message: expect.stringMatching(message),
    hint: expect.any(String),
  });
const signal = new AbortController().signal;

describe('readEnvFlags', () => {
  const shell = { TOKEN: 'from shell', EMPTY: '' };

  it('lets --env beat files, and later ones earlier ones', () => {
    const files = [
      { path: 'a.env', text: 'A=file a\nB=file a\nC=file a\n' },
      { path: 'b.env', text: 'B=file b\nTOKEN\n' },
    ];
    const given = readEnvFlags({ env: ['A=flag', 'A=flag again', 'D=x=y', 'EMPTY'], files, shell });
    expect(given.env).toEqual({
      A: 'flag again',
      B: 'file b',
      C: 'file a',
      TOKEN: 'from shell',
      D: 'x=y',
      EMPTY: '',
    });
    expect(given.givenBy).toEqual({ B: 'b.env:1', C: 'a.env:3', TOKEN: 'b.env:2' });
  });

  it.each([
    ['NOT_THERE', /--env NOT_THERE.*not set/],
    ['1A=2', /--env "1A=2"/],
    ['=x', /--env "=x"/],
    ['A B=1', /--env "A B=1"/],
  ])('refuses --env %s', (item, message) => {
    expect(() => readEnvFlags({ env: [item], files: [], shell })).toThrow(usage(message));
  });

  it('says where a name without a value stands in a file', () => {
    const files = [{ path: 'a.env', text: 'A=1\nGONE\n' }];
    expect(() => readEnvFlags({ env: [], files, shell })).toThrow(usage(/^a\.env:2: GONE/));
  });

  it('says where a name that cannot be given stands in a file', () => {
    const files = [{ path: 'a.env', text: 'A=1\nVCS_SHA=1\n' }];
    expect(() => readEnvFlags({ env: [], files, shell })).toThrow(
      expect.objectContaining({
        code: 'manifest_invalid',
        message: expect.stringMatching(/^a\.env:2: VCS_SHA/),
      }),
    );
  });
});

describe('secrets', () => {
  it('never takes a value in an argument, and does not repeat it', () => {
    expect(() => secretNames(['KEY=hunter2'], {})).toThrow(usage(/--secret KEY takes no value/));
    expect(() => secretNames(['KEY=hunter2'], {})).not.toThrow(/hunter2/);
  });

  it('gives each name once, and refuses one that is a variable too', () => {
    expect(secretNames(['A', 'B', 'A'], {})).toEqual(['A', 'B']);
    expect(() => secretNames(['A'], { A: '1' })).toThrow(usage(/A is given both/));
    expect(() => secretNames(['A-B'], {})).toThrow(usage(/--secret "A-B"/));
  });

  it('takes values from the shell, and without a terminal names all that are missing', async () => {
    expect(await readSecrets(['A', 'E'], { shell: { A: '1', E: '' }, canAsk: false, signal })).toEqual({
      A: '1',
      E: '',
    });
    await expect(readSecrets(['A', 'B', 'C'], { shell: { B: 'x' }, canAsk: false, signal })).rejects.toThrow(
      usage(/A, C/),
    );
  });
});

it('reads labels', () => {
  expect(readLabels(['a=1', 'b=x=y', 'a=2', 'e='])).toEqual({ a: '2', b: 'x=y', e: '' });
  for (const bad of ['a', '=1']) expect(() => readLabels([bad])).toThrow(usage(/KEY=VALUE/));
});
