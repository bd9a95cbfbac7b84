import { boolean, integer, string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { serverStatusPage } from '../../cli/print/server-status.ts';
import type { Ready } from '../../server/process/main.ts';

export default class ServerStart extends BaseCommand<never> {
  static override summary = 'Serve the control plane, until it is stopped';
  static override description =
    'For a team: it listens on a port, and demands an API key (AICHOR_API_KEY, or one that it makes and keeps in a file, which it names). On your own machine you do not need it: the first command that needs the control plane starts it in the background.';
  static override examples = [
    'aichor server start',
    'aichor server start --host 0.0.0.0 --port 8642 --max-experiments 4',
  ];
  static override flags = {
    host: string({ description: 'Address to listen on', default: '127.0.0.1', helpValue: 'ADDRESS' }),
    port: integer({
      description: 'Port to listen on; 0: a free one',
      default: 8642,
      min: 0,
      max: 65535,
      helpValue: 'PORT',
    }),
    cpus: integer({ description: 'CPUs that experiments may use together', min: 1, helpValue: 'N' }),
    'max-experiments': integer({
      description: 'Experiments that run at the same time',
      min: 1,
      helpValue: 'N',
    }),
    local: boolean({
      description:
        'Let everybody who may submit use this machine (engine local): pods have the rights of the user who starts the server',
    }),
    embedded: boolean({ description: 'What the other commands start by themselves', hidden: true }),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ServerStart);
    const { runServer, warningsFor } = await import('../../server/process/main.ts');
    const warnings = flags.embedded ? [] : warningsFor(flags);
    await runServer({
      env: process.env,
      version: this.program.version,
      team: flags.embedded ? null : { host: flags.host, port: flags.port, local: flags.local },
      limits: { cpus: flags.cpus ?? null, max_experiments: flags['max-experiments'] ?? null },
      onReady: (ready) => this.#say(ready, warnings),
      // Who started the embedded one in the background reads its log.
      notice: (message) => void (flags.embedded || this.talk.notice(message)),
      signal: toldToLeave(),
    });
    // The lock is free, and another server may be at work: what this one still does in the background (removing a
    // working copy, say) must end with it.
    process.exit();
  }

  /** At once, and one line where it is read by a program: who started it in the background waits for that. */
  #say(ready: Ready, warnings: readonly string[]): void {
    const drawn = this.humanWanted ? serverStatusPage(ready, this.screen) : JSON.stringify(ready);
    // Who started it may know already that it answers, and have gone: nobody is left to read this, which is no failure.
    process.stdout.on('error', () => undefined);
    process.stdout.write(`${drawn}\n`);
    if (ready.address?.startsWith('http'))
      this.talk.notice(`clients: aichor context set server ${ready.address}`);
    if (ready.key_file !== null) this.talk.notice(`clients need the API key in ${ready.key_file}`);
    for (const warning of warnings) this.talk.notice(warning);
  }
}

/** Not the signal of other commands: a reader of stdout that goes away (the starter) is no reason to leave. */
function toldToLeave(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => controller.abort());
  return controller.signal;
}
