import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { newSubmissionFlags } from '../../cli/submit/flags.ts';
import type { RenderDocument } from '../../cli/manifest/rendering.ts';

const { message, env, 'env-file': envFile, secret, set, project } = newSubmissionFlags;

export default class ManifestRender extends BaseCommand<RenderDocument> {
  static override summary = 'Show what would be created: pods with their environment, or Kubernetes objects';
  static override description =
    'Nothing is sent or created, and no server is needed, but for the settings of an engine that was added. The experiment id is a placeholder.';
  static override examples = [
    'aichor manifest render',
    'aichor manifest render --engine kubernetes --output yaml',
    "aichor manifest render | jq '.pods[] | {pod, rank, wave}'",
    'aichor manifest render aichor_manifests/sweep.yaml --env LEARNING_RATE=0.001',
    'aichor manifest render --set spec.types.worker.count=4',
  ];
  static override args = {
    path: stringArg({
      description: "A manifest, or a repository's directory (default: the one around this folder)",
      ignoreStdin: true,
    }),
  };
  static override flags = {
    engine: string({
      description: 'local, kubernetes, or the name of an engine with settings of its own',
      helpValue: 'NAME',
      default: 'local',
    }),
    message,
    env,
    'env-file': envFile,
    secret,
    set,
    project,
  };

  async run(): Promise<RenderDocument> {
    const { args, flags } = await this.parse(ManifestRender);
    const settings = this.settings({ project: flags.project });
    const [{ readPlan, renderPlan }, { readVariables }] = await Promise.all([
      import('../../cli/manifest/rendering.ts'),
      import('../../cli/submit/environment.ts'),
    ]);
    const onSource = (file: string, text: string) => this.sources.set(file, text);
    const variables = await readVariables(flags, process.env);
    const { repositoryMeant } = await import('../../cli/manifest/repository-around.ts');
    const path = args.path ?? repositoryMeant(null, this.talk);
    const plan = readPlan({ path, flags, variables, settings, talk: this.talk, onSource });
    const document = await renderPlan(plan, { engine: flags.engine, settings, client: () => this.client() });
    if (this.humanWanted)
      this.talk.notice('the experiment id is a placeholder; a submission gets one of its own');
    return document;
  }

  override yaml(document: RenderDocument): Promise<string> {
    return yamlOf(document);
  }

  override async view(document: RenderDocument): Promise<string> {
    if (!('objects' in document)) {
      const { planView } = await import('../../cli/print/manifest/plan.ts');
      return planView(document, this.screen);
    }
    return (await yamlOf(document)).trimEnd();
  }
}

async function yamlOf(document: RenderDocument): Promise<string> {
  const { renderedYaml } = await import('../../cli/print/manifest/yaml.ts');
  return renderedYaml(document);
}
