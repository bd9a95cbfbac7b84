import type { ComponentChildren } from 'preact';
import { isLive } from '../base/live.ts';
import { path } from '../base/route.ts';
import { said } from '../base/said.ts';
import { may, session, signOut } from '../base/session.ts';
import { cycleTheme, theme } from '../base/theme.ts';
import { dialog } from './dialog.tsx';
import { Newer } from './newer.tsx';

interface Place {
  to: string;
  name: string;
  of?: 'team' | 'admins';
}

/** The pages that there are; those of a team's server are not linked where there is none, nor those of admins for others. */
export const PLACES: readonly Place[] = [
  { to: '/experiments', name: 'Experiments' },
  { to: '/sweeps', name: 'Sweeps' },
  { to: '/projects', name: 'Projects', of: 'team' },
  { to: '/engines', name: 'Engines' },
  { to: '/keys', name: 'Keys', of: 'admins' },
  { to: '/audit', name: 'Audit', of: 'admins' },
];

function isOffered({ of }: Place): boolean {
  if (of === undefined) return true;
  return session.value?.is_embedded === false && (of === 'team' || may('admin'));
}

/** What stands around every page. */
export function Frame({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="top">
        <a class="brand" href="/experiments">
          aichor
        </a>
        <nav aria-label="Pages">
          {PLACES.filter(isOffered).map(({ to, name }) => (
            <a key={to} href={to} aria-current={path.value.startsWith(to) ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <Connection />
        <Newer />
        <button type="button" class="quiet" onClick={cycleTheme} title="Light, dark, or as the system has it">
          {theme.value === 'system' ? 'Auto' : theme.value === 'dark' ? 'Dark' : 'Light'}
          <span class="unseen"> theme; change it</span>
        </button>
        <Who />
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Announcement />
      {dialog.value}
    </>
  );
}

function Connection() {
  if (isLive.value !== false) return null;
  return (
    <span class="lost" role="status">
      Not connected; trying again
    </span>
  );
}

function Who() {
  const who = session.value;
  if (who === null || who === undefined || who.is_embedded) return null;
  return (
    <span class="who">
      <span class="name">
        {who.name} <span class="muted">({who.role})</span>
      </span>
      <button type="button" class="quiet" onClick={() => void signOut()}>
        Sign out
      </button>
    </span>
  );
}

function Announcement() {
  const now = said.value;
  return (
    <div class="announcement" role="status" aria-live="polite">
      {now !== null && (
        <p class={`said is-${now.kind}`}>
          <span>
            {now.message}
            {now.hint !== null && <span class="hint">{now.hint}</span>}
          </span>
          <button
            type="button"
            class="quiet"
            onClick={() => (said.value = null)}
            aria-label="Close this message"
          >
            ✕
          </button>
        </p>
      )}
    </div>
  );
}
