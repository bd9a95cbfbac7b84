import { bareNode, bin, interleaved, row, timed } from '../lab.js';

/** What everybody waits for at every command. */
export async function measure() {
  const aichor = (...args) => timed(process.execPath, [bin, ...args]);
  const times = await interleaved(15, {
    node: bareNode,
    version: () => aichor('--version'),
    help: () => aichor('--help'),
    topic: () => aichor('experiments', '--help'),
  });
  const ratio = (name, limit) => ({
    value: times[name] / times.node,
    unit: 'x',
    limit,
    floor: `node -e 0, ${times.node.toFixed(0)} ms`,
  });
  return [
    row('aichor --version', ratio('version', 1.3)),
    row('aichor --help', ratio('help', 3.2)),
    row('aichor experiments --help', ratio('topic', 3.2)),
  ];
}
