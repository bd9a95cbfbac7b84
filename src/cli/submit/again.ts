import type { Client } from '../../client/client.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { planManifest } from '../../operators/plan.ts';
import type { DryRun } from './from-directory.ts';
import { secretNames } from './env-flags.ts';
import { invalidManifest } from '../manifest/local-manifest.ts';
import { localDocument } from '../manifest/rendering.ts';
import type { Settings } from '../settings/settings.ts';
import type { CommonSubmission } from './submission.ts';

interface Resubmission {
  client: Client;
  first: ExperimentRecord;
  flags: { message?: string | undefined; secret: string[] };
  common: CommonSubmission;
  /** With the project of the new experiment. */
  settings: Settings;
}

/** What resubmitting would create, from the manifest that ran; its code is on the server, so nothing would be sent. */
export async function resubmitDryRun(resubmission: Resubmission): Promise<DryRun> {
  const { client, first, flags, common, settings } = resubmission;
  const path = first.manifest_path ?? 'manifest.yaml';
  const { manifest, diagnostics } = parseManifest(await client.manifest(first.experiment_id), path);
  if (manifest === null) throw invalidManifest(path, diagnostics);
  const secrets = secretNames(flags.secret, common.env);
  const env = { ...first.env, ...common.env };
  const plan = planManifest(manifest, {
    message: flags.message ?? first.message,
    project: settings.project.value ?? first.project,
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.includes(name))),
    secrets: [...new Set([...first.secrets.filter((name) => !Object.hasOwn(common.env, name)), ...secrets])],
    vcs: {},
  });
  return {
    manifest_path: path,
    snapshot: first.source.snapshot,
    files: null,
    bytes: null,
    largest: [],
    plan: localDocument(plan, settings),
  };
}
