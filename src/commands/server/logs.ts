import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { assertHere } from '../../cli/settings/here.ts';
import { ifThere } from '../../base/io/files.ts';

export default class ServerLogs extends BaseCommand<never> {
  static override summary = "Print this machine's control plane's own log";
  static override description =
    'What it did, and what went wrong inside it: for people on a terminal, one JSON object a line in a pipe. Values of secrets are never in it.';
  static override examples = ['aichor server logs', "aichor server logs | jq 'select(.level >= 50)'"];

  async run(): Promise<undefined> {
    await this.parse(ServerLogs);
    const { folder } = this.settings();
    assertHere(this.settings());
    const file = await ifThere(open(join(folder.data, 'server.log')));
    if (file === null) return;
    const draw = this.humanWanted ? await this.#drawing() : null;
    for await (const line of file.readLines()) {
      const facts = asObject(line);
      await (draw === null ? this.writeJson(`${JSON.stringify(facts)}\n`) : this.write(`${draw(facts)}\n`));
    }
  }

  async #drawing(): Promise<(line: Record<string, unknown>) => string> {
    const { serverLogLine } = await import('../../cli/print/server-log.ts');
    return (line) => serverLogLine(line, this.screen);
  }
}

/** What Node itself printed there (the last words of a crash) is text: it becomes a message. */
function asObject(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Told below, as what it is.
  }
  return { msg: line };
}
