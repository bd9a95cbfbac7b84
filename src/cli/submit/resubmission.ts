import type { Client } from '../../client/client.ts';
import { refuseUnknownNames } from '../../experiment/plan/leaving-out.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { withChanges } from '../../manifest/changes.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { planManifest } from '../../operators/plan.ts';
import { invalidManifest } from '../manifest/local-manifest.ts';
import { localDocument } from '../manifest/rendering.ts';
import { commonSubmission, engineWishes, type SubmitOptions } from './options.ts';
import type { DryRun, PreparedSubmission } from './submit-command.ts';

/** An experiment again; its code and its manifest are on the server. The options' project is the new one's. */
export function resubmission(
  first: ExperimentRecord,
  options: SubmitOptions,
  {
    client,
    dropLabels,
    dropEnv,
  }: { client: Client; dropLabels: readonly string[]; dropEnv: readonly string[] },
): PreparedSubmission {
  const { message, settings } = options;
  return {
    async dryRun() {
      refuseUnknownNames(first, { labels: dropLabels, env: dropEnv });
      return resubmitDryRun(first, options, { client, dropEnv });
    },
    send: async (secrets) => {
      const summary = await client.resubmit(first.experiment_id, {
        ...commonSubmission(options, secrets),
        engine: engineWishes(settings).engine,
        message,
        notify: options.notify,
        drop_labels: [...dropLabels],
        drop_env: [...dropEnv],
        project: settings.project.value,
      });
      return { client, summary, upload: null };
    },
  };
}

/** What it would create, from the manifest that ran; nothing would be sent. */
async function resubmitDryRun(
  first: ExperimentRecord,
  options: SubmitOptions,
  { client, dropEnv }: { client: Client; dropEnv: readonly string[] },
): Promise<DryRun> {
  const { settings, secretNames: secrets } = options;
  const path = first.manifest_path ?? 'manifest.yaml';
  const { manifest, diagnostics } = parseManifest(
    withChanges(await client.manifest(first.experiment_id), options.set),
    path,
  );
  if (manifest === null) throw invalidManifest(path, diagnostics);
  const isKept = (name: string) => !dropEnv.includes(name);
  const before = Object.entries(first.env).filter(([name]) => isKept(name));
  const env = Object.entries({ ...Object.fromEntries(before), ...options.env });
  const kept = first.secrets.filter((name) => isKept(name) && !Object.hasOwn(options.env, name));
  const plan = planManifest(manifest, {
    message: options.message ?? first.message,
    project: settings.project.value ?? first.project,
    env: Object.fromEntries(env.filter(([name]) => !secrets.includes(name))),
    given_by: options.envGivenBy,
    secrets: [...new Set([...kept, ...secrets])],
    vcs: {},
  });
  return {
    manifest_path: path,
    snapshot: first.source.snapshot,
    files: null,
    bytes: null,
    largest: [],
    files_sent: null,
    left_out: [],
    plan: localDocument(plan, settings),
  };
}
