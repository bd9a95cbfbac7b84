import { atMost, type AtMost } from '../../../base/async/at-most.ts';
import { aborted, onAbort, sleepUnless, within } from '../../../base/async/abort.ts';
import { systemErrorCode } from '../../../errors.ts';
import { parseAddress, type NoAccess, type ObjectAccess } from '../../../object-store/client/access.ts';
import { openObjectReader, type ObjectReader } from '../../../object-store/client/object-reader.ts';
import { ObjectStoreError } from '../../../object-store/client/requests.ts';
import type { ExperimentPaths } from '../../../engines/engine.ts';
import type { Elsewhere } from '../gathering.ts';
import { createObjectLooks, type ObjectsLookedAt, type ObjectPlaces } from './object-look.ts';

/** What following the objects of one experiment needs. */
export interface ObjectsFollowed {
  paths: Pick<ExperimentPaths, 'output' | 'tensorboard'>;
  /** What its pods have for the store; throws when that cannot be found out now. */
  access(): Promise<ObjectAccess | NoAccess>;
  into: Elsewhere;
  /** Something may have been read, or remarked. */
  tell(): void;
}

export interface ObjectFollowing {
  /** Until the signal is aborted; a request that is under way then is given up. */
  follow(signal: AbortSignal): Promise<void>;
  /** One look now, which takes a few seconds at most; `end`: the last one, which may take longer. */
  look(end: boolean): Promise<void>;
}

/** What looks at object stores cost this server. */
export interface ObjectRates {
  /** Milliseconds between looks while something changes; it doubles while nothing does. */
  every: number;
  most: number;
  /** After the store, or the cluster, has refused. */
  refused: number;
  /** How long the last look may take. */
  last: number;
}

/** A look at what has not changed is one request: a list. */
const RATES: ObjectRates = { every: 3000, most: 30_000, refused: 5 * 60_000, last: 20_000 };

const BOUNDS = { bytes: 64 * 2 ** 20, requests: 300 };
const LAST_BOUNDS = { bytes: 512 * 2 ** 20, requests: 2000 };
const LOOK_MS = 60_000;
const BETWEEN_MS = 5000;
const TIMEOUT = 'ETIMEDOUT';
const ACCESS_MS = 20_000;
/** What is told only where somebody expects metrics in a store; the others are codes of S3. */
const QUIET: ReadonlySet<string> = new Set(['access', 'address', 'cluster', 'network']);
/** Looks that fail one after the other before it is told: networks break now and then. */
const FAILURES_TOLD = 3;

/** Looks at object stores for all experiments, a few at a time. */
export function createObjectFollower(by: {
  env: Readonly<Record<string, string | undefined>>;
  now(): Date;
  rates?: ObjectRates;
}) {
  const some = atMost(4);
  return (followed: ObjectsFollowed) => followObjects({ ...by, some, rates: by.rates ?? RATES }, followed);
}

interface Around {
  env: Readonly<Record<string, string | undefined>>;
  now(): Date;
  rates: ObjectRates;
  some: AtMost;
}

/** Null: an experiment whose files are not in an object store that can be asked. */
function followObjects(
  { env, now, rates, some }: Around,
  { paths, access, into, tell }: ObjectsFollowed,
): ObjectFollowing | null {
  const found = placesOf(paths);
  const told = new Set<string>();
  if (found === null) {
    const { tensorboard } = paths;
    if (tensorboard?.includes('://') === true)
      unread(
        'address',
        `${tensorboard} does not begin with s3:// or gs://, as storage.output of the engine has to for that`,
      );
    return null;
  }
  const places = found;
  const looks = createObjectLooks(places, into);
  const store = createStore(access, { bucket: places.bucket, kind: places.kind, env, now });
  /** Looks that failed since the store answered. */
  let failures = 0;

  /** Once of each kind. Without TensorBoard few expect that the store is read: then what it refuses is told, and nothing else. */
  function unread(kind: string, why: string): void {
    const isExpected = paths.tensorboard !== null || !QUIET.has(kind);
    if (told.has(kind) || !isExpected) return;
    told.add(kind);
    const message = `metrics in the object store are not read: ${why}. Lines of the log with {"metric": …} are read all the same`;
    into.remark({ code: 'metrics_unread', message });
    tell();
  }

  async function lookOnce(end: boolean, signal: AbortSignal): Promise<ObjectsLookedAt | null> {
    const open = signal.aborted ? null : await store.open(signal);
    if (open === null || signal.aborted) return null;
    if ('why' in open) {
      unread('access', open.why);
      return null;
    }
    const bounds = { ...(end ? LAST_BOUNDS : BOUNDS) };
    try {
      return await looks.look({ reader: open, bounds, now: now().getTime() / 1000, end, signal });
    } finally {
      tell();
    }
  }

  /** Milliseconds until the next look is due; null: as long as it is when nothing changes. */
  async function look(end: boolean, signal: AbortSignal): Promise<number | null> {
    try {
      const looked = await some(() => lookOnce(end, signal));
      if (looked === null) return rates.refused;
      failures = 0;
      if (end && looked.isCut) unread('more', 'at its end there was more than is read then');
      return looked.isCut || looked.isChanged ? rates.every : null;
    } catch (error) {
      // Keys may have been changed meanwhile: they are asked for again.
      store.forget();
      if (signal.aborted && systemErrorCode(signal.reason) !== TIMEOUT) return null;
      const isRefused = isRefusal(error);
      failures += 1;
      if (isRefused || end || failures >= FAILURES_TOLD) unread(...whyOf(error, places.bucket));
      return isRefused ? rates.refused : null;
    }
  }

  const inTurn = turnsOf(look);

  return {
    async follow(over) {
      let wait = rates.every;
      while (await sleepUnless(over, wait)) {
        const due = await inTurn(false, { ms: LOOK_MS, over });
        wait = due ?? Math.min(wait * 2, rates.most);
      }
    },
    async look(end) {
      if (!end && failures > 0) return;
      const ms = end ? rates.last : BETWEEN_MS;
      // One that is still to begin then finds that its time is over.
      const turn = within(ms + 500, inTurn(end, { ms, isThere: store.hasAnswered }), late);
      await turn.catch((error: unknown) => end && unread(...whyOf(error, places.bucket)));
    },
  };
}

/** A store whose keys are asked for when they are needed. */
function createStore(access: ObjectsFollowed['access'], opening: Parameters<typeof openObjectReader>[1]) {
  let reader: ObjectReader | null = null;
  let answered = false;
  return {
    hasAnswered: () => answered,
    forget() {
      reader = null;
      answered = false;
    },
    async open(signal: AbortSignal): Promise<ObjectReader | NoAccess> {
      if (reader !== null) return reader;
      const left = aborted(signal).then(() => Promise.reject(signal.reason));
      const given = await within(ACCESS_MS, Promise.race([access(), left]), late).catch(() => {
        throw new AccessUnknown();
      });
      if ('why' in given) return given;
      const { read, list } = openObjectReader(given, opening);
      reader = {
        read,
        async list(...asked) {
          const page = await list(...asked);
          answered = true;
          return page;
        },
      };
      return reader;
    },
  };
}

interface TurnTime {
  ms: number;
  over?: AbortSignal;
  /** Whether the store answers: one that does not is given up sooner. */
  isThere?(): boolean;
}

type Turn = (end: boolean, time: TurnTime) => Promise<number | null>;

/** Looks one after the other: no two read the same object at once. Each ends by itself when its time, from now on, is over. */
function turnsOf(look: (end: boolean, signal: AbortSignal) => Promise<number | null>): Turn {
  let turns: Promise<unknown> = Promise.resolve();
  return (end, { ms, over, isThere = () => true }) => {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(late()), ms);
    const first = setTimeout(() => isThere() || limit.abort(late()), BETWEEN_MS);
    const forget = over === undefined ? () => undefined : onAbort(over, () => limit.abort(over.reason));
    const turn = turns
      .then(() => look(end, limit.signal))
      .finally(() => {
        for (const one of [timer, first]) clearTimeout(one);
        forget();
      });
    turns = turn.catch(() => undefined);
    return turn;
  };
}

/** What pods have for the store could not be asked for just now. */
class AccessUnknown extends Error {}

function isRefusal(error: unknown): boolean {
  return error instanceof ObjectStoreError && error.status < 500 && error.status !== 429;
}

function late(): Error {
  return Object.assign(new Error('it took too long'), { code: TIMEOUT });
}

/** Where the objects are. Events that are on a volume only pods see. */
export function placesOf({ output, tensorboard }: ObjectsFollowed['paths']): ObjectPlaces | null {
  const at = parseAddress(output);
  if (at === null) return null;
  const events = tensorboard === null ? null : parseAddress(tensorboard);
  const isBeside = events !== null && events.bucket === at.bucket && events.kind === at.kind;
  return {
    kind: at.kind,
    bucket: at.bucket,
    output: at.key,
    tensorboard: isBeside ? `${events.key.replace(/\/+$/, '')}/` : null,
  };
}

/**
 * What kind of failure it is, and what to do about it. Nothing of the error but a code is told: others wrote the rest, and it may hold
 * what was sent.
 */
function whyOf(error: unknown, bucket: string): [kind: string, why: string] {
  if (error instanceof AccessUnknown)
    return ['cluster', 'the cluster could not be asked for the keys that pods have for it'];
  if (!(error instanceof ObjectStoreError)) {
    const code = systemErrorCode(error) ?? 'no answer that can be read';
    const why = `the store could not be read from the control plane (${code}); storage.s3_endpoint of the engine must lead there from here, too`;
    return ['network', why];
  }
  const { status, code } = error;
  const said = `the store answered ${code ?? status} for the bucket ${bucket}`;
  return [String(code ?? status), `${said}${cureOf(status)}`];
}

function cureOf(status: number): string {
  if (status === 404) return ': make it, or set storage.output and storage.s3_endpoint of the engine';
  if (status === 403 || status === 401)
    return ": AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the project's Secret, or of the experiment, must be right, and allow to list the bucket and to get its objects";
  if (status < 500 && status !== 429)
    return ": set AWS_REGION in the project's Secret, or storage.s3_endpoint of the engine, to where it is";
  return '; it is tried again while the experiment runs';
}
