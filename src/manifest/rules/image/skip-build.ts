import { quoted } from '../../describe.ts';
import type { Finding } from '../../diagnostic.ts';
import { fields, valueAt, type Rule } from '../../draft.ts';
import { isFullReference } from '../../image-reference.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HERE = ['builder', 'skipBuild'] as const;

/** `skipBuild` names the experiment whose image is reused, in either spelling; or `image` names the image itself. */
export const skipBuildRule: Rule = ({ root }) => {
  const block = fields(valueAt(root, HERE));
  const { experimentId: present, experimentID: earlier } = block;
  const findings: Finding[] = [];
  if (typeof earlier === 'string') {
    const differs = typeof present === 'string' && present !== earlier;
    const path = [...HERE, 'experimentID'];
    findings.push(
      differs
        ? {
            code: 'conflicting-keys',
            path,
            at: 'key',
            message: 'experimentID and experimentId name different experiments',
            hint: 'keep experimentId',
          }
        : {
            code: 'deprecated-key',
            path,
            at: 'key',
            message: '"experimentID" is another spelling of "experimentId"',
            hint: 'write experimentId',
          },
    );
  }
  if (block['enabled'] !== true) return findings;
  const key = typeof present === 'string' ? 'experimentId' : 'experimentID';
  const id = block[key];
  if (id === undefined || id === null) {
    if (namesFinishedImage(root)) return findings;
    const hint =
      'add experimentId: the id of an earlier experiment ("aichor experiments list"), or give builder.image with its tag';
    return [
      ...findings,
      {
        code: 'missing-experiment-id',
        path: [...HERE, 'enabled'],
        at: 'key',
        message: 'skipBuild does not say which image to reuse',
        hint,
      },
    ];
  }
  if (typeof id === 'string' && !UUID.test(id)) {
    const message = `${quoted(id)} is not an experiment's id`;
    findings.push({
      code: 'invalid-value',
      path: [...HERE, key],
      at: 'value',
      message,
      hint: 'ids look like 3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f',
    });
  }
  return findings;
};

function namesFinishedImage(root: unknown): boolean {
  const images = [valueAt(root, ['builder', 'image']), valueAt(root, ['spec', 'image'])];
  return images.some((image) => typeof image === 'string' && isFullReference(image));
}
