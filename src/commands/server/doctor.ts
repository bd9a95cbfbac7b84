import type { Examination } from '../../api/examination.ts';
import { examinationPage } from '../../cli/print/examination.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { Verdict } from '../../cli/runtime/command.ts';
import { counted } from '../../base/text/plural.ts';
import { AichorError } from '../../errors.ts';

export default class ServerDoctor extends BaseCommand<Examination> {
  static override summary = 'Check everything that the control plane keeps, and repair what is damaged';
  static override description =
    'The database and each record, each stored content against its hash, each log. With the control plane running or not; a database that is damaged as a whole, or gone, is repaired only while it is stopped. Exit code 7 when something could not be repaired.';
  static override examples = ['aichor server doctor', "aichor server doctor --json | jq '.findings[]'"];

  async run(): Promise<Examination | Verdict<Examination>> {
    await this.parse(ServerDoctor);
    const client = await this.runningClient();
    const { examineOffline } = await import('../../server/doctor/offline.ts');
    const found = client === null ? await examineOffline(process.env) : await client.examine();
    const left = found.findings.filter(({ mended }) => !mended);
    if (left.length === 0) return found;
    const error = new AichorError('server_error', `${counted(left.length, 'thing')} could not be mended`, {
      hint: 'each says what is lost; aichor server restore FILE brings a backup back',
    });
    return new Verdict(found, error, { isInView: true });
  }

  override view(found: Examination): string {
    return examinationPage(found, this.screen);
  }
}
