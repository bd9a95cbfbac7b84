import { bareNode, interleaved, openLab, row } from '../lab.js';

/** A command that asks a control plane which runs already. */
export async function measure() {
  const lab = openLab();
  try {
    await lab.aichor(['engines', 'list']);
    const times = await interleaved(15, {
      node: bareNode,
      list: async () => (await lab.aichor(['experiments', 'list'])).ms,
      validate: async () => (await lab.aichor(['engines', 'list'])).ms,
    });
    const floor = `node -e 0, ${times.node.toFixed(0)} ms`;
    return [
      row('aichor experiments list, warm server', {
        value: times.list / times.node,
        unit: 'x',
        limit: 3.6,
        floor,
      }),
      row('aichor engines list, warm server', {
        value: times.validate / times.node,
        unit: 'x',
        limit: 3.6,
        floor,
      }),
    ];
  } finally {
    await lab.close();
  }
}
