import { string as stringArg } from '@oclif/core/args';
import type { EngineCheck } from '../../api/engine-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { Verdict } from '../../cli/runtime/command.ts';
import { AichorError } from '../../errors.ts';

export default class EnginesCheck extends BaseCommand<EngineCheck> {
  static override summary = 'Check that an engine has all it needs: versions, rights, secrets, nodes';
  static override description =
    'Looks at the cluster as the control plane sees it, and says who can grant what is missing. Exit code 7 when something is missing without which experiments cannot run there.';
  static override examples = [
    'aichor engines check gpu',
    'aichor engines check gpu | jq -r \'.checks[] | select(.status != "ok") | .hint\'',
  ];
  static override args = { name: stringArg({ description: 'Its name', required: true, ignoreStdin: true }) };

  async run(): Promise<EngineCheck | Verdict<EngineCheck>> {
    const { args } = await this.parse(EnginesCheck);
    const client = await this.client();
    this.talk.progress('looking at the engine');
    const document = await client.checkEngine(args.name);
    this.talk.settle();
    return document.ok ? document : new Verdict(document, notReady(document));
  }

  override async view(document: EngineCheck): Promise<string> {
    const { engineCheckView } = await import('../../cli/print/engines/check.ts');
    return engineCheckView(document, this.screen);
  }
}

function notReady({ engine, checks }: EngineCheck): AichorError {
  const missing = checks.filter(({ status }) => status === 'error');
  const first = missing[0];
  const more = missing.length > 1 ? ` (and ${missing.length - 1} more)` : '';
  return new AichorError(
    'engine_unavailable',
    `the engine ${engine} is not ready: ${first?.message ?? ''}${more}`,
    {
      hint: first?.hint ?? null,
    },
  );
}
