/**
 * Runs in the namespaces of one cluster: makes its network and mounts, starts its programs in order, tells on stdout when
 * each part was ready, and serves what is needed beside them. When one of the programs ends, so does this, and with
 * it everything.
 */
import { readFile } from 'node:fs/promises';
import { createApi } from './api.js';
import { controlPlane } from './control-plane.js';
import { serveDashboard } from './dashboard.js';
import { serveNames } from './dns.js';
import { makeMounts, makeNetwork } from './machine.js';
import { nodeReady, startNode } from './node.js';
import { operators } from './operators.js';
import { createPrograms } from './programs.js';
import { serveSocket } from './socket.js';

const cluster = JSON.parse(await readFile(process.argv[2], 'utf8'));
process.umask(0o022); // what the kubelet writes must be readable for users in pods

const begin = performance.now();
const mark = (text) =>
  process.stdout.write(`${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${text}\n`);

await makeNetwork();
await makeMounts(cluster);
const programs = createPrograms(cluster);
const api = await createApi(cluster);
const house = { cluster, programs, api, mark };

const runtime = startNode(house);
await controlPlane(house);
serveNames({ api, address: '10.244.0.1' });
serveDashboard({ api });
await serveSocket(cluster);
await Promise.all([runtime, operators(house)]);
await nodeReady(house);
mark('ready.');
