import type { ProjectVariable } from '../../api/team/project-contract.ts';
import { AichorError } from '../../errors.ts';
import type { Caller } from '../people/caller.ts';
import type { ProjectTable, StoredProject } from '../store/tables/projects.ts';
import type { PrivateStore } from '../submission/private-values.ts';

/** What a project adds to each of its experiments. */
export interface ProjectRules {
  /** Engines that it may use; null: any. Whether `local` is one of these is asked apart. */
  engines: readonly string[] | null;
  default_engine: string | null;
  /** Variables of its pods, below those of the manifest. */
  env: Record<string, string>;
  /** The same of those that nobody may read. */
  secrets: Record<string, string>;
  /** What the build gets: arguments of the Dockerfile. */
  build_args: Record<string, string>;
  /** Settings of pip and uv, of a build on the server's machine. */
  build_shell: Record<string, string>;
  /** Whose commits are told what came of their experiments; null: none are. */
  commit_status: { project: string; repository: string } | null;
}

const NONE: ProjectRules = {
  engines: null,
  default_engine: null,
  env: {},
  secrets: {},
  build_args: {},
  build_shell: {},
  commit_status: null,
};

/** What knowing a project's rules needs. */
export interface RuleReading {
  projects: Pick<ProjectTable, 'named'>;
  privateValues: Pick<PrivateStore, 'ofProject'>;
}

/** The rules of a project by name; none for a name that is only written on experiments. */
export function rulesOf(by: RuleReading, name: string): ProjectRules {
  const project = by.projects.named(name);
  if (project === null) return NONE;
  const values = by.privateValues.ofProject(project.id).variables;
  const variables = project.variables.map((one) => ({
    ...one,
    value: one.sensitive ? (values[one.name] ?? '') : (one.value ?? ''),
  }));
  const pick = (wanted: (variable: ProjectVariable) => boolean) =>
    Object.fromEntries(variables.filter(wanted).map(({ name: key, value }) => [key, value]));
  return {
    engines: project.engines,
    default_engine: project.default_engine,
    env: pick(({ scope, sensitive }) => scope !== 'build' && !sensitive),
    secrets: pick(({ scope, sensitive }) => scope !== 'build' && sensitive),
    build_args: pick(({ scope, sensitive }) => scope !== 'run' && !sensitive),
    commit_status:
      project.commit_status === null || project.repository === null
        ? null
        : { project: project.id, repository: project.repository },
    build_shell: pick(({ name: key, scope }) => scope !== 'run' && isInstallersOwn(key)),
  };
}

/** What pip and uv read themselves: it reaches them without a place in the Dockerfile. */
export function isInstallersOwn(name: string): boolean {
  return /^(?:PIP|UV)_/.test(name);
}

/** Whether experiments of a project may run on the server's own machine, where a pod has the rights of the server's user. */
export function mayRunHere(
  project: Pick<StoredProject, 'engines'> | null,
  { isOwner }: Pick<Caller, 'isOwner'>,
  localForAll: boolean,
): boolean {
  if (project === null) return isOwner || localForAll;
  return project.engines?.includes('local') ?? isOwner;
}

/**
 * The project that a caller means: whoever has a key for some projects only means one of those.
 * Throws AichorError `forbidden`, and `usage` when it cannot be told which.
 */
export function projectMeant({ projects }: Pick<Caller, 'projects'>, asked: string | null): string | null {
  if (projects === null) return asked;
  if (asked !== null) {
    if (projects.includes(asked)) return asked;
    throw notTheirs(asked, projects);
  }
  const [only, ...others] = projects;
  if (only !== undefined && others.length === 0) return only;
  throw new AichorError('usage', 'this key is for several projects, and none was named', {
    hint: `name one with --project: ${projects.join(', ')}`,
  });
}

export function notTheirs(asked: string, projects: readonly string[]): AichorError {
  return new AichorError('forbidden', `this key is not for the project ${JSON.stringify(asked)}`, {
    hint: `it is for ${projects.join(', ')}; an admin makes others with aichor keys create --project`,
  });
}
