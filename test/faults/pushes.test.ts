/** Pushes while the server that takes them dies, and many at once: one commit, one experiment. */
import { Agent, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startGitServer, type GitServer } from '../fakes/git-server.ts';
import { githubPush, openTeam, type Team } from '../server/team.ts';
import { until } from './processes.ts';
import { manifestOf } from './repository.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';

const MESSAGE = 'exp: run it';
const FILES = {
  'manifest.yaml': manifestOf({ script: '' }),
  Dockerfile: 'FROM scratch\n',
  'run.sh': 'echo ran\n',
};

let team: Team;
let origin: GitServer;
let secret: string;
let path: string;

beforeEach(async () => {
  origin = await startGitServer();
  origin.commit(FILES, 'before the project');
  team = openTeam();
  await team.start();
  const made = await team.call('POST', '/projects', {
    name: 'p',
    engines: ['local'],
    repository: origin.url,
    allow_inner_addresses: true,
  });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const { body } = await team.call('POST', '/projects/p/hook', { provider: 'github' });
  ({ secret } = body);
  path = new URL(body.url).pathname;
}, PATIENCE_MS);
afterEach(async () => {
  await team.remove();
  origin.close();
});

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** The status that came; null: the connection broke before. */
function send({ url, headers, body }: ReturnType<typeof githubPush>): Promise<number | null> {
  return new Promise((resolve) => {
    const sent = request(url, { agent, method: 'POST', headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? null));
      answer.on('error', () => resolve(null));
    });
    sent.on('error', () => resolve(null));
    sent.end(body);
  });
}
const push = (commit: string, message = MESSAGE) =>
  githubPush({ url: `${team.url}${path}`, secret }, { commit, message });

const experiments = async () => (await team.call('GET', '/experiments')).body.experiments;
const deliveries = async () => (await team.call('GET', '/projects/p/deliveries?limit=1000')).body.deliveries;

async function untilDecided(): Promise<void> {
  await until(async () => {
    const all: { decision: string }[] = await deliveries();
    return all.length > 0 && all.every(({ decision }) => decision !== 'queued');
  });
}

describe('the server that is killed when a push', () => {
  test.each([
    ['was written down, and not answered yet', 'delivery-written', [null]],
    ['was answered', 'delivery-answered', [202, 200]],
    ['has its private values', 'submit-private-values', [202, 200, null]],
    ['has become an experiment, and that is written nowhere else', 'submit-created', [202, 200, null]],
    ['was handed on', 'push-submitted', [202, 200, null]],
  ])(
    '%s makes one experiment of it',
    async (_when, point, statuses) => {
      await team.end('SIGTERM');
      await team.start({ AICHOR_CRASH_AT: point });
      // A server that has just started may find it by itself before it is told: then the push is no news (200).
      const commit = origin.commit({}, MESSAGE);
      const status = await send(push(commit));
      expect(await team.gone()).toBe('SIGKILL');
      expect(statuses).toContain(status);
      await team.start();
      await untilDecided();
      const [made, ...others] = await experiments();
      expect(others).toEqual([]);
      expect(made).toMatchObject({ source: { commit_sha: commit }, submitted_by: 'push' });
      // The provider, or a person, sends it again.
      expect(await send(push(commit))).toBe(200);
      await until(async () => (await experiments())[0].status === 'Succeeded');
      expect(await experiments()).toHaveLength(1);
    },
    PATIENCE_MS,
  );
});

const MANY = scaled(2000, 10_000);

test.each(seedsOf('equal deliveries'))(
  `${MANY} deliveries of one push, shuffled among those of others and at once, make one experiment of each (seed %i)`,
  async (seed) => {
    const chance = chanceOf(seed, 'equal deliveries');
    const commits = [origin.commit({}, MESSAGE), origin.commit({}, MESSAGE), origin.commit({}, 'no trigger')];
    const [much = '', ...few] = commits;
    const all = chance.shuffled([
      ...Array<string>(MANY).fill(much),
      ...few.flatMap((one) => Array(20).fill(one)),
    ]);
    const statuses = await Promise.all(
      all.map((commit) => send(push(commit, commit === commits[2] ? 'no trigger' : MESSAGE))),
    );
    const counted = (wanted: number) =>
      commits.map((commit) => all.filter((one, at) => one === commit && statuses[at] === wanted).length);
    expect(counted(202)).toEqual([1, 1, 0]);
    expect(counted(200)).toEqual([MANY - 1, 19, 20]);
    await until(async () => (await experiments()).length === 2);
    await untilDecided();
    const made = (await experiments()).map(
      ({ source }: { source: { commit_sha: string } }) => source.commit_sha,
    );
    expect(made.sort()).toEqual(commits.slice(0, 2).sort());
  },
  PATIENCE_MS,
);
