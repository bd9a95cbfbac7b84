import { useSignal, useSignalEffect, type Signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { AuditEvent, AuditList } from '../../api/team/audit-contract.ts';
import type { Parameters } from '../../api/console/addresses.ts';
import { get } from '../base/api.ts';
import { go, search } from '../base/route.ts';
import { sayFailure } from '../base/said.ts';
import { localTime } from '../base/text.ts';
import { timeMeant } from '../../api/console/list-filters.ts';
import { useLoaded } from './loaded.ts';
import { Field, Shown, TeamPage, WideTable } from './parts.tsx';

const ASK_MS = 5000;
const PAGE = 100;
const NAMES = ['by', 'since', 'until'] as const;
type Asked = Readonly<Record<(typeof NAMES)[number], string>>;

/** What people did to keys, engines, projects and the work of others; for admins, the newest first. What is meant stands in the address. */
export function AuditPage() {
  const asked = askedOf(search.value);
  return (
    <TeamPage title="Audit">
      <Filter key={JSON.stringify(asked)} asked={asked} />
      <Events key={`events ${JSON.stringify(asked)}`} asked={asked} />
    </TeamPage>
  );
}

function askedOf(query: URLSearchParams): Asked {
  const [by, since, until] = NAMES.map((name) => query.get(name) ?? '');
  return { by: by ?? '', since: since ?? '', until: until ?? '' };
}

const LABELS: Asked = { by: 'Who (name of a key)', since: 'Since', until: 'Until' };
const EXAMPLES: Asked = {
  by: 'anybody; - is the server itself',
  since: '7d, or 2026-01-31',
  until: 'now, 1d, or 2026-01-31',
};

function Filter({ asked }: { asked: Asked }) {
  const typed = useSignal(asked);
  const failure = useSignal<string | null>(null);
  const apply = (event: Event) => {
    event.preventDefault();
    const { since, until } = typed.value;
    const wrong = [since, until].find((text) => text.trim() !== '' && timeMeant(text, Date.now()) === null);
    failure.value = wrong === undefined ? null : `"${wrong}" is neither a time nor how long ago: write 7d`;
    if (wrong !== undefined) return;
    const said = Object.entries(typed.value).flatMap(([name, text]) =>
      text.trim() === '' ? [] : [[name, text.trim()]],
    );
    const query = String(new URLSearchParams(said));
    go(query === '' ? '/audit' : `/audit?${query}`);
  };
  return (
    <form class="fields" role="search" onSubmit={apply}>
      {NAMES.map((name) => (
        <Field key={name} name={LABELS[name]}>
          <input
            autocomplete="off"
            placeholder={EXAMPLES[name]}
            value={typed.value[name]}
            onInput={({ currentTarget: { value } }) => (typed.value = { ...typed.value, [name]: value })}
          />
        </Field>
      ))}
      <button type="submit">Show</button>
      {failure.value !== null && (
        <p role="alert" class="failure">
          {failure.value}
        </p>
      )}
    </form>
  );
}

function Events({ asked: { by, since, until } }: { asked: Asked }) {
  const parameters = useMemo((): Parameters => {
    const [from, to] = [since, until].map((text) => (text === '' ? null : timeMeant(text, Date.now())));
    return {
      limit: PAGE,
      ...(by !== '' && { by }),
      ...(from && { since: from }),
      ...(to && { until: to }),
    };
  }, [by, since, until]);
  const newest = useLoaded<AuditList>('/audit', parameters, { everyMs: ASK_MS });
  // Those that were seen stay, whatever comes above them.
  const known = useSignal<ReadonlyMap<number, AuditEvent>>(new Map());
  const isAll = useSignal(false);
  useSignalEffect(() => {
    const events = newest.value.value?.events;
    if (events === undefined) return;
    if (known.peek().size === 0 && events.length < PAGE) isAll.value = true;
    // More came meanwhile than are given at once: what lies between is not passed over, but asked for again.
    if (events.length === PAGE && events.every(({ number }) => !known.peek().has(number))) {
      isAll.value = false;
      known.value = new Map();
    }
    take(known, events);
  });
  const older = async () => {
    const before = Math.min(...known.peek().keys());
    try {
      const { events } = await get<AuditList>('/audit', { ...parameters, before });
      if (events.length < PAGE) isAll.value = true;
      take(known, events);
    } catch (error) {
      sayFailure(error);
    }
  };
  return (
    <Shown of={newest}>
      {() => (
        <>
          <Table events={[...known.value.values()].sort((a, b) => b.number - a.number)} />
          {!isAll.value && (
            <button type="button" onClick={() => void older()}>
              Show older ones
            </button>
          )}
        </>
      )}
    </Shown>
  );
}

function take(known: Signal<ReadonlyMap<number, AuditEvent>>, events: readonly AuditEvent[]): void {
  if (events.every(({ number }) => known.peek().has(number))) return;
  known.value = new Map([...known.peek(), ...events.map((event) => [event.number, event] as const)]);
}

function Table({ events }: { events: readonly AuditEvent[] }) {
  if (events.length === 0) return <p class="empty">Nothing has been written down that is meant here.</p>;
  return (
    <WideTable name="What was done">
      <thead>
        <tr>
          <th>When</th>
          <th>Who</th>
          <th>What</th>
          <th>To what</th>
          <th>Details</th>
        </tr>
      </thead>
      <tbody>
        {events.map(({ number, time, by, deed, subject, details }) => (
          <tr key={number}>
            <td class="nowrap">
              <time dateTime={time}>{localTime(time)}</time>
            </td>
            <td>
              {by ?? (
                <span class="muted">{deed === 'project.expire' ? 'the server' : "the server's user"}</span>
              )}
            </td>
            <td class="nowrap">{deed}</td>
            <td>
              <Subject deed={deed} subject={subject} />
            </td>
            <td class="muted reason">{detailsText(details)}</td>
          </tr>
        ))}
      </tbody>
    </WideTable>
  );
}

/** What still is there has a page. */
function Subject({ deed, subject }: Pick<AuditEvent, 'deed' | 'subject'>) {
  if (deed === 'experiment.cancel') return <a href={`/experiments/${subject}`}>{subject}</a>;
  return <>{subject}</>;
}

function detailsText(details: AuditEvent['details']): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
