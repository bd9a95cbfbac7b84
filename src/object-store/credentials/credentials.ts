/** Keys for an object store, as somebody's clients of Amazon would find them. Never in messages, logs or records. */
export interface StoreKeys {
  accessKey: string;
  secretKey: string;
  sessionToken: string | null;
  /** Null: they last. */
  expires: Date | null;
}

/** Why there are none, and what to do, in words that hold no secret. */
export class NoCredentials extends Error {
  override readonly name = 'NoCredentials';
}

/** What finding credentials needs of its surroundings. */
export interface CredentialWorld {
  env: Readonly<Record<string, string | undefined>>;
  now(): Date;
}

/** As JSON of Amazon's programs and services has them; its names are theirs. */
export function credentialsOf(answer: unknown, whose: string): StoreKeys {
  const said = typeof answer === 'object' && answer !== null ? new Map(Object.entries(answer)) : new Map();
  const text = (...names: string[]): string | null => {
    const found = names.map((name) => said.get(name)).find((one) => typeof one === 'string' && one !== '');
    return typeof found === 'string' ? found : null;
  };
  const accessKey = text('AccessKeyId', 'accessKeyId');
  const secretKey = text('SecretAccessKey', 'secretAccessKey');
  if (accessKey === null || secretKey === null)
    throw new NoCredentials(`${whose} gave no AccessKeyId with SecretAccessKey`);
  const until = said.get('Expiration') ?? said.get('expiration') ?? null;
  const expires = until === null ? null : new Date(until as string | number);
  if (expires !== null && Number.isNaN(expires.getTime()))
    throw new NoCredentials(`${whose} gave an Expiration that is no time`);
  return { accessKey, secretKey, sessionToken: text('SessionToken', 'Token', 'sessionToken'), expires };
}
