import { useEffect } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { ApiRefusal } from '../base/api.ts';
import type { Loaded } from './loaded.ts';

/** A page with its heading; what stands above it leads back. */
export function TeamPage({
  title,
  above,
  children,
}: {
  title: string;
  above?: { to: string; name: string };
  children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} – aichor`;
  }, [title]);
  return (
    <div class="parts">
      <div class="head">
        {above !== undefined && (
          <p class="crumbs">
            <a href={above.to}>{above.name}</a>
          </p>
        )}
        <h1>{title}</h1>
      </div>
      {children}
    </div>
  );
}

/** What was loaded; before that, or where it does not come any more, how it stands with that. */
export function Shown<T>({
  of: { value, failure },
  children,
}: {
  of: Loaded<T>;
  children(found: T): ComponentChildren;
}) {
  const [found, wrong] = [value.value, failure.value];
  return (
    <>
      {wrong !== null && <Refused why={wrong} />}
      {found !== null ? children(found) : wrong === null && <p class="empty">Loading…</p>}
    </>
  );
}

function Refused({ why }: { why: Error }) {
  return (
    <div role="alert">
      <p>{why.message}</p>
      {why instanceof ApiRefusal && why.hint !== null && <p class="muted">{why.hint}</p>}
    </div>
  );
}

/** A table that may be wider than the window: it is scrolled by itself, with keys too. */
export function WideTable({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="scroller" role="region" aria-label={name} tabIndex={0}>
      <table aria-label={name}>{children}</table>
    </div>
  );
}

/** A field with its name above it. */
export function Field({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{name}</span>
      {children}
    </label>
  );
}

/** Rows of names and what they stand for; what is null is left out. */
export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
