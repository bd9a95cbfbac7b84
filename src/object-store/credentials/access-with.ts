import { accessOf, type NoAccess, type ObjectAccess, type StoreVariables } from '../client/access.ts';
import { NoCredentials } from './credentials.ts';
import type { FoundCredentials } from './find.ts';

/**
 * Access by the variables of pods, and where those hold no keys, by the credentials that the control plane finds for itself.
 *
 * @param find null: it has none of its own
 */
export async function accessWith(
  given: Parameters<typeof accessOf>[0],
  find: (() => Promise<FoundCredentials>) | null,
): Promise<ObjectAccess | NoAccess> {
  const hasKey = [given.project, given.own].some((variables) => variables['AWS_ACCESS_KEY_ID'] !== undefined);
  if (find === null || hasKey) return accessOf(given);
  try {
    const found = variablesOf(await find());
    return accessOf({ ...given, project: { ...found, ...given.project } });
  } catch (error) {
    if (!(error instanceof NoCredentials)) throw error;
    const without = accessOf(given);
    return 'why' in without ? { why: error.message } : without;
  }
}

/** As Amazon's clients would be given them. */
export function variablesOf({ credentials, region, endpoint }: FoundCredentials): StoreVariables {
  const { accessKey, secretKey, sessionToken } = credentials;
  return {
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    ...(sessionToken !== null && { AWS_SESSION_TOKEN: sessionToken }),
    ...(region !== null && { AWS_REGION: region }),
    ...(endpoint !== null && { AWS_ENDPOINT_URL: endpoint }),
  };
}
