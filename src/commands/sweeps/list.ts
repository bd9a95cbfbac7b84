import type { SweepList } from '../../api/sweep-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class SweepsList extends BaseCommand<SweepList> {
  static override summary = 'List sweeps, newest first';
  static override examples = ['aichor sweeps list', "aichor sweeps list | jq -r '.sweeps[].sweep'"];

  async run(): Promise<SweepList> {
    await this.parse(SweepsList);
    return (await this.client()).sweeps();
  }

  override async view({ sweeps }: SweepList): Promise<string> {
    const { sweepsTable } = await import('../../cli/print/sweeps/sweep.ts');
    return sweepsTable(sweeps, new Date(), this.screen);
  }
}
