import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type {
  ProjectCreation,
  ProjectDocument,
  ProjectList,
  ProjectUpdate,
  ProjectVariable,
} from '../../api/team/project-contract.ts';
import { sleepUnless } from '../../base/async/abort.ts';
import { isThereSync } from '../../base/io/files-sync.ts';
import { AichorError } from '../../errors.ts';
import type { Engine } from '../../engines/engine.ts';
import { projectFolder } from '../../experiment/project-name.ts';
import { isProtected } from '../../operators/protected.ts';
import { hostKeyOf } from '../../source/git.ts';
import { folderOf, isLocal } from '../../source/repository.ts';
import type { Caller } from '../people/caller.ts';
import type { Folders } from '../process/folders.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { AuditTable } from '../store/tables/audit.ts';
import type { ProjectTable, StoredProject } from '../store/tables/projects.ts';
import type { PrivateStore, ProjectPrivateValues } from '../submission/private-values.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import type { CommitSource } from '../ports.ts';
import { assertRepositoryFits, assertStatusFits, keptAccess } from './git.ts';
import { isInstallersOwn, notTheirs } from './rules.ts';

/** What managing projects needs. */
export interface ProjectManaging {
  projects: ProjectTable;
  privateValues: Pick<PrivateStore, 'ofProject' | 'putProject' | 'removeProject'>;
  store: Pick<ExperimentStore, 'ids'>;
  engines: ReadonlyMap<string, Engine>;
  supervisor: Pick<Supervisor, 'reconsider'>;
  audit: Pick<AuditTable, 'add'>;
  folders: Pick<Folders, 'data'>;
  env: Readonly<Record<string, string | undefined>>;
  /** Looks at what is there of its branches. */
  pushes: { reconcile(only: string): Promise<void> };
  /** Has clones of their repositories. */
  commits: Pick<CommitSource, 'forget'>;
  now(): Date;
}

/** Those that a caller may see, by name. */
export function listProjects(by: ProjectManaging, { projects }: Caller): ProjectList {
  const seen = by.projects.list().filter(({ name }) => projects?.includes(name) !== false);
  return { projects: seen.map((project) => documentOf(by, project)) };
}

export function getProject(by: ProjectManaging, name: string, caller: Caller): ProjectDocument {
  return documentOf(by, projectNamed(by, name, caller));
}

/** Throws AichorError `not_found`, and `forbidden` for one that the caller's key is not for. */
export function projectNamed(
  { projects }: { projects: Pick<ProjectTable, 'named'> },
  name: string,
  { projects: theirs }: Pick<Caller, 'projects'>,
): StoredProject {
  if (theirs?.includes(name) === false) throw notTheirs(name, theirs);
  const project = projects.named(name);
  if (project !== null) return project;
  throw new AichorError('not_found', `no project ${JSON.stringify(name)} was made`, {
    hint: 'aichor projects list shows those there are; a name that is only written on experiments has no settings',
  });
}

/** Throws AichorError `conflict` for a name that is taken. */
export async function createProject(
  by: ProjectManaging,
  creation: ProjectCreation,
  caller: Caller,
): Promise<ProjectDocument> {
  const { name, variables, git, ...settings } = creation;
  refuseTaken(by, name);
  refuseUnfit(by, { ...settings, variables });
  await assertFits(settings, git.kind);
  const { told, kept } = await keptAccess(git, { name, env: by.env });
  const project: StoredProject = {
    ...settings,
    id: randomBytes(16).toString('base64url'),
    name,
    variables: variables.map(withoutValue),
    git: told,
    created_at: by.now().toISOString(),
    created_by: caller.name,
  };
  // Somebody else may have made it while keys were looked for.
  refuseTaken(by, name);
  by.privateValues.putProject(project.id, {
    variables: sensitiveOf(variables),
    hook: [{ secret: randomBytes(32).toString('base64'), until: null }],
    git: kept,
  });
  by.audit.add([{ by: caller.name, deed: 'project.create', subject: name, details: settingsOf(project) }]);
  by.projects.put(project);
  await firstLook(by, name);
  return documentOf(by, project);
}

/** How long whoever makes a project waits for its repository; one that takes longer is looked at in the background. */
const FIRST_LOOK_MS = 2000;

/** What is pushed after the answer is news: what was there before has been seen by then. */
async function firstLook({ pushes }: Pick<ProjectManaging, 'pushes'>, name: string): Promise<void> {
  const gone = new AbortController();
  await Promise.race([pushes.reconcile(name), sleepUnless(gone.signal, FIRST_LOOK_MS)]);
  gone.abort();
}

/** What is not given stays as it is. */
export async function updateProject(
  by: ProjectManaging,
  { name, caller }: { name: string; caller: Caller },
  { set_variables, drop_variables, git, quotas, ...given }: ProjectUpdate,
): Promise<ProjectDocument> {
  const before = projectNamed(by, name, caller);
  const dropped = new Set([...drop_variables, ...set_variables.map((one) => one.name)]);
  const variables = [
    ...before.variables.filter((one) => !dropped.has(one.name)),
    ...set_variables.map(withoutValue),
  ];
  const settings: StoredProject = {
    ...before,
    ...onlyGiven(given),
    quotas: { ...before.quotas, ...onlyGiven(quotas ?? {}) },
  };
  refuseUnfit(by, { ...settings, variables: set_variables });
  const access = git === undefined ? null : await keptAccess(git, { name, env: by.env });
  // A token is for one origin: it does not go along to another repository by itself.
  if (access === null && given.repository !== undefined) refuseTakingAlong(before, given.repository);
  await assertFits(settings, access?.told.kind ?? before.git.kind);
  const { proof, heads_of } = unchanged(by, before);
  const values = by.privateValues.ofProject(before.id);
  const kept: ProjectPrivateValues = {
    ...values,
    variables: {
      ...Object.fromEntries(Object.entries(values.variables).filter(([key]) => !dropped.has(key))),
      ...sensitiveOf(set_variables),
    },
    git: access === null ? values.git : access.kept,
  };
  const meanwhile = onlyGiven({ proof, heads_of });
  const project = { ...settings, ...meanwhile, variables, git: access?.told ?? before.git };
  by.audit.add([
    {
      by: caller.name,
      deed: 'project.update',
      subject: name,
      details: changesOf(before, project, access !== null),
    },
  ]);
  by.privateValues.putProject(project.id, kept);
  by.projects.put(project);
  by.supervisor.reconsider();
  if (given.repository !== undefined) await firstLook(by, name);
  return documentOf(by, project);
}

/** What it is now, with what hooks and branches have told meanwhile. Throws AichorError `conflict` when its settings are others. */
function unchanged({ projects }: ProjectManaging, before: StoredProject): StoredProject {
  const now = projects.withId(before.id);
  if (now !== null && JSON.stringify(settingsOf(now)) === JSON.stringify(settingsOf(before))) return now;
  throw new AichorError('conflict', `somebody else changed the project ${before.name} at the same time`, {
    hint: `look at it with aichor projects get ${before.name}, and change it again`,
  });
}

/** Throws AichorError `conflict` while something of it lives. Experiments that have ended stay, with its name. */
export function deleteProject(by: ProjectManaging, name: string, caller: Caller): ProjectDocument {
  const project = projectNamed(by, name, caller);
  const live = liveOf(by, name);
  if (live.length > 0)
    throw new AichorError(
      'conflict',
      `${live.length === 1 ? `experiment ${live[0]} lives` : `${live.length} experiments live`} in the project ${name}`,
      {
        hint: `wait for ${live.length === 1 ? 'it' : 'them'}, or aichor experiments cancel`,
      },
    );
  const document = documentOf(by, project);
  by.audit.add([{ by: caller.name, deed: 'project.delete', subject: name }]);
  by.projects.remove(project.id);
  by.privateValues.removeProject(project.id);
  void by.commits.forget(project.id);
  return document;
}

/** Without what is undefined: that would stand over what there is. */
function onlyGiven<T extends object>(given: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

function liveOf({ store }: Pick<ProjectManaging, 'store'>, name: string): string[] {
  return store.ids({ live: true, projects: [name] });
}

function documentOf(by: ProjectManaging, project: StoredProject): ProjectDocument {
  const { id: _id, proof: _proof, heads_of: _heads, host_keys, ...told } = project;
  const folder = (kind: string) => `${join(by.folders.data, kind, projectFolder(project.name))}/`;
  return {
    ...told,
    host_keys: [...new Set(host_keys.flatMap((line) => hostKeyOf(line)?.fingerprint ?? []))],
    storage: { inputs: folder('inputs'), outputs: folder('outputs') },
    live_experiments: liveOf(by, project.name).length,
    notices: noticesOf(by, project),
  };
}

function noticesOf({ engines }: ProjectManaging, project: StoredProject): string[] {
  const notices: string[] = [];
  if (project.engines?.includes('local') === true)
    notices.push(
      "its experiments may run on this server's own machine (engine local): whoever may submit to it, or push to its repository, has the rights of the server's user there",
    );
  const clusters = [...engines.values()].filter(({ kind }) => kind !== 'local');
  if (project.engines === null && clusters.length === 0)
    notices.push(
      'there is no cluster, and its experiments may not run on the engine local: add one with aichor engines add, or allow it with --engines local',
    );
  for (const engine of project.engines ?? [])
    if (!engines.has(engine)) notices.push(`there is no engine ${engine} at present`);
  const folder =
    project.repository !== null && isLocal(project.repository) ? folderOf(project.repository) : null;
  if (folder?.startsWith('/') === true && !mayBeThere(folder))
    notices.push(`there is no ${folder} on the server at present: nothing can be fetched from it`);
  if (project.git.public_key !== null)
    notices.push(`give this key the right to read the repository: ${project.git.public_key}`);
  return notices;
}

/** False for what is surely not there; where nobody may look, it may be. */
function mayBeThere(folder: string): boolean {
  try {
    return isThereSync(folder);
  } catch {
    return true;
  }
}

function refuseTaken({ projects }: ProjectManaging, name: string): void {
  if (projects.named(name) === null) return;
  throw new AichorError('conflict', `there is a project called ${JSON.stringify(name)} already`, {
    hint: 'take another name; aichor projects update changes what it is',
  });
}

function refuseUnfit(
  { engines: there }: ProjectManaging,
  { engines, default_engine, variables }: Pick<ProjectCreation, 'engines' | 'default_engine' | 'variables'>,
): void {
  for (const engine of engines ?? [])
    if (!there.has(engine))
      throw new AichorError('engine_unavailable', `there is no engine called ${JSON.stringify(engine)}`, {
        hint: `the engines there are: ${[...there.keys()].join(', ')}`,
      });
  if (default_engine !== null && engines !== null && !engines.includes(default_engine))
    throw new AichorError('usage', `the default engine ${default_engine} is none that the project may use`, {
      hint: `take one of ${engines.join(', ')}, or add it to --engines`,
    });
  for (const { name, sensitive, scope } of variables) {
    if (isProtected(name))
      throw new AichorError('usage', `${name} is set by aichor itself and cannot be given`, {
        hint: 'use another name',
      });
    if (sensitive && scope !== 'run' && !isInstallersOwn(name))
      throw new AichorError('usage', `the secret ${name} cannot reach a build: it would stay in the image`, {
        hint: 'secrets of builds are settings of pip and uv (PIP_…, UV_…); others are for pods only',
      });
  }
}

function refuseTakingAlong(before: StoredProject, repository: string | null): void {
  if (
    before.git.kind !== 'token' ||
    repository === null ||
    originOfUrl(repository) === originOfUrl(before.repository)
  )
    return;
  throw new AichorError(
    'conflict',
    'the token of the project is for the origin of its repository as it was',
    {
      hint: 'give the token for the new one with --git-token, or --no-git-credentials',
    },
  );
}

function originOfUrl(repository: string | null): string | null {
  return /^https?:\/\/[^/]+/i.exec(repository ?? '')?.[0].toLowerCase() ?? null;
}

async function assertFits(
  settings: Pick<
    StoredProject,
    'repository' | 'allow_inner_addresses' | 'allow_local_repository' | 'host_keys' | 'commit_status'
  >,
  git: StoredProject['git']['kind'],
): Promise<void> {
  const { repository, allow_inner_addresses: inner, allow_local_repository: local, host_keys } = settings;
  assertStatusFits(settings, git);
  if (repository !== null)
    await assertRepositoryFits(repository, { reach: { local, inner }, git, host_keys });
  else if (git !== 'none')
    throw new AichorError('usage', 'credentials of Git are for a repository, and the project has none', {
      hint: 'give its URL with --repository',
    });
}

function withoutValue(variable: ProjectVariable): StoredProject['variables'][number] {
  return { ...variable, value: variable.sensitive ? null : variable.value };
}

function sensitiveOf(variables: readonly ProjectVariable[]): Record<string, string> {
  return Object.fromEntries(
    variables.flatMap(({ name, value, sensitive }) => (sensitive ? [[name, value]] : [])),
  );
}

/** What an audit says of a project: names of variables, never values. */
function settingsOf({
  id: _id,
  host_keys: _keys,
  proof: _proof,
  heads_of: _heads,
  created_at: _at,
  created_by: _by,
  name: _name,
  variables,
  ...rest
}: StoredProject): Record<string, unknown> {
  return { ...rest, git: rest.git.kind, variables: variables.map(({ name }) => name) };
}

function changesOf(before: StoredProject, after: StoredProject, isGitNew: boolean): Record<string, unknown> {
  const [old, now] = [settingsOf(before), settingsOf(after)];
  const changed = Object.entries(now).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(old[key]),
  );
  return { ...Object.fromEntries(changed), ...(isGitNew && { git: after.git.kind }) };
}
