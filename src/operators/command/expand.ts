/**
 * Replaces `$(NAME)` the way Kubernetes does it in `env` values, `command` and `args`: a name may hold any
 * character but `)`, an unknown one stays as written, `$$` becomes `$`, any other `$` is itself. Linear, also
 * for text with many `$(` and no `)`.
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  let result = '';
  for (const { kind, written } of tokens(text)) {
    if (kind === 'reference') result += lookUp(written.slice(2, -1)) ?? written;
    else result += kind === 'dollars' ? '$' : written;
  }
  return result;
}

/** Text in which `$` shall mean nothing: `expand` gives it back as it was. */
export function escapeLiteral(text: string): string {
  return text.replaceAll('$', () => '$$');
}

/**
 * The user's command line, so that `expand` replaces `$(RANK)` while everything else reaches the shell untouched:
 * `$(date)`, `$((a+1))`, `${X}`, `$$`. A `$$` within `$(…)` is not doubled, for `expand` keeps an unknown name
 * as it is written.
 */
export function escapeCommand(command: string): string {
  let result = '';
  for (const { kind, written } of tokens(command)) result += kind === 'dollars' ? '$$$$' : written;
  return result;
}

interface Token {
  kind: 'text' | 'dollars' | 'reference';
  written: string;
}

function* tokens(text: string): Generator<Token> {
  let position = 0;
  let unclosed = false;
  for (;;) {
    const dollar = text.indexOf('$', position);
    if (dollar === -1 || dollar + 1 === text.length) break;
    if (dollar > position) yield { kind: 'text', written: text.slice(position, dollar) };
    const next = text[dollar + 1];
    const close: number = next === '(' && !unclosed ? text.indexOf(')', dollar) : -1;
    unclosed ||= next === '(' && close === -1;
    position = close === -1 ? dollar + 2 : close + 1;
    const written = text.slice(dollar, position);
    if (close !== -1) yield { kind: 'reference', written };
    else yield { kind: next === '$' ? 'dollars' : 'text', written };
  }
  yield { kind: 'text', written: text.slice(position) };
}
