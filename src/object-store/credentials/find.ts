import { NoCredentials, type StoreKeys, type CredentialWorld } from './credentials.ts';
import { readProfiles, type AwsProfile, type Profiles } from './profiles.ts';

/** Keys, and what else Amazon's clients read where they found them. */
export interface FoundCredentials {
  credentials: StoreKeys;
  /** Null: nothing is said. */
  region: string | null;
  endpoint: string | null;
}

export interface FindOptions extends CredentialWorld {
  /** The profile of `~/.aws` that counts, whatever the environment holds; null: as the environment says. */
  profile: string | null;
}

const STANDARD_REGION = 'us-east-1';
/** Roles that are taken on by others, one after the other. */
const DEEPEST = 5;

/**
 * Keys as Amazon's clients look for them: the environment, a profile of `~/.aws` (keys, `credential_process`, a role, SSO), a web
 * identity, the role of this container or machine.
 *
 * @throws NoCredentials
 */
export async function findCredentials({ profile: wanted, ...world }: FindOptions): Promise<FoundCredentials> {
  const { env } = world;
  const profiles = await readProfiles(world);
  const name = wanted ?? env['AWS_PROFILE'] ?? env['AWS_DEFAULT_PROFILE'] ?? 'default';
  const profile = profiles.profile(name);
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? profile?.get('region') ?? null;
  const found = (credentials: StoreKeys): FoundCredentials => ({
    credentials,
    region,
    endpoint: env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'] ?? profile?.get('endpoint_url') ?? null,
  });
  const own = wanted === null ? ofEnvironment(env) : null;
  if (own !== null) return found(own);
  const isNamed = wanted !== null || env['AWS_PROFILE'] !== undefined;
  if (profile === null && isNamed) throw new NoCredentials(`there is no profile ${name} in ~/.aws`);
  const chain = { profiles, region: region ?? STANDARD_REGION, world };
  const ofThat = profile === null ? null : await ofProfile(name, chain);
  if (ofThat !== null) return found(ofThat);
  const [role, tokenFile] = [env['AWS_ROLE_ARN'], env['AWS_WEB_IDENTITY_TOKEN_FILE']];
  const services = await import('./services.ts');
  if (role !== undefined && tokenFile !== undefined) {
    const session = env['AWS_ROLE_SESSION_NAME'] ?? null;
    return found(await services.webIdentity({ role, tokenFile, session, region: chain.region }, world));
  }
  const machines = await services.ofMachine(world);
  if (machines !== null) return found(machines);
  throw new NoCredentials(
    'there are no keys for the object store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws/credentials',
  );
}

function ofEnvironment(env: CredentialWorld['env']): StoreKeys | null {
  return keysOf(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN']);
}

function keysOf(
  id: string | undefined,
  secret: string | undefined,
  token: string | undefined,
): StoreKeys | null {
  if (!id || !secret) return null;
  return { accessKey: id, secretKey: secret, sessionToken: token || null, expires: null };
}

interface Chain {
  profiles: Profiles;
  region: string;
  world: CredentialWorld;
}

/** Null: it says nothing of keys. */
async function ofProfile(name: string, chain: Chain, depth = 0): Promise<StoreKeys | null> {
  const profile = chain.profiles.profile(name);
  if (profile === null) throw new NoCredentials(`there is no profile ${name} in ~/.aws`);
  if (depth > DEEPEST) throw new NoCredentials(`the profile ${name} in ~/.aws leads to itself`);
  const role = profile.get('role_arn');
  if (role !== undefined) return ofRole({ name, role, profile }, chain, depth);
  const keys = staticKeys(profile);
  if (keys !== null) return keys;
  if (profile.has('sso_account_id')) {
    const { signedIn } = await import('./services.ts');
    return signedIn({ name, profile, profiles: chain.profiles }, chain.world);
  }
  const line = profile.get('credential_process');
  if (line === undefined) return null;
  const { credentialsOfProgram } = await import('./program.ts');
  return credentialsOfProgram(line, chain.world);
}

function staticKeys(profile: AwsProfile): StoreKeys | null {
  return keysOf(
    profile.get('aws_access_key_id'),
    profile.get('aws_secret_access_key'),
    profile.get('aws_session_token'),
  );
}

async function ofRole(
  { name, role, profile }: { name: string; role: string; profile: AwsProfile },
  chain: Chain,
  depth: number,
): Promise<StoreKeys> {
  const { region, world } = chain;
  const services = await import('./services.ts');
  const session = profile.get('role_session_name') ?? null;
  const tokenFile = profile.get('web_identity_token_file');
  if (tokenFile !== undefined) return services.webIdentity({ role, tokenFile, session, region }, world);
  const by = profile.get('source_profile');
  const keys = await sourceOf({ name, by, profile }, chain, depth);
  if (keys === null)
    throw new NoCredentials(`the profile ${name} in ~/.aws has a role_arn, and no keys to take it on with`);
  return services.assumeRole(
    { role, session, externalId: profile.get('external_id') ?? null, region },
    keys,
    world,
  );
}

async function sourceOf(
  { name, by, profile }: { name: string; by: string | undefined; profile: AwsProfile },
  chain: Chain,
  depth: number,
): Promise<StoreKeys | null> {
  if (by === name) return staticKeys(profile);
  if (by !== undefined) return ofProfile(by, chain, depth + 1);
  const source = profile.get('credential_source');
  if (source === 'Environment') return ofEnvironment(chain.world.env);
  if (source === undefined) return staticKeys(profile);
  const { ofMachine } = await import('./services.ts');
  return ofMachine(chain.world);
}

/** Before keys that end are asked for anew. */
const EARLIER_MS = 5 * 60_000;
/** Those that last may be changed by somebody. */
const KEPT_MS = 30_000;

/** Finds credentials when they are needed, and again when they are about to end. */
export function rememberCredentials(options: FindOptions): () => Promise<FoundCredentials> {
  let known: { found: Promise<FoundCredentials>; until: number } | null = null;
  return () => {
    const at = options.now().getTime();
    if (known !== null && at < known.until) return known.found;
    const asked = { found: findCredentials(options), until: at + KEPT_MS };
    known = asked;
    asked.found.then(
      ({ credentials: { expires } }) => {
        if (expires !== null) asked.until = Math.max(at, expires.getTime() - EARLIER_MS);
      },
      () => {
        asked.until = 0;
      },
    );
    return asked.found;
  };
}
