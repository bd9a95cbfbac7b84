import { resolve } from 'node:path';
import { AichorError } from '../../errors.ts';
import { MOST_TARGETS, type NotifyTarget } from '../../experiment/told/target.ts';
import type { Settings } from '../settings/settings.ts';
import type { Talk } from '../runtime/talk.ts';
import { webhookSecret } from './webhook-secret.ts';
import { commandWords } from './command-words.ts';
import { URL_START } from './shown.ts';

/**
 * Whom a submission tells: what `--notify` says, else the setting. A command of the settings is nothing for a team's server,
 * which runs none. Throws AichorError `usage`.
 */
export async function notifyTargets(
  given: readonly string[],
  { settings, talk }: { settings: Settings; talk: Talk },
): Promise<NotifyTarget[]> {
  const isLocal = settings.server.value === null;
  const usual = settings.notify.value;
  const texts = given.length > 0 ? given : usual === null ? [] : [usual];
  if (texts.length > MOST_TARGETS)
    throw new AichorError('usage', `an experiment tells at most ${MOST_TARGETS} targets`, {
      hint: 'give --notify less often',
    });
  const targets = await Promise.all(texts.map((text) => parseTarget(text, settings)));
  const commands = targets.filter(({ kind }) => kind === 'command');
  if (isLocal || commands.length === 0) return targets;
  if (given.length === 0) {
    talk.notice("the setting notify is a command, which a team's server does not run: it is left out");
    return [];
  }
  throw new AichorError('usage', "--notify: a team's server runs no commands", {
    hint: 'give an https address, or follow it here: aichor experiments wait',
  });
}

/** An address, or a command as words. Throws AichorError `usage` that shows nothing of what may be secret. */
async function parseTarget(text: string, { folder }: Settings): Promise<NotifyTarget> {
  if (URL_START.test(text)) {
    if (/^https?:/i.test(text) && URL.canParse(text))
      return { kind: 'url', url: new URL(text).href, secret: await webhookSecret(folder.config) };
    throw new AichorError('usage', '--notify: that is not an http:// or https:// address', {
      hint: 'give the whole address of the webhook, or a command',
    });
  }
  const [program = '', ...words] = commandWords(text);
  if (program !== '')
    return { kind: 'command', command: [program.includes('/') ? resolve(program) : program, ...words] };
  throw new AichorError('usage', '--notify: that is neither an address nor a command', {
    hint: `for example --notify https://hooks.example.com/x, or --notify 'notify-send "it has ended"'`,
  });
}
