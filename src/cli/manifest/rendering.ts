import { basename, dirname } from 'node:path';
import { statSync } from 'node:fs';
import type { Client } from '../../client/client.ts';
import { AichorError } from '../../errors.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { planManifest } from '../../operators/plan.ts';
import type { KubernetesObject } from '../../render/kubernetes/objects.ts';
import type { KubernetesSettings } from '../../render/kubernetes/settings/settings.ts';
import { localPaths } from '../../render/local/paths.ts';
import {
  PLACEHOLDER_EXPERIMENT_ID,
  planDocument,
  type PlanDocument,
} from '../../render/local/plan-document.ts';
import { secretNames, type GivenVariables } from '../submit/environment.ts';
import { readLocalManifest } from './local-manifest.ts';
import type { Settings } from '../settings/settings.ts';
import type { Talk } from '../runtime/talk.ts';

/** What `manifest render` prints (contract 3.1). */
export type RenderDocument = PlanDocument | ObjectsDocument;

interface ObjectsDocument {
  /** `kubernetes`, or the name of an engine. */
  engine: string;
  objects: KubernetesObject[];
}

interface Rendered {
  /** A manifest's file, or the directory of a repository. */
  path: string;
  flags: { message?: string | undefined; secret: string[]; set: string[] };
  variables: GivenVariables;
  settings: Settings;
  talk: Talk;
  onSource(file: string, text: string): void;
}

/** The plan of a manifest on this machine, as submitting it would make it. Throws AichorError like submitting does. */
export function readPlan({ path, flags, variables, settings, talk, onSource }: Rendered): Plan {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const local = readLocalManifest({
    root: isDirectory ? path : dirname(path),
    requested: isDirectory ? null : basename(path),
    set: flags.set,
    onSource,
  });
  for (const { message } of local.notices) talk.notice(message);
  for (const { file, line, column, message } of local.warnings)
    talk.notice(`${file}:${line}:${column}: ${message}`);
  return planManifest(local.manifest, {
    message: flags.message ?? '',
    project: settings.project.value ?? DEFAULT_PROJECT,
    env: variables.env,
    given_by: variables.givenBy,
    secrets: secretNames(flags.secret, variables.env),
    vcs: {},
  });
}

/** What the embedded engine would make of a plan, with the paths it would have here. */
export function localDocument(plan: Plan, { folder, project }: Settings): PlanDocument {
  const experimentId = PLACEHOLDER_EXPERIMENT_ID;
  const { tensorboard } = plan;
  const facts = { id: experimentId, project: project.value ?? DEFAULT_PROJECT, tensorboard };
  return planDocument(plan, { experimentId, paths: localPaths(folder.data, facts) });
}

/**
 * What an engine would make of a plan, for an experiment whose id is not known yet. The kinds `local` and `kubernetes` need
 * no server; an engine's name is looked up there, for its settings.
 */
export async function renderPlan(
  plan: Plan,
  { engine, settings, client }: { engine: string; settings: Settings; client(): Promise<Client> },
): Promise<RenderDocument> {
  if (engine === 'local') return localDocument(plan, settings);
  const [{ renderKubernetes }, { DEFAULT_SETTINGS }] = await Promise.all([
    import('../../render/kubernetes/objects.ts'),
    import('../../render/kubernetes/settings/settings.ts'),
  ]);
  const experimentId = PLACEHOLDER_EXPERIMENT_ID;
  const project = settings.project.value ?? DEFAULT_PROJECT;
  const wanted = engine === 'kubernetes' ? DEFAULT_SETTINGS : await settingsOf(await client(), engine);
  return { engine, objects: renderKubernetes({ plan, settings: wanted, experimentId, project }) };
}

async function settingsOf(client: Client, engine: string): Promise<KubernetesSettings> {
  const { completeSettings, readSettings } =
    await import('../../render/kubernetes/settings/settings-schema.ts');
  const { kubernetes } = await client.engine(engine);
  if (kubernetes === null)
    throw new AichorError('engine_unavailable', `the engine ${engine} cannot be rendered for`, {
      hint: `aichor engines check ${engine} says why`,
    });
  return completeSettings(readSettings(kubernetes.settings, `the engine ${engine}`), kubernetes.namespace);
}
