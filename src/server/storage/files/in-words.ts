import { AichorError, isAichorError, systemErrorCode } from '../../../errors.ts';
import type { ObjectBucket } from '../../../object-store/client/object-bucket.ts';
import { ObjectStoreError } from '../../../object-store/client/requests.ts';

/** A bucket whose refusals are said for users, with a cure. Nothing of what a store says is repeated but a code. */
export function inWords(bucket: ObjectBucket, name: string): ObjectBucket {
  const entries = Object.entries(bucket) as [string, (...words: unknown[]) => Promise<unknown>][];
  const told = entries.map(([method, call]) => [
    method,
    (...words: unknown[]) => call(...words).catch((error: unknown) => Promise.reject(toldOf(error, name))),
  ]);
  return Object.fromEntries(told) as unknown as ObjectBucket;
}

function toldOf(error: unknown, bucket: string): unknown {
  if (isAichorError(error)) return error;
  if (!(error instanceof ObjectStoreError)) {
    const code = systemErrorCode(error);
    if (code === undefined && !(error instanceof Error && error.name === 'HttpTimeout')) return error;
    return new AichorError(
      'engine_unavailable',
      `the object store with the bucket ${bucket} cannot be reached (${code ?? 'it does not answer'})`,
      {
        hint: 'check storage.s3_endpoint of the engine, and that it leads there from the control plane',
        cause: error,
      },
    );
  }
  const { status, code } = error;
  const message = `the object store answered ${code ?? status} for the bucket ${bucket}`;
  if (status === 404)
    return new AichorError('not_found', message, {
      hint: 'make the bucket, or set storage.input, storage.output and storage.s3_endpoint of the engine',
      cause: error,
    });
  if (status === 401 || status === 403)
    return new AichorError('forbidden', message, {
      hint: 'the keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, or a profile) must be right, and allow to list this bucket, to get, put and delete its objects',
      cause: error,
    });
  const hint =
    status < 500 && status !== 429
      ? 'set AWS_REGION, or storage.s3_endpoint of the engine, to where the bucket is'
      : 'the store failed: repeat the command';
  return new AichorError('engine_unavailable', message, { hint, cause: error });
}
