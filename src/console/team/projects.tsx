import type { ProjectList } from '../../api/team/project-contract.ts';
import { useLoaded } from './loaded.ts';
import { Shown, TeamPage, WideTable } from './parts.tsx';

/** Projects that were made, as far as one may see them. */
export function ProjectsPage() {
  const list = useLoaded<ProjectList>('/projects', {}, { withExperiments: true });
  return (
    <TeamPage title="Projects">
      <Shown of={list}>{({ projects }) => <Table projects={projects} />}</Shown>
    </TeamPage>
  );
}

function Table({ projects }: ProjectList) {
  if (projects.length === 0)
    return (
      <div class="empty">
        <p>There is no project that you may see.</p>
        <p>
          An admin makes one: <code>aichor projects create NAME --repository URL</code>
        </p>
      </div>
    );
  return (
    <WideTable name="All projects">
      <thead>
        <tr>
          <th>Project</th>
          <th>Repository</th>
          <th>Branches</th>
          <th>Engines</th>
          <th class="number">Live</th>
        </tr>
      </thead>
      <tbody>
        {projects.map(({ name, repository, branches, engines, live_experiments: live }) => (
          <tr key={name}>
            <th scope="row">
              <a href={projectPath(name)}>{name}</a>
            </th>
            <td>{repository ?? <span class="muted">none</span>}</td>
            <td>{repository !== null && branchesText(branches)}</td>
            <td>{enginesText(engines)}</td>
            <td class="number">
              <a href={`/experiments?project=${encodeURIComponent(name)}`}>{live}</a>
            </td>
          </tr>
        ))}
      </tbody>
    </WideTable>
  );
}

export function projectPath(name: string): string {
  return `/projects/${encodeURIComponent(name)}`;
}

export function branchesText(branches: readonly string[]): string {
  return branches.length === 0 ? 'all' : branches.join(', ');
}

export function enginesText(engines: readonly string[] | null): string {
  return engines === null ? 'every cluster' : engines.join(', ');
}
