import { signal } from '@preact/signals';
import type { ConsoleSession } from '../../api/console/console-contract.ts';
import type { Role } from '../../api/key-contract.ts';
import { forgetFirst } from './first.ts';
import { get, ApiRefusal, send, whenSignedOut } from './api.ts';
import { restartLive } from './live.ts';

/** Each may do all that the one before it may. */
export const ROLE_ORDER: readonly Role[] = ['viewer', 'member', 'admin'];

/** Who sits here. Undefined: that is being asked; null: nobody who is known. */
export const session = signal<ConsoleSession | null | undefined>(undefined);
/** Why there is no session. */
export const signedOutBecause = signal<string | null>(null);

/** Finds out who sits here: by the code of the address, which is good once and leaves it at once, or by the cookie. */
export async function startSession(): Promise<void> {
  whenSignedOut(() => (session.value = null));
  const [, code] = /^#([\w-]{43})$/.exec(location.hash) ?? [];
  if (code !== undefined) forgetFirst();
  if (code !== undefined) history.replaceState(history.state, '', location.pathname + location.search);
  try {
    session.value = await (code === undefined ? get<ConsoleSession>('/session') : signInBy({ code }));
  } catch (error) {
    signedOutBecause.value = error instanceof ApiRefusal && code !== undefined ? error.message : null;
    if (error instanceof ApiRefusal && error.status !== 401)
      signedOutBecause.value = `${error.message}. ${error.hint ?? ''}`;
    session.value = code === undefined ? null : await get<ConsoleSession>('/session').catch(() => null);
  }
}

/** Throws ApiRefusal for a key that is none. */
export async function signIn(key: string): Promise<void> {
  forgetFirst();
  session.value = await signInBy({ key });
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/session');
  session.value = null;
  restartLive();
}

/** Whether whoever sits here may change something. */
export function may(role: 'member' | 'admin'): boolean {
  const has = session.value?.role;
  return has !== undefined && ROLE_ORDER.indexOf(has) >= ROLE_ORDER.indexOf(role);
}

async function signInBy(given: { code: string } | { key: string }): Promise<ConsoleSession> {
  const begun = await send<ConsoleSession>('POST', '/session', given);
  restartLive();
  return begun;
}
