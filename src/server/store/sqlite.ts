import { isDeepStrictEqual } from 'node:util';
import type { ListQuery } from '../../api/contract.ts';
import type { BuildResult } from '../../engines/engine.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import type { ExperimentEvent, ExperimentFact } from '../../experiment/event.ts';
import { annotated, applyEvent, initialState, type ExperimentState } from '../../experiment/state.ts';
import { isThereSync } from '../../base/io/files-sync.ts';
import {
  closeWhole,
  isDamagedDatabase,
  openDatabase,
  saveAs,
  transaction,
  type Database,
} from './database.ts';
import { examineDatabase } from './damage/examine.ts';
import { damagedDatabase, refuseLostDatabase } from './damage/lost.ts';
import { listByMetric, saveMetrics } from './metrics.ts';
import { isEmpty, migrate } from './migrations.ts';
import { eventsOf, stateIn, summaryIn } from './read-rows.ts';
import { resolveRef } from './refs.ts';
import { columnsOf, parsedColumn, ROW_COLUMNS, type ExperimentRow } from './rows.ts';
import { whereOfIds, whereOfList, type Where } from './conditions.ts';
import { belowCursor, encodeCursor } from './cursor.ts';
import { openSweepTable, type SweepTable } from './tables/sweeps.ts';
import { prepareStatements, type Statements } from './statements.ts';
import type {
  Annotated,
  Created,
  CreateRequest,
  ExperimentStore,
  Idempotency,
  StoredSweep,
} from './store.ts';

interface SqliteStoreOptions {
  /** Path of the database; made with its tables when it is not there. */
  file: string;
  now(): Date;
  /** Called after each change is durable, with the state it led to. */
  onChange(state: ExperimentState): void;
}

interface Store extends SqliteStoreOptions {
  database: Database;
  statements: Statements;
  sweeps: SweepTable;
}

/**
 * The store on one SQLite file. Throws AichorError `conflict` when a newer program has written it, and when it is gone
 * while `experiments/` beside it tells of experiments; `server_error` when it is damaged.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<ExperimentStore> {
  const { file } = options;
  await refuseLostDatabase(file);
  const database = await openDatabase(file, { timeoutMs: 5000 });
  try {
    if (isEmpty(database)) await refuseLostDatabase(file, { isEmpty: true });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    migrate(database, file);
    return storeOn(database, options);
  } catch (error) {
    database.close();
    throw isDamagedDatabase(error) ? damagedDatabase(file, error) : error;
  }
}

function storeOn(database: Database, options: SqliteStoreOptions): ExperimentStore {
  const statements = prepareStatements(database);
  const store: Store = { ...options, database, statements, sweeps: openSweepTable(database) };
  return {
    create: (requests) => create(store, requests),
    createSweep: (sweep, requests) => createSweep(store, sweep, requests),
    sweep: store.sweeps.get,
    sweeps: store.sweeps.list,
    sweepMembers: store.sweeps.members,
    madeWith: (idempotency) => madeWith(store, idempotency)?.id ?? null,
    append: (id, facts, build) => appendOne(store, { id, facts, build }),
    appendAll: (facts) => appendAll(store, facts),
    progress: (messages) => progress(store, messages),
    measured: (news) => saveMetrics(store, news).forEach((state) => store.onChange(state)),
    annotate: (id, annotation) => annotate(store, id, annotation),
    state(id) {
      const row = statements.experiment<ExperimentRow>(id);
      return row === undefined ? null : stateIn(statements, row);
    },
    submission: (id) => parsedColumn(statements.submission<{ submission: string }>(id)?.submission),
    build: (id) => parsedColumn(statements.build<{ build: string | null }>(id)?.build),
    events: (id) => eventsOf(statements, id),
    resolve: (ref) => resolveRef(statements, ref),
    list: (query) => list(store, query),
    ids: (conditions) => ids(database, whereOfIds(conditions)),
    live: () => ids(database, whereOfIds({ live: true })),
    liveCount: () => statements.liveCount<{ count: number }>()?.count ?? 0,
    untidied: () => ids(database, { sql: 'WHERE live = 0 AND tidied = 0', values: [] }),
    markTidied: (id) => statements.markTidied(id),
    snapshots: () => new Set(statements.snapshots<{ snapshot: string }>().map((row) => row.snapshot)),
    remove: (id) => transaction(database, () => store.sweeps.removeMember(id, statements.remove)),
    examine: () => examineDatabase(database, statements),
    close() {
      // Somebody has removed the file under the server: what it told is here yet.
      if (!isThereSync(options.file)) saveAs(database, options.file);
      closeWhole(database);
    },
  };
}

function create(store: Store, requests: readonly CreateRequest[]): Created[] {
  const results = transaction(store.database, () => requests.map((request) => createOne(store, request)));
  for (const result of results) if ('state' in result && result.created) store.onChange(result.state);
  return results;
}

function createSweep(
  store: Store,
  sweep: StoredSweep,
  requests: readonly CreateRequest[],
): ExperimentState[] {
  const states = transaction(store.database, () => {
    store.sweeps.put(sweep);
    return requests.map((request) => {
      const made = createOne(store, request);
      if (!('state' in made)) throw made;
      return made.state;
    });
  });
  for (const state of states) store.onChange(state);
  return states;
}

/** Inside a transaction. A conflict is found before anything is written. */
function createOne(store: Store, request: CreateRequest): Created {
  const { statements } = store;
  const known = request.idempotency === null ? null : madeBefore(store, request.idempotency);
  if (known !== null) return known;
  const time = store.now().toISOString();
  const events = request.facts.map((fact): ExperimentEvent => ({ time, ...fact }));
  const state = events.reduce(applyEvent, initialState(request.experiment));
  const submission = JSON.stringify(request.submission);
  const id = request.experiment.experiment_id;
  const number = statements.insert({ id, updated_at: time, submission, ...columnsOf(state) });
  for (const [key, value] of Object.entries(state.record.labels)) statements.putLabel(number, key, value);
  for (const [index, event] of events.entries()) {
    const row = { number, position: index + 1, type: event.type, event: JSON.stringify(event) };
    statements.putEvent(row);
  }
  if (request.idempotency !== null)
    statements.insertKey(request.idempotency.key, request.idempotency.content, number);
  return { state, created: true };
}

function madeBefore(store: Store, idempotency: Idempotency): Created | null {
  try {
    const known = madeWith(store, idempotency);
    return known && { state: stateIn(store.statements, known), created: false };
  } catch (error) {
    if (isAichorError(error)) return error;
    throw error;
  }
}

function madeWith({ statements }: Store, { key, content }: Idempotency): ExperimentRow | null {
  const known = statements.byKey<ExperimentRow & { content: string }>(key);
  if (known === undefined) return null;
  if (known.content === content) return known;
  throw new AichorError(
    'conflict',
    `the idempotency key ${JSON.stringify(key)} made experiment ${known.id} from other content`,
    {
      hint: 'use another --idempotency-key for another experiment',
    },
  );
}

function appendOne(
  store: Store,
  { id, facts, build }: { id: string; facts: readonly ExperimentFact[]; build: BuildResult | undefined },
): ExperimentState {
  const state = transaction(store.database, () => {
    if (build !== undefined) store.statements.saveBuild(JSON.stringify(build), id);
    return fold(store, id, facts);
  });
  if (facts.length > 0) store.onChange(state);
  return state;
}

function appendAll(
  store: Store,
  facts: ReadonlyMap<string, readonly ExperimentFact[]>,
): Map<string, ExperimentState> {
  if (facts.size === 0) return new Map();
  const states = transaction(
    store.database,
    () => new Map([...facts].map(([id, some]) => [id, fold(store, id, some)])),
  );
  for (const state of states.values()) store.onChange(state);
  return states;
}

function annotate(store: Store, id: string, { labels, note }: Annotated): ExperimentState {
  const { statements } = store;
  const state = transaction(store.database, () => {
    const row = statements.experiment<ExperimentRow>(id);
    if (row === undefined) throw new AichorError('not_found', `there is no experiment ${id}`);
    const before = stateIn(store.statements, row);
    for (const [key, value] of Object.entries(labels)) {
      if (value === null) statements.removeLabel(row.number, key);
      else statements.putLabel(row.number, key, value);
    }
    const after = annotated(before, { labels, note });
    statements.update({ number: row.number, updated_at: row.updated_at, ...columnsOf(after) });
    return after;
  });
  store.onChange(state);
  return state;
}

function progress(store: Store, messages: ReadonlyMap<string, string>): void {
  if (messages.size === 0) return;
  const { database } = store;
  // The next change that must not be lost takes these with it to the disk.
  database.exec('PRAGMA synchronous = NORMAL');
  try {
    const states = transaction(database, () =>
      [...messages].map(([id, message]) => fold(store, id, [{ type: 'progress', message }])),
    );
    for (const state of states) store.onChange(state);
  } finally {
    database.exec('PRAGMA synchronous = FULL');
  }
}

/** Inside a transaction: facts → events, folded into the row. Times never go back, even when the clock does. */
function fold(store: Store, id: string, facts: readonly ExperimentFact[]): ExperimentState {
  const row = store.statements.experiment<ExperimentRow>(id);
  if (row === undefined) throw new AichorError('not_found', `there is no experiment ${id}`);
  const now = store.now().toISOString();
  const time = now > row.updated_at ? now : row.updated_at;
  let state = stateIn(store.statements, row);
  for (const fact of facts) {
    if (state.ended) break;
    const event: ExperimentEvent = { time, ...fact };
    const next = applyEvent(state, event);
    if (!isSaidAgain(fact, state, next)) insertEvent(store, row.number, event);
    state = next;
  }
  store.statements.update({ number: row.number, updated_at: time, ...columnsOf(state) });
  return state;
}

/** What an engine says of the present when it is taken up again: kinds of facts that say it all in the state. */
const SAID_AGAIN: ReadonlySet<ExperimentFact['type']> = new Set([
  'attempt',
  'pod',
  'notice',
  'failure',
  'link',
  'workdir',
  'ran',
]);

function isSaidAgain(fact: ExperimentFact, before: ExperimentState, after: ExperimentState): boolean {
  return SAID_AGAIN.has(fact.type) && isDeepStrictEqual(before, after);
}

/** A progress text replaces the one right before it: only the last of them was ever of use. */
function insertEvent({ statements }: Store, number: number, event: ExperimentEvent): void {
  const last = statements.lastEvent<{ position: number; type: string }>(number);
  const replaces = event.type === 'progress' && last?.type === 'progress';
  const position = last === undefined ? 1 : replaces ? last.position : last.position + 1;
  statements.putEvent({ number, position, type: event.type, event: JSON.stringify(event) });
}

function list(store: Store, query: ListQuery) {
  const { sort, ...newestFirst } = query;
  if (sort === undefined) return listNewestFirst(store, newestFirst);
  const { rows, next_cursor } = listByMetric(store.database, { ...newestFirst, sort });
  return { experiments: rows.map((row) => summaryIn(store.statements, row)), next_cursor };
}

function listNewestFirst(
  { database, statements }: Store,
  { limit, cursor, ...conditions }: Omit<ListQuery, 'sort'>,
) {
  const { sql, values } = whereOfList(conditions, cursor === undefined ? [] : [belowCursor(cursor)]);
  const rows = database
    .prepare(`SELECT ${ROW_COLUMNS} FROM experiments ${sql} ORDER BY number DESC LIMIT ?`)
    .all(...values, limit + 1)
    .map((row): ExperimentRow => Object(row));
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    experiments: page.map((row) => summaryIn(statements, row)),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(last.number) : null,
  };
}

function ids(database: Database, { sql, values }: Where): string[] {
  const rows = database.prepare(`SELECT id FROM experiments ${sql} ORDER BY number`).all(...values);
  return rows.map((row): { id: string } => Object(row)).map((row) => row.id);
}
