import { AichorError } from '../../errors.ts';
import type { Meter } from './meter.ts';
import type { UseCases } from '../use-cases.ts';
import type { Api, Serving } from '../http/routes/api.ts';

interface Probed {
  uses: Pick<UseCases, 'readable'>;
  serving: Pick<Serving, 'closing'>;
  /** Null: the embedded server counts nothing. */
  meter: Meter | null;
  /** Whether metrics are told without a key. */
  isOpen: boolean;
}

/** What whoever watches a server asks it, at the places where such tools look; no part of the contract below `/v1`. */
export function probeRoutes(root: Api, { uses, serving, meter, isOpen }: Probed): void {
  root.get('/healthz', (c) => c.json({ status: 'ok' }, 200));
  root.get('/readyz', (c) => {
    const why = whyNotReady(uses, serving);
    return why === null ? c.json({ ready: true, why: null }, 200) : c.json({ ready: false, why }, 503);
  });
  root.get('/metrics', async (c) => {
    if (meter === null)
      throw new AichorError('not_found', 'the embedded control plane counts nothing', {
        hint: 'aichor server start serves a team, and has metrics',
      });
    if (!isOpen && c.get('caller').projects !== null)
      throw new AichorError('forbidden', 'metrics are of all projects, and this key is for some', {
        hint: 'ask an admin for a key of role viewer without --project',
      });
    const { text, type } = await meter.told();
    return c.body(text, 200, { 'content-type': type, 'cache-control': 'no-store' });
  });
}

function whyNotReady(uses: Probed['uses'], { closing }: Probed['serving']): string | null {
  if (closing.aborted) return 'it is leaving';
  try {
    uses.readable();
    return null;
  } catch {
    return 'its database cannot be read; aichor server logs and aichor server doctor have the details';
  }
}
