import type { ExperimentRecord } from '../../../experiment/record.ts';
import { linkPath, REACHED } from '../../../experiment/link.ts';
import { vscodeLink } from '../../debug-links.ts';
import type { RunContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import { lastOutput } from '../../last-output.ts';
import type { Look } from '../status/model.ts';
import { servingPod } from './services.ts';

type LinkName = keyof ExperimentRecord['links'];

/** Says which links lead somewhere, while they do. */
export interface LinkTeller {
  look(look: Look): Promise<void>;
  /** Nothing of the experiment runs any more. */
  end(): void;
}

export function createLinkTeller(context: RunContext, facts: FactQueue): LinkTeller {
  const { plan } = context;
  const hasHead = plan.groups.some(({ role }) => role === 'head');
  const told = new Map<LinkName, string>();
  const tell = (name: LinkName, url: string | null) => {
    if ((told.get(name) ?? null) === url) return;
    if (url === null) told.delete(name);
    else told.set(name, url);
    facts.push({ type: 'link', name, url });
  };
  return {
    async look(look) {
      const { pods } = look.observed;
      const isServed = (name: 'tensorboard' | 'ray') => servingPod(pods, name) !== null;
      if (plan.tensorboard.enabled) tell('tensorboard', isServed('tensorboard') ? REACHED : null);
      if (hasHead) tell('ray_dashboard', isServed('ray') ? REACHED : null);
      if (plan.debug.jupyter !== null) tell('jupyter', await jupyterLink(context, look, told.get('jupyter')));
      if (plan.debug.vscode !== null) tell('vscode', await tunnelLink(context, look, told.get('vscode')));
    },
    end() {
      for (const name of told.keys()) tell(name, null);
    },
  };
}

/** It says where it listens when it does. `known`: it was told before. */
async function jupyterLink(
  context: RunContext,
  look: Look,
  known: string | undefined,
): Promise<string | null> {
  const driver = look.view.pods.find(({ pod }) => pod === 'submitter-0-0');
  if (driver?.fact.status !== 'Running' || servingPod(look.observed.pods, 'jupyter') === null) return null;
  if (known !== undefined) return known;
  const output = await outputOf(context, driver);
  return output.includes(`${linkPath(context.experimentId, 'jupyter')}/`) ? REACHED : null;
}

/** Into the first pod. */
async function tunnelLink(
  context: RunContext,
  look: Look,
  known: string | undefined,
): Promise<string | null> {
  const [first] = look.view.pods;
  if (first?.fact.status !== 'Running') return null;
  return known ?? vscodeLink(await outputOf(context, first));
}

type PodView = Look['view']['pods'][number];

async function outputOf({ logs }: RunContext, { pod, attempt }: PodView): Promise<string> {
  const file = await logs.file({ step: 'run', pod, attempt, stream: null });
  return lastOutput([file], {});
}
