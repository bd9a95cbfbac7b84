import { Readable } from 'node:stream';
import type { Cluster } from '../../../../src/engines/kubernetes/api/cluster.ts';

/** A cluster of which a test says what it answers; whatever else is asked of it fails the test. */
export function stubCluster(answers: Partial<Cluster>): Cluster {
  const { list } = answers;
  const listAs: Cluster['listAs'] = async (resource, keep, options) => {
    if (list === undefined) throw new Error('nobody expected listAs');
    const { items, resourceVersion } = await list<Parameters<typeof keep>[0]>(resource, options);
    return { items: items.map(keep), resourceVersion };
  };
  const named = { server: 'https://cluster.test', namespace: 'team', listAs, ...answers };
  return new Proxy(named as Cluster, {
    get(target, key) {
      const answer: unknown = Reflect.get(target, key);
      if (answer === undefined && key !== 'then') throw new Error(`nobody expected ${String(key)}`);
      return answer;
    },
  });
}

/** Answers of `request` by path; any other path is 404. */
export function documents(found: Record<string, object>): Cluster['request'] {
  return (path) => {
    const body = found[path];
    const answer = Readable.from([Buffer.from(body ? JSON.stringify(body) : '404 page not found')]);
    const head = { statusCode: body ? 200 : 404, headers: {} };
    return Promise.resolve(Object.assign(answer, head) as never);
  };
}
