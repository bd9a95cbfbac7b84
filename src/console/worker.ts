/**
 * Holds the only connection that tells of changes, for all tabs: browsers open six to a host, so that one of each tab's own would keep
 * the seventh tab from loading anything.
 */
import { changesFrom, type LiveMessage } from './base/changes.ts';

const ports = new Set<MessagePort>();
const changes = changesFrom((message: LiveMessage) => {
  for (const port of ports) port.postMessage(message);
});

addEventListener('connect', (event) => {
  const [port] = event instanceof MessageEvent ? event.ports : [];
  if (port === undefined) return;
  ports.add(port);
  port.addEventListener('message', ({ data }) => {
    if (data === 'start' || data === 'restart') {
      ports.add(port);
      port.postMessage(data === 'start' ? changes.start() : changes.restart());
    } else ports.delete(port);
    if (ports.size === 0) changes.stop();
  });
  port.start();
});
