import { DockerfileTooLarge } from '../dockerfile/limits.ts';
import type { Image } from '../dockerfile/image.ts';
import type { Builder } from '../manifest/manifest.ts';
import { dockerfileOf } from './findings.ts';
import type { RepositoryPaths } from './paths.ts';

/** A repository's files by name, and what is in them. */
export interface RepositoryFiles {
  paths: RepositoryPaths;
  /** The text of a file; null: it is not there, or none that can be read. */
  read(path: string): Promise<string | null>;
}

/** A Dockerfile as it is written. */
export interface FoundDockerfile {
  /** From the repository's root. */
  path: string;
  text: string;
  /** Text of the .dockerignore that counts, or null. */
  ignore: string | null;
}

/** The Dockerfile that a manifest names; null where there is none. */
export async function locateDockerfile(
  { context, dockerfile }: Pick<Builder, 'context' | 'dockerfile'>,
  { paths, read }: RepositoryFiles,
): Promise<FoundDockerfile | null> {
  const found = dockerfileOf({ context, dockerfile }, paths);
  const text = found === null ? null : await read(found.path);
  if (found === null || text === null) return null;
  const beside = context === '.' ? '.dockerignore' : `${context}/.dockerignore`;
  const ignore = (await read(`${found.path}.dockerignore`)) ?? (await read(beside));
  return { path: found.path, text, ignore };
}

/** A Dockerfile, and what is told of its image without looking at any file: every file of the context is missing in it. */
export interface ReadDockerfile {
  dockerfile: FoundDockerfile;
  image: Image;
}

/**
 * Reads the Dockerfile that a manifest builds from; null: it builds nothing, or there is too much of it to be read.
 *
 * @param turns when others are to run meanwhile; null: nobody waits
 */
export async function readDockerfile(
  builder: Builder,
  files: RepositoryFiles,
  turns: { isDue(): boolean; take(): Promise<void> } | null = null,
): Promise<ReadDockerfile | null> {
  const dockerfile = builder.skipBuild === null ? await locateDockerfile(builder, files) : null;
  if (dockerfile === null) return null;
  const { readImage } = await import('../dockerfile/image.ts');
  try {
    const { buildArgs, target } = builder;
    const image = await readImage({
      text: dockerfile.text,
      buildArgs,
      target,
      context: [],
      ignore: dockerfile.ignore,
      turn: () => (turns?.isDue() === true ? turns.take() : Promise.resolve()),
    });
    return { dockerfile, image };
  } catch (error) {
    // The engine that builds it says so.
    if (error instanceof DockerfileTooLarge) return null;
    throw error;
  }
}
