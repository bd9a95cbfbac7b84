import type { PodStatus, Status } from '../../experiment/status.ts';

interface StatusMarkProps {
  status: Status | PodStatus;
  /** The word is said, not shown: it stands beside it for several. */
  isShort?: boolean;
}

/** A status as a mark and its word: never by colour alone. */
export function StatusMark({ status, isShort = false }: StatusMarkProps) {
  return (
    <span class={`status is-${status.toLowerCase()}`}>
      <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
        {shape(status)}
      </svg>
      {isShort ? <span class="unseen">{status}</span> : status}
    </span>
  );
}

function shape(status: Status | PodStatus) {
  switch (status) {
    case 'Succeeded':
      return <path d="M3.5 8.5l3 3 6-7" />;
    case 'Failed':
      return <path d="M4.5 4.5l7 7m0-7l-7 7" />;
    case 'Cancelled':
    case 'Stopped':
      return <path d="M3.5 8h9" />;
    case 'Waiting':
    case 'Pending':
      return <circle cx="8" cy="8" r="4" class="hollow" />;
    default:
      return <circle cx="8" cy="8" r="4.5" class="full" />;
  }
}
