import type { ProjectDocument } from '../../../api/team/project-contract.ts';
import { transaction, type Database } from '../database.ts';

/** A project as it is kept. Values that nobody may read stand in the store of private values, by its id. */
export interface StoredProject extends Pick<
  ProjectDocument,
  | 'name'
  | 'repository'
  | 'allow_local_repository'
  | 'allow_inner_addresses'
  | 'branches'
  | 'engines'
  | 'default_engine'
  | 'manifest_root'
  | 'quotas'
  | 'retention_s'
  | 'commit_status'
  | 'variables'
  | 'git'
  | 'created_at'
  | 'created_by'
> {
  /** Random; the address of its hook, so that that tells nothing of the project. */
  id: string;
  /** Lines of `known_hosts`. */
  host_keys: string[];
  /** How strongly its hook was proven at best: less is not taken any more. */
  proof?: 1 | 2;
  /** The repository whose branches are known: what was there then is nothing new. */
  heads_of?: string;
}

/** Projects that were made. A name that is only written on experiments has no row here, and no rules. */
export interface ProjectTable {
  named(name: string): StoredProject | null;
  withId(id: string): StoredProject | null;
  /** By name. */
  list(): StoredProject[];
  put(project: StoredProject): void;
  remove(id: string): void;
}

/** What definitions of earlier versions do not have. */
const NEWER: Pick<StoredProject, 'commit_status'> = { commit_status: null };

export function openProjectTable(database: Database): ProjectTable {
  const named = database.prepare('SELECT definition FROM projects WHERE name = ?');
  const withId = database.prepare('SELECT definition FROM projects WHERE id = ?');
  const list = database.prepare('SELECT definition FROM projects ORDER BY name');
  const put = database.prepare(
    `INSERT INTO projects (id, name, definition) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET definition = excluded.definition`,
  );
  const remove = database.prepare('DELETE FROM projects WHERE id = ?');
  const projectOf = (row: unknown): StoredProject | null =>
    row === undefined ? null : { ...NEWER, ...JSON.parse(Object(row).definition) };
  return {
    named: (name) => projectOf(named.get(name)),
    withId: (id) => projectOf(withId.get(id)),
    list: () => list.all().flatMap((row) => projectOf(row) ?? []),
    put: (project) => transaction(database, () => put.run(project.id, project.name, JSON.stringify(project))),
    remove: (id) => transaction(database, () => remove.run(id)),
  };
}
