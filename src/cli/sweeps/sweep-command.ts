import { randomBytes } from 'node:crypto';
import { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { assertSweepName } from '../../sweep/point.ts';
import { knownOf } from '../experiments/selection.ts';
import { BaseCommand } from '../runtime/base-command.ts';
import { Verdict } from '../runtime/command.ts';
import type { SweepFlags } from '../submit/flags.ts';
import type { SubmitOptions } from '../submit/options.ts';
import type { SweepDryRun, SweepFiles, SubmittedSweep } from './submission.ts';

export type SweepOutput = SubmittedSweep | SweepDryRun | { experiments: ExperimentSummary[] };

/** The three steps of submitting, for many at once: completed, checked, sent. */
export abstract class SweepCommand extends BaseCommand<SweepOutput> {
  protected async sweep(flags: SweepFlags): Promise<SweepOutput | Verdict<SweepOutput> | undefined> {
    const [{ completeOptions, secretValues }, { dryRunSweep, sendSweep }, { pointsOf }] = await Promise.all([
      import('../submit/options.ts'),
      import('./submission.ts'),
      import('./points.ts'),
    ]);
    const name = flags.name ?? `sweep-${randomBytes(4).toString('hex')}`;
    assertSweepName(name);
    const { points, givenBy } = await pointsOf(flags, this.talk);
    const { engine, project } = flags;
    const options = await completeOptions(
      { ...flags, set: [], follow: false, 'idempotency-key': undefined },
      {
        env: process.env,
        settings: this.settings({ engine, project }),
        talk: this.talk,
        talkScreen: this.talkScreen,
        signal: this.signal,
        onSource: (file, text) => this.sources.set(file, text),
      },
    );
    refuseDouble(points, options);
    const files = await this.#filesOf(flags, options);
    const { repeat, rerun = 'missing', 'max-parallel': maxParallel = null } = flags;
    const wanted = { name, points, givenBy, repeat, rerun, maxParallel };
    if (options.dryRun) return dryRunSweep(files, wanted, options);
    const secrets = () => secretValues(options, { env: process.env, canAsk: this.canAsk });
    const connect = () => this.client();
    const { client, document } = await sendSweep(files, wanted, { options, secrets, connect });
    this.talk.settle();
    if (document.experiments.every(({ created }) => !created))
      this.talk.notice(`nothing is missing: the sweep ${name} has these already`);
    const ids = document.experiments.map((one) => one.experiment_id);
    if (flags.quiet) await this.write(ids.map((id) => `${id}\n`).join(''));
    if (!flags.wait) return flags.quiet ? undefined : document;
    if (!flags.quiet) this.talk.notice(`sweep ${name}`);
    const { waitForSelection } = await import('../experiments/wait-for-selection.ts');
    const { known } = await knownOf(client, { sweep: name });
    const meant = known.filter((one) => ids.includes(one.experiment_id));
    const waiting = { known: meant, chosenBy: [`--sweep ${name}`], timeout: null };
    const { experiments, error } = await waitForSelection(this, client, waiting);
    if (error !== null && flags.quiet) throw error;
    if (flags.quiet) return undefined;
    return error === null ? { experiments } : new Verdict({ experiments }, error, { isInView: true });
  }

  async #filesOf(flags: SweepFlags, options: SubmitOptions): Promise<SweepFiles> {
    const requested = flags['manifest-path'] ?? null;
    const { 'commit-sha': ref, branch = null, 'repo-dir': repoDir } = flags;
    if (ref !== undefined) {
      const { filesOfCommit } = await import('./submission.ts');
      return filesOfCommit({ repoDir: repoDir ?? '.', ref, branch, requested }, options);
    }
    const { repositoryMeant } = await import('../manifest/repository-around.ts');
    return { kind: 'directory', root: repoDir ?? repositoryMeant(requested, this.talk), requested };
  }

  override async view(document: SweepOutput): Promise<string> {
    if ('upload' in document) {
      const { submittedSweepView } = await import('../print/sweeps/submitted.ts');
      return submittedSweepView(document, this.screen);
    }
    if ('points' in document) {
      const { sweepDryRunView } = await import('../print/sweeps/submitted.ts');
      return sweepDryRunView(document, this.screen);
    }
    const { waitedView } = await import('../print/experiments/ended.ts');
    return waitedView(document.experiments, new Date(), this.screen);
  }
}

/** A name that the points give must not also be fixed: it would be left to chance which value counts. */
function refuseDouble(
  points: readonly Readonly<Record<string, string>>[],
  { env, secretNames }: SubmitOptions,
): void {
  const given = new Set(points.flatMap((point) => Object.keys(point)));
  const both = [...Object.keys(env), ...secretNames].filter((name) => given.has(name));
  if (both.length === 0) return;
  throw new AichorError('usage', `${both.join(', ')} is given by the points and by --env or --secret`, {
    hint: 'give each name once',
  });
}
