import { decoded } from '../base/route.ts';
import { AuditPage } from './audit.tsx';
import { EnginesPage } from './engines.tsx';
import { KeysPage } from './keys.tsx';
import { ProjectPage } from './project.tsx';
import { ProjectsPage } from './projects.tsx';

/** What a team's server has beside experiments. What somebody may see and do there, the control plane decides. */
export function TeamPages({ place, id }: { place: string; id: string | undefined }) {
  switch (place) {
    case 'projects':
      return id ? <ProjectPage key={id} name={decoded(id)} /> : <ProjectsPage />;
    case 'engines':
      return <EnginesPage />;
    case 'keys':
      return <KeysPage />;
    default:
      return <AuditPage />;
  }
}
