/** What all of this was tried with, as the cluster itself and the modules it was built of say it: `-u` writes the page anew. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Node } from 'kubernetes-types/core/v1.js';
import { expect, test } from 'vitest';
import { RESOURCES } from '../../src/engines/kubernetes/api/objects.ts';
import { onCluster } from './harness/found.ts';
import { at } from './harness/kubernetes.ts';

const MODULES = join(import.meta.dirname, 'modules');
const PAGE = join(import.meta.dirname, '../../docs/tested.md');

/** As the image is built with. */
async function rayVersion(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, 'build/versions.js'), 'utf8');
  return /RAY = \{\s*version: '([^']+)'/.exec(text)?.[1] ?? 'none';
}

/** The version of the module that a program is built of. */
async function moduleVersion(folder: string, module: string): Promise<string> {
  const text = await readFile(join(MODULES, folder, 'go.mod'), 'utf8');
  const found = text.split('\n').find((line) => line.trim().startsWith(`${module} v`));
  return found?.trim().split(' ')[1]?.slice(1) ?? `none of ${module}`;
}

onCluster(
  'versions',
  () => {
    test('that all of it runs with are those of docs/tested.md', async () => {
      const { status } = await at(RESOURCES.nodes, null).get<Node>('node1');
      const { kubeletVersion = '', containerRuntimeVersion = '' } = status?.nodeInfo ?? {};
      const rows = [
        ['Kubernetes', kubeletVersion.slice(1)],
        // Of Debian, where the last number changes under us.
        ['containerd', /\d+\.\d+/.exec(containerRuntimeVersion)?.[0] ?? ''],
        ['JobSet', await moduleVersion('jobset', 'sigs.k8s.io/jobset')],
        ['KubeRay', await moduleVersion('kuberay', 'github.com/ray-project/kuberay/ray-operator')],
        ['Ray, with a token of its own for each cluster', await rayVersion()],
        ['Kueue', await moduleVersion('kueue', 'sigs.k8s.io/kueue')],
        ['KWOK, for the nodes that are not real', await moduleVersion('kwok', 'sigs.k8s.io/kwok')],
      ];
      const table = rows.map(([name, version]) => `| ${name} | ${version} |`).join('\n');
      const page = `# Tested with\n\nWritten by \`npm run test:cluster -- test/cluster/versions.test.ts -u\`, from the cluster that the suites of \`test/cluster\` run on.\n\n| | version |\n|---|---|\n${table}\n`;
      await expect(page).toMatchFileSnapshot(PAGE);
    });
  },
  { own: true },
);
