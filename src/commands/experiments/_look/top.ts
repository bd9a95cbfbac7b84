import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { isTerminal } from '../../../experiment/status.ts';
import { BaseCommand } from '../../../cli/runtime/base-command.ts';
import { ID_HELP } from '../../../cli/runtime/flags.ts';
import { experimentMeant } from '../../../cli/experiments/references.ts';
import { secondsFlag } from '../../../cli/experiments/since.ts';
import {
  keptUsage,
  watchUsage,
  type UsageKept,
  type UsageSeen,
} from '../../../cli/experiments/following/top.ts';

export default class ExperimentsTop extends BaseCommand {
  static override summary = 'Show what pods take at present: CPUs, memory, GPUs';
  static override description =
    'Of one experiment until it has ended, or of every one that runs. On a terminal it is drawn over and over, and Ctrl-C ends it; in a pipe, one JSON object a line for each experiment. Every ten seconds a sample is kept: of an experiment that has ended, means and peaks are shown, and in a pipe its samples. What an engine cannot tell is null.';
  static override examples = [
    'aichor experiments top',
    'aichor experiments top latest',
    "aichor experiments top latest --once | jq '.pods[] | {pod, cpus}'",
    "aichor experiments top latest --history | jq -r '[.time, .pods[0].cpus, .pods[0].peak.memory_bytes] | @csv'",
  ];
  static override args = {
    id: stringArg({ description: `${ID_HELP}; without it every one that runs`, ignoreStdin: true }),
  };
  static override flags = {
    once: boolean({ description: 'Look once' }),
    history: boolean({
      description: 'Print the samples that were kept since it began',
      exclusive: ['once'],
    }),
    interval: string({ description: 'How long between two looks', default: '2s', helpValue: 'DURATION' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ExperimentsTop);
    const every = flags.once ? null : Math.max(1, secondsFlag(flags.interval, '--interval'));
    const client = await this.client();
    const isOfOne = args.id !== undefined || flags.history;
    const record = isOfOne ? await experimentMeant(client, args.id, this.talk) : null;
    const id = record?.experiment_id ?? null;
    const isOver = record !== null && isTerminal(record.status);
    if (id !== null && (flags.history || (isOver && !flags.once && !this.humanWanted)))
      return this.#printKept(await keptUsage(client, id));
    const watching = { client, id, every, signal: this.signal, now: () => new Date() };
    if (!this.canRedraw || every === null || isOver) {
      await watchUsage({ ...watching, onRound: (looked) => this.#print(looked) });
      return;
    }
    const { onAlternateScreen } = await import('../../../cli/print/alternate-screen.ts');
    const write = (text: string) => this.write(text);
    await onAlternateScreen(write, this.signal, () =>
      watchUsage({ ...watching, onRound: (looked) => this.#draw(looked) }),
    );
  }

  async #printKept(kept: readonly UsageKept[]): Promise<undefined> {
    for (const sample of kept) await this.write(`${JSON.stringify(sample)}\n`);
  }

  async #print(looked: readonly UsageSeen[]): Promise<void> {
    if (this.humanWanted) return this.write(`${(await this.#text(looked)).trimEnd()}\n`);
    for (const { sample } of looked) await this.write(`${JSON.stringify(sample)}\n`);
  }

  async #draw(looked: readonly UsageSeen[]): Promise<void> {
    const { wholeScreen } = await import('../../../cli/print/alternate-screen.ts');
    const lines = (await this.#text(looked)).split('\n').slice(0, (this.screen.height ?? 24) - 1);
    await this.write(wholeScreen([...lines, this.screen.colors.dim('Ctrl-C ends')]));
  }

  async #text(looked: readonly UsageSeen[]): Promise<string> {
    const { topView } = await import('../../../cli/print/experiments/top.ts');
    return topView(looked, { screen: this.screen, now: new Date() });
  }
}
