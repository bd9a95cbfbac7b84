import { createServer } from 'node:http';
import { request } from 'node:https';
import { readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { parse } from 'yaml';

/**
 * A way into a cluster that counts: plain HTTP on loopback, passed on to the API server with the kubeconfig's
 * credentials (certificate authority, and a token or a client certificate).
 *
 * @param {string} kubeconfig
 * @param {string} folder where a kubeconfig for this way is written
 * @returns {Promise<{address: string, kubeconfig: string, counts: Map<string, number>, close(): void}>}
 */
export async function openWayIn(kubeconfig, folder) {
  const target = credentialsOf(kubeconfig);
  const counts = new Map();
  const server = createServer((question, answer) => {
    if (question.headers['x-bench'] === undefined) count(counts, question);
    const { host: _host, ...headers } = question.headers;
    const onward = request(new URL(question.url, target.server), {
      method: question.method,
      headers: { ...headers, ...target.headers },
      ...target.tls,
    });
    onward.on('response', (reply) => {
      answer.writeHead(reply.statusCode, reply.headers);
      answer.flushHeaders();
      reply.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    question.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${server.address().port}`;
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, JSON.stringify(kubeconfigFor(address)), { mode: 0o600 });
  return {
    ...{ address, kubeconfig: file, counts },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function credentialsOf(file) {
  const { clusters, users, contexts, 'current-context': current } = parse(readFileSync(file, 'utf8'));
  const { context } = contexts.find(({ name }) => name === current);
  const { cluster } = clusters.find(({ name }) => name === context.cluster);
  const { user } = users.find(({ name }) => name === context.user);
  const inline = (text) => (text === undefined ? undefined : Buffer.from(text, 'base64'));
  return {
    server: cluster.server,
    headers: user.token === undefined ? {} : { authorization: `Bearer ${user.token}` },
    tls: {
      ca: inline(cluster['certificate-authority-data']),
      cert: inline(user['client-certificate-data']),
      key: inline(user['client-key-data']),
    },
  };
}

function kubeconfigFor(server) {
  const name = 'bench';
  return {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': name },
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
  };
}

/** Which verb on which kind: names are left out, so that equal questions count together. */
function count(counts, { method, url }) {
  const { pathname, searchParams } = new URL(url, 'http://any');
  const parts = pathname.split('/').slice(pathname.startsWith('/apis/') ? 4 : 3);
  const [kind = pathname, , part] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts;
  const verb = searchParams.has('watch') ? 'WATCH' : method;
  const key = `${verb} ${kind}${part === undefined ? '' : `/${part}`}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
