import { useSignal, useSignalEffect } from '@preact/signals';
import type { Compared } from '../../api/compare-contract.ts';
import { counted } from '../../base/text/plural.ts';
import { send } from '../base/api.ts';
import { search } from '../base/route.ts';
import { shortId, shortNumber } from '../base/text.ts';

/** What is not the same in some experiments, side by side. */
export function ComparePage() {
  const compared = useSignal<Compared | Error | null>(null);
  useSignalEffect(() => {
    const ids = search.value.getAll('id');
    compared.value = null;
    document.title = 'Compare – aichor';
    send<Compared>('POST', '/experiments/compare', { ids }).then(
      (found) => (compared.value = found),
      (error: unknown) => (compared.value = error instanceof Error ? error : new Error(String(error))),
    );
  });
  const found = compared.value;
  return (
    <div class="parts">
      <div class="head">
        <p class="crumbs">
          <a href="/experiments">Experiments</a>
        </p>
        <h1>Compare</h1>
      </div>
      {found === null && <p class="empty">Loading…</p>}
      {found instanceof Error && (
        <p class="empty" role="alert">
          {found.message}
        </p>
      )}
      {found !== null && !(found instanceof Error) && <Differences {...found} />}
    </div>
  );
}

function Differences({ experiments, differences, files }: Compared) {
  const parts = [...new Set(differences.map(({ part }) => part))];
  return (
    <>
      {differences.length === 0 && <p>Nothing differs in what is known of them.</p>}
      <div class="scroller">
        <table class="compared">
          <thead>
            <tr>
              <th>What differs</th>
              {experiments.map((id) => (
                <th key={id}>
                  <a href={`/experiments/${id}`}>{shortId(id)}</a>
                </th>
              ))}
            </tr>
          </thead>
          {parts.map((part) => (
            <tbody key={part}>
              <tr>
                <th colSpan={experiments.length + 1} scope="rowgroup">
                  {part}
                </th>
              </tr>
              {differences
                .filter((each) => each.part === part)
                .map(({ name, values }) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    {values.map((value, index) => (
                      <td key={index}>
                        {typeof value === 'number' ? shortNumber(value) : String(value ?? '–')}
                      </td>
                    ))}
                  </tr>
                ))}
            </tbody>
          ))}
        </table>
      </div>
      {files !== null && files.length > 0 && (
        <section aria-labelledby="files">
          <h2 id="files">{counted(files.length, 'file')} of the code</h2>
          <ul class="events">
            {files.map(({ path, change }) => (
              <li key={path}>
                <span class="muted">{change}</span> <code>{path}</code>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
