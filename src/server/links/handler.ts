import type { Agent, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isAichorError } from '../../errors.ts';
import type { ServiceName } from '../../experiment/link.ts';
import type { Log } from '../ports.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import { linkPlace, readLinkPath, type LinkRequest } from './link-path.ts';
import { answerEntrance, answerFailure, answerRefusal } from './pages.ts';
import { createLinkAgent, passRequest, passUpgrade } from './pass-through.ts';

/** Answers requests for links. False: it was for something else. */
export interface LinkHandler {
  request(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  close(): void;
}

interface HandlerOptions {
  gatekeeper: Gatekeeper;
  /** Opens a connection to a service of an experiment. */
  dial(experimentId: string, name: ServiceName): Promise<NodeJS.ReadWriteStream>;
  log: Log;
}

export function createLinkHandler({ gatekeeper, dial, log }: HandlerOptions): LinkHandler {
  const agents = new Map<string, Agent>();
  /** A server that closes knows nothing of them any more. */
  const upgraded = new Set<Duplex>();
  const dialOf =
    ({ experimentId, name }: LinkRequest) =>
    () =>
      dial(experimentId, name);
  const agentOf = (link: LinkRequest) => {
    const agent = agents.get(link.prefix) ?? createLinkAgent(dialOf(link));
    agents.set(link.prefix, agent);
    return agent;
  };
  const problem = (error: unknown, link: LinkRequest) => {
    log.info({ err: error, experiment_id: link.experimentId }, `${link.name} does not answer`);
    const said = error instanceof Error ? error.message : String(error);
    const hint = isAichorError(error) && error.hint !== null ? ` ${error.hint}` : '';
    return `${link.name} of experiment ${link.experimentId} does not answer: ${said}.${hint}`;
  };
  return {
    request(incoming, outgoing) {
      const link = readLinkPath(incoming.url ?? '');
      if (link === null) return false;
      const admission = gatekeeper.admit(incoming, link);
      if (admission.kind === 'enter') answerEntrance(outgoing, admission);
      else if (admission.kind === 'refused')
        answerRefusal(outgoing, linkPlace(link.experimentId, link.name), admission.why);
      else if (!link.rest.startsWith('/'))
        outgoing.writeHead(307, { location: `${link.prefix}/${link.rest}` }).end();
      else {
        passRequest(incoming, outgoing, { agent: agentOf(link), link }).catch((error: unknown) => {
          if (outgoing.headersSent || outgoing.destroyed) outgoing.destroy();
          else answerFailure(outgoing, problem(error, link));
        });
      }
      return true;
    },
    upgrade(incoming, socket, head) {
      const link = readLinkPath(incoming.url ?? '');
      if (link === null) return false;
      socket.on('error', () => socket.destroy());
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      if (gatekeeper.admit(incoming, link).kind !== 'in')
        socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      else
        passUpgrade(incoming, socket, { dial: dialOf(link), link, head }).catch((error: unknown) => {
          if (!socket.destroyed) socket.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n');
          problem(error, link);
        });
      return true;
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
      for (const socket of upgraded) socket.destroy();
    },
  };
}
