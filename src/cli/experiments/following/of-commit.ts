import type { Delivery } from '../../../api/team/hook-contract.ts';
import { sleep } from '../../../base/async/abort.ts';
import type { Client } from '../../../client/client.ts';
import { AichorError } from '../../../errors.ts';
import type { ExperimentRecord } from '../../../experiment/record.ts';
import { readCommitMessage } from '../../../repository/commit-trigger.ts';
import { commitHere, isSameRepository, type CommitHere } from '../../../source/git.ts';
import type { Talk } from '../../runtime/talk.ts';
import { commitNamed } from './commit-named.ts';

/** Which commit's experiment is meant. */
export interface CommitAwaited {
  /** A SHA, its beginning, or a name of the clone here. */
  commit: string;
  /** Whether to wait for a push that makes one. */
  follow: boolean;
  /** Whether the control plane is a team's: nothing tells another one of pushes. */
  isTeam: boolean;
  talk: Talk;
  signal: AbortSignal;
}

/** How often a follower asks, and after how many times it says that nothing has come. */
const ASK_MS = 1000;
const LONG = 20;
/** Of one project: what a push of a minute ago is among. */
const LOOKED_AT = 200;

/**
 * The newest experiment of a commit, over all projects that the key is for. With `follow` it is waited for, right after the push or
 * before it, until there is one, or it is known that there will be none.
 *
 * @throws AichorError `not_found` with the reason: the message, the decision of the push, no project for its repository
 */
export async function experimentOfCommit(client: Client, wanted: CommitAwaited): Promise<ExperimentRecord> {
  const { talk, signal, follow, isTeam } = wanted;
  const sha = await commitNamed(wanted.commit);
  const short = sha.slice(0, 12);
  const newest = async () => (await client.list({ commit: sha, limit: 1 })).experiments[0];
  let found = await newest();
  if (found === undefined) {
    const here = await commitHere('.', sha);
    refuseUntriggering(short, here);
    if (!follow) throw none(short, 'with --follow it is waited for');
    if (!isTeam)
      throw none(
        short,
        'pushes start experiments on a team’s server: aichor context set server URL; here, aichor experiments submit commit-sha',
      );
    const projects = await projectsOf(client, short, here);
    const of = `the project${projects.length > 1 ? 's' : ''} ${projects.join(', ')}`;
    talk.notice(
      here?.isPushed === false
        ? `${short} is on no branch of a remote yet; once it is pushed, its experiment in ${of} is followed`
        : `waiting for the push of ${short} to make an experiment in ${of}`,
    );
    for (let times = 1; found === undefined; times++) {
      const delivery = await newestDelivery(client, projects, sha);
      talk.progress(saidOf(short, delivery));
      found = await newest();
      if (found === undefined) refuseDecided(short, delivery);
      if (times === LONG && delivery === null)
        talk.notice(
          `no push of ${short} was told of until now; pushes that no hook tells of are found within three minutes. ` +
            `aichor projects deliveries ${projects[0]} shows what came`,
        );
      if (found === undefined) await sleep(ASK_MS, signal);
    }
    talk.settle();
  }
  talk.notice(`the newest experiment of ${short} is ${found.experiment_id}`);
  return client.get(found.experiment_id);
}

function none(short: string, hint: string): AichorError {
  return new AichorError('not_found', `there is no experiment of the commit ${short}`, { hint });
}

function refuseUntriggering(short: string, here: CommitHere | null): void {
  if (here === null) return;
  const { triggers, why, hint } = readCommitMessage(here.message);
  if (triggers) return;
  throw new AichorError(
    'not_found',
    `there is no experiment of the commit ${short}, and its push starts none: ${why}`,
    { hint: hint ?? `aichor experiments submit commit-sha ${short} runs it` },
  );
}

/** By name. Without a clone all are looked at that have a repository. */
async function projectsOf(client: Client, short: string, here: CommitHere | null): Promise<string[]> {
  const origin = here?.origin ?? null;
  const { projects } = await client.projects();
  const names = projects
    .filter(
      ({ repository }) => repository !== null && (origin === null || isSameRepository(repository, origin)),
    )
    .map(({ name }) => name);
  if (names.length > 0) return names;
  const which = origin === null ? 'a repository' : `the repository ${origin}`;
  throw none(
    short,
    `no project that you may see has ${which}, so no push starts one; an admin makes it: aichor projects create NAME --repository URL`,
  );
}

interface Told extends Delivery {
  project: string;
}

/** The newest of a branch that tells of the commit, in any of the projects. */
async function newestDelivery(
  client: Client,
  projects: readonly string[],
  sha: string,
): Promise<Told | null> {
  const lists = await Promise.all(
    projects.map(async (project) => {
      const { deliveries } = await client.deliveries(project, LOOKED_AT);
      return deliveries.map((delivery): Told => ({ ...delivery, project }));
    }),
  );
  const isOfBranch = ({ commit, ref }: Told) =>
    commit?.startsWith(sha) === true && ref?.startsWith('refs/heads/') === true;
  const [newest = null] = lists
    .flat()
    .filter(isOfBranch)
    .toSorted((a, b) => (a.time < b.time ? 1 : -1));
  return newest;
}

function saidOf(short: string, delivery: Delivery | null): string {
  return delivery === null ? `waiting for the push of ${short}` : `${short} was pushed: ${delivery.why}`;
}

/** Throws AichorError `not_found` when the push was decided upon, and no experiment came of it. */
function refuseDecided(short: string, delivery: Told | null): void {
  if (delivery === null || delivery.experiment_id !== null) return;
  const { decision, project, id, why } = delivery;
  if (decision === 'queued' || decision === 'made') return;
  throw new AichorError('not_found', `the push of ${short} started no experiment: ${why}`, {
    hint: `aichor projects redeliver ${project} ${id} decides again; aichor experiments submit commit-sha ${short} runs it`,
  });
}
