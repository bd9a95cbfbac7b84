import { ENGINE_KINDS } from '../../operators/engine-kinds.ts';
import type { Engine, SnapshotReader } from '../../engines/engine.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import type { Notice } from '../../experiment/record.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import { withChanges } from '../../manifest/changes.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { parseManifest, type ParsedManifest } from '../../manifest/parse.ts';
import { planManifest } from '../../operators/plan.ts';
import { imageVariables, variableFindings, type ImageVariables } from '../../repository/command-variables.ts';
import { copyFindings } from '../../repository/dockerfile-findings.ts';
import { absentContents } from '../../repository/git-contents.ts';
import { repositoryFindings } from '../../repository/findings.ts';
import { readDockerfile } from '../../repository/read-dockerfile.ts';
import { pointText } from '../../sweep/point.ts';
import { withPlaces } from '../engines/placed-findings.ts';
import { createTurns } from '../../base/async/turns.ts';
import { createRecent } from '../../base/text/recent.ts';
import { chooseEngine } from './choose-engine.ts';
import { failedAtClone, namesProtected } from './commit/failed-commit.ts';
import { contentsOf, findManifest, manifestText, pathsOf, type FoundManifest } from './find-manifest.ts';
import { noticeFacts } from './notice-facts.ts';
import type { CompleteSubmission, Prepared } from './submission.ts';

export interface Preparer {
  /**
   * From submitted files to a plan and the engine that will carry it out. The server's word counts, whatever the client
   * found before. Throws `manifest_invalid`, `repository_invalid` (both with diagnostics) and `engine_unavailable`; a
   * commit whose manifest is missing or invalid becomes an experiment too (contract 6).
   */
  prepare(submission: CompleteSubmission): Promise<Prepared>;
  /** The same of experiments of one sweep, which differ in variables, messages and changes of the manifest only. */
  prepareSweep(submissions: readonly CompleteSubmission[]): Promise<Prepared[]>;
}

/** How many manifests are kept read: a sweep submits the same one again and again. */
const KEPT = 32;

export function createPreparer(engines: ReadonlyMap<string, Engine>): Preparer {
  const read = createRecent<ReadManifest>(KEPT);
  const absent = createRecent<Notice[]>(KEPT);
  const absentIn = async (
    snapshot: SnapshotReader,
    { source, files }: CompleteSubmission,
    { clone, builder: { context } }: Manifest,
  ): Promise<Notice[]> => {
    const origin = { clone: source.kind === 'commit' ? clone : null, context };
    const key = JSON.stringify([files.digest, origin]);
    const turns = createTurns();
    const turn = async () => {
      if (turns.isDue()) await turns.take();
    };
    return (
      absent.get(key) ?? absent.put(key, await absentContents(contentsOf(snapshot), { ...origin, turn }))
    );
  };
  const preparer: Preparer = {
    async prepare(submission) {
      let found: FoundManifest | null = null;
      try {
        const { source, files, manifest_path: path, manifest, set } = submission;
        const key = JSON.stringify([source.kind, files.digest, path, manifest, set]);
        const known = read.get(key);
        if (known !== null) {
          found = known.found;
          return await planned(engines, submission, known);
        }
        const snapshot = await files.open();
        found = changed(await findManifest(snapshot, path), submission);
        const { notices, ...rest } = await readManifest(found, snapshot);
        notices.push(...(await absentIn(snapshot, submission, rest.manifest)));
        return await planned(engines, submission, read.put(key, { ...rest, notices }));
      } catch (error) {
        // A sweep is taken as a whole or not at all.
        const isRefused = submission.sweep !== null || namesProtected(submission);
        const failed = isRefused ? null : failedAtClone(error, submission, found);
        if (failed === null) throw error;
        return failed;
      }
    },
    async prepareSweep(submissions) {
      // An engine is asked once for each form of the manifest: variables make no difference to what it has.
      const first = new Map<string, { prepared: Prepared; manifest: Manifest | null }>();
      const all: Prepared[] = [];
      for (const submission of submissions) {
        const key = JSON.stringify(submission.set);
        const known = first.get(key);
        if (known?.manifest) {
          const plan = planOf(known.manifest, submission);
          const { storage, container } = known.prepared.plan ?? plan;
          const chosen = { storage, ...(container && { container }) };
          all.push({ ...known.prepared, plan: { ...plan, ...chosen } });
        } else {
          const prepared = await naming(submission, () => preparer.prepare(submission));
          first.set(key, { prepared, manifest: parseManifest(prepared.manifest, '').manifest });
          all.push(prepared);
        }
        if (all.length % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return all;
    },
  };
  return preparer;
}

/** How many experiments of a sweep are planned in one turn of the event loop. */
const AT_ONCE = 50;

function planOf(manifest: Manifest, submission: CompleteSubmission): Plan {
  const { env, secrets, build_args } = submission.rules;
  return planManifest(manifest, {
    ...submission,
    secrets: Object.keys(submission.secrets),
    project_env: env,
    project_secrets: Object.keys(secrets),
    project_build_args: build_args,
  });
}

/** What is wrong with one point, with that point's values. */
async function naming<T>({ sweep }: CompleteSubmission, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAichorError(error) || sweep === null) throw error;
    const { code, message, hint, diagnostics = [] } = error;
    throw new AichorError(code, `${message} at ${pointText(sweep.point)}`, {
      hint,
      diagnostics,
      cause: error,
    });
  }
}

/** What was found, with the text that this experiment begins with and its changes. Throws AichorError `usage`. */
function changed(found: FoundManifest, { manifest, set }: CompleteSubmission): FoundManifest {
  const own = manifestText(found);
  const text = withChanges(manifest ?? own, set);
  if (text === own) return found;
  const message = `the manifest was changed for this run: ${set.join(', ')}`;
  const notice = { code: 'manifest_changed', message };
  const notices = set.length === 0 ? found.notices : [...found.notices, notice];
  return { ...found, bytes: Buffer.from(text), notices };
}

/** A manifest without mistakes, in a repository that has what it names. */
interface ReadManifest {
  found: FoundManifest;
  text: string;
  manifest: Manifest;
  places: ParsedManifest['places'];
  /** Null: it builds nothing, or the Dockerfile is not there or too large. */
  image: ImageVariables | null;
  notices: Notice[];
}

async function planned(
  engines: ReadonlyMap<string, Engine>,
  submission: CompleteSubmission,
  { found: { path }, text, manifest, places, image, notices }: ReadManifest,
): Promise<Prepared> {
  const plan = planOf(manifest, submission);
  const { engine, notice } = chooseEngine(engines, {
    ...submission.engine,
    manifest: plan.engine_name,
    mayRunHere: submission.may_run_here,
    project: { name: submission.project, ...submission.rules },
  });
  if (submission.python_env !== null && !ENGINE_KINDS[engine.kind].takesPythonEnv) {
    throw new AichorError('usage', `--python-env is for the engine local; this runs on ${engine.name}`, {
      hint: 'leave it out, or submit with --engine local',
    });
  }
  plan.storage = { ...plan.storage, ...storageOf(submission, engine) };
  Object.assign(plan, containerOf(submission, engine));
  const where = { file: path, places };
  const checked = await withPlaces(engine.check(plan, { force: submission.force }), where);
  const sources = {
    submitted: [submission.env, submission.secrets, submission.rules.env, submission.rules.secrets].flatMap(
      Object.keys,
    ),
    image,
    isEngineOpen: ENGINE_KINDS[engine.kind].hasOwnVariables,
  };
  const unset = variableFindings(manifest, sources, where).map(toNotice);
  return {
    engine: engine.name,
    manifest_path: path,
    manifest: text,
    plan,
    facts: noticeFacts([...notices, ...(notice === null ? [] : [notice]), ...unset, ...checked]),
  };
}

/** Throws AichorError `usage` where the engine has one way only. */
function storageOf(
  { storage }: CompleteSubmission,
  { name, kind, storage: standard }: Engine,
): Pick<Plan['storage'], 'kind'> {
  if (storage !== null && !ENGINE_KINDS[kind].servesBuckets)
    throw new AichorError('usage', `--storage is for the engine local; this runs on ${name}`, {
      hint: 'leave it out: where its inputs and outputs are is a setting of the engine',
    });
  return (storage ?? standard) === 's3' ? { kind: 's3' } : {};
}

/** Throws AichorError `usage` where the engine has no such choice, and for what has no place in a container. */
function containerOf(
  { container, python_env }: CompleteSubmission,
  { name, kind, container: standard = null }: Engine,
): Pick<Plan, 'container'> {
  if (container !== null && container !== 'none' && !ENGINE_KINDS[kind].choosesContainers)
    throw new AichorError('usage', `--container is for the engine local; this runs on ${name}`, {
      hint: 'leave it out: there every pod runs in a container',
    });
  // What names an environment of this machine says that it runs without; two words against each other are a mistake.
  const program = container ?? (python_env === null ? standard : null);
  if (program === null || program === 'none') return {};
  if (python_env !== null)
    throw new AichorError(
      'usage',
      '--python-env is an environment of this machine: a container has its own',
      {
        hint: 'leave out one of --python-env and --container',
      },
    );
  return { container: program };
}

/** Throws `manifest_invalid` and `repository_invalid` with what is wrong. */
async function readManifest(found: FoundManifest, snapshot: SnapshotReader): Promise<ReadManifest> {
  const { path } = found;
  const { manifest, diagnostics, places } = parseManifest(found.bytes, path);
  if (manifest === null) throw invalid('manifest_invalid', found, diagnostics);
  const paths = pathsOf(snapshot);
  const findings = repositoryFindings(manifest, paths, { file: path, places });
  if (findings.some(isError)) throw invalid('repository_invalid', found, findings);
  const read = async (name: string) => (await snapshot.read(name))?.toString('utf8') ?? null;
  const built = await readDockerfile(manifest.builder, { paths, read }, createTurns());
  if (built !== null) findings.push(...copyFindings(built, manifest.builder.context, paths));
  const notices = [...found.notices, ...findings.map(toNotice)];
  const image = built === null ? null : imageVariables(built.image);
  return { found, text: manifestText(found), manifest, places, image, notices };
}

/** A finding of another file is told with its line; one of the manifest stands by itself. */
function toNotice({ code, message, hint, file, line, path }: Diagnostic): Notice {
  if (path !== '') return { code, message };
  const near = hint?.startsWith('did you mean') === true ? `; ${hint}` : '';
  return { code, message: `${file}:${line}: ${message}${near}` };
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error';
}

function invalid(
  code: 'manifest_invalid' | 'repository_invalid',
  { path, notices }: FoundManifest,
  diagnostics: Diagnostic[],
): AichorError {
  const isChanged = notices.some(({ code: each }) => each === 'manifest_changed');
  const errors = diagnostics.filter(isError);
  const number = errors.length === 1 ? '1 mistake' : `${errors.length} mistakes`;
  const where = code === 'manifest_invalid' ? path : `the repository around ${path}`;
  return new AichorError(code, `${where} has ${number}`, {
    hint: isChanged
      ? 'the manifest is meant as it was changed for this run: correct the change'
      : 'aichor manifest validate shows each with its place',
    diagnostics,
  });
}
