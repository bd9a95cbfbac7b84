import { useEffect } from 'preact/hooks';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { useKeysOf } from '../base/keys.ts';
import { go } from '../base/route.ts';
import { firstLine, shortId } from '../base/text.ts';
import type { LastLines } from '../logs/last-lines.tsx';
import { LogsPage } from '../logs/page.tsx';
import { lazy } from '../parts/lazy.tsx';
import { Missing } from '../parts/missing.tsx';
import { Files } from './files.tsx';
import { Head } from './head.tsx';
import { useRecord } from './loaded.ts';
import { Overview } from './overview.tsx';
import { PlanPage } from './plan.tsx';

/** Charts have a library of their own. */
const metrics = lazy(async () => (await import('../metrics/page.tsx')).MetricsPage, { styles: ['chart'] });

const TABS = [
  { name: 'Overview', at: '' },
  { name: 'Log', at: 'logs' },
  { name: 'Metrics', at: 'metrics' },
  { name: 'Plan', at: 'plan' },
  { name: 'Files', at: 'files' },
] as const;
type Tab = (typeof TABS)[number]['at'];

interface ExperimentProps {
  id: string;
  tab: string;
  /** What is known before anything was asked. */
  known?: { record: ExperimentRecord; last: LastLines };
}

export function ExperimentPage({ id, tab, known }: ExperimentProps) {
  const { record, failure } = useRecord(id, known?.record ?? null);
  const shown = record.value;
  const title = shown === null ? shortId(id) : firstLine(shown.message) || shortId(id);
  useEffect(() => {
    document.title = `${title} – aichor`;
  }, [title]);
  useEffect(() => {
    const keys = Object.fromEntries(
      TABS.map(({ at }, index) => [String(index + 1), () => go(tabPath(id, at))]),
    );
    return useKeysOf(keys);
  }, [id]);
  if (shown === null)
    return <Missing failure={failure.value} back={{ to: '/experiments', name: 'All experiments' }} />;
  return (
    <>
      <Head record={shown} />
      <nav class="tabs" aria-label="Parts of the experiment">
        {TABS.map(({ name, at }) => (
          <a key={at} href={tabPath(shown.experiment_id, at)} aria-current={tab === at ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <TabContent tab={tab} record={shown} last={known?.last} />
    </>
  );
}

function tabPath(id: string, tab: Tab): string {
  return `/experiments/${id}${tab === '' ? '' : `/${tab}`}`;
}

interface TabProps {
  tab: string;
  record: ExperimentRecord;
  last: LastLines | undefined;
}

function TabContent({ tab, record, last }: TabProps) {
  switch (tab) {
    case '':
      return <Overview record={record} />;
    case 'logs':
      return <LogsPage record={record} last={last} />;
    case 'metrics':
      return <metrics.Component record={record} />;
    case 'plan':
      return <PlanPage record={record} />;
    case 'files':
      return <Files record={record} />;
    default:
      return <p class="empty">There is nothing here.</p>;
  }
}
