import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { formatBytes } from '../../../base/text/bytes.ts';
import { copiedSoFar, copying } from '../../../cli/inside/copy-place.ts';
import { podMeant } from '../../../cli/inside/pod.ts';
import { printable } from '../../../cli/print/text.ts';
import { BaseCommand } from '../../../cli/runtime/base-command.ts';

interface CopiedDocument {
  experiment_id: string;
  pod: string;
  source: string;
  destination: string;
  bytes: number;
  left_out: string[];
}

export default class ExperimentsCopy extends BaseCommand<CopiedDocument> {
  static override summary = 'Copy files out of a pod that runs, or into it';
  static override description =
    'A path in a pod is ID:POD:PATH, or ID::PATH for the first pod that runs; it begins in the folder of the pod. Folders are copied as a whole; what is copied is there complete, or not at all. Links stay links, and those that lead out of the folder are left out.';
  static override examples = [
    'aichor experiments copy latest::checkpoints/last.pt last.pt',
    'aichor experiments copy 9b2f41:worker-0-1:/tmp/profile profiles',
    'aichor experiments copy fixed.py latest::main.py --force',
  ];
  static override args = {
    source: stringArg({ description: 'What to copy', required: true, ignoreStdin: true }),
    destination: stringArg({
      description: 'Where to; into it when it is a folder',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = { force: boolean({ description: 'Take the place of what is there' }) };

  async run(): Promise<CopiedDocument> {
    const { args, flags } = await this.parse(ExperimentsCopy);
    const { from, to } = copying(args.source, args.destination);
    const inPod = typeof from === 'string' ? to : from;
    if (typeof inPod === 'string') throw new TypeError('neither is in a pod');
    const record = await (await this.client()).get(inPod.ref);
    const pod = podMeant(record, inPod.pod, this.talk);
    const place = {
      target: await this.connect(),
      experimentId: record.experiment_id,
      pod,
      path: inPod.path,
      force: flags.force,
      signal: this.signal,
      onBytes: (bytes: number, all: number | null) => this.talk.progress(copiedSoFar(bytes, all)),
      notice: (message: string) => this.talk.notice(message),
    };
    const { copyFromPod, copyToPod } = await import('../../../cli/inside/copy.ts');
    const copied =
      typeof to === 'string' ? await copyFromPod(place, to) : await copyToPod(place, args.source);
    const { destination, bytes, left_out } = copied;
    for (const path of left_out)
      this.talk.notice(`${path} was left out: it is neither a file nor leads to one of them`);
    return { experiment_id: record.experiment_id, pod, source: args.source, destination, bytes, left_out };
  }

  override view({ bytes, destination }: CopiedDocument): string {
    return printable(`${formatBytes(bytes)}, at ${destination}`);
  }
}
