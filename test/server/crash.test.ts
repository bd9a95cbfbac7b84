import { describe, test } from 'vitest';
import { surviveCrashAt } from './crash.ts';

describe('a server that is killed, and started again, has lost and doubled nothing', () => {
  test.each(['submit-created', 'recorded-step-build', 'recorded-attempt', 'recorded-pod', 'logs-finished'])(
    'at %s',
    (point) => surviveCrashAt(point),
  );
});
