import type { Engine } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import { REACHED, type ServiceName } from '../../experiment/link.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import { LINKS_HINT } from '../console/team.ts';
import type { Log } from '../ports.ts';
import { createGatekeeper } from './gatekeeper.ts';
import { createLinkHandler, type LinkHandler } from './handler.ts';
import { linkPlace } from './link-path.ts';
import { listenForLinks, type LinkListener } from './listener.ts';
import { createPasses } from './pass.ts';

/** Links that lead through this server to what runs in a cluster. */
export interface LinkServer {
  /** The address of a link, where an engine says `REACHED`; others stay as they are. It leads nowhere without a pass. */
  addressed(experimentId: string, facts: readonly ExperimentFact[]): Promise<ExperimentFact[]>;
  /** The address by which a browser of whoever asks gets in, for as long as they may. Null: `url` is no link of ours. */
  opened(
    experimentId: string,
    name: ServiceName,
    { url, isStillIn }: { url: string; isStillIn: () => boolean },
  ): Promise<string | null>;
  /** For a server that serves them under its own address. */
  handler: LinkHandler;
  /** Requests that are being answered now by a listener of our own. */
  active(): number;
  close(graceMs: number): Promise<void>;
}

interface LinksOptions {
  /** Where a team's server serves them, empty: nowhere; null: the embedded one, where they get a port of their own. */
  address: Promise<string> | null;
  /** Keeps that port from one start of the server to the next. */
  portFile: string;
  engineOf(experimentId: string): Engine | null;
  now: () => Date;
  log: Log;
  onRequest(): void;
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const SERVICES = {
  tensorboard: 'tensorboard',
  ray_dashboard: 'ray',
  jupyter: 'jupyter',
  vscode: null,
} as const;

export function createLinks({ address, portFile, engineOf, now, log, onRequest }: LinksOptions): LinkServer {
  const gatekeeper = createGatekeeper({
    passes: createPasses(now),
    hosts: address === null ? LOOPBACK : null,
  });
  const handler = createLinkHandler({ gatekeeper, log, dial: (id, name) => dial(engineOf(id), id, name) });
  let listener: Promise<LinkListener> | null = null;
  let active = () => 0;

  async function base(): Promise<string> {
    if (address !== null) return address;
    listener ??= listenForLinks({ handler, portFile, log, onRequest });
    const own = await listener;
    active = own.active;
    return own.address;
  }
  return {
    handler,
    active: () => active(),
    addressed: (id, facts) =>
      Promise.all(
        facts.map(async (fact) => {
          const name = fact.type === 'link' && fact.url === REACHED ? SERVICES[fact.name] : null;
          if (fact.type !== 'link' || name === null) return fact;
          return { ...fact, url: `${await base()}${linkPlace(id, name).prefix}/` };
        }),
      ),
    async opened(id, name, { url, isStillIn }) {
      const place = linkPlace(id, name);
      if (url !== REACHED && !url.endsWith(`${place.prefix}/`)) return null;
      const own = await base();
      if (own === '')
        throw new AichorError('not_found', 'this server does not serve links to what runs in clusters', {
          hint: LINKS_HINT,
        });
      return own + gatekeeper.pathFor(place, isStillIn);
    },
    async close(graceMs) {
      handler.close();
      await (await listener)?.close(graceMs);
    },
  };
}

async function dial(engine: Engine | null, id: string, name: ServiceName): Promise<NodeJS.ReadWriteStream> {
  if (engine?.reach !== undefined) return engine.reach(id, name);
  throw new AichorError('not_found', `there is no experiment ${id} on an engine that serves ${name}`);
}
