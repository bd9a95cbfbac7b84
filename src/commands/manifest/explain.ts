import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import type { FieldExplanation } from '../../manifest/reference/explain.ts';

export default class ManifestExplain extends BaseCommand<FieldExplanation> {
  static override summary =
    'Say what a field of the manifest is: type, default, example, and what each engine makes of it';
  static override description =
    'Without a path, the fields of a manifest. A path may begin in the middle where that is enough: shmSizeGB. The page with examples and recipes is docs/manifest.md.';
  static override examples = [
    'aichor manifest explain',
    'aichor manifest explain spec.types.worker.resources',
    'aichor manifest explain timeout',
    'aichor manifest explain spec --recursive',
  ];
  static override args = {
    path: stringArg({ description: 'Path of a field, with dots', ignoreStdin: true }),
  };
  static override flags = {
    recursive: boolean({ char: 'r', description: 'Show the fields below those, too' }),
  };

  async run(): Promise<FieldExplanation> {
    const { args, flags } = await this.parse(ManifestExplain);
    const { explain } = await import('../../manifest/reference/explain.ts');
    return explain(args.path ?? '', { recursive: flags.recursive });
  }

  override async view(document: FieldExplanation): Promise<string> {
    const { explanationView } = await import('../../cli/print/manifest/explanation.ts');
    return explanationView(document, this.screen);
  }
}
