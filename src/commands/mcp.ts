import { repeated, wordOf } from '../cli/runtime/flags.ts';
import { BaseCommand } from '../cli/runtime/base-command.ts';
import { DEEDS } from '../cli/mcp/deeds.ts';

export default class Mcp extends BaseCommand {
  static override summary = 'Serve the commands to an agent, as an MCP server on stdin and stdout';
  static override description =
    'Reads only, unless --allow says more: lists, records, logs, metrics, sweeps, engines. Answers are JSON with a schema; a log comes in parts, each with what gets the next one. It is started by the agent; what it says to people goes to stderr.';
  static override examples = [
    'aichor mcp',
    'aichor mcp --allow submit --allow cancel',
    'claude mcp add aichor -- aichor mcp --allow submit',
  ];
  static override flags = {
    allow: repeated(`What may be done beside reading: ${DEEDS.join(', ')}`, 'WORD'),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(Mcp);
    const words = flags.allow.flatMap((text) => text.split(','));
    const allowed = words.map((word) => wordOf(word, DEEDS, '--allow'));
    const { serveMcp } = await import('../cli/mcp/serve.ts');
    await serveMcp({
      connect: () => this.client(),
      allow: new Set(allowed),
      program: this.program,
      env: process.env,
      signal: this.signal,
      say: (message) => this.talk.notice(message),
    });
  }
}
