import { bareNode, interleaved, openLab, row } from '../lab.js';
import { todaysBuild } from '../today.js';

/** A command that asks a control plane which runs already: ours, the build before, and a Node that does nothing. */
export async function measure() {
  const lab = openLab();
  const before = openLab({ checkout: todaysBuild() });
  try {
    await Promise.all([lab.aichor(['engines', 'list']), before.aichor(['engines', 'list'])]);
    const times = await interleaved(15, {
      node: bareNode,
      list: async () => (await lab.aichor(['experiments', 'list'])).ms,
      listBefore: async () => (await before.aichor(['experiments', 'list'])).ms,
      engines: async () => (await lab.aichor(['engines', 'list'])).ms,
      enginesBefore: async () => (await before.aichor(['engines', 'list'])).ms,
    });
    const floor = `node -e 0, ${times.node.toFixed(0)} ms`;
    const command = (what, ours, theirs) =>
      row(`aichor ${what}, warm server`, {
        value: ours / times.node,
        today: theirs / times.node,
        unit: 'x',
        limit: 2.2,
        floor,
      });
    return [
      command('experiments list', times.list, times.listBefore),
      command('engines list', times.engines, times.enginesBefore),
    ];
  } finally {
    await lab.close();
    await before.close();
  }
}
