import { homedir } from 'node:os';
import { join } from 'node:path';
import { readIfThere } from '../../base/io/files.ts';
import type { CredentialWorld } from './credentials.ts';

/** One section of `~/.aws/config` with that of `~/.aws/credentials`, which beats it. */
export type AwsProfile = ReadonlyMap<string, string>;

/** What `~/.aws` holds. */
export interface Profiles {
  /** Null: there is no such profile. */
  profile(name: string): AwsProfile | null;
  /** `[sso-session NAME]`. */
  session(name: string): AwsProfile | null;
}

/** Reads both files, at their usual places or where the environment says. One that is not there is empty. */
export async function readProfiles({ env }: Pick<CredentialWorld, 'env'>): Promise<Profiles> {
  const folder = join(awsHome(env), '.aws');
  const [config, credentials] = await Promise.all([
    readIfThere(env['AWS_CONFIG_FILE'] ?? join(folder, 'config')),
    readIfThere(env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(folder, 'credentials')),
  ]);
  const [said, keys] = [sectionsOf(config ?? ''), sectionsOf(credentials ?? '')];
  return {
    profile(name) {
      const first =
        said.get(name === 'default' ? 'default' : `profile ${name}`) ?? said.get(`profile ${name}`);
      const second = keys.get(name);
      return first === undefined && second === undefined
        ? null
        : new Map([...(first ?? []), ...(second ?? [])]);
    },
    session: (name) => said.get(`sso-session ${name}`) ?? null,
  };
}

/** The folder in which `.aws` is. */
export function awsHome(env: CredentialWorld['env']): string {
  return env['HOME'] ?? homedir();
}

/** Sections of an INI file as Amazon's programs write them; settings that are indented belong to others. Pure. */
export function sectionsOf(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const title = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1]?.replace(/\s+/g, ' ').replaceAll('"', '');
    if (title !== undefined) {
      current = sections.get(title) ?? new Map<string, string>();
      sections.set(title, current);
      continue;
    }
    const [, name, value] = /^(\w[\w.-]*)\s*=\s*(.*?)(?:\s+[#;].*)?\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) current?.set(name.toLowerCase(), value);
  }
  return sections;
}
