/** A thread that asks for `/v1/health` again and again, each time after a short rest, until it is told to stop. */
import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

const agent = new Agent({ keepAlive: true });
const REST_MS = 5;
const times = [];
let isWanted = true;

const ask = () =>
  new Promise((resolve, reject) => {
    const options = { agent, socketPath: workerData.socket, path: '/v1/health', headers: { host: 'aichor' } };
    const sent = request(options, (answer) => answer.resume().on('end', resolve).on('error', reject));
    sent.on('error', reject).end();
  });

parentPort.once('message', () => (isWanted = false));
await ask();
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort.postMessage('ready');
while (isWanted) {
  const began = performance.now();
  await ask();
  times.push(performance.now() - began);
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
}
agent.destroy();
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort.postMessage(times);
