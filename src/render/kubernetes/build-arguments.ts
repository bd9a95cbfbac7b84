import { escapeLiteral } from '../../operators/expand.ts';
import { imageOf, type Rendering } from './rendering.ts';

/** Folders of the build's containers. */
export const WORKSPACE = '/workspace';
export const DOCKER_CONFIG = '/home/user/.docker';
export const VARIABLES_FOLDER = '/etc/secrets';

/** Arguments of `buildctl`; no shell reads them, but Kubernetes does, so `$` is escaped. */
export function buildArguments(rendering: Rendering): string[] {
  const { builder } = rendering.plan;
  const [folder, file] = splitPath(joinPath(builder.context, builder.dockerfile));
  const args = [
    'build',
    '--frontend=dockerfile.v0',
    `--local=context=${joinPath(WORKSPACE, builder.context)}`,
    `--local=dockerfile=${joinPath(WORKSPACE, folder)}`,
    `--opt=filename=${file}`,
    ...(builder.target === null ? [] : [`--opt=target=${builder.target}`]),
    ...Object.entries(builder.build_args).map(([name, value]) => `--opt=build-arg:${name}=${value}`),
    ...secretArguments(rendering),
    ...outputArguments(rendering),
  ];
  return args.map(escapeLiteral);
}

/** Build-time variables reach the build as one secret file with the id `_env`, never as build arguments. */
function secretArguments({ settings }: Rendering): string[] {
  return settings.build.variables_secret === null ? [] : [`--secret=id=_env,src=${VARIABLES_FOLDER}/.env`];
}

/** The digest comes back as the container's termination message; layers are kept in the registry. */
function outputArguments(rendering: Rendering): string[] {
  const image = imageOf(rendering);
  const cache = `${image.slice(0, image.lastIndexOf(':'))}:cache`;
  return [
    `--output=type=image,name=${image},push=true`,
    `--import-cache=type=registry,ref=${cache}`,
    `--export-cache=type=registry,ref=${cache},mode=max`,
    '--metadata-file=/dev/termination-log',
  ];
}

function joinPath(...parts: string[]): string {
  const joined: string[] = [];
  for (const part of parts.join('/').split('/')) {
    if (part === '..') joined.pop();
    else if (part !== '' && part !== '.') joined.push(part);
  }
  return `${parts[0]?.startsWith('/') ? '/' : ''}${joined.join('/')}`;
}

function splitPath(path: string): [folder: string, file: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
}
