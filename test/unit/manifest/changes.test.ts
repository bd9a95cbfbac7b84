import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { withChanges } from '../../../src/manifest/changes.ts';

const TEXT = `# of the team
spec:
  command: python train.py # as it runs
  volumes:
    - {name: a, size: 1}
  types:
    worker: &worker
      count: 2
      resources:
    master: *worker
`;

describe('changes of a manifest', () => {
  it.each([
    ['spec.types.worker.count=4', ['spec', 'types', 'worker', 'count'], 4],
    ['spec.command=python train.py --lr 0.1', ['spec', 'command'], 'python train.py --lr 0.1'],
    ['spec.command=echo a: b', ['spec', 'command'], 'echo a: b'],
    ['spec.command=a=b', ['spec', 'command'], 'a=b'],
    ['spec.env.LR="1"', ['spec', 'env', 'LR'], '1'],
    ['spec.env={A: x}', ['spec', 'env'], { A: 'x' }],
    ['spec.command=*worker', ['spec', 'command'], '*worker'],
    ['spec.volumes[0].size=3', ['spec', 'volumes', 0, 'size'], 3],
    ['spec.volumes[1].name=b', ['spec', 'volumes', 1, 'name'], 'b'],
    ['spec.types.worker.resources.cpus=2', ['spec', 'types', 'worker', 'resources', 'cpus'], 2],
    ['spec.new.key=true', ['spec', 'new', 'key'], true],
  ])('%s', (change, path, value) => {
    const after: unknown = parse(withChanges(TEXT, [change]));
    const found = path.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], after);
    expect(found).toEqual(value);
  });

  it('leave everything else as it was written', () => {
    expect(withChanges(TEXT, [])).toBe(TEXT);
    expect(withChanges(TEXT, ['spec.types.worker.count=4'])).toBe(TEXT.replace('count: 2', 'count: 4'));
    expect(withChanges(TEXT, ['spec.command=null'])).not.toContain('command');
  });

  it('leave a text that is no YAML to those who read it', () => {
    expect(withChanges('a: [', ['a=1'])).toBe('a: [');
  });

  it.each([
    'spec',
    '=4',
    'spec..a=1',
    'spec.a[x]=1',
    'spec.command.x=1',
    'spec.types.master.count=1',
    'spec.volumes[5].name=x',
  ])('%s is refused', (change) => {
    expect(() => withChanges(TEXT, [change])).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
