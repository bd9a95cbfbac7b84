import { ApiRefusal } from '../base/api.ts';

interface MissingProps {
  /** Why it is not there; null: it is on its way. */
  failure: unknown;
  back: { to: string; name: string };
}

/** Stands where a page's subject is not there (yet), with the way back. */
export function Missing({ failure, back }: MissingProps) {
  if (failure === null) return <p class="empty">Loading…</p>;
  const message = failure instanceof Error ? failure.message : String(failure);
  return (
    <div class="empty" role="alert">
      <p>{message}</p>
      {failure instanceof ApiRefusal && failure.hint !== null && <p class="muted">{failure.hint}</p>}
      <p>
        <a href={back.to}>{back.name}</a>
      </p>
    </div>
  );
}
