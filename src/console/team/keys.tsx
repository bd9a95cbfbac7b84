import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { KeyCreated, KeyDocument, KeyList } from '../../api/key-contract.ts';
import { send } from '../base/api.ts';
import { say, sayFailure } from '../base/said.ts';
import { session, signIn } from '../base/session.ts';
import { localTime } from '../base/text.ts';
import { confirmed } from '../parts/confirm.tsx';
import { KeyForm } from './key-form.tsx';
import { useLoaded } from './loaded.ts';
import { Ago } from '../parts/ago.tsx';
import { Shown, TeamPage, WideTable } from './parts.tsx';

/** The last use is written down to the minute. */
const ASK_MS = 30_000;

/**
 * The key that was just made, and by whom. It outlives the page where a session ends under it, as it does for whoever replaces their own
 * key: nobody can read it again. Whoever signs in here next is not shown it.
 */
const made = signal<{ key: KeyCreated; by: string | null | undefined } | null>(null);

function keep(key: KeyCreated): void {
  made.value = { key, by: session.peek()?.name };
}

/** Keys of people, for admins: who has one, what it may do, when it was used. */
export function KeysPage() {
  const list = useLoaded<KeyList>('/keys', {}, { everyMs: ASK_MS });
  useEffect(
    () => () => {
      if (session.peek() !== null) made.value = null;
    },
    [],
  );
  return (
    <TeamPage title="Keys">
      {made.value !== null && made.value.by === session.value?.name && <Made {...made.value.key} />}
      <Shown of={list}>
        {({ keys }) => (
          <>
            <KeyForm
              onMade={(key) => {
                keep(key);
                void list.again();
              }}
            />
            <Table keys={keys} onChanged={list.again} />
          </>
        )}
      </Shown>
    </TeamPage>
  );
}

/** The only time that a key is seen. */
function Made({ name, key }: KeyCreated) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(key);
      say('The key is copied');
    } catch {
      // Browsers give the clipboard to secure pages alone; what is selected can be copied anywhere.
      getSelection()?.selectAllChildren(document.getElementById('made-key') ?? document.body);
      say('The key is selected: copy it');
    }
  };
  return (
    <section aria-labelledby="made" class="made-key" role="status">
      <h2 id="made">The key of {name}</h2>
      <p>It is shown this once: nobody can read it again.</p>
      <pre class="code" id="made-key">
        {key}
      </pre>
      <p class="muted">
        Whoever it is for runs <code>aichor auth key --apikey -</code> and pastes it.
      </p>
      <p class="row">
        <button type="button" class="main" onClick={() => void copy()}>
          Copy
        </button>
        <button type="button" onClick={() => (made.value = null)}>
          Done
        </button>
      </p>
    </section>
  );
}

interface TableProps {
  keys: readonly KeyDocument[];
  onChanged(): Promise<void>;
}

function Table({ keys, onChanged }: TableProps) {
  if (keys.length === 0) return <p class="muted">There is no key but that of the server.</p>;
  return (
    <WideTable name="Keys of people">
      <thead>
        <tr>
          <th>Name</th>
          <th>Role</th>
          <th>Projects</th>
          <th>Last used</th>
          <th>Expires</th>
          <th>Made</th>
          <th>
            <span class="unseen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <Row key={key.name} of={key} onChanged={onChanged} />
        ))}
      </tbody>
    </WideTable>
  );
}

function Row({ of, onChanged }: Omit<TableProps, 'keys'> & { of: KeyDocument }) {
  const { name, role, projects, last_used_at: used, expires_at: end, created_at } = of;
  const isBusy = useSignal(false);
  const doing = async (deed: () => Promise<void>) => {
    isBusy.value = true;
    await deed().catch(sayFailure);
    isBusy.value = false;
  };
  const rotate = async () => {
    if (await isRotated(of)) await onChanged();
  };
  const revoke = async () => {
    if (await isRevoked(of)) await onChanged();
  };
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{role}</td>
      <td>{projects === null ? 'all' : projects.join(', ')}</td>
      <td class="nowrap">{used === null ? <span class="muted">not yet</span> : <Ago time={used} />}</td>
      <td class="nowrap">{end === null ? 'never' : localTime(end)}</td>
      <td class="nowrap">
        <Ago time={created_at} />
      </td>
      <td>
        <div class="row end">
          <button
            type="button"
            disabled={isBusy.value}
            aria-label={`Rotate ${name}`}
            onClick={() => void doing(rotate)}
          >
            Rotate
          </button>
          <button
            type="button"
            class="danger"
            disabled={isBusy.value}
            aria-label={`Revoke ${name}`}
            onClick={() => void doing(revoke)}
          >
            Revoke
          </button>
        </div>
      </td>
    </tr>
  );
}

const isOwn = ({ name }: KeyDocument) => session.peek()?.name === name;

/** Another key for the same name. Who replaces their own stays signed in, by the new one. */
async function isRotated(key: KeyDocument): Promise<boolean> {
  const isWanted = await confirmed({
    title: `Another key for ${key.name}?`,
    text: isOwn(key)
      ? 'It is your own. The one you have opens nothing any more, on the command line too; here you stay signed in.'
      : 'The one that there is opens nothing any more, and sessions that were begun with it end.',
    deed: 'Rotate',
  });
  if (!isWanted) return false;
  const wasOwn = isOwn(key);
  const fresh = await send<KeyCreated>('POST', `/keys/${key.name}/rotate`);
  keep(fresh);
  if (wasOwn) await signIn(fresh.key);
  return true;
}

async function isRevoked(key: KeyDocument): Promise<boolean> {
  const isWanted = await confirmed({
    title: `Revoke the key of ${key.name}?`,
    text: `It opens nothing any more, for good${isOwn(key) ? '. It is your own: you are signed out' : '; sessions that were begun with it end'}.`,
    deed: 'Revoke',
  });
  if (!isWanted) return false;
  await send<KeyDocument>('DELETE', `/keys/${key.name}`);
  say(`The key of ${key.name} is revoked`);
  return true;
}
