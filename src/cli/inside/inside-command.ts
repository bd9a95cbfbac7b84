import { experimentMeant } from '../experiments/references.ts';
import { BaseCommand } from '../runtime/base-command.ts';
import { podMeant } from './pod.ts';

interface Place {
  ref: string | undefined;
  pod: string | undefined;
}

interface Running {
  command: readonly string[];
  stdin: boolean;
  terminal: boolean;
}

/** Commands that run something in a pod, and end as that ends. */
export abstract class InsideCommand extends BaseCommand<undefined> {
  protected async inside({ ref, pod }: Place, running: Running): Promise<void> {
    const client = await this.client();
    const record = await experimentMeant(client, ref, this.talk);
    const meant = podMeant(record, pod, this.talk);
    const { runInPod } = await import('./exec.ts');
    const inside = { experimentId: record.experiment_id, pod: meant, ...running, signal: this.signal };
    const { stdin, stdout, stderr, env } = process;
    const streams = {
      stdin,
      stdout,
      env,
      writeOut: (bytes: Buffer) => this.write(bytes),
      writeError: (bytes: Buffer) =>
        new Promise<void>((resolve) => void stderr.write(bytes, () => resolve())),
    };
    process.exitCode = await runInPod({ ...inside, target: await this.connect() }, streams);
  }
}
