import { writeFile } from 'node:fs/promises';
import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../../../cli/runtime/base-command.ts';
import { ID_HELP, labelOfOne } from '../../../cli/runtime/flags.ts';
import { experimentChosen } from '../../../cli/experiments/references.ts';
import { metricsDocument, metricsView, type MetricsDocument } from '../../../cli/metrics/document.ts';

export default class ExperimentsMetrics extends BaseCommand<MetricsDocument> {
  static override summary = 'Show what pods have written of metrics';
  static override description =
    'Event files of TensorBoard, metrics.jsonl and lines of the log that are marked: found by itself, while it runs. ' +
    'A series has at most 1,000 points, each lowest and highest among them.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 9b2f31 --name loss --plot',
    '<%= config.bin %> <%= command.id %> 9b2f31 --follow',
    "<%= config.bin %> <%= command.id %> latest --name loss --series | jq -r '.series[] | @csv'",
  ];
  static override args = { id: stringArg({ name: 'ID', description: `${ID_HELP} (the default)` }) };
  static override flags = {
    label: labelOfOne,
    name: string({ multiple: true, description: 'Only this metric', helpValue: 'NAME' }),
    series: boolean({ description: 'Points too: step, time, value, attempt' }),
    plot: boolean({ description: 'Draw them as text', exclusive: ['follow'] }),
    svg: string({ description: 'Draw them into this file', helpValue: 'FILE', exclusive: ['follow'] }),
    follow: boolean({
      char: 'f',
      description: 'Go on until the end, a line for each change',
      exclusive: ['series'],
    }),
  };

  async run(): Promise<MetricsDocument | undefined> {
    const { args, flags } = await this.parse(ExperimentsMetrics);
    const { name: names = [], plot, svg, follow } = flags;
    const client = await this.client();
    const record = await experimentChosen(client, { ref: args.id, labels: flags.label }, this.talk);
    if (follow) {
      this.keepsRunning([record.experiment_id]);
      await this.#follow({ client, id: record.experiment_id, names });
      return undefined;
    }
    const document = await metricsDocument(client, record, { ...flags, names });
    if (svg !== undefined) {
      const { metricsSvg } = await import('../../../cli/metrics/svg.ts');
      await writeFile(svg, metricsSvg(document.drawn));
    }
    if (!plot) return document.printed;
    const { plotText } = await import('../../../cli/metrics/plot.ts');
    for (const drawn of document.drawn) await this.write(`${plotText(drawn, this.screen.width)}\n`);
    return undefined;
  }

  async #follow(of: {
    client: Awaited<ReturnType<BaseCommand['client']>>;
    id: string;
    names: string[];
  }): Promise<void> {
    const { metricChanges } = await import('../../../cli/metrics/changes.ts');
    const { valueText } = await import('../../../metrics/value-text.ts');
    const onLost = () => this.talk.notice('the connection was lost; making it again');
    for await (const change of metricChanges({ ...of, signal: this.signal, onLost })) {
      const { name, step, last } = change;
      await this.write(
        `${this.humanWanted ? `${name} ${valueText(last)} (step ${step ?? '-'})` : JSON.stringify(change)}\n`,
      );
    }
  }

  override async view(document: MetricsDocument): Promise<string> {
    return metricsView(document, this.screen);
  }
}
