/**
 * A process of its own that keeps the logs of containers, as the control plane does, until it is told that they have
 * ended, or is killed. `node follow-containers.mjs <JSON of Following>`; one line on its input: they have ended.
 */
import { once } from 'node:events';
import { openConnection } from '../../src/engines/kubernetes/api/access/connection.ts';
import { createCluster } from '../../src/engines/kubernetes/api/http/http-cluster.ts';
import { createPodLogs, type LoggedContainer } from '../../src/engines/kubernetes/logs/pod-logs.ts';
import { createLogStore } from '../../src/logs/store/log-store.ts';

export interface Following {
  kubeconfig: string;
  folder: string;
  containers: LoggedContainer[];
}

const following: Following = JSON.parse(process.argv[2] ?? '');
const { kubeconfig, folder, containers } = following;
const store = createLogStore(folder, () => new Date());
const sink = await store.open('e');
const access = { kind: 'kubeconfig', file: kubeconfig, context: null, namespace: null } as const;
const cluster = createCluster(await openConnection(access));
const log = { info: () => undefined, warn: () => undefined };
const logs = createPodLogs({
  ...{ cluster, sink, log, directory: folder },
  onProblem: ({ code }) => process.stdout.write(`${code}\n`),
});
for (const container of containers) logs.follow(container);
await once(process.stdin, 'data');
await logs.end();
await store.close();
cluster.close();
process.stdin.destroy();
