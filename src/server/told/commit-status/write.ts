import { InnerAddress, isInnerHost, outerLookup } from '../../../base/http/inner-address.ts';
import { openRemote } from '../../../base/http/remote.ts';
import { systemErrorCode } from '../../../errors.ts';
import { isSameRepository } from '../../../source/git.ts';
import type { CommitTarget } from '../../../experiment/told/target.ts';
import type { ExperimentRecord } from '../../../experiment/record.ts';
import type { ExperimentStore } from '../../store/store.ts';
import type { ProjectTable } from '../../store/tables/projects.ts';
import type { PrivateStore } from '../../submission/private-values.ts';
import type { Delivered } from '../deliver.ts';
import { statusRequest, type CommitStatus, type StatusWord } from './requests.ts';

/** What writing to commits needs. */
export interface StatusWriting {
  store: Pick<ExperimentStore, 'state'>;
  projects: Pick<ProjectTable, 'withId'>;
  privateValues: Pick<PrivateStore, 'ofProject'>;
  /** For proxies. */
  env: Record<string, string | undefined>;
  version: string;
  /** Where a team's server is reached; null: nowhere. */
  publicAddress: Promise<string> | null;
}

interface Sending extends StatusWriting {
  signal: AbortSignal;
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 20_000;

/**
 * Writes the present outcome of an experiment to its commit, one at a time for each commit, so that an older outcome never
 * stands over a newer one. Nothing to write (the project is gone, or wants none by now) is no failure.
 */
export function createStatusWriter(
  by: StatusWriting,
): (id: string, target: CommitTarget, signal: AbortSignal) => Promise<Delivered> {
  const last = new Map<string, Promise<unknown>>();
  return async (id, target, signal) => {
    const key = `${target.project} ${target.sha}`;
    const before = last.get(key) ?? Promise.resolve();
    const work = before.then(() => write({ ...by, signal }, id, target));
    const settled = work.catch(() => undefined);
    last.set(key, settled);
    try {
      return await work;
    } finally {
      if (last.get(key) === settled) last.delete(key);
    }
  };
}

async function write(by: Sending, id: string, target: CommitTarget): Promise<Delivered> {
  const state = by.store.state(id);
  const project = by.projects.withId(target.project);
  const provider = project?.commit_status ?? null;
  if (state === null || project === null || provider === null) return null;
  const { git } = by.privateValues.ofProject(project.id);
  const { repository } = project;
  // A token is for the repository that it was given for.
  if (git === null || !('token' in git) || repository === null) return null;
  if (!isSameRepository(repository, target.repository)) return null;
  const status = await statusOf(by, state.record, target);
  const request = statusRequest(provider, repository, { status, credentials: git });
  if (request === null) return { why: `its repository is none of ${provider}`, isFinal: true };
  return send(by, request, project.allow_inner_addresses);
}

async function statusOf(
  { publicAddress }: StatusWriting,
  { experiment_id: id, status, project, explanation }: StatusOfRecord,
  target: CommitTarget,
): Promise<CommitStatus> {
  const said = explanation === null ? status : `${status}: ${explanation}`;
  return {
    sha: target.sha,
    outcome: outcomeOf(status),
    key: `aichor-${target.project}`.slice(0, 40),
    name: `aichor/${project}`,
    description: `${said} (aichor experiments get ${id.slice(0, 8)})`,
    url: `${(await publicAddress) ?? 'http://localhost'}/experiments/${id}`,
  };
}

type StatusOfRecord = Pick<ExperimentRecord, 'experiment_id' | 'status' | 'project' | 'explanation'>;

function outcomeOf(status: ExperimentRecord['status']): StatusWord {
  switch (status) {
    case 'Succeeded':
      return 'succeeded';
    case 'Failed':
      return 'failed';
    case 'Cancelled':
      return 'cancelled';
    default:
      return 'pending';
  }
}

async function send(
  { env, version, signal }: Sending,
  { origin, path, headers, body }: NonNullable<ReturnType<typeof statusRequest>>,
  mayBeInner: boolean,
): Promise<Delivered> {
  const { hostname, protocol } = new URL(origin);
  const refused = { why: `${hostname} is an address of an inner network`, isFinal: true };
  if (!mayBeInner && (isInnerHost(hostname) || protocol !== 'https:')) return refused;
  try {
    const remote = await openRemote(origin, {
      env,
      connectMs: CONNECT_MS,
      ...(!mayBeInner && { lookup: outerLookup }),
    });
    const { status, body: answer } = await remote.send({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', 'user-agent': `aichor/${version}`, ...headers },
      body: JSON.stringify(body),
      answerMs: ANSWER_MS,
      signal,
    });
    // What it says may quote what it was sent: nothing of it is kept.
    answer.on('error', () => undefined).destroy();
    return judged(status, hostname);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof InnerAddress) return refused;
    const why = `${hostname} could not be reached (${systemErrorCode(error) ?? 'no connection'})`;
    return { why, isFinal: false };
  }
}

const OFF = 'aichor projects update --commit-status off ends this';

/** Azure answers a token that it does not know with 203 and a page, or with a redirect. */
function judged(status: number, host: string): Delivered {
  if (status === 200 || status === 201 || status === 204) return null;
  const why = `${host} answered ${status}`;
  if (status >= 300 && status < 400)
    return {
      why: `${why}, a redirect, which is not followed: see that the project's repository is where it was`,
      isFinal: true,
    };
  if ([203, 401, 403, 404].includes(status))
    return { why: `${why}: the project's token may not write the status of commits; ${OFF}`, isFinal: true };
  return { why, isFinal: status < 500 && status !== 408 && status !== 409 && status !== 429 };
}
