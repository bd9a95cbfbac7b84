import * as z from 'zod';
import { AichorError } from '../../../errors.ts';
import { didYouMean } from '../../../base/text/did-you-mean.ts';
import { buildSettingsSchema } from './build-settings.ts';
import { DEFAULT_SETTINGS, type KubernetesSettings } from './settings.ts';

const text = z.string().min(1).max(1000);
const texts = z.record(text, z.string().max(1000));
const seconds = z.number().int().min(0);
const folder = text.endsWith('/', { error: 'it must end in "/"' });

/** It is shown to whoever may see an experiment. */
const webAddress = text
  .pipe(z.url({ protocol: /^https?$/, error: 'it must be a web address: http:// or https://' }))
  .refine((url) => !URL.canParse(url) || `${new URL(url).username}${new URL(url).password}` === '', {
    error: 'it must have no user and no password',
  });

const maybe = z.exactOptional;

/** What a user may say about a cluster; what is absent is as in `DEFAULT_SETTINGS`. The namespace is said apart. */
const settingsSchema = z.strictObject({
  registry: maybe(text.nullable()),
  pull_secret: maybe(text.nullable()),
  project_secret: maybe(text.nullable()),
  queue: maybe(text.nullable()),
  queue_priority: maybe(text.nullable()),
  selectors: maybe(texts),
  on_demand: maybe(z.boolean()),
  autoscaling: maybe(z.boolean()),
  image_pull_policy: maybe(z.enum(['Always', 'IfNotPresent', 'Never']).nullable()),
  ttl_s: maybe(seconds),
  sidecar_grace_s: maybe(seconds),
  gpu: maybe(z.strictObject({ product_label: maybe(text), mig: maybe(z.enum(['single', 'mixed'])) })),
  rdma: maybe(
    z.strictObject({
      resource_prefix: maybe(text),
      network_annotation: maybe(z.boolean()),
      ipc_lock: maybe(z.boolean()),
    }),
  ),
  pod_security: maybe(z.enum(['restricted']).nullable()),
  allow_ptrace: maybe(z.boolean()),
  claims: maybe(texts),
  storage_class: maybe(text.nullable()),
  storage: maybe(
    z.strictObject({
      input: maybe(folder),
      output: maybe(folder),
      s3_endpoint: maybe(text.nullable()),
      profile: maybe(text.nullable()),
    }),
  ),
  tensorboard_image: maybe(text),
  ray_history_url: maybe(webAddress.nullable()),
  build: maybe(buildSettingsSchema),
});

export type SettingsInput = z.infer<typeof settingsSchema>;

/**
 * Settings as somebody wrote them.
 *
 * @param where what they stand in, for messages: a file, a flag; or where something in it stands, by its path
 * @throws AichorError `usage` that names the key, and the one that was probably meant
 */
export function readSettings(
  value: unknown,
  where: string | ((path: readonly string[]) => string),
): SettingsInput {
  const result = settingsSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw result.error;
  const place = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  throw refused(issue, typeof where === 'string' ? where : where(place.map(String)));
}

/** Settings with their defaults, for one namespace. */
export function completeSettings(
  { gpu, rdma, storage, build, ...plain }: SettingsInput,
  namespace: string,
): KubernetesSettings {
  return {
    ...DEFAULT_SETTINGS,
    ...plain,
    namespace,
    gpu: { ...DEFAULT_SETTINGS.gpu, ...gpu },
    rdma: { ...DEFAULT_SETTINGS.rdma, ...rdma },
    storage: { ...DEFAULT_SETTINGS.storage, ...storage },
    build: { ...DEFAULT_SETTINGS.build, ...build },
  };
}

function refused(issue: z.core.$ZodIssue, where: string): AichorError {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return unknownKey([...path, issue.keys[0] ?? ''], where);
  const what = path.length === 0 ? 'the settings' : `"${path.join('.')}"`;
  // What is wrong with a key says its own issue.
  const { message } = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
  const why = message.charAt(0).toLowerCase() + message.slice(1);
  return new AichorError('usage', `${where}: ${what} cannot be taken: ${why}`, {
    hint: 'aichor engines add --help lists the settings',
  });
}

/** A key that there is no setting of. */
export function unknownKey(path: readonly string[], where: string): AichorError {
  const place = path.slice(0, -1);
  const key = path.at(-1) ?? '';
  const known = settingNames().filter((name) => name.startsWith([...place, ''].join('.')));
  const full = path.join('.');
  if (full === 'namespace') {
    return new AichorError('usage', `${where}: the namespace is not one of the settings`, {
      hint: 'give it with --namespace',
    });
  }
  const meant = didYouMean(full, known) ?? known.find((name) => name.endsWith(`.${key}`)) ?? null;
  return new AichorError('usage', `${where}: there is no setting "${full}"`, {
    hint: meant === null ? `the settings are ${settingNames().join(', ')}` : `did you mean "${meant}"?`,
  });
}

/** The names of all settings, those of groups with a dot. */
export function settingNames(): string[] {
  return Object.entries(DEFAULT_SETTINGS)
    .filter(([name]) => name !== 'namespace')
    .flatMap(([name, value]) =>
      isGroup(name, value) ? Object.keys(value).map((inner) => `${name}.${inner}`) : [name],
    );
}

/** Settings that hold names of the user's own. */
const NAMED_BY_USERS: ReadonlySet<string> = new Set([
  'selectors',
  'claims',
  'build.mirrors',
  'build.secrets',
]);

/** @param name with its group and a dot, where it is in one */
export function isNamedByUsers(name: string): boolean {
  return NAMED_BY_USERS.has(name);
}

/** Whether it holds settings. */
export function isGroup(name: string, value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isNamedByUsers(name);
}
