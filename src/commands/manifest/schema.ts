import { BaseCommand } from '../../cli/runtime/base-command.ts';
import type { JsonSchema } from '../../manifest/schema/json-schema.ts';

export default class ManifestSchema extends BaseCommand<JsonSchema> {
  static override summary = 'Print the JSON Schema of manifests, for editors';
  static override description =
    'With it editors complete and check manifests: save it and put its path into the first line of the manifest, as in "# yaml-language-server: $schema=../.aichor/manifest.schema.json".';
  static override examples = ['aichor manifest schema > .aichor/manifest.schema.json'];

  async run(): Promise<JsonSchema> {
    await this.parse(ManifestSchema);
    const { manifestJsonSchema } = await import('../../manifest/schema/json-schema.ts');
    return manifestJsonSchema();
  }
}
