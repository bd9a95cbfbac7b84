import { useSignal, useSignalEffect } from '@preact/signals';
import { formatBytes } from '../../base/text/bytes.ts';
import { counted } from '../../base/text/plural.ts';
import type { StorageList } from '../../api/storage-contract.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { apiUrl } from '../../api/console/addresses.ts';
import { get } from '../base/api.ts';
import { Ago } from '../parts/ago.tsx';

const SHOWN = 500;

/** Inputs of the project, outputs of the experiment, and its code: each file with a link that saves it. */
export function Files({ record }: { record: ExperimentRecord }) {
  const { experiment_id: id, project } = record;
  return (
    <div class="parts">
      <section aria-labelledby="code">
        <h2 id="code">Code</h2>
        <p>
          <a href={apiUrl(`/experiments/${id}/code`)} download={`${id}.tar`}>
            What it ran, as a tar archive
          </a>
        </p>
      </section>
      <FileList title="Outputs" of={{ kind: 'outputs', experiment: id }} none="It has written no outputs." />
      <FileList
        title={`Inputs of the project ${project}`}
        of={{ kind: 'inputs', project }}
        none="The project has no inputs."
      />
    </div>
  );
}

interface FileListProps {
  title: string;
  of: { kind: 'inputs' | 'outputs'; project?: string; experiment?: string };
  none: string;
}

function FileList({ title, of, none }: FileListProps) {
  const list = useSignal<StorageList | Error | null>(null);
  useSignalEffect(() => {
    get<StorageList>('/storage', of).then(
      (found) => (list.value = found),
      (error: unknown) => (list.value = error instanceof Error ? error : new Error(String(error))),
    );
  });
  const found = list.value;
  const name = of.kind;
  return (
    <section aria-labelledby={name}>
      <h2 id={name}>{title}</h2>
      {found === null && <p class="muted">Loading…</p>}
      {found instanceof Error && <p role="alert">{found.message}</p>}
      {found !== null && !(found instanceof Error) && <FileTable {...found} of={of} none={none} />}
    </section>
  );
}

function FileTable({ files, of, none }: StorageList & Pick<FileListProps, 'of' | 'none'>) {
  if (files.length === 0) return <p class="muted">{none}</p>;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return (
    <>
      <p class="muted">
        {counted(files.length, 'file')}, {formatBytes(bytes)}
        {files.length > SHOWN && `; the first ${SHOWN} are shown`}
      </p>
      <div class="scroller">
        <table>
          <thead>
            <tr>
              <th>File</th>
              <th class="number">Size</th>
              <th class="number">Written</th>
            </tr>
          </thead>
          <tbody>
            {files.slice(0, SHOWN).map(({ path, bytes: size, modified_at }) => (
              <tr key={path}>
                <td>
                  <a href={apiUrl('/storage/file', { ...of, path })} download={path.split('/').at(-1)}>
                    {path}
                  </a>
                </td>
                <td class="number">{formatBytes(size)}</td>
                <td class="number">
                  <Ago time={modified_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
