import { render } from 'preact';
import { pageAt } from '../api/console/first-asked.ts';
import { startClock } from './base/clock.ts';
import { listenForKeys, useKeysOf } from './base/keys.ts';
import { startLive } from './base/live.ts';
import { decoded, followLinks, go, path } from './base/route.ts';
import { sayFailure } from './base/said.ts';
import { session, startSession } from './base/session.ts';
import './base/theme.ts';
import { ListPage } from './list/page.tsx';
import { tellTimes } from './parts/ago.tsx';
import { Frame, PLACES } from './parts/frame.tsx';
import { lazy } from './parts/lazy.tsx';
import { watchForNewer } from './parts/newer.tsx';

/** What only the list does not need is loaded when it is shown. */
const signIn = lazy(async () => (await import('./session/sign-in.tsx')).SignIn);
const experiment = lazy(async () => (await import('./experiment/page.tsx')).ExperimentPage, {
  styles: ['page'],
});
const team = lazy(async () => (await import('./team/pages.tsx')).TeamPages, { styles: ['page', 'team'] });
const compare = lazy(async () => (await import('./compare/page.tsx')).ComparePage, { styles: ['page'] });

const sweep = lazy(async () => (await import('./sweeps/page.tsx')).SweepPage, { styles: ['page', 'sweep'] });
const sweeps = lazy(async () => (await import('./sweeps/list.tsx')).SweepsPage, {
  styles: ['page', 'sweep'],
});

function App() {
  if (session.value === undefined) return <p class="empty">Loading…</p>;
  if (session.value === null) return <signIn.Component />;
  return (
    <Frame>
      <Page />
    </Frame>
  );
}

function Page() {
  const [, place, id, tab = ''] = path.value.split('/');
  if (place === '' || (place === 'experiments' && !id)) return <ListPage />;
  if (place === 'experiments' && id !== undefined) return <experiment.Component key={id} id={id} tab={tab} />;
  if (place === 'sweeps' && id) return <sweep.Component key={id} name={decoded(id)} />;
  if (place === 'sweeps') return <sweeps.Component />;
  if (place === 'compare') return <compare.Component />;
  if (PLACES.some(({ to }) => to === `/${place}`)) return <team.Component place={place ?? ''} id={id} />;
  return (
    <p class="empty">
      There is no such page. <a href="/experiments">All experiments</a>
    </p>
  );
}

function showKeys(): void {
  import('./parts/keys-help.tsx').then((help) => help.showKeys()).catch(sayFailure);
}

const PREFETCH_MS = 1000;
const LIVE_AFTER_MS = 100;

/** Longer than a page that is seen takes to be painted: one behind others is not painted at all. */
const PAINTED_MS = 250;

/** What the server drew is seen before its place is taken: at once then, with all that it shows. */
async function afterPicture(): Promise<void> {
  const isOfExperiment = pageAt(location.pathname).name === 'logs';
  await Promise.all([painted(), isOfExperiment && experiment.load()]);
}

function painted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, PAINTED_MS);
  });
}

async function start(): Promise<void> {
  const root = document.getElementById('page');
  if (root === null) return;
  if (root.firstElementChild !== null) await afterPicture();
  root.replaceChildren();
  followLinks();
  listenForKeys();
  useKeysOf({ '?': showKeys, 'g e': () => go('/experiments'), 'g s': () => go('/sweeps') });
  startClock();
  tellTimes();
  watchForNewer();
  render(<App />, root);
  await startSession();
  const end = session.subscribe((known) => {
    if (!known) return;
    // What is seen comes first.
    setTimeout(startLive, LIVE_AFTER_MS);
    // Whoever sees a list opens one of them.
    setTimeout(experiment.load, PREFETCH_MS);
    queueMicrotask(() => end());
  });
}

void start();
