/** What a project is called: the distribution by PEP 503, the module by what Python can import. */
export interface ProjectNames {
  /** Lower case, words joined by `-`: the `name` of pyproject.toml, the image, the folder. */
  distribution: string;
  /** The same with `_`: the folder below `src/`. */
  module: string;
}

/** Words that cannot be a module's name (Python 3, hard keywords). */
const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global ' +
    'if import in is lambda nonlocal not or pass raise return try while with yield'
  )
    .toLowerCase()
    .split(' '),
);

/** Longest name: file systems take 255 bytes, images and Kubernetes labels far less. */
const LONGEST = 63;

/**
 * The names that a text leads to: accents are dropped, every run of other characters becomes one `-`
 * (`My Exp_a` → `my-exp-a`, `my_exp_a`). Not checked; see `nameProblem`.
 */
export function projectNames(text: string): ProjectNames {
  const distribution = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return { distribution, module: distribution.replaceAll('-', '_') };
}

/**
 * Why a text cannot name a project, or null when it can. `taken` are distributions that the project will depend
 * on: an installer refuses a project that depends on its own name.
 */
export function nameProblem(text: string, taken: readonly string[] = []): string | null {
  const { distribution, module } = projectNames(text);
  if (distribution === '') return 'a name needs at least one letter a–z or digit';
  if (distribution.length > LONGEST) return `a name has at most ${LONGEST} characters`;
  if (/^[0-9]/.test(module))
    return `Python cannot import a module called ${module}: start with a letter, as in exp-${distribution}`;
  if (KEYWORDS.has(module))
    return `${module} is a word of the Python language: add another, as in ${distribution}-exp`;
  if (taken.includes(distribution))
    return `${distribution} is a package that the project will depend on: add a word, as in ${distribution}-exp`;
  return null;
}
