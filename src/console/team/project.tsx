import type { ProjectDocument } from '../../api/team/project-contract.ts';
import { formatDuration } from '../../base/text/duration.ts';
import { counted } from '../../base/text/plural.ts';
import { localTime } from '../base/text.ts';
import { Deliveries } from './deliveries.tsx';
import { Explain } from './explain.tsx';
import { useLoaded } from './loaded.ts';
import { Facts, Shown, TeamPage, WideTable } from './parts.tsx';
import { branchesText, enginesText } from './projects.tsx';

/** One project: what it is, what its hook was sent and what came of that, and what a message would do. */
export function ProjectPage({ name }: { name: string }) {
  const path = `/projects/${encodeURIComponent(name)}`;
  const loaded = useLoaded<ProjectDocument>(path, {}, { withExperiments: true });
  return (
    <TeamPage title={name} above={{ to: '/projects', name: 'Projects' }}>
      <Shown of={loaded}>
        {(project) => (
          <>
            <Notices {...project} />
            <Settings project={project} />
            {project.repository !== null && <Explain path={path} branches={project.branches} />}
            <Deliveries path={path} hasRepository={project.repository !== null} />
            <Variables {...project} />
          </>
        )}
      </Shown>
    </TeamPage>
  );
}

function Notices({ notices }: Pick<ProjectDocument, 'notices'>) {
  if (notices.length === 0) return null;
  return (
    <ul class="notices">
      {notices.map((notice) => (
        <li key={notice}>{notice}</li>
      ))}
    </ul>
  );
}

function Settings({ project }: { project: ProjectDocument }) {
  const { name, repository, branches, engines, default_engine, manifest_root, retention_s, git } = project;
  const { created_by: by, commit_status } = project;
  return (
    <section aria-labelledby="settings">
      <h2 id="settings">Settings</h2>
      <Facts
        rows={[
          ['Repository', repository ?? 'none'],
          ['Branches that count', repository === null ? null : branchesText(branches)],
          ['How Git gets in', repository === null ? null : GIT[git.kind]],
          ['Manifests below', manifest_root],
          ['Status at commits', commit_status],
          ['Engines', enginesText(engines)],
          ['Where nobody names one', default_engine],
          ['Limits', limitsText(project.quotas)],
          ['Logs are kept', retention_s === null ? 'until they are deleted' : formatDuration(retention_s)],
          ['Made', `${localTime(project.created_at)}${by === null ? '' : ` by ${by}`}`],
          [
            'Experiments',
            <a key="live" href={`/experiments?project=${encodeURIComponent(name)}`}>
              {counted(project.live_experiments, 'live experiment')}; all of them
            </a>,
          ],
        ]}
      />
    </section>
  );
}

const GIT = {
  none: 'without credentials',
  token: 'with a token',
  deploy_key: 'with a deploy key',
} as const satisfies Record<ProjectDocument['git']['kind'], string>;

function limitsText({ running, gpus, stored_gb: stored }: ProjectDocument['quotas']): string {
  const limits = [
    running === null ? [] : `${counted(running, 'experiment')} at a time`,
    gpus === null ? [] : `${counted(gpus, 'GPU')} at a time`,
    stored === null ? [] : `${stored} GB stored`,
  ].flat();
  return limits.length === 0 ? 'none' : limits.join(', ');
}

function Variables({ variables }: Pick<ProjectDocument, 'variables'>) {
  if (variables.length === 0) return null;
  return (
    <section aria-labelledby="variables">
      <h2 id="variables">{counted(variables.length, 'variable')}</h2>
      <WideTable name="Variables of the project">
        <thead>
          <tr>
            <th>Name</th>
            <th>Value</th>
            <th>Seen by</th>
          </tr>
        </thead>
        <tbody>
          {variables.map(({ name, value, scope }) => (
            <tr key={name}>
              <td>
                <code>{name}</code>
              </td>
              <td>{value ?? <span class="muted">secret</span>}</td>
              <td>{SCOPE_WORDS[scope]}</td>
            </tr>
          ))}
        </tbody>
      </WideTable>
    </section>
  );
}

const SCOPE_WORDS = { run: 'pods', build: 'the build', both: 'pods and the build' } as const;
