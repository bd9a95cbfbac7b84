import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

const JOBSETS = 'apis/jobset.x-k8s.io/v1alpha2/namespaces';

/**
 * Tells when JobSets were first seen, and when they were first seen completed: milliseconds of `performance.now()`.
 *
 * @param {{address: string, namespace: string, signal: AbortSignal}} options
 */
export async function watchJobSets({ address, namespace, signal }) {
  const made = new Map();
  const completed = new Map();
  const waiting = new Set();
  const question = `${address}/${JOBSETS}/${namespace}/jobsets?watch=1&timeoutSeconds=3000`;
  const { body } = await fetch(question, { headers: { 'x-bench': '1' }, signal });
  read(body).catch((error) => {
    if (!signal.aborted) throw error;
  });

  async function read(stream) {
    for await (const line of createInterface({ input: Readable.fromWeb(stream) })) {
      const { object } = JSON.parse(line);
      const { name } = object.metadata;
      const isCompleted = object.status?.conditions?.some(
        ({ type, status }) => type === 'Completed' && status === 'True',
      );
      if (!made.has(name)) made.set(name, performance.now());
      if (isCompleted && !completed.has(name)) completed.set(name, performance.now());
      for (const look of waiting) look();
    }
  }

  /** Resolves with what `ask` gives, as soon as it gives something. */
  const until = (ask) =>
    new Promise((resolve) => {
      const look = () => {
        const found = ask();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });

  return {
    made: (name) => until(() => made.get(name)),
    completed: (name) => until(() => completed.get(name)),
    completedCount: (number) => until(() => (completed.size >= number ? performance.now() : undefined)),
    clear() {
      made.clear();
      completed.clear();
    },
  };
}
