import { describe, expect, it } from 'vitest';
import { readImage } from '../../../src/dockerfile/image.ts';
import { DockerfileTooLarge } from '../../../src/dockerfile/limits.ts';

const read = (text: string, more: { ignore?: string; turn?: () => Promise<void> } = {}) =>
  readImage({ text, buildArgs: {}, target: null, context: [], ignore: null, ...more });

describe('a Dockerfile', () => {
  it.each([
    ['of 300 KB', `FROM a\n${'# x\n'.repeat(80_000)}`, undefined, /^has 313 KB; 256 KB are read at most$/],
    [
      'of 1,001 instructions',
      `FROM a\n${'ENV A=1\n'.repeat(1000)}`,
      undefined,
      /^has 1001 instructions; 1000/,
    ],
    ['with a .dockerignore of 70 KB', 'FROM a\n', 'x\n'.repeat(35_000), /\.dockerignore of 69 KB; 64 KB/],
  ])('%s is not read', async (_what, text, ignore, message) => {
    const reading = read(text, ignore === undefined ? {} : { ignore });
    await expect(reading).rejects.toThrow(DockerfileTooLarge);
    await expect(reading).rejects.toThrow(message);
  });

  it('of 1,000 instructions is, and others have their turn between them', async () => {
    let turns = 0;
    const image = await read(`FROM a\n${'ENV A=1\n'.repeat(999)}`, { turn: async () => void turns++ });
    expect(image?.env.get('A')).toBe('1');
    expect(turns).toBeGreaterThanOrEqual(1000);
  });

  it.each([
    ['nested 3,000 deep', `\${A:-`.repeat(3000) + 'x' + '}'.repeat(3000), /nested more than 50 deep/],
    ['that grows without end', '$LONG$LONG$LONG$LONG', /longer than 131072 characters/],
    ['that would be tried for ever', '${LONG%*a*a*a*a*b}', /would take too long/],
    ['that would be replaced for ever', '${LONG//*a*a*a*b/x}', /would take too long/],
  ])('a text %s is refused in words', async (_what, text, message) => {
    const image = await read(`FROM a\nARG LONG=${'a'.repeat(40_000)}\nENV B=${text}\nENV C=1\n`);
    expect(image?.refused).toMatchObject([{ line: 3, what: expect.stringMatching(message) }]);
    expect(image?.env.get('C')).toBe('1');
  });

  it('keeps what is usual', async () => {
    const image = await read(
      'FROM a\nARG V=3.11.2\nENV A=${V%.*} B=${V%%.*} C=${V#*.} D=${V/./-} E=${X:-${Y:-${V}}}\n',
    );
    expect(Object.fromEntries(image?.env ?? [])).toEqual({
      A: '3.11',
      B: '3',
      C: '11.2',
      D: '3-11.2',
      E: '3.11.2',
    });
    expect(image?.refused).toEqual([]);
  });
});
