import type { BuildResult } from '../../engines/engine.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import type { ExperimentEvent, ExperimentFact } from '../../experiment/event.ts';
import type { Notice } from '../../experiment/record.ts';
import {
  annotated,
  applyEvent,
  initialState,
  remarked,
  type ExperimentState,
} from '../../experiment/state.ts';
import {
  annotatedChange,
  deletedChange,
  factChange,
  type ExperimentChange,
} from '../../experiment/told/change.ts';
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
import { openMeasurements } from './tables/measured.ts';
import { isEmpty, migrate } from './migrations.ts';
import { countByStatus, eventsOf, ids, longRecordIn, stateIn } from './read-rows.ts';
import { resolveRef } from './refs.ts';
import { columnsOf, parsedColumn, type ExperimentRow } from './rows.ts';
import { whereOfIds, whereOfList } from './conditions.ts';
import { list } from './list.ts';
import { openLogExpiry } from './tables/expiry.ts';
import { begun, KEPT_CHANGES, openFeedTable, type FeedTable } from './tables/feed.ts';
import { keepRoom } from './disk/room.ts';
import { openTeamTables, type TeamTables } from './tables/team.ts';
import { openSweepTable, type SweepTable } from './tables/sweeps.ts';
import { openSharedValues, type SharedValuesTable } from './tables/shared-values.ts';
import { isSaidAgain } from './said-again.ts';
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
  /** How many changes are kept for those who follow them (`KEPT_CHANGES` unless said). */
  keptChanges?: number;
  /** Whether anybody wants to hear of changes: those that come often are not put together for nobody. */
  isWatched(): boolean;
}

interface Store extends SqliteStoreOptions {
  database: Database;
  statements: Statements;
  sweeps: SweepTable;
  feed: FeedTable;
  sharedValues: SharedValuesTable;
}

/** Everything that is kept in the one file: experiments, and beside them tables with small ports of their own. */
export type SqliteStore = ExperimentStore & TeamTables;

/**
 * The store on one SQLite file. Throws AichorError `conflict` when a newer program has written it, and when it is gone
 * while `experiments/` beside it tells of experiments; `server_error` when it is damaged.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
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

function storeOn(database: Database, options: SqliteStoreOptions): SqliteStore {
  const statements = prepareStatements(database);
  const sweeps = openSweepTable(database);
  const feed = openFeedTable(database, options.keptChanges ?? KEPT_CHANGES);
  const sharedValues = openSharedValues(database);
  const store: Store = { ...options, database, statements, sweeps, feed, sharedValues };
  const measurements = openMeasurements(store);
  const { settled } = measurements;
  return {
    feed: { ...feed, range: settled(feed.range), after: settled(feed.after) },
    expiry: openLogExpiry(database, options.now),
    sharedValues,
    ...openTeamTables(database, options.now),
    create: (requests) => create(store, requests),
    createSweep: (sweep, requests) => createSweep(store, sweep, requests),
    sweep: store.sweeps.get,
    sweeps: store.sweeps.list,
    sweepMembers: settled(store.sweeps.members),
    madeWith: (idempotency) => madeWith(store, idempotency)?.id ?? null,
    append: settled((id, facts, build) => appendOne(store, { id, facts, build })),
    appendAll: settled((facts) => appendAll(store, facts)),
    progress: settled((messages) => progress(store, messages)),
    measured(id, measure) {
      measurements.put(id, measure);
      if (feed.isFollowed()) measurements.settle();
      const state = store.isWatched() ? measurements.state(id) : null;
      if (state !== null) store.onChange(state);
    },
    annotate: settled((id, annotation) => annotate(store, id, annotation)),
    remark: settled((id, notice) => remark(store, id, notice)),
    state: measurements.state,
    longRecord: settled((id) => longRecordIn(statements, id)),
    submission: (id) => parsedColumn(statements.submission<{ submission: string }>(id)?.submission),
    build: (id) => parsedColumn(statements.build<{ build: string | null }>(id)?.build),
    events: (id) => eventsOf(statements, id),
    resolve: (ref) => resolveRef(statements, ref),
    list: settled((query) => list(store, query)),
    countByStatus: (conditions) => countByStatus(database, whereOfList(conditions)),
    ids: (conditions) => ids(database, whereOfIds(conditions)),
    live: () => ids(database, whereOfIds({ live: true })),
    liveCount: () => statements.liveCount<{ count: number }>()?.count ?? 0,
    counts: () =>
      Object.fromEntries(
        statements.counts<{ status: string; count: number }>().map(({ status, count }) => [status, count]),
      ),
    untidied: () => ids(database, { sql: 'WHERE live = 0 AND tidied = 0', values: [] }),
    markTidied: (id) => statements.markTidied(id),
    snapshots: () => new Set(statements.snapshots<{ snapshot: string }>().map((row) => row.snapshot)),
    remove: (id) => remove(store, id),
    keepRoom: () => keepRoom(database, options.file),
    examine: settled(() => examineDatabase(store, options.file)),
    close() {
      measurements.settle();
      // Somebody has removed the file under the server: what it told is here yet.
      if (!isThereSync(options.file)) saveAs(database, options.file);
      closeWhole(database);
    },
  };
}

function create(store: Store, requests: readonly CreateRequest[]): Created[] {
  const results = transaction(store.database, () => requests.map((request) => createOne(store, request)));
  tell(
    store,
    results.flatMap((result) => ('state' in result && result.created ? [result.state] : [])),
  );
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
  tell(store, states);
  return states;
}

/** After a transaction: tells those who watch. */
function tell({ onChange, feed }: Store, states: Iterable<ExperimentState>): void {
  for (const state of states) onChange(state);
  feed.tell();
}

/** Inside a transaction. A conflict is found before anything is written. */
function createOne(store: Store, request: CreateRequest): Created {
  const { statements } = store;
  const known = request.idempotency === null ? null : madeBefore(store, request.idempotency);
  if (known !== null) return known;
  const time = store.now().toISOString();
  const events = request.facts.map((fact): ExperimentEvent => ({ time, ...fact }));
  const state = begun(store.feed, initialState(request.experiment), events);
  const submission = JSON.stringify(request.submission);
  const id = request.experiment.experiment_id;
  const number = statements.insert({ id, updated_at: time, submission, ...columnsOf(state) });
  for (const [key, value] of Object.entries(state.record.labels)) statements.putLabel(number, key, value);
  for (const [index, event] of events.entries()) {
    const row = { number, position: index + 1, type: event.type, event: JSON.stringify(event) };
    statements.putEvent(row);
  }
  if (request.valuesName !== undefined) store.sharedValues.put(number, request.valuesName);
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
  if (facts.length > 0) tell(store, [state]);
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
  tell(store, states.values());
  return states;
}

/** Changes what is beside the facts of an experiment, and tells of it. */
function changeBeside(
  store: Store,
  id: string,
  change: (row: ExperimentRow, before: ExperimentState, time: string) => [ExperimentState, ExperimentChange],
): ExperimentState {
  const { statements } = store;
  const state = transaction(store.database, () => {
    const row = statements.experiment<ExperimentRow>(id);
    if (row === undefined) throw new AichorError('not_found', `there is no experiment ${id}`);
    const [after, told] = change(row, stateIn(statements, row), store.now().toISOString());
    statements.update({ number: row.number, updated_at: row.updated_at, ...columnsOf(after) });
    store.feed.put(told);
    return after;
  });
  tell(store, [state]);
  return state;
}

function annotate(store: Store, id: string, { labels, note }: Annotated): ExperimentState {
  const { statements } = store;
  return changeBeside(store, id, ({ number }, before, time) => {
    for (const [key, value] of Object.entries(labels)) {
      if (value === null) statements.removeLabel(number, key);
      else statements.putLabel(number, key, value);
    }
    const after = annotated(before, { labels, note });
    return [after, annotatedChange(after, time)];
  });
}

function remark(store: Store, id: string, notice: Notice): ExperimentState {
  return changeBeside(store, id, (_row, before, time) => {
    const after = remarked(before, notice);
    return [after, factChange(before, after, { time, type: 'notice', ...notice })];
  });
}

function remove({ database, statements, sweeps, feed, now }: Store, id: string): void {
  transaction(database, () => {
    const row = statements.experiment<ExperimentRow>(id);
    if (row !== undefined) feed.put(deletedChange(stateIn(statements, row), now().toISOString()));
    sweeps.removeMember(id, statements.remove);
  });
  feed.tell();
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
    tell(store, states);
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
    if (!isSaidAgain(fact, state, next)) {
      insertEvent(store, row.number, event);
      store.feed.put(factChange(state, next, event));
    }
    state = next;
  }
  store.statements.update({ number: row.number, updated_at: time, ...columnsOf(state) });
  return state;
}

/** A progress text replaces the one right before it: only the last of them was ever of use. */
function insertEvent({ statements }: Store, number: number, event: ExperimentEvent): void {
  const last = statements.lastEvent<{ position: number; type: string }>(number);
  const replaces = event.type === 'progress' && last?.type === 'progress';
  const position = last === undefined ? 1 : replaces ? last.position : last.position + 1;
  statements.putEvent({ number, position, type: event.type, event: JSON.stringify(event) });
}
