import { randomUUID } from 'node:crypto';
import type { Delivery, Provider } from '../../api/team/hook-contract.ts';
import { pushesOf, type Push } from '../../api/team/push-payloads.ts';
import { globMatcher } from '../../repository/glob.ts';
import { readCommitMessage } from '../../repository/commit-trigger.ts';
import type { DeliveryTable, NewDelivery } from '../store/tables/deliveries.ts';
import type { ProjectTable, StoredProject } from '../store/tables/projects.ts';
import type { PrivateStore } from '../submission/private-values.ts';
import { bodiesOf, KNOWN, providerOf, STRENGTHS, strengthOf, type HookRequest } from './providers.ts';

/** What receiving needs. */
export interface Receiving {
  projects: Pick<ProjectTable, 'withId' | 'put'>;
  deliveries: DeliveryTable;
  privateValues: Pick<PrivateStore, 'ofProject'>;
  /** Called when something waits to be looked at. */
  wake(): void;
  now(): Date;
}

/** What a hook answers: 2xx for all that is proven, whatever is decided, because providers switch off what answers otherwise. */
export interface HookAnswered {
  status: 200 | 202 | 401 | 404;
  body: { delivery_id: string | null; decision: Delivery['decision'] | 'unknown'; why: string };
}

/**
 * Takes what a provider sent: proves it, reads it, and decides what can be decided without looking at the repository. What is left is
 * queued, durably; nothing is waited for.
 */
export function receive(by: Receiving, hook: string, request: HookRequest): HookAnswered {
  const project = by.projects.withId(hook);
  if (project === null)
    return { status: 404, body: { delivery_id: null, decision: 'unknown', why: 'there is no such hook' } };
  const provider = providerOf(request.headers);
  const secrets = validSecrets(by, project);
  const strength =
    provider === null ? STRENGTHS.none : strengthOf(request, provider, { secrets, now: by.now().getTime() });
  const needed = project.proof ?? STRENGTHS.secret;
  if (provider === null || strength < needed) return refuse(by, { project, request, provider, strength });
  if (strength === STRENGTHS.signature && needed < strength) by.projects.put({ ...project, proof: strength });
  const news = judged(project, { provider, request, now: by.now() });
  const written = by.deliveries.add(project.id, news);
  const queued = written.find(({ decision }) => decision === 'queued');
  if (queued !== undefined) by.wake();
  const told = queued ?? written[0];
  const { id = null, decision = 'ignored', why = 'it tells of nothing' } = told ?? {};
  return { status: queued === undefined ? 200 : 202, body: { delivery_id: id, decision, why } };
}

function validSecrets({ privateValues, now }: Receiving, { id }: StoredProject): string[] {
  const time = now().toISOString();
  return privateValues
    .ofProject(id)
    .hook.filter(({ until }) => until === null || until > time)
    .map(({ secret }) => secret);
}

function refuse(
  by: Receiving,
  {
    project,
    request,
    provider,
    strength,
  }: { project: StoredProject; request: HookRequest; provider: Provider | null; strength: number },
): HookAnswered {
  const why =
    provider === null
      ? 'no provider that is known sends this'
      : strength === STRENGTHS.none
        ? 'it is not signed with the secret of this hook'
        : 'it shows the secret, but is not signed, as earlier deliveries of this hook were';
  const delivery = deliveryOf(by.now(), { provider, request, decision: 'refused', why });
  by.deliveries.add(project.id, [{ delivery, push: null, claim: null, already: () => delivery }]);
  return { status: 401, body: { delivery_id: delivery.id, decision: 'refused', why } };
}

interface Received {
  provider: Provider;
  request: HookRequest;
  now: Date;
}

/** One for each ref that was pushed; one that says why when it is no push, or changes no ref. */
function judged(project: StoredProject, { provider, request, now }: Received): NewDelivery[] {
  const say = (decision: 'ignored' | 'queued', why: string, push: Push | null): NewDelivery =>
    newDelivery(deliveryOf(now, { provider, request, decision, why, push }), push);
  const event = KNOWN[provider].event(request.headers);
  if (!KNOWN[provider].isPush(event))
    return [say('ignored', `${JSON.stringify(event)} is no push: nothing is started by it`, null)];
  const pushes = pushesIn(provider, request);
  if (pushes === null) return [say('ignored', 'it is not a push in a form that is known', null)];
  if (pushes.length === 0) return [say('ignored', 'it changes no ref: nothing is started by it', null)];
  return pushes.map((push) => {
    const why = whyIgnored(project, push);
    return why === null ? say('queued', 'its commit is looked at', push) : say('ignored', why, push);
  });
}

function pushesIn(provider: Provider, request: HookRequest): Push[] | null {
  try {
    const payload: unknown = JSON.parse(bodiesOf(request).json.toString('utf8'));
    return pushesOf(provider, payload);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** What speaks against a push already by what was told of it; null: nothing. */
export function whyIgnored(
  project: Pick<StoredProject, 'branches' | 'repository'>,
  push: Push,
): string | null {
  const { branch, before, after, created, listed, message } = push;
  if (after === null) return 'something was deleted';
  if (branch === null) return `${push.ref} is no branch`;
  if (!isBranchMeant(project, branch)) return `the project takes no pushes to the branch ${branch}`;
  if (before === after) return 'it is a test delivery: nothing was pushed';
  if (listed === false && !created)
    return 'an older commit was pushed back; aichor experiments submit commit-sha runs it again';
  if (project.repository === null)
    return 'the project has no repository: aichor projects update --repository';
  if (message === null) return null;
  const { triggers, why, hint } = readCommitMessage(message);
  return triggers ? null : hint === null ? why : `${why}; ${hint}`;
}

export function isBranchMeant({ branches }: Pick<StoredProject, 'branches'>, branch: string): boolean {
  return branches.length === 0 || branches.some((pattern) => globMatcher(pattern)(branch));
}

/** A commit is decided upon once: by the first delivery that tells of it as something new on a branch. */
export function newDelivery(delivery: Delivery, push: Push | null): NewDelivery {
  const isDecision =
    push !== null && push.branch !== null && push.after !== null && push.before !== push.after;
  return {
    delivery,
    push,
    claim: isDecision ? push.after : null,
    already: (first) => ({ ...delivery, decision: 'ignored', ...already(first) }),
  };
}

function already(first: Delivery | 'gone' | null): Pick<Delivery, 'why' | 'experiment_id'> {
  if (first === null) return { why: 'its commit was there before the project', experiment_id: null };
  if (first === 'gone')
    return {
      why: 'its commit was decided upon already, by a delivery that is no longer kept',
      experiment_id: null,
    };
  const { experiment_id, decision, id } = first;
  const made = experiment_id === null ? decision : `made ${experiment_id}`;
  return { why: `its commit was decided upon already: ${made} (delivery ${id})`, experiment_id };
}

interface Described {
  provider: Delivery['provider'] | null;
  request: Pick<HookRequest, 'headers'> | null;
  decision: Delivery['decision'];
  why: string;
  push?: Push | null;
}

export function deliveryOf(now: Date, { provider, request, decision, why, push }: Described): Delivery {
  const names = provider !== null && provider in KNOWN ? KNOWN[provider as Provider].delivery : [];
  const given = names.map((name) => request?.headers[name]).find((value) => value !== undefined);
  return {
    id: randomUUID().slice(0, 13).replace('-', ''),
    time: now.toISOString(),
    provider: provider ?? 'unknown',
    delivery: given?.slice(0, 200) ?? null,
    ref: push?.ref ?? null,
    commit: push?.after ?? null,
    decision,
    why,
    experiment_id: null,
  };
}
