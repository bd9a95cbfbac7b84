import type { BuildResult } from '../../../engine.ts';

/** The image that a build made or found, as the program that runs it knows it: by its id. */
export function readImage({ data }: Pick<BuildResult, 'data'>): string {
  const { container_image: image } = data;
  if (typeof image !== 'string' || !/^[a-z0-9]/.test(image)) throw new Error('a build without an image');
  return image;
}

/** Null: no image was built. */
export function imageOf(result: Pick<BuildResult, 'data'>): string | null {
  return typeof result.data['container_image'] === 'string' ? readImage(result) : null;
}
