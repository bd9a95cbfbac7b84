import { linkPath, type ServiceName } from '../../experiment/link.ts';

/** Where a service of an experiment is served: below `prefix`, which ends in no slash. */
export interface LinkPlace {
  experimentId: string;
  name: ServiceName;
  prefix: string;
}

/** A request for a place. */
export interface LinkRequest extends LinkPlace {
  /** Below the prefix, with a leading slash and the query. Empty: the slash is missing. */
  rest: string;
}

const FORM = /^\/links\/([0-9a-f-]{36})\/(tensorboard|ray|jupyter)(?=[/?]|$)(.*)$/s;

export function linkPlace(experimentId: string, name: ServiceName): LinkPlace {
  return { experimentId, name, prefix: linkPath(experimentId, name) };
}

/** Null: not a link's address. */
export function readLinkPath(url: string): LinkRequest | null {
  const [, experimentId = '', word, rest = ''] = FORM.exec(url) ?? [];
  const name = SERVICES.find((each) => each === word);
  return name === undefined ? null : { ...linkPlace(experimentId, name), rest };
}

const SERVICES = ['tensorboard', 'ray', 'jupyter'] as const satisfies readonly ServiceName[];
