import { AichorError } from '../../errors.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { listQuery } from '../../api/contract.ts';
import { notTheirs, projectMeant } from '../projects/rules.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';

/** Shortest prefix of an id that is taken for one. */
const SHORTEST_PREFIX = 3;

/** The store as somebody sees it whose key is for some projects: experiments of others are not there. */
export function storeSeenBy(store: ExperimentStore, projects: readonly string[]): ExperimentStore {
  const isTheirs = ({ project }: { project: string }) => projects.includes(project);
  return {
    ...store,
    resolve: (ref) => resolve(store, ref, projects),
    list: (query) => store.list({ ...query, projects }),
    countByStatus: (conditions) => store.countByStatus({ ...conditions, projects }),
    ids: (conditions) => store.ids({ ...conditions, projects }),
    sweeps: () => store.sweeps().filter(isTheirs),
    sweep(name) {
      const sweep = store.sweep(name);
      if (sweep !== null && !isTheirs(sweep)) throw notTheirs(sweep.project, projects);
      return sweep;
    },
  };
}

function resolve(store: ExperimentStore, ref: string, projects: readonly string[]): string {
  if (ref === 'latest') {
    const [newest] = store.list({ ...listQuery.parse({ limit: 1 }), projects }).experiments;
    if (newest !== undefined) return newest.experiment_id;
    throw new AichorError('not_found', 'there is no experiment yet in the projects of this key', {
      hint: 'aichor experiments submit local makes one',
    });
  }
  const prefix = ref.toLowerCase();
  const found = prefix.length < SHORTEST_PREFIX ? [] : store.ids({ prefix, projects });
  const [first, second] = found;
  if (first === undefined)
    throw new AichorError('not_found', `there is no experiment ${ref}`, {
      hint: 'aichor experiments list shows those there are',
    });
  if (second === undefined) return stateOf(store, first).record.experiment_id;
  throw new AichorError(
    'ambiguous',
    `several experiments begin with ${ref}: ${found.slice(0, 5).join(', ')}`,
    {
      hint: 'give more characters of the id',
    },
  );
}

/** A query of files as such a key may ask it. Throws AichorError `forbidden`. */
export function storageSeenBy<
  Query extends { project?: string | undefined; experiment?: string | undefined },
>(query: Query, projects: readonly string[] | undefined): Query {
  if (projects === undefined || query.experiment !== undefined) return query;
  return { ...query, project: projectMeant({ projects }, query.project ?? null) ?? DEFAULT_PROJECT };
}
