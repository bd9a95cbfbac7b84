import { createHash } from 'node:crypto';
import type { Idempotency } from '../store/store.ts';

/**
 * The key of a request with the SHA-256 of what it asks for. The shell's variables do not count: the same command typed
 * in another terminal asks for the same. Null when there is no key.
 */
export function idempotencyOf(
  request: { idempotency_key: string | null; shell: object },
  of: string,
): Idempotency | null {
  const { idempotency_key: key, shell: _shell, ...content } = request;
  if (key === null) return null;
  return {
    key,
    content: createHash('sha256')
      .update(`${of}\n${canonicalJson(content)}`)
      .digest('hex'),
  };
}

/** JSON with sorted keys: the order in which flags were typed does not count. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isPlainObject(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
