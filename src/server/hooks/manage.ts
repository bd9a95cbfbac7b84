import { randomBytes } from 'node:crypto';
import type { DeliveryList, HookAnswer, HookQuery, Provider } from '../../api/team/hook-contract.ts';
import { AichorError } from '../../errors.ts';
import type { Caller } from '../people/caller.ts';
import { projectNamed, type ProjectManaging } from '../projects/manage.ts';
import type { DeliveryTable } from '../store/tables/deliveries.ts';
import { deliveryOf } from './receive.ts';

/** What telling of hooks needs. */
export interface HookManaging extends ProjectManaging {
  deliveries: DeliveryTable;
  pushes: ProjectManaging['pushes'] & { wake(): void };
  /** Where a team's server is reached; null: nowhere. */
  publicAddress: Promise<string> | null;
}

const DAY_MS = 86_400_000;

/** What to paste into the settings of a repository. With `rotate` another secret; the one before it is good for a day more. */
export async function hookOf(
  by: HookManaging,
  { name, caller }: { name: string; caller: Caller },
  { provider, rotate }: HookQuery,
): Promise<HookAnswer> {
  const project = projectNamed(by, name, caller);
  if (by.publicAddress === null)
    throw new AichorError('conflict', 'nothing outside of this machine reaches this control plane', {
      hint: 'pushes start experiments on a team’s server: aichor server start --host ADDRESS',
    });
  const address = await by.publicAddress;
  const values = by.privateValues.ofProject(project.id);
  let [newest] = values.hook;
  if (rotate || newest === undefined) {
    const until = new Date(by.now().getTime() + DAY_MS).toISOString();
    const before = newest === undefined ? [] : [{ ...newest, until }];
    newest = { secret: randomBytes(32).toString('base64'), until: null };
    by.audit.add([{ by: caller.name, deed: 'project.rotate', subject: name }]);
    by.privateValues.putProject(project.id, { ...values, hook: [newest, ...before] });
  }
  return { url: `${address}/hooks/${project.id}`, ...formFor(provider, newest.secret) };
}

/** Each provider's own words for what it asks for. */
function formFor(provider: Provider, secret: string): Omit<HookAnswer, 'url'> {
  const same = { secret, user: null, content_type: 'application/json', events: 'push' };
  switch (provider) {
    case 'github':
      return {
        ...same,
        notes: ['Settings, Webhooks, Add webhook: Payload URL, Secret; Just the push event'],
      };
    case 'gitea':
      return { ...same, notes: ['Settings, Webhooks, Add Webhook, Gitea: Target URL, Secret; Push Events'] };
    case 'gitlab':
      return {
        ...same,
        secret: `whsec_${secret}`,
        notes: [
          'Settings, Webhooks: URL, Signing token; Push events',
          `where there is no field for a signing token: ${secret} as the Secret token`,
        ],
      };
    case 'bitbucket':
      return { ...same, notes: ['Repository settings, Webhooks: URL, Secret; Repository push'] };
    case 'bitbucket-dc':
      return { ...same, notes: ['Repository settings, Webhooks: URL, Secret; Repository, Push'] };
    case 'azure':
      return {
        ...same,
        user: 'aichor',
        events: 'Code pushed',
        notes: [
          'Project settings, Service hooks, Web Hooks: URL, Basic authentication with user and secret as the password',
        ],
      };
  }
}

export function listDeliveries(
  by: HookManaging,
  { name, caller }: { name: string; caller: Caller },
  limit: number,
): DeliveryList {
  return { deliveries: by.deliveries.list(projectNamed(by, name, caller).id, limit) };
}

/** Decides a delivery again, although its commit was decided upon. Throws AichorError `not_found`, `conflict`. */
export function redeliver(
  by: HookManaging,
  { name, caller }: { name: string; caller: Caller },
  id: string,
): DeliveryList {
  const project = projectNamed(by, name, caller);
  const found = by.deliveries.get(project.id, id);
  if (found === null)
    throw new AichorError('not_found', `there is no delivery ${JSON.stringify(id)}`, {
      hint: `aichor projects deliveries ${name} shows those there are`,
    });
  const { push } = found;
  if (push === null || push.branch === null || push.after === null)
    throw new AichorError('conflict', `the delivery ${id} tells of no commit on a branch`, {
      hint: 'push again, or aichor experiments submit commit-sha',
    });
  const told = { provider: 'redelivered', request: null, decision: 'queued', push } as const;
  const delivery = deliveryOf(by.now(), { ...told, why: `${id} again: its commit is looked at` });
  const written = by.deliveries.add(project.id, [{ delivery, push, claim: null, already: () => delivery }]);
  by.pushes.wake();
  return { deliveries: written };
}
