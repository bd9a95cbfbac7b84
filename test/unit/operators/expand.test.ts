import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeCommand, escapeLiteral, expand } from '../../../src/operators/command/expand.ts';

const VALUES: Record<string, string> = { RANK: '3', HOST: 'a$b', 'odd name': 'odd', '': 'empty' };
const lookUp = (name: string) => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined);

/** Kubernetes' own algorithm, step by step, slow and plain: what `expand` must agree with. */
function asKubernetes(input: string): string {
  let result = '';
  for (let cursor = 0; cursor < input.length; cursor++) {
    if (input[cursor] !== '$' || cursor + 1 === input.length) {
      result += input[cursor];
      continue;
    }
    const rest = input.slice(cursor + 1);
    const close = rest.indexOf(')');
    if (rest[0] === '$') {
      result += '$';
      cursor += 1;
    } else if (rest[0] === '(' && close !== -1) {
      const name = rest.slice(1, close);
      result += lookUp(name) ?? `$(${name})`;
      cursor += close + 1;
    } else {
      result += `$${rest[0]}`;
      cursor += 1;
    }
  }
  return result;
}

const dollarText = fc
  .array(
    fc.oneof(
      fc.constantFrom('$', '$$', '(', ')', '$(', 'RANK', '$(RANK)', '$(HOST)', 'x', ' ', '\n'),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''));

describe('expand', () => {
  test.each([
    ['$(RANK)', '3'],
    ['a $(RANK)b', 'a 3b'],
    ['$(UNKNOWN)', '$(UNKNOWN)'],
    ['$$', '$'],
    ['$$(RANK)', '$(RANK)'],
    ['$$$(RANK)', '$3'],
    ['$', '$'],
    ['x$', 'x$'],
    ['$(', '$('],
    ['$(RANK', '$(RANK'],
    ['$()', 'empty'],
    ['$(odd name)', 'odd'],
    ['$($(RANK))', '$($(RANK))'],
    ['$RANK ${RANK}', '$RANK ${RANK}'],
    ['$(date +%s)', '$(date +%s)'],
    ['$((1 + 1))', '$((1 + 1))'],
    ['$(HOST)', 'a$b'],
    ['a\n$(RANK)\n', 'a\n3\n'],
    ['', ''],
  ])('%j becomes %j', (text, expected) => {
    expect(expand(text, lookUp)).toBe(expected);
  });

  test('agrees with the algorithm of Kubernetes on any text', () => {
    fc.assert(
      fc.property(dollarText, (text) => {
        expect(expand(text, lookUp)).toBe(asKubernetes(text));
      }),
      { numRuns: 1000 },
    );
  });

  test('a literal comes back as it was', () => {
    fc.assert(
      fc.property(dollarText, (text) => {
        expect(expand(escapeLiteral(text), lookUp)).toBe(text);
      }),
    );
  });

  test('reads text with very many unclosed references', () => {
    const text = '$('.repeat(500_000);
    expect(expand(text, lookUp)).toBe(text);
  });
});

describe('a command', () => {
  test.each([
    ['python main.py --rank=$(RANK)', 'python main.py --rank=3'],
    ['echo $$ $(date) $((a+1)) ${X} $X', 'echo $$ $(date) $((a+1)) ${X} $X'],
    ['echo $$$(RANK)', 'echo $$3'],
    ["awk '{print $1}'", "awk '{print $1}'"],
    ['kill $(pgrep -P $$)', 'kill $(pgrep -P $$)'],
  ])('%j reaches the shell as %j', (command, expected) => {
    expect(expand(escapeCommand(command), lookUp)).toBe(expected);
  });

  test('without references reaches the shell untouched, whatever else it holds', () => {
    fc.assert(
      fc.property(dollarText, (command) => {
        expect(expand(escapeCommand(command), () => undefined)).toBe(command);
      }),
    );
  });
});
