import { boolean, string } from '@oclif/core/flags';
import type { AuditList } from '../api/team/audit-contract.ts';
import { sleep } from '../base/async/abort.ts';
import { BaseCommand } from '../cli/runtime/base-command.ts';

/** How often a follower asks. */
const ASK_MS = 1000;

export default class Audit extends BaseCommand<AuditList> {
  static override summary = 'Who changed keys, projects and engines, and ended or deleted work of others';
  static override description =
    'Oldest first. It is for admins, and cannot be changed. What people cancel and delete of their own is not in it.';
  static override examples = [
    'aichor audit --since 7d',
    'aichor audit --by anna --until 2026-05-01',
    "aichor audit | jq -r '.events[] | [.time, .by, .deed, .subject] | @tsv'",
  ];
  static override flags = {
    since: string({
      description: 'Only since then: 90s, 7d, yesterday, a date or a time',
      helpValue: 'WHEN',
    }),
    until: string({ description: 'Only before then', helpValue: 'WHEN' }),
    by: string({
      description: "Only what this key did; -: the server's own user, or the server by itself",
      helpValue: 'NAME',
    }),
    follow: boolean({ char: 'f', description: 'Keep showing what comes; in a pipe one JSON object a line' }),
  };

  async run(): Promise<AuditList | undefined> {
    const { flags } = await this.parse(Audit);
    const { sinceFlag } = await import('../cli/experiments/since.ts');
    const [since, until] = [flags.since, flags.until].map((when) =>
      when === undefined ? undefined : sinceFlag(when, new Date()),
    );
    const asked = { since, until, by: flags.by };
    const client = await this.client();
    let list = await client.audit(asked);
    if (!flags.follow) return list;
    const { auditLine } = await import('../cli/print/people/audit.ts');
    for (let after = 0; ; list = await client.audit({ ...asked, after })) {
      for (const event of list.events) {
        if (this.humanWanted) await this.write(`${auditLine(event, this.screen)}\n`);
        else await this.writeJson(`${JSON.stringify(event)}\n`);
        after = event.number;
      }
      await sleep(ASK_MS, this.signal);
    }
  }

  override async view({ events }: AuditList): Promise<string> {
    const { auditLine } = await import('../cli/print/people/audit.ts');
    if (events.length === 0) return 'nothing has been written down';
    return events.map((event) => auditLine(event, this.screen)).join('\n');
  }
}
