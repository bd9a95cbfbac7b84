import { submission } from '../../api/contract.ts';
import { sleepUnless } from '../../base/async/abort.ts';
import { atMost, type AtMost } from '../../base/async/at-most.ts';
import { createWake } from '../../base/async/wake.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import { isForLackOfDisk } from '../../base/io/disk-full.ts';
import { isAichorError } from '../../errors.ts';
import { readCommitMessage } from '../../repository/commit-trigger.ts';
import { headsOf, messageOf, withAccess } from '../../source/git.ts';
import { PUSH, type Caller } from '../people/caller.ts';
import type { Log } from '../ports.ts';
import { accessOf } from '../projects/git.ts';
import { cannotWriteNow } from '../store/database.ts';
import type { DeliveryTable, QueuedDelivery } from '../store/tables/deliveries.ts';
import type { ProjectTable, StoredProject } from '../store/tables/projects.ts';
import type { PrivateStore } from '../submission/private-values.ts';
import { submit, type Submitting } from '../submission/submit.ts';
import { deliveryOf, isBranchMeant, newDelivery } from './receive.ts';

/** What looking at pushes needs. */
export interface Judging extends Submitting {
  projects: ProjectTable;
  deliveries: DeliveryTable;
  privateValues: Pick<PrivateStore, 'ofProject'>;
  env: Readonly<Record<string, string | undefined>>;
  log: Log;
  now(): Date;
  /** Before the second try; a second unless said. */
  pauseMs?: number;
}

/** Looks at what hooks have queued, and for pushes that no hook told of. */
export interface PushJudge {
  /** Something was queued. */
  wake(): void;
  /** Looks at the branches of every project that has a repository, or of this one. */
  reconcile(only?: string): Promise<void>;
  /** Goes on until the server leaves. */
  run(closing: AbortSignal): Promise<void>;
}

/** A host that cannot be reached may be back soon; a commit may be told of before it can be fetched. */
const TRIES = 6;
/** So many of a project are looked at together: each is some programs of Git, which take the machine from whoever pushes next. */
const OF_PROJECT = 2;
const FIRST_PAUSE_MS = 1000;
/** First pauses until what waits is read again that could not be read. */
const UNREAD_PAUSES = 10;
/** How often it is looked for pushes that no hook told of. */
const RECONCILE_MS = 180_000;
/** Somebody who pushed, with what a member may. */
const PUSHER: Caller = { isOwner: false, name: PUSH, role: 'member', projects: null };

export function createPushJudge(by: Judging): PushJudge {
  const wake = createWake();
  const busy = new Set<string>();
  const places = createPlaces();
  const judge: PushJudge = {
    wake: () => wake.call(),
    async reconcile(only) {
      try {
        for (const project of by.projects.list()) {
          if (project.repository === null || (only !== undefined && project.name !== only)) continue;
          if (await lookedAt(by, project)) wake.call();
        }
      } catch (error) {
        by.log.warn({ err: error }, 'the projects could not be read');
      }
    },
    async run(closing) {
      const looking = reconcileNowAndThen(judge, closing);
      const working = new Set<Promise<void>>();
      const end = () => wake.call();
      closing.addEventListener('abort', end, { once: true });
      while (!closing.aborted) {
        const waiting = waitingOf(by);
        for (const queued of waiting ?? []) {
          const { id } = queued.delivery;
          if (busy.has(id)) continue;
          busy.add(id);
          const work = judgeOne({ ...by, place: places.of(queued.project) }, queued, closing)
            .catch((error: unknown) =>
              by.log.error({ err: error, delivery: id }, 'what came of a push could not be written down'),
            )
            .finally(() => {
              busy.delete(id);
              working.delete(work);
            });
          working.add(work);
        }
        await wake.next(waiting === null ? UNREAD_PAUSES * pauseOf(by) : RECONCILE_MS);
      }
      await Promise.all([looking, ...working]);
    },
  };
  return judge;
}

/** A delivery is looked at in a place of its project: a host that does not answer holds up nobody else. */
type InPlace = Judging & { place: AtMost };

function createPlaces() {
  const places = new Map<string, AtMost>();
  return {
    of(project: string): AtMost {
      const place = places.get(project) ?? atMost(OF_PROJECT);
      places.set(project, place);
      return place;
    },
  };
}

/** What waits to be looked at; null: it cannot be read now. */
function waitingOf(by: Judging): QueuedDelivery[] | null {
  try {
    return by.deliveries.queued();
  } catch (error) {
    by.log.error({ err: error }, 'the pushes that wait could not be read; it is tried again');
    return null;
  }
}

function pauseOf({ pauseMs = FIRST_PAUSE_MS }: Judging): number {
  return pauseMs;
}

async function reconcileNowAndThen(judge: PushJudge, closing: AbortSignal): Promise<void> {
  do await judge.reconcile();
  while (await sleepUnless(closing, RECONCILE_MS));
}

/** The same of `findMissed`; what goes wrong is in the log. */
async function lookedAt(by: Judging, project: StoredProject): Promise<boolean> {
  try {
    return await findMissed(by, project);
  } catch (error) {
    by.log.warn({ err: error, project: project.name }, 'the branches of a repository could not be read');
    return false;
  }
}

/** Whether something was queued. Branches that are there when a project is first looked at are nothing new. */
async function findMissed(by: Judging, project: StoredProject): Promise<boolean> {
  const { repository, id } = project;
  if (repository === null) return false;
  const access = accessOf(project, by.privateValues.ofProject(id));
  const heads = await withAccess(repository, { access, env: by.env }, (env) => headsOf(repository, { env }));
  // It may have been changed, or taken away, meanwhile.
  const now = by.projects.withId(id);
  if (now === null || now.repository !== repository) return false;
  if (now.heads_of !== repository) {
    by.deliveries.markJudged(id, [...heads.values()]);
    by.projects.put({ ...now, heads_of: repository });
    return false;
  }
  const missed = [...heads].flatMap(([ref, after]) => {
    const branch = ref.replace(/^refs\/heads\//, '');
    if (!isBranchMeant(now, branch) || by.deliveries.isJudged(id, after)) return [];
    const push = { ref, branch, before: null, after, created: false, message: null, listed: null };
    const why = 'no delivery told of it; its commit is looked at';
    const told = { provider: 'ls-remote', request: null, decision: 'queued', why, push } as const;
    return [newDelivery(deliveryOf(by.now(), told), push)];
  });
  const written = missed.length === 0 ? [] : by.deliveries.add(id, missed);
  return written.some(({ decision }) => decision === 'queued');
}

/** Decides one that waits, and writes that down. One that is interrupted waits for the next start. */
async function judgeOne(by: InPlace, queued: QueuedDelivery, closing: AbortSignal): Promise<void> {
  const { id } = queued.delivery;
  let failures = 0;
  for (let tries = 1; !closing.aborted; tries++) {
    try {
      const decided = await by.place(() => decide(by, queued, closing));
      crashPoint('push-submitted');
      return await writeDown(by, id, decided, closing);
    } catch (error) {
      if (closing.aborted) return;
      by.log.warn({ err: error, delivery: id }, 'a push could not be looked at');
      // A disk without room is not the push's fault: it waits as long as that lasts.
      if (!isOfDisk(error)) failures += 1;
      const isFinal = isAichorError(error) && error.code !== 'not_found' && !isOfDisk(error);
      const isLast = failures >= TRIES || isFinal;
      const said = error instanceof Error ? error.message : String(error);
      const hint = isAichorError(error) && error.hint !== null ? `; ${error.hint}` : '';
      const why = isLast ? `${said}${hint}` : `${said}; it is tried again`;
      const decision = isLast ? 'failed' : 'queued';
      await writeDown(by, id, { decision, why, experiment_id: null }, closing);
      if (isLast) return;
      await sleepUnless(closing, pauseOf(by) * 2 ** Math.min(tries - 1, TRIES));
    }
  }
}

/** Writes down what came of one, as soon as the disk takes it. */
async function writeDown(by: Judging, id: string, decided: Decided, closing: AbortSignal): Promise<void> {
  for (let tries = 1; !closing.aborted; tries++) {
    try {
      by.deliveries.decide(id, decided);
      return;
    } catch (error) {
      if (!isOfDisk(error)) throw error;
      if (tries === 1)
        by.log.warn({ err: error, delivery: id }, 'what came of a push waits for room on the disk');
      await sleepUnless(closing, pauseOf(by));
    }
  }
}

function isOfDisk(error: unknown): boolean {
  return cannotWriteNow(error) || isForLackOfDisk(error);
}

/** From the root of the repository. @param manifest as a commit's message names it */
export function manifestPathOf(
  { manifest_root: root }: Pick<StoredProject, 'manifest_root'>,
  manifest: string,
): string {
  return root === null ? manifest : `${root}/${manifest}`;
}

type Decided = Parameters<DeliveryTable['decide']>[1];

async function decide(
  by: Judging,
  { project: projectId, push, delivery }: QueuedDelivery,
  signal: AbortSignal,
): Promise<Decided> {
  signal.throwIfAborted();
  const project = by.projects.withId(projectId);
  const ignored = (why: string): Decided => ({ decision: 'ignored', why, experiment_id: null });
  if (project === null || project.repository === null || push.after === null)
    return ignored('the project no longer has a repository');
  const { repository } = project;
  const commit = push.after;
  const access = accessOf(project, by.privateValues.ofProject(project.id));
  const message =
    push.message ??
    (await withAccess(repository, { access, env: by.env }, (env) =>
      messageOf(repository, commit, { env, signal }),
    ));
  const { triggers, manifest, why, hint } = readCommitMessage(message);
  if (!triggers || manifest === null) return ignored(hint === null ? why : `${why}; ${hint}`);
  const { summary } = await submit(
    by,
    submission.parse({
      source: { kind: 'commit', repository, commit_sha: commit, branch: push.branch },
      manifest_path: manifestPathOf(project, manifest),
      project: project.name,
      // Whatever dies when: a delivery makes one experiment.
      idempotency_key: `push ${project.id} ${delivery.id}`,
    }),
    { caller: PUSHER, signal },
  );
  return { decision: 'made', why, experiment_id: summary.experiment_id };
}
