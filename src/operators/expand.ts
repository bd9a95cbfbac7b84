/**
 * Replaces `$(NAME)` the way Kubernetes does it in `env` values, `command` and `args`: a name may hold any
 * character but `)`, an unknown one stays as written, `$$` becomes `$`, any other `$` is itself. Linear, also
 * for text with many `$(` and no `)`.
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  let result = '';
  let position = 0;
  let unclosed = false;
  for (;;) {
    const dollar = text.indexOf('$', position);
    if (dollar === -1 || dollar + 1 === text.length) return result + text.slice(position);
    result += text.slice(position, dollar);
    const next = text[dollar + 1];
    const close: number = next === '(' && !unclosed ? text.indexOf(')', dollar) : -1;
    unclosed ||= next === '(' && close === -1;
    if (close !== -1) {
      const written = text.slice(dollar, close + 1);
      result += lookUp(written.slice(2, -1)) ?? written;
      position = close + 1;
    } else {
      result += next === '$' ? '$' : text.slice(dollar, dollar + 2);
      position = dollar + 2;
    }
  }
}

/** Text in which `$` shall mean nothing: `expand` gives it back as it was. */
export function escapeLiteral(text: string): string {
  return text.replaceAll('$', () => '$$');
}

/**
 * The user's command line, so that `expand` leaves the shell's `$$` alone while `$(RANK)` is replaced and
 * `$(date)`, `$((a+1))`, `${X}` reach the shell untouched.
 */
export function escapeCommand(command: string): string {
  return command.replaceAll('$$', () => '$$$$');
}
