import * as z from 'zod';

const maybe = z.exactOptional;
const text = z.string().min(1).max(1000);

const HOST = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?`;
/** As the keys of Secrets and ConfigMaps are: neither `.` nor what begins with `..`. */
const KEY = String.raw`(?!\.(?:\.|$))[-._A-Za-z0-9]{1,253}`;

/** Secrets of a build that other settings give it. */
const SET_ELSEWHERE = new Map([
  ['_env', 'build.variables_secret'],
  ['ca.crt', 'build.ca'],
]);

const host = matching(
  HOST,
  'a registry is named as in images, without https://: docker.io, registry.example.org:5000',
);
const mirror = matching(
  `${HOST}(?:/[A-Za-z0-9._-]+)*`,
  'a mirror is a host, with a path where it has one, without https://: registry.example.org/hub',
);
const objectAndKey = matching(
  `[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?(?:/${KEY})?`,
  'it must be the name of an object in the namespace, or NAME/KEY',
);
const secretId = matching(
  KEY,
  'a secret is named with letters, digits, dots, hyphens and underscores, and not ".." first',
).refine((id) => !SET_ELSEWHERE.has(id), {
  error: ({ input }) => `that one is given by ${SET_ELSEWHERE.get(String(input)) ?? 'another setting'}`,
});
const packageIndex = text
  .refine((url) => isWebAddress(url), { error: 'it must be an address that begins with https:// or http://' })
  .refine((url) => !isWebAddress(url) || !hasLogin(url), {
    error: 'an address with a login would stand in the image: give the login as build.secrets.netrc',
  });

/** How images are built on a cluster, as somebody wrote it. */
export const buildSettingsSchema = z
  .strictObject({
    image: maybe(text),
    push_secret: maybe(text.nullable()),
    variables_secret: maybe(text.nullable()),
    deadline_s: maybe(z.number().int().min(0)),
    mirrors: maybe(z.record(host, z.array(mirror).min(1).max(20))),
    insecure_registries: maybe(z.array(host).max(100)),
    ca: maybe(objectAndKey.nullable()),
    config_map: maybe(objectAndKey.nullable()),
    index_url: maybe(packageIndex.nullable()),
    secrets: maybe(z.record(secretId, objectAndKey)),
  })
  .refine(
    ({ config_map: file, mirrors, insecure_registries: insecure }) =>
      (file ?? null) === null || (Object.keys(mirrors ?? {}).length === 0 && (insecure ?? []).length === 0),
    {
      path: ['config_map'],
      error: 'it stands alone: write mirrors and insecure registries into that file',
    },
  );

function matching(pattern: string, error: string) {
  return text.regex(new RegExp(`^${pattern}$`), { error });
}

function isWebAddress(url: string): boolean {
  return /^https?:\/\/[^\s]+$/.test(url) && URL.canParse(url);
}

function hasLogin(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}
