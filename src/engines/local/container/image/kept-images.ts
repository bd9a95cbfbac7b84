import { AichorError } from '../../../../errors.ts';
import { CONTAINER_PROGRAMS } from '../../../../experiment/plan/plan.ts';
import type { KeptImage, KeptImages } from '../../../engine.ts';
import type { Host } from '../../shared/host.ts';
import { complaintOf, findClient, type ContainerClient } from '../client.ts';
import { builtImage, IMAGE_LABEL, stateLabel } from '../words.ts';

/** Images that were built for experiments of this control plane, wherever on this machine: of podman, and of Docker. */
export function createKeptImages({ env, dataFolder }: Pick<Host, 'env' | 'dataFolder'>): KeptImages {
  return {
    async list() {
      const images: KeptImage[] = [];
      const unanswered: string[] = [];
      for (const program of CONTAINER_PROGRAMS) {
        const client = await findClient(program, env).catch(ignoreAbsent);
        if (client === null) continue;
        const found = await imagesOf(client, dataFolder);
        if (typeof found === 'string') unanswered.push(`${program}: ${found}`);
        else images.push(...found);
      }
      return { images, unanswered };
    },
    async remove({ program, id, experiments }) {
      const client = await findClient(program, env);
      // By the names that builds gave it: who has given it another keeps it by that. Never by force, which takes containers along.
      const names = experiments.length === 0 ? [id] : experiments.map(builtImage);
      const { ok } = await client.call(['image', 'rm', ...names]);
      return ok;
    },
  };
}

function ignoreAbsent(error: unknown): null {
  if (error instanceof AichorError && error.code === 'engine_unavailable') return null;
  throw error;
}

/** Those with the label of this control plane; or what the program said instead. */
async function imagesOf(client: ContainerClient, dataFolder: string): Promise<KeptImage[] | string> {
  const filter = `--filter=label=${IMAGE_LABEL}=${stateLabel(dataFolder)}`;
  const listed = await client.call(['image', 'ls', '--quiet', '--no-trunc', filter]);
  if (!listed.ok) return complaintOf(listed);
  const ids = [...new Set(listed.stdout.split('\n').filter((line) => line !== ''))];
  if (ids.length === 0) return [];
  const format = '{{.Id}} {{json .Created}} {{json .RepoTags}}';
  const inspected = await client.call(['image', 'inspect', `--format=${format}`, ...ids]);
  if (!inspected.ok) return complaintOf(inspected);
  const lines = inspected.stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => imageOfLine(line, client.kind));
}

const NAMED = builtImage('');

function imageOfLine(line: string, program: KeptImage['program']): KeptImage {
  const [, id = '', created = '""', tags = '[]'] = /^(?:sha256:)?(\S+) (\S+) (.*)$/.exec(line) ?? [];
  const at: unknown = JSON.parse(created);
  const names: unknown = JSON.parse(tags);
  const ours = (Array.isArray(names) ? names : []).filter(
    (name): name is string => typeof name === 'string' && name.startsWith(NAMED),
  );
  return {
    program,
    id,
    experiments: ours.map((name) => name.slice(NAMED.length)),
    created_at: new Date(String(at)).toISOString(),
  };
}
