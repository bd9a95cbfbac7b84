/**
 * One manifest, both engines: what a pod sees, variable by variable; how it ends, word by word. Addresses, ports and
 * paths are each engine's own.
 */
import { expect, test } from 'vitest';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { onCluster } from './harness/found.ts';
import { inPlace, type Place } from './harness/place.ts';
import type { ClusterWork } from './harness/work.ts';

/** What a shell and a machine bring along. */
const SURROUNDINGS =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|.*_PROXY|.*_proxy|SSL_.*|CURL_.*|REQUESTS_.*|LD_.*|NODE_.*|GIT_.*|NIX_.*|HOSTNAME|PWD|OLDPWD|SHLVL|_|KUBERNETES_.*)$/;
/** Where things are differs. */
const PLACES = /^(AICHOR_(INPUT|OUTPUT|LOGS|TENSORBOARD)_PATH|S3_ENDPOINT|AWS_ENDPOINT_URL)$/;
const ADDRESSES = /^(MASTER_ADDR|JAXOPERATOR_COORDINATOR_(HOST|ADDRESS)|PET_MASTER_ADDR|WORKER_ADDRS)$/;
const PORTS = /^(MASTER_PORT|PET_MASTER_PORT|WORKER_PORT)$/;

const DUMP = `base64 /proc/self/environ | tr -d '\\n'; echo`;

type Seen = Record<string, Record<string, string>>;

/** The variables of each pod, without what is the engine's own; an experiment's own names read the same. */
async function seenBy({ world, submit }: Place, engine: string, work: ClusterWork): Promise<Seen> {
  const id = await submit(work, { engine, env: ENV, message: 'costs $5 $(HOME) $$', secrets: { TOKEN: 's3$ret' } });
  const record = await world.end(id);
  expect(record.status, JSON.stringify(record)).toBe('Succeeded');
  const seen: Seen = {};
  for (const { pod, text } of await world.lines(id)) {
    if (pod !== null) seen[pod] = variables(Buffer.from(text, 'base64').toString(), id);
  }
  return seen;
} // prettier-ignore

const ENV = {
  DOLLARS: '$HOME $(HOSTNAME) $$ ${x}',
  QUOTES: `'"\`\\`,
  LINES: 'one\ntwo\n',
  UNICODE: 'ä€😀',
  EMPTY: '',
  SPACES: '  a  ',
};

function variables(environ: string, id: string): Record<string, string> {
  const all = environ.split('\0').filter((entry) => entry !== '').map((entry) => {
    const at = entry.indexOf('=');
    return [entry.slice(0, at), entry.slice(at + 1)] as const;
  }); // prettier-ignore
  const told = all.filter(([name]) => !SURROUNDINGS.test(name));
  return Object.fromEntries(
    told.map(([name, value]) => [name, comparable(name, value).replaceAll(id.slice(0, 13), '<id>')]),
  );
}

function comparable(name: string, value: string): string {
  if (PLACES.test(name)) return value.endsWith('/') ? '<place>/' : '<place>';
  if (PORTS.test(name)) return '<port>';
  if (ADDRESSES.test(name)) return value.replace(/:\d+$/, ':<port>').replace(/^[^:]+/, '<address>');
  return name === 'AICHOR_EXPERIMENT_ID' ? '<id>' : value;
}

const RESOURCES = { cpus: 0.05, memory: 0.03 };
const WORKS: Record<string, ClusterWork> = {
  jax: { operator: 'jax', command: DUMP, count: 2 },
  pytorch: { operator: 'pytorch', command: DUMP, count: 3 },
  xgboost: { operator: 'xgboost', command: DUMP, count: 2 },
  'jobset with jobs and pods': {
    command: DUMP,
    types: {
      master: { count: 1, resources: RESOURCES },
      worker: { count: 2, completions: 2, parallelisms: 2, resources: RESOURCES },
    },
  },
};

onCluster('what a pod sees on both engines', () => {
  test.each(Object.entries(WORKS))('is the same: %s', (_name, work) =>
    inPlace(async (place) => {
      const withEnv = { ...work, spec: { env: { FROM_MANIFEST: 'x$(RANK)$$' } } };
      const here = await seenBy(place, 'local', withEnv);
      expect(await seenBy(place, 'cluster', withEnv)).toEqual(here);
      for (const each of Object.values(here)) expect(each).toMatchObject({ ...ENV, TOKEN: 's3$ret' });
    }),
  );
});

const SLOW = `trap 'exit 143' TERM; while :; do sleep 0.1; done`;
/** What a shell says of a failure is each shell's own, so it says nothing. */
const QUIET = 'exec 2>/dev/null;';
const ENDS: Record<string, ClusterWork> = {
  'done': { command: 'echo done' },
  'an exit code': { command: 'echo oh; exit 3' },
  'a missing program': { command: `${QUIET} no-such-program` },
  'a file that is no program': { command: `${QUIET} echo x > /tmp/$$; /tmp/$$` },
  // The first process of a container cannot be killed by itself.
  'a signal': { command: `${QUIET} sh -c 'kill -KILL $$'; exit $?` },
  'a segmentation fault': { command: `${QUIET} sh -c 'kill -SEGV $$'; exit $?` },
  'one of three': { command: `${QUIET} [ "$JOB_INDEX" = 1 ] && { sleep 1; exit 5; }; ${SLOW}`, count: 3 },
  'restarts, then success': { command: '[ "$AICHOR_RESTART_ATTEMPT" = 2 ] || exit 6', spec: { restartPolicy: { backoffLimit: 2 } } },
  'restarts, none left': { command: 'exit 6', spec: { restartPolicy: { backoffLimit: 1 } } },
  'too long': { command: `${QUIET} ${SLOW}`, spec: { timeout: '2s' } },
  'no pods': { command: 'true', count: 0 },
}; // prettier-ignore

/** A record without what is an experiment's own. */
function told(record: ExperimentRecord) {
  const { status, step, reason, explanation, attempt, pods, experiment_id: id } = record;
  const words =
    explanation?.replaceAll(id.slice(0, 8), '<id>').replace(/; peak [\d.]+ of .* asked/, '') ?? null;
  const seen = pods.map((pod) => ({ pod: pod.pod, status: pod.status, reason: pod.reason, exit_code: pod.exit_code, attempt: pod.attempt })); // prettier-ignore
  return { status, step, reason, words, attempt, pods: seen };
}

onCluster('how experiments end on both engines', () => {
  test.each(Object.entries(ENDS))('is told in the same words: %s', (_name, work) =>
    inPlace(async ({ submit, world }) => {
      const [here, there] = await Promise.all([
        submit(work, { engine: 'local' }),
        submit(work, { engine: 'cluster' }),
      ]);
      const [local, cluster] = await Promise.all([world.end(here), world.end(there)]);
      expect(told(cluster)).toEqual(told(local));
      const lines = async (id: string) =>
        (await world.lines(id)).filter(({ step }) => step === 'run').map(({ pod, attempt, text }) => `${pod} ${attempt} ${text}`).sort(); // prettier-ignore
      expect(await lines(there)).toEqual(await lines(here));
    }),
  );
});
