import type { KubernetesSettings } from '../settings/settings.ts';

/** Where the build's container writes the configuration of BuildKit that follows from the settings. */
const WRITTEN_FILE = '/tmp/buildkitd.toml';
/** Where it finds one that somebody wrote. */
export const CONFIG_FOLDER = '/etc/aichor/buildkitd';
export const CONFIG_FILE = 'buildkitd.toml';

type BuildSettings = KubernetesSettings['build'];

/** Flags of BuildKit's daemon. */
export function daemonFlags(build: BuildSettings): string {
  const written = registriesText(build) === '' ? null : WRITTEN_FILE;
  const file = build.config_map === null ? written : `${CONFIG_FOLDER}/${CONFIG_FILE}`;
  return ['--oci-worker-no-process-sandbox', ...(file === null ? [] : [`--config=${file}`])].join(' ');
}

/** The lines of a shell that write the configuration, and the variable that they take it from. */
export function configWriter(build: BuildSettings): { script: string; env: Record<string, string> } {
  const text = build.config_map === null ? registriesText(build) : '';
  if (text === '') return { script: '', env: {} };
  return { script: `printf %s "$BUILDKITD_CONFIG" >${WRITTEN_FILE}; `, env: { BUILDKITD_CONFIG: text } };
}

/** How registries are spoken to, as BuildKit reads it; empty: as any other. */
function registriesText({ mirrors, insecure_registries: insecure }: BuildSettings): string {
  const hosts = [...new Set([...Object.keys(mirrors), ...insecure])];
  return hosts
    .map((host) =>
      [
        `[registry.${JSON.stringify(host)}]`,
        ...(Object.hasOwn(mirrors, host) ? [`  mirrors = ${JSON.stringify(mirrors[host])}`] : []),
        // With both it tries TLS with any certificate, then plain HTTP.
        ...(insecure.includes(host) ? ['  http = true', '  insecure = true'] : []),
        '',
      ].join('\n'),
    )
    .join('');
}
