import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ADDRESS = { host: '10.244.0.1', port: 443 };

/** The API server, asked as the administrator. */
export async function createApi({ state, token }) {
  const agent = new Agent({ keepAlive: true, ca: await readFile(join(state, 'pki/ca.crt')) });
  const open = (path) =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      request({ ...ADDRESS, path, agent, headers }, resolve)
        .on('error', reject)
        .end();
    });
  return {
    /** The document at a path; null: the server says anything but yes. */
    async get(path) {
      const response = await open(path);
      let text = '';
      for await (const piece of response.setEncoding('utf8')) text += piece;
      if (response.statusCode !== 200) return null;
      return response.headers['content-type']?.includes('json') ? JSON.parse(text) : text;
    },
    /** Objects of a kind: those there are, then each change, until the server has enough of it. */
    async *watch(path) {
      const response = await open(`${path}?watch=1`);
      if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode}`);
      for await (const line of createInterface({ input: response })) yield JSON.parse(line);
    },
  };
}
