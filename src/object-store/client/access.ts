/** Where an object store is, and the keys that let in. They go into signatures only: never into messages, logs or records. */
export interface ObjectAccess {
  /** Address of HTTP, a path may follow; null: Amazon's own. */
  endpoint: string | null;
  region: string;
  accessKey: string;
  secretKey: string;
  /** Of keys that end after a while. */
  sessionToken: string | null;
}

/** Why there is no access, and what to do, in words that hold no secret. */
export interface NoAccess {
  why: string;
}

/** Variables by which Amazon's clients find a store. */
export type StoreVariables = Readonly<Record<string, string | undefined>>;

interface Given {
  /** What every pod of the project has: whoever administers the namespace says it. */
  project: StoreVariables;
  /** What the pods of this experiment have beside it, which beats that. */
  own: StoreVariables;
  /** `storage.s3_endpoint` of the engine. */
  endpoint: string | null;
}

const STANDARD_REGION = 'us-east-1';
const REGION = /^[a-z0-9-]{1,40}$/;
/** What a header may hold. */
const KEY = /^[\x21-\x7e]{1,4096}$/;

/**
 * Access with what pods have for it. Keys may be the experiment's own; where the store is says the engine, or the project: else whoever
 * submits could have the control plane ask any address that it reaches.
 */
export function accessOf({ project, own, endpoint: ofEngine }: Given): ObjectAccess | NoAccess {
  const all = { ...project, ...own };
  const ownEndpoint = [
    'AWS_ENDPOINT_URL_S3',
    ...(ofEngine === null ? ['AWS_ENDPOINT_URL', 'S3_ENDPOINT'] : []),
  ].find((name) => own[name] !== undefined && own[name] !== project[name]);
  if (ownEndpoint !== undefined)
    return {
      why: `its pods are given ${ownEndpoint}, and the control plane asks only the store that is named for all: storage.s3_endpoint of the engine, or AWS_ENDPOINT_URL in the project's Secret`,
    };
  const endpoint =
    project['AWS_ENDPOINT_URL_S3'] ??
    ofEngine ??
    project['AWS_ENDPOINT_URL'] ??
    project['S3_ENDPOINT'] ??
    null;
  if (endpoint !== null && !isEndpoint(endpoint))
    return { why: 'the address of the object store is no URL that begins with http:// or https://' };
  const [accessKey, secretKey] = [trimmed(all['AWS_ACCESS_KEY_ID']), trimmed(all['AWS_SECRET_ACCESS_KEY'])];
  const sessionToken = trimmed(all['AWS_SESSION_TOKEN']);
  if (accessKey === null || secretKey === null)
    return {
      why: "there is no AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY in the project's Secret or among the experiment's variables (what pods get of their node, the control plane has not): add them there",
    };
  if (![accessKey, secretKey, sessionToken ?? 'none'].every((key) => KEY.test(key)))
    return { why: 'the keys for the object store hold blanks or signs that no key has: set them anew' };
  const region = trimmed(all['AWS_REGION']) ?? trimmed(all['AWS_DEFAULT_REGION']) ?? STANDARD_REGION;
  return {
    endpoint,
    region: REGION.test(region) ? region : STANDARD_REGION,
    accessKey,
    secretKey,
    sessionToken,
  };
}

/** Null: nothing is there. Secrets that are made from files end in a newline. */
function trimmed(value: string | undefined): string | null {
  const text = value?.trim() ?? '';
  return text === '' ? null : text;
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  const isBare = username === '' && password === '' && search === '' && hash === '';
  return isBare && (protocol === 'http:' || protocol === 'https:');
}

/** Whose store an address means where no endpoint is named. Google's speaks S3 too, with keys that are called HMAC keys there. */
export type StoreKind = 's3' | 'gs';

/** A place in an object store. */
export interface ObjectAddress {
  kind: StoreKind;
  bucket: string;
  key: string;
}

/** `s3://bucket/key`, `gs://bucket/key`; null: it is no such address. */
export function parseAddress(address: string): ObjectAddress | null {
  const found = /^(s3|gs):\/\/([A-Za-z0-9][A-Za-z0-9._-]{0,254})\/(.*)$/s.exec(address);
  if (found === null) return null;
  return { kind: found[1] === 'gs' ? 'gs' : 's3', bucket: found[2] ?? '', key: found[3] ?? '' };
}

/** Where Google's store speaks S3. */
export const GOOGLE_ENDPOINT = `https://${['storage', 'googleapis', 'com'].join('.')}`;

/** Where a region's store of Amazon is. */
export function amazonEndpoint(region: string): string {
  return amazonHost('s3', region);
}

/** Where a service of Amazon's is in a region. */
export function amazonHost(service: string, region: string): string {
  return `https://${[service, region, 'amazonaws', region.startsWith('cn-') ? 'com.cn' : 'com'].join('.')}`;
}
