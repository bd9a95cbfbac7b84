import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import type { EngineChecker } from '../../cli/engines/engine-check.ts';
import type { ValidatedFile, ValidationDocument } from '../../cli/print/manifest/validation.ts';
import { repeated } from '../../cli/runtime/flags.ts';
import { Verdict } from '../../cli/runtime/command.ts';
import { AichorError } from '../../errors.ts';

export default class ManifestValidate extends BaseCommand<ValidationDocument> {
  static override summary = 'Check manifests: every mistake with its line, and what to do about it';
  static override description =
    'Takes files, folders (every manifest below), patterns and - for standard input; without one, the manifest that would be submitted from here. Exit code 3 when a manifest is not valid. A comment "# aichor: ignore CODE" on a line, or above it, silences a warning there.';
  static override examples = [
    'aichor manifest validate',
    'aichor manifest validate aichor_manifests --strict',
    'aichor manifest validate --engine local',
    'aichor manifest validate "experiments/**/*.yaml" --ignore image-mismatch',
    'aichor manifest validate | jq -r \'.files[].diagnostics[] | "\\(.file):\\(.line) \\(.message)"\'',
  ];
  static override strict = false;
  static override args = {
    path: stringArg({ description: 'File, folder, pattern or -', ignoreStdin: true }),
  };
  static override flags = {
    strict: boolean({ description: 'Refuse forms of earlier versions, as the platform of today does' }),
    engine: string({ description: 'Also check whether it fits this engine', helpValue: 'NAME' }),
    ignore: repeated('Leave out warnings of this code', 'CODE'),
  };

  async run(): Promise<ValidationDocument | Verdict<ValidationDocument>> {
    const { argv, flags } = await this.parse(ManifestValidate);
    const [{ ignoredCodes, manifestFiles, readManifest }, { validateManifest }] = await Promise.all([
      import('../../cli/manifest/manifest-files.ts'),
      import('../../cli/manifest/validate-manifest.ts'),
    ]);
    const { strict } = flags;
    const ignore = ignoredCodes(flags.ignore);
    const engine = flags.engine === undefined ? null : await this.#engine(flags.engine);
    const current = process.cwd();
    const files: ValidatedFile[] = [];
    const notice = (message: string) => this.talk.notice(message);
    for (const { path, folder } of manifestFiles(argv.map(String), notice)) {
      const source = await readManifest(path, process.stdin);
      this.sources.set(path, Buffer.from(source).toString('utf8'));
      files.push(await validateManifest({ path, folder, source, current, strict, ignore, engine }));
    }
    return verdict(files);
  }

  async #engine(name: string): Promise<EngineChecker> {
    const { engineCheck } = await import('../../cli/engines/engine-check.ts');
    return engineCheck(await this.client(), name);
  }

  override async view(document: ValidationDocument): Promise<string> {
    const { validationView } = await import('../../cli/print/manifest/validation.ts');
    return validationView(document, this.sources, this.screen);
  }
}

function verdict(files: ValidatedFile[]): ValidationDocument | Verdict<ValidationDocument> {
  const bad = files.filter(({ valid }) => !valid);
  const document = { valid: bad.length === 0, files };
  if (document.valid) return document;
  const diagnostics = bad.flatMap((file) => file.diagnostics);
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const where = bad.length === 1 ? String(bad[0]?.path) : `${bad.length} of ${files.length} manifests`;
  const error = new AichorError(
    'manifest_invalid',
    `${where}: ${errors} ${errors === 1 ? 'mistake' : 'mistakes'}`,
    {
      hint: 'each is listed with its line and what to do',
      diagnostics,
    },
  );
  return new Verdict(document, error);
}
