import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { AichorError } from '../../../../errors.ts';
import { crashPoint } from '../../../../base/io/crash-point.ts';
import { findProgram } from '../../../../machine/find-program.ts';
import type { BuildContext, BuildResult } from '../../../engine.ts';
import { runBuildCommand, runToEnd } from '../build-command.ts';
import { toBuildResult } from '../build-result.ts';
import { keepEditable, localDistributions } from '../editable/installed.ts';
import { environmentKey } from './environment-key.ts';
import type { EnvironmentWork } from './environment-work.ts';
import { ENVIRONMENT_MARK, type Environments } from './environments.ts';
import { ageNotice, movingPackages } from './moving-packages.ts';
import { privateTexts } from '../mask.ts';
import { fitsReads, markUnread, readSince, recordReads, type Reads } from './reads.ts';
import { EXPERIMENT_MARK } from '../../pod/pod-environment.ts';
import { uvVariables } from '../project/uv.ts';
import { withFiles } from './with-files.ts';
import { VENV_VARIABLES } from '../project/venv.ts';
import { removeTree } from '../../pod/workdir.ts';

interface Place {
  context: BuildContext;
  environments: Environments;
  /** File for the installers' output. */
  log: string;
}

/** What makes the environment: uv where it is on PATH, else a Python with its own `venv` and `pip`. */
interface Installer {
  tool: 'uv' | 'venv';
  program: string;
}

/** Finds the environment for this work, or builds it in a private copy of the sources. */
export async function buildPythonEnvironment(
  work: EnvironmentWork,
  { context, environments, log }: Place,
): Promise<BuildResult> {
  const installer = await chooseInstaller(work, context.shell['PATH'] ?? '');
  const base = await environmentKey(work, context, installer.tool);
  const began = performance.now();
  const beganAt = new Date();
  const { snapshot, rebuild } = context;
  const { scripts, usesSources } = work;
  const { key, isNew, madeAt } = await environments.provide({
    base,
    key: keyOfNew(base, { digest: usesSources ? snapshot.digest : '', rebuild }),
    isRebuild: rebuild,
    fits: (reads) => fitsReads(reads, { snapshot, scripts }),
    waiting: () => context.progress('waits for another experiment that builds the same Python environment'),
    build(environment) {
      context.progress(`builds the Python environment with ${installer.tool}`);
      return build(work, { installer, context, environment, log });
    },
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const message = isNew ? `environment built with ${installer.tool} in ${seconds} s` : 'environment reused';
  const programs = [join(environments.folder(key), 'bin')];
  // One that was made while this experiment waited for it is as new as its own.
  const ageSeconds = (beganAt.getTime() - madeAt.getTime()) / 1000;
  const age =
    ageSeconds > 0 ? ageNotice(await movingPackages(environments.folder(key), snapshot), ageSeconds) : null;
  return toBuildResult(message, { programs, environment: key }, [
    ...work.notices,
    ...notices(work, installer),
    ...(age === null ? [] : [age]),
  ]);
}

interface Building extends Omit<Place, 'environments'> {
  installer: Installer;
  environment: string;
}

async function build(
  work: EnvironmentWork,
  { installer, context, environment, log }: Building,
): Promise<Reads | null> {
  const sources = join(context.directory, 'build');
  await removeTree(sources);
  await mkdir(context.directory, { recursive: true, mode: 0o700 });
  const { stop, detach } = context;
  const marks = { [EXPERIMENT_MARK]: context.experimentId, [ENVIRONMENT_MARK]: environment };
  const settings = installer.tool === 'uv' ? uvVariables(environment, work.python) : VENV_VARIABLES;
  const env = { ...marks, ...work.env, ...context.shell, ...context.secrets, ...settings, ...marks };
  const known = privateTexts({ secrets: context.secrets, buildArgs: context.plan.builder.build_args });
  const hidden = [...known, ...work.hidden];
  const making = { ...installer, environment, sources };
  if (work.follow !== undefined) {
    const reads = await work.follow({
      ...making,
      python: installer.tool === 'venv' ? installer.program : work.python,
      env,
      settings,
      marks,
      shims: join(sources, 'shims'),
      log,
      hidden,
      stop,
      detach,
    });
    await removeMeanwhile(sources);
    return reads;
  }
  const editable = await work.layOut(sources, AbortSignal.any([stop, detach]));
  if (work.usesSources) markUnread(sources);
  for (const step of work.steps(making)) {
    // The first lines of a Dockerfile stand in a folder that nothing was copied to yet.
    await mkdir(step.folder, { recursive: true });
    const command = {
      ...step,
      env: { ...env, ...step.env, ...settings, ...marks },
      log,
      hidden,
      stop,
      detach,
    };
    await withFiles(step.files ?? new Map(), async () => {
      await (step.mayFail === true ? runToEnd(command) : runBuildCommand(command));
    });
    crashPoint('engine-build-command-ended');
  }
  const local = editable.length === 0 ? [] : await localDistributions(environment, sources);
  const isEditable = (folder: string) => editable.some((each) => isWithin(join(sources, folder), each));
  await keepEditable(
    dirname(environment),
    local.filter(({ folder }) => isEditable(folder)),
  );
  const reads = work.usesSources ? await readsOf(work, { sources, context }) : null;
  await removeMeanwhile(sources);
  return reads;
}

/** Out of the way at once, and removed while the experiment goes on: what is left of it goes at the end, with all the rest. */
async function removeMeanwhile(folder: string): Promise<void> {
  const gone = `${folder}.${randomUUID()}.gone`;
  await rename(folder, gone);
  removeTree(gone).catch(() => undefined);
}

/** What the commands have read of the snapshot. */
async function readsOf(
  { original, scripts }: EnvironmentWork,
  { sources, context: { snapshot } }: { sources: string; context: BuildContext },
): Promise<Reads> {
  const found = readSince(sources);
  const read = found === null ? null : new Set([...found].flatMap((path) => original(path.slice(1)) ?? []));
  return recordReads({ snapshot, read, scripts });
}

/** Of one base there may be several, which read different files, or were built anew. */
function keyOfNew(base: string, { digest, rebuild }: { digest: string; rebuild: boolean }): string {
  if (rebuild) return `${base}-${randomUUID().slice(0, 8)}`;
  return digest === '' ? base : `${base}-${shortHash(digest)}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function isWithin(path: string, folder: string): boolean {
  const inner = relative(folder, path);
  return inner === '' || !inner.startsWith('..');
}

async function chooseInstaller(work: EnvironmentWork, path: string): Promise<Installer> {
  const uv = await findProgram('uv', path);
  if (uv !== null) return { tool: 'uv', program: uv };
  const python = work.python ?? (await findProgram('python3', path));
  if (python !== null) return { tool: 'venv', program: python };
  throw new AichorError(
    'experiment_failed',
    'the Python environment could not be built: neither uv nor python3 is in PATH',
    { hint: 'install uv (https://docs.astral.sh/uv) or Python 3, then resubmit' },
  );
}

function notices(work: EnvironmentWork, { tool }: Installer): BuildResult['notices'] {
  if (tool === 'uv') return [];
  const lock = work.locked ? '; uv.lock was not used' : '';
  return [
    { code: 'uv_absent', message: `uv is not in PATH: the environment was made with venv and pip${lock}` },
  ];
}
