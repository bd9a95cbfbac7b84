import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Who may see one link, for a while. Passes are good as long as this server runs, and stand nowhere. */
export interface Passes {
  /** @param seconds how long it is good */
  issue(scope: string, seconds: number): string;
  isGood(scope: string, pass: string): boolean;
}

export function createPasses(now: () => Date, secret = randomBytes(32)): Passes {
  const sign = (scope: string, until: number) =>
    createHmac('sha256', secret).update(`${scope}\0${until}`).digest('base64url');
  return {
    issue(scope, seconds) {
      const until = Math.floor(now().getTime() / 1000) + seconds;
      return `${until}.${sign(scope, until)}`;
    },
    isGood(scope, pass) {
      const [until = '', signature = ''] = pass.split('.', 2);
      if (!/^\d{1,12}$/.test(until) || Number(until) * 1000 < now().getTime()) return false;
      const [given, expected] = [Buffer.from(signature), Buffer.from(sign(scope, Number(until)))];
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
