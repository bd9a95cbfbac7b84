/** Why this machine can have no cluster of its own, the first reason; null when it can. */
export function obstacle(env?: NodeJS.ProcessEnv): string | null;
