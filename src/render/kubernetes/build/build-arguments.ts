import { escapeLiteral } from '../../../operators/command/expand.ts';
import { builtImageOf, type Rendering } from '../rendering.ts';
import { buildSecrets, settledArguments } from './build-inputs.ts';

/** Folders of the build's containers. */
export const UPLOAD_FOLDER = '/workspace';
/** In the upload's folder: the repository, and the file that is written last. */
export const CONTEXT_FOLDER = 'context';
export const UPLOADED_FILE = 'uploaded';
export const METADATA_FILE = '/tmp/metadata.json';

/** Where the Dockerfile is unless it lies at the root: in the context. */
export function builtFile({ plan: { builder } }: Rendering): string {
  return joinPath(builder.context, builder.dockerfile);
}

/** Arguments of `buildctl`; no shell reads them, but Kubernetes does, so `$` is escaped. */
export function buildArguments(rendering: Rendering, dockerfile: string): string[] {
  const { builder } = rendering.plan;
  const { build } = rendering.settings;
  const [folder, file] = splitPath(dockerfile);
  const repository = `${UPLOAD_FOLDER}/${CONTEXT_FOLDER}`;
  const args = [
    'build',
    '--frontend=dockerfile.v0',
    `--local=context=${joinPath(repository, builder.context)}`,
    `--local=dockerfile=${joinPath(repository, folder)}`,
    `--opt=filename=${file}`,
    ...(builder.target === null ? [] : [`--opt=target=${builder.target}`]),
    ...Object.entries({ ...settledArguments(build), ...builder.build_args }).map(
      ([name, value]) => `--opt=build-arg:${name}=${value}`,
    ),
    ...Object.entries(buildSecrets(build)).map(([id, path]) => `--secret=id=${id},src=${path}`),
    ...outputArguments(rendering),
  ];
  return args.map(escapeLiteral);
}

/** What was built is told by a file of metadata; layers are kept in the registry. */
function outputArguments(rendering: Rendering): string[] {
  const image = builtImageOf(rendering);
  const cache = `${image.slice(0, image.lastIndexOf(':'))}:cache`;
  return [
    `--output=type=image,name=${image},push=true`,
    `--import-cache=type=registry,ref=${cache}`,
    `--export-cache=type=registry,ref=${cache},mode=max`,
    `--metadata-file=${METADATA_FILE}`,
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
