import { counted } from '../base/text/plural.ts';
import type { ExperimentEvent, PodFact } from './event.ts';
import type { ExperimentRecord } from './record.ts';

type TimelineEntry = ExperimentRecord['events'][number];

/** The timeline that `experiments get` shows: one readable line per fact, in their order. */
export function timeline(events: readonly ExperimentEvent[]): TimelineEntry[] {
  return events.map((event) => ({ time: event.time, type: event.type, message: eventMessage(event) }));
}

/** One fact as a sentence for people. */
export function eventMessage(event: ExperimentEvent): string {
  switch (event.type) {
    case 'step':
      return `${event.step}: ${event.message}`;
    case 'source':
      return sourceMessage(event.source);
    case 'planned':
      return `planned: ${counted(event.resources.pods, 'pod')}, ${counted(event.resources.cpus, 'CPU')}, ${event.resources.memory_gb} GB${gpus(event.resources.gpus)}`;
    case 'image':
      return `image: ${event.image}`;
    case 'notice':
    case 'progress':
    case 'attempt':
    case 'cancel_requested':
    case 'suspended':
    case 'resumed':
      return event.message;
    case 'pod':
      return podMessage(event);
    case 'link':
      return event.url === null ? `${event.name}: stopped` : `${event.name}: ${event.url}`;
    case 'workdir':
      return `working copies are kept in ${event.path}`;
    case 'failure':
      return `${event.reason}: ${event.explanation}`;
    case 'ran':
      return `ran for ${event.seconds} s`;
    case 'ended':
      return 'ended: everything has stopped';
  }
}

function sourceMessage(source: ExperimentRecord['source']): string {
  if (source.kind === 'local') return `source: ${source.snapshot}`;
  const branch = source.branch === null ? '' : ` of ${source.branch}`;
  return `source: commit ${source.commit_sha}${branch} from ${source.repository}`;
}

function podMessage({ pod, status, reason, exit_code }: PodFact): string {
  const details = [
    reason === null ? null : reason,
    exit_code === null ? null : `exit code ${exit_code}`,
  ].filter((detail) => detail !== null);
  const suffix = details.length > 0 ? ` (${details.join(', ')})` : '';
  if (status === 'Running' && reason === 'DiskFull')
    return `${pod} has ended; its exit code waits for room on the disk`;
  return `${pod} ${status.toLowerCase()}${suffix}`;
}

function gpus(number: number): string {
  return number === 0 ? '' : `, ${counted(number, 'GPU')}`;
}
