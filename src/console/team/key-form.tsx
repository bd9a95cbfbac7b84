import { useSignal } from '@preact/signals';
import type { KeyCreated, Role } from '../../api/key-contract.ts';
import { parseDuration } from '../../base/text/duration.ts';
import { send } from '../base/api.ts';
import { ROLE_ORDER } from '../base/session.ts';
import { Field } from './parts.tsx';

const WORDS: Readonly<Record<Role, string>> = {
  viewer: 'viewer: looks',
  member: 'member: also runs experiments',
  admin: 'admin: also decides about the server',
};

/** Makes a key for somebody. */
export function KeyForm({ onMade }: { onMade(key: KeyCreated): void }) {
  const name = useSignal('');
  const role = useSignal<Role>('member');
  const projects = useSignal('');
  const expires = useSignal('');
  const failure = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const make = async (event: Event) => {
    event.preventDefault();
    isBusy.value = true;
    failure.value = null;
    try {
      const wish = { name: name.value.trim(), role: role.value, projects: projects.value };
      onMade(await send<KeyCreated>('POST', '/keys', bodyOf(wish, expires.value)));
      name.value = '';
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
    isBusy.value = false;
  };
  return (
    <section aria-labelledby="new-key">
      <h2 id="new-key">A key for somebody</h2>
      <form class="fields" onSubmit={(event) => void make(event)}>
        <Field name="Name">
          <input
            required
            autocomplete="off"
            spellcheck={false}
            placeholder="anna"
            value={name.value}
            onInput={({ currentTarget: { value } }) => (name.value = value)}
          />
        </Field>
        <Field name="Role">
          <select
            value={role.value}
            onChange={({ currentTarget: { value } }) =>
              (role.value = ROLE_ORDER.find((each) => each === value) ?? 'viewer')
            }
          >
            {ROLE_ORDER.map((each) => (
              <option key={each} value={each}>
                {WORDS[each]}
              </option>
            ))}
          </select>
        </Field>
        <Field name="Projects">
          <input
            placeholder="all, or a, b"
            disabled={role.value === 'admin'}
            value={role.value === 'admin' ? '' : projects.value}
            onInput={({ currentTarget: { value } }) => (projects.value = value)}
          />
        </Field>
        <Field name="Expires in">
          <input
            placeholder="never, or 90d"
            value={expires.value}
            onInput={({ currentTarget: { value } }) => (expires.value = value)}
          />
        </Field>
        <button type="submit" class="main" disabled={isBusy.value}>
          Create
        </button>
      </form>
      {failure.value !== null && (
        <p role="alert" class="failure">
          {failure.value}
        </p>
      )}
    </section>
  );
}

/** Throws Error for a time that cannot be read. */
function bodyOf(wish: { name: string; role: Role; projects: string }, expires: string) {
  const named = wish.projects
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  const end = expires.trim() === '' ? { seconds: null } : parseDuration(expires);
  if ('message' in end) throw new Error(`${end.message}; ${end.hint}`);
  const projects = named.length === 0 || wish.role === 'admin' ? null : named;
  return { name: wish.name, role: wish.role, projects, expires_in_s: end.seconds };
}
