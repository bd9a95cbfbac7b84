import type { Volume, VolumeMount } from 'kubernetes-types/core/v1.js';
import type { KubernetesSettings } from '../settings/settings.ts';
import { CONFIG_FILE, CONFIG_FOLDER } from './daemon-config.ts';

export const DOCKER_CONFIG = '/home/user/.docker';
export const CA_FOLDER = '/etc/aichor/ca';
/** Of the authority: the file, its default key, and its id as a secret of the build. */
const CA_FILE = 'ca.crt';
const VARIABLES_FOLDER = '/etc/secrets';
const SECRETS_FOLDER = '/etc/aichor/secrets';
/** What RUN lines get of it: installers that are told of a file trust no other, so the usual authorities are in it, too. */
const CA_BUNDLE = '/tmp/ca-bundle.crt';
const USUAL_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
/** Where BuildKit puts a secret that a RUN line mounts without saying where. */
const CA_IN_BUILD = `/run/secrets/${CA_FILE}`;

type BuildSettings = KubernetesSettings['build'];

/** A key of an object of the namespace that the settings name. */
interface NamedObject {
  kind: 'Secret' | 'ConfigMap';
  /** The setting, as `--set` names it. */
  setting: string;
  name: string;
  key: string;
}

/** The objects of the namespace that a build needs. */
export function buildObjects(build: BuildSettings): NamedObject[] {
  const { push_secret: login, variables_secret: variables, ca, config_map: config, secrets } = build;
  const named = (kind: NamedObject['kind'], setting: string, text: string, key: string) => {
    return { kind, setting: `build.${setting}`, ...nameAndKey(text, key) };
  };
  return [
    ...(login === null ? [] : [named('Secret', 'push_secret', login, '.dockerconfigjson')]),
    ...(variables === null ? [] : [named('Secret', 'variables_secret', variables, '.env')]),
    ...(ca === null ? [] : [named('ConfigMap', 'ca', ca, CA_FILE)]),
    ...(config === null ? [] : [named('ConfigMap', 'config_map', config, CONFIG_FILE)]),
    ...Object.entries(secrets).map(([id, text]) => named('Secret', `secrets.${id}`, text, id)),
  ];
}

/** They, as volumes of its pod. */
export function inputVolumes(build: BuildSettings): Volume[] {
  const { push_secret: login, variables_secret: variables, ca, config_map: config, secrets } = build;
  return [
    ...(login === null
      ? []
      : [secretFile('login', login, { key: '.dockerconfigjson', path: 'config.json' })]),
    ...(variables === null ? [] : [{ name: 'variables', secret: { secretName: variables } }]),
    ...(ca === null ? [] : [configFile('ca', ca, CA_FILE)]),
    ...(config === null ? [] : [configFile('buildkitd', config, CONFIG_FILE)]),
    ...(Object.keys(secrets).length === 0 ? [] : [secretFiles(secrets)]),
  ];
}

/** Where the build's container has them. */
export function inputMounts(build: BuildSettings): VolumeMount[] {
  const folders: Record<string, string> = {
    login: DOCKER_CONFIG,
    variables: VARIABLES_FOLDER,
    ca: CA_FOLDER,
    buildkitd: CONFIG_FOLDER,
    secrets: SECRETS_FOLDER,
  };
  return inputVolumes(build).map(({ name }) => ({ name, mountPath: folders[name] ?? '', readOnly: true }));
}

/**
 * Files that RUN lines can mount by an id: no layer and no log has what is in them. Build-time variables are the one
 * with the id `_env`, never build arguments.
 */
export function buildSecrets({
  variables_secret: variables,
  ca,
  secrets,
}: BuildSettings): Record<string, string> {
  return {
    ...(variables !== null && { _env: `${VARIABLES_FOLDER}/.env` }),
    ...(ca !== null && { [CA_FILE]: CA_BUNDLE }),
    ...Object.fromEntries(Object.keys(secrets).map((id) => [id, `${SECRETS_FOLDER}/${id}`])),
  };
}

/** The lines of a shell that write what the build needs beside files of the namespace. */
export function inputWriter({ ca }: BuildSettings): string {
  if (ca === null) return '';
  return `{ cat ${USUAL_AUTHORITIES} 2>/dev/null || :; cat ${CA_FOLDER}/${CA_FILE}; } >${CA_BUNDLE}; `;
}

/** Arguments that a Dockerfile may declare to have its installers follow the settings; nothing of them is secret. */
export function settledArguments({ index_url: index, ca }: BuildSettings): Record<string, string> {
  const host = index === null ? null : new URL(index);
  return {
    ...(index !== null && { PIP_INDEX_URL: index, UV_DEFAULT_INDEX: index }),
    ...(host?.protocol === 'http:' && { PIP_TRUSTED_HOST: host.hostname }),
    ...(ca !== null && { PIP_CERT: CA_IN_BUILD, SSL_CERT_FILE: CA_IN_BUILD }),
  };
}

/** `NAME` or `NAME/KEY`, as settings name a key of an object. */
function nameAndKey(text: string, otherwise: string): { name: string; key: string } {
  const slash = text.indexOf('/');
  return slash < 0
    ? { name: text, key: otherwise }
    : { name: text.slice(0, slash), key: text.slice(slash + 1) };
}

interface Item {
  key: string;
  path: string;
}

function secretFile(name: string, secretName: string, item: Item): Volume {
  return { name, secret: { secretName, items: [item] } };
}

function configFile(name: string, object: string, path: string): Volume {
  const { name: map, key } = nameAndKey(object, path);
  return { name, configMap: { name: map, items: [{ key, path }] } };
}

function secretFiles(secrets: BuildSettings['secrets']): Volume {
  const sources = Object.entries(secrets).map(([id, text]) => {
    const { name, key } = nameAndKey(text, id);
    return { secret: { name, items: [{ key, path: id }] } };
  });
  return { name: 'secrets', projected: { sources } };
}
