const TAGGED = /:[\w][\w.-]*$/;
const BY_DIGEST = /@[A-Za-z][A-Za-z0-9+._-]*:[0-9A-Fa-f]+$/;

/**
 * Whether an image's name says by itself which image is meant, with a tag or a digest. To a bare name the platform
 * adds the registry, and the experiment that built it as the tag.
 */
export function isFullReference(image: string): boolean {
  const lastPart = image.slice(image.lastIndexOf('/') + 1);
  return TAGGED.test(lastPart) || isByDigest(image);
}

export function isByDigest(image: string): boolean {
  return BY_DIGEST.test(image);
}
