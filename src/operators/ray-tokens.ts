/** The first Ray that knows `RAY_AUTH_MODE=token`, as KubeRay demands it. */
const FIRST = [2, 52];

/** Whether a Ray of this version can be told to take requests only from who sends a token; null, and what is no version: no. */
export function takesTokens(version: string | null): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+/.exec(version ?? '') ?? [];
  if (major === undefined || minor === undefined) return false;
  const [firstMajor = 0, firstMinor = 0] = FIRST;
  return Number(major) > firstMajor || (Number(major) === firstMajor && Number(minor) >= firstMinor);
}
