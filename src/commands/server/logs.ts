import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { ifThere } from '../../base/io/files.ts';
import { AichorError } from '../../errors.ts';

export default class ServerLogs extends BaseCommand<never> {
  static override summary = "Print this machine's control plane's own log";
  static override description =
    'One JSON object a line: what it did, and what went wrong inside it. Values of secrets are never in it.';
  static override examples = ['aichor server logs', "aichor server logs | jq 'select(.level >= 50)'"];

  async run(): Promise<undefined> {
    await this.parse(ServerLogs);
    const { server, folder } = this.settings();
    if (server.value !== null) {
      throw new AichorError('usage', `the log of ${server.value} lies on its own machine`, {
        hint: 'run this command there, without AICHOR_SERVER',
      });
    }
    const file = await ifThere(open(join(folder.data, 'server.log')));
    if (file === null) return;
    for await (const line of file.readLines()) await this.writeJson(`${asJson(line)}\n`);
  }
}

/** What Node itself printed there (the last words of a crash) is text: it becomes a message. */
function asJson(line: string): string {
  try {
    JSON.parse(line);
    return line;
  } catch {
    return JSON.stringify({ msg: line });
  }
}
