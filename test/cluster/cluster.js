#!/usr/bin/env node
/**
 * A real Kubernetes cluster for tests, in private namespaces of this machine:
 *
 *   node test/cluster/cluster.js build           once; a few minutes from nothing, no time when it is there
 *   node test/cluster/cluster.js build-builds    what images are built with and of, likewise
 *   node test/cluster/cluster.js up [--tied]     starts one; prints its kubeconfig. --tied: stays, and takes the cluster down at the end of stdin
 *   node test/cluster/cluster.js down            stops it: nothing is left behind
 *   node test/cluster/cluster.js enter COMMAND…  runs a command inside, where pods' addresses and names work
 *
 * AICHOR_CLUSTER: the cluster's folder; another folder is another cluster. Default: `aichor-cluster` in the folder for
 * temporary files.
 */
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildCluster, buildParts } from './build/build.js';
import { obstacle } from './build/obstacles.js';
import { BUILD_PARTS } from './build/parts.js';
import { say } from './build/say.js';
import { takeDown } from './host/down.js';
import { enter } from './host/enter.js';
import { keep, startKeeper } from './host/keeper.js';

const state = resolve(process.env.AICHOR_CLUSTER || join(tmpdir(), 'aichor-cluster'));
const [, , word, ...args] = process.argv;

const COMMANDS = {
  async build() {
    const parts = await buildCluster({ say });
    process.stdout.write(`${Object.values(parts).join('\n')}\n`);
  },
  async 'build-builds'() {
    const parts = await buildParts(BUILD_PARTS, { say });
    process.stdout.write(`${Object.values(parts).join('\n')}\n`);
  },
  async up() {
    const parts = await buildCluster({ say });
    if (args.includes('--tied')) await keep({ state, parts, say, tied: true });
    else process.stdout.write(`${await startKeeper({ state, say })}\n`);
  },
  /** What `up` leaves in the background. */
  async keep() {
    await keep({ state, parts: await buildCluster({ say }), say, tied: false });
  },
  down: () => takeDown(state),
  async enter() {
    process.exitCode = enter(state, args);
  },
};

const command = COMMANDS[word];
const reason = obstacle();
if (command === undefined) {
  say('build, build-builds, up, down, or enter COMMAND…');
  process.exitCode = 2;
} else if (reason !== null) {
  say(`no cluster on this machine: ${reason}`);
  process.exitCode = 3;
} else {
  await command().catch((error) => {
    say(error.message);
    process.exitCode = 1;
  });
}
