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

/** Modules of Python's own library, which a package of the same name would stand in front of. */
const LIBRARY = new Set(
  (
    'abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii ' +
    'bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections ' +
    'colorsys compileall concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes ' +
    'curses dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum ' +
    'errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt ' +
    'getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp ' +
    'importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox ' +
    'mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ' +
    'ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools ' +
    'pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile ' +
    'pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy ' +
    'sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket ' +
    'socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep ' +
    'struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios ' +
    'textwrap this threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty ' +
    'turtle turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref ' +
    'webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo'
  ).split(' '),
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
  if (LIBRARY.has(module))
    return `${module} is a module of Python's own library: add a word, as in ${distribution}-exp`;
  if (taken.includes(distribution))
    return `${distribution} is a package that the project will depend on: add a word, as in ${distribution}-exp`;
  return null;
}
