import type { Plan } from '../../../experiment/plan/plan.ts';
import type { LocalStore } from '../../../machine/settings-file.ts';
import type { NoAccess, ObjectAccess } from '../../../object-store/client/access.ts';
import { accessWith, variablesOf } from '../../../object-store/credentials/access-with.ts';
import { NoCredentials } from '../../../object-store/credentials/credentials.ts';
import { rememberCredentials, type FoundCredentials } from '../../../object-store/credentials/find.ts';
import { fillIn, placesOfProject } from '../../../experiment/plan/storage-address.ts';
import type { ExperimentPaths, ExperimentPlace, ObjectPods } from '../../engine.ts';
import { storeVariables } from '../../store-variables.ts';
import type { PodStorage } from '../pod/pod-environment.ts';

/** An object store of the user's, instead of folders. */
export interface OwnStore {
  paths(place: ExperimentPlace): ExperimentPaths;
  projectPaths(project: string): { inputs: string; outputs: string | null };
  /** How the control plane gets there. */
  access(pods: ObjectPods): Promise<ObjectAccess | NoAccess>;
  /** What pods get of it; `missing`: why they get no keys. */
  forPods(
    paths: ExperimentPaths,
    pods: { plan: Pick<Plan, 'groups'>; secrets: Readonly<Record<string, string>> },
  ): Promise<{ storage: PodStorage; missing: string | null }>;
}

/** Clients want one. */
const STANDARD_REGION = 'us-east-1';

/** Its keys are looked for when they are needed. */
export function createOwnStore(
  { input, output, s3_endpoint: endpoint, profile }: LocalStore,
  { env, now }: { env: Readonly<Record<string, string | undefined>>; now(): Date },
): OwnStore {
  const places = { input, output };
  const find = rememberCredentials({ env, now, profile });
  return {
    paths({ id: experimentId, project, plan }) {
      const of = { project, experimentId };
      const folder = fillIn(output, of);
      const tensorboard = plan?.tensorboard.enabled === true ? `${folder}tensorboard` : null;
      return { input: fillIn(input, of), output: folder, tensorboard };
    },
    projectPaths: (project) => placesOfProject(places, project),
    access: (pods) => accessWith({ project: pods.project ?? {}, own: storeVariables(pods), endpoint }, find),
    async forPods(paths, pods) {
      const found = await find().catch((error: unknown) => {
        if (error instanceof NoCredentials) return error;
        throw error;
      });
      const isFound = !(found instanceof NoCredentials);
      const hasOwn = OWN_KEYS.some((name) => Object.hasOwn(storeVariables(pods), name));
      const said = isFound ? found.region : null;
      const region = said ?? STANDARD_REGION;
      const address = endpoint ?? (isFound ? found.endpoint : null);
      const variables = {
        ...(isFound && !hasOwn && keysFor(found, profile)),
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
      };
      return {
        storage: {
          paths,
          variables,
          keysEnd: isFound && !hasOwn && found.credentials.expires !== null,
          ...(address !== null && { endpoint: address }),
        },
        missing: isFound || hasOwn ? null : found.message,
      };
    },
  };
}

/** Users who give one of them mean their own. */
const OWN_KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'];

/** Keys that end while a pod runs are of no use to it: it finds them as the control plane did, by the profile. */
function keysFor(found: FoundCredentials, profile: string | null): Record<string, string> {
  if (found.credentials.expires !== null) return profile === null ? {} : { AWS_PROFILE: profile };
  const {
    AWS_ACCESS_KEY_ID: id = '',
    AWS_SECRET_ACCESS_KEY: secret = '',
    AWS_SESSION_TOKEN: token,
  } = variablesOf(found);
  return {
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    ...(token !== undefined && { AWS_SESSION_TOKEN: token }),
  };
}
