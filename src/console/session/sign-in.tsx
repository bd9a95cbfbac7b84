import { useSignal } from '@preact/signals';
import { ApiRefusal } from '../base/api.ts';
import { signedOutBecause, signIn } from '../base/session.ts';

/** For whoever is not known: a key, or the command that opens this page for the user of an embedded server. */
export function SignIn() {
  const key = useSignal('');
  const failure = useSignal<string | null>(signedOutBecause.value);
  const isBusy = useSignal(false);
  const isOwn = location.hostname.startsWith('aichor-') && location.hostname.endsWith('.localhost');
  const submit = async (event: Event) => {
    event.preventDefault();
    isBusy.value = true;
    try {
      await signIn(key.value.trim());
    } catch (error) {
      failure.value =
        error instanceof ApiRefusal && error.status === 401 ? 'This key is not known here.' : String(error);
    }
    isBusy.value = false;
  };
  return (
    <main id="main" class="sign-in">
      <h1>aichor</h1>
      {failure.value !== null && (
        <p role="alert" class="failure">
          {failure.value}
        </p>
      )}
      {isOwn ? (
        <p>
          This browser is not known yet, or its session has ended. Open the console with{' '}
          <code>aichor console</code>
        </p>
      ) : (
        <form onSubmit={(event) => void submit(event)}>
          <label for="key">API key</label>
          <input
            id="key"
            type="password"
            autocomplete="current-password"
            required
            value={key.value}
            onInput={(event) => (key.value = event.currentTarget.value)}
          />
          <button type="submit" class="main" disabled={isBusy.value}>
            Sign in
          </button>
          <p class="muted">
            An admin makes keys with <code>aichor keys create</code>. Where the command line knows yours,{' '}
            <code>aichor console</code> signs you in.
          </p>
        </form>
      )}
    </main>
  );
}
