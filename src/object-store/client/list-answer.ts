import { parseXml, textOf } from '../wire/xml.ts';

/** An object, as a list tells it. */
export interface ListedObject {
  key: string;
  /** Another one: it was written anew, also when that made it longer only. */
  etag: string;
  /** Bytes. */
  size: number;
  /** Null: the store does not say. */
  modifiedAt: Date | null;
}

export interface ListPage {
  objects: ListedObject[];
  /** What to go on with; null: that was all. */
  next: string | null;
}

/**
 * What `ListObjectsV2` answers with `encoding-type=url`, which not every store heeds. Objects without a sound size, and keys that no path in a request can hold, are
 * left out.
 *
 * @throws S3Error `MalformedXML`
 */
export function parseListPage(text: string): ListPage {
  const root = parseXml(text);
  const isEncoded = textOf(root, 'EncodingType') === 'url';
  const objects = root.children
    .filter(({ name }) => name === 'Contents')
    .flatMap((each): ListedObject[] => {
      const said = textOf(each, 'Key') ?? '';
      const key = isEncoded ? decoded(said) : said;
      const size = Number(textOf(each, 'Size') ?? Number.NaN);
      if (key === null || !isPath(key) || !Number.isSafeInteger(size) || size < 0) return [];
      const modifiedAt = new Date(textOf(each, 'LastModified') ?? Number.NaN);
      const isTime = !Number.isNaN(modifiedAt.getTime());
      return [{ key, size, etag: textOf(each, 'ETag') ?? '', modifiedAt: isTime ? modifiedAt : null }];
    });
  const isMore = textOf(root, 'IsTruncated') === 'true';
  return { objects, next: isMore ? textOf(root, 'NextContinuationToken') : null };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** Dots would be taken out of an address on its way. */
function isPath(key: string): boolean {
  return key !== '' && key.split('/').every((part) => part !== '.' && part !== '..');
}
