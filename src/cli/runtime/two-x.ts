/** The command of today for a command line of version 2, whose commands were verbs first; null: it is none. */
export function presentForm(words: readonly string[]): string | null {
  const found = FORMS.find(({ old }) => old.every((word, index) => word === words[index]));
  return found ? found.now : null;
}

/** Longer forms before shorter ones. */
const FORMS: readonly { old: readonly string[]; now: string }[] = [
  { old: ['submit', 'local'], now: 'aichor experiments submit local --repo-dir . --message TEXT' },
  { old: ['submit', 'commit'], now: 'aichor experiments submit commit-sha SHA' },
  { old: ['submit', 'commit-sha'], now: 'aichor experiments submit commit-sha SHA' },
  { old: ['submit'], now: 'aichor experiments submit local' },
  { old: ['resubmit'], now: 'aichor experiments resubmit ID' },
  { old: ['get', 'experiments'], now: 'aichor experiments list' },
  { old: ['get', 'experiment'], now: 'aichor experiments get ID' },
  { old: ['get', 'engines'], now: 'aichor engines list' },
  { old: ['list', 'experiments'], now: 'aichor experiments list' },
  { old: ['get', 'logs'], now: 'aichor experiments logs ID' },
  { old: ['logs'], now: 'aichor experiments logs ID' },
  { old: ['cancel', 'experiment'], now: 'aichor experiments cancel ID' },
  { old: ['cancel'], now: 'aichor experiments cancel ID' },
  { old: ['delete', 'experiment'], now: 'aichor experiments delete ID' },
  { old: ['set', 'project'], now: 'aichor context set project NAME' },
  { old: ['set', 'engine'], now: 'aichor context set engine NAME' },
  { old: ['auth', 'login'], now: 'aichor auth key --apikey KEY' },
  { old: ['init'], now: 'aichor local-repo init' },
  { old: ['storage', 'cloud', 'download'], now: 'aichor storage download' },
];
