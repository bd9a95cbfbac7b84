import { AichorError } from '../errors.ts';
import type { CommitSource } from './ports.ts';

export function createCommitSource(_options: {
  env: Record<string, string | undefined>;
  cacheFolder: string;
}): CommitSource {
  return {
    fetch: async () => {
      throw new AichorError('engine_unavailable', 'not connected yet');
    },
  };
}
