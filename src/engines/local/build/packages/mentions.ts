/** What a text that is run says of installers. */
export interface InstallerMentions {
  /** It changes the packages of the Python environment that it finds. */
  installs: boolean;
  /** It runs something by `uv run`. */
  uvRun: boolean;
  /** It starts a shell that makes its PATH anew. */
  loginShell: boolean;
}

/**
 * Blanks and options between a program and what it is to do; an option may have its value in the next word. There is one way to read
 * any text, and an end to how far it is read: a stranger's text must not keep the control plane busy.
 */
const BLANK = String.raw`(?:[^\S\n]|\\\n){1,200}`;
const OPTIONS = String.raw`(?:${BLANK}-[^\s;&|]{1,500}(?:${BLANK}[^\s;&|-][^\s;&|]{0,499})??){0,20}?${BLANK}`;
/** What a variable holds is not known: it may be one of them. */
const CHANGES = String.raw`(?:(?:un)?install\b|["']?\$)`;

/** A shell's words. */
const SHELL_INSTALLS = new RegExp(
  [
    String.raw`\bpip[\d.]*${OPTIONS}${CHANGES}`,
    String.raw`\bpython[\d.]*${OPTIONS}-m\s*pip${OPTIONS}${CHANGES}`,
    String.raw`\buv${OPTIONS}(?:pip${OPTIONS}(?:${CHANGES}|sync\b)|sync\b|add\b|remove\b)`,
    String.raw`\bsetup\.py\s+(?:install|develop)\b`,
    String.raw`\bpoetry${OPTIONS}(?:install|sync|add|remove|update)\b`,
    String.raw`\bpipenv${OPTIONS}(?:install|sync|update|upgrade|uninstall)\b`,
    String.raw`\bpdm${OPTIONS}(?:install|sync|add|remove|update)\b`,
  ].join('|'),
);
const SHELL_UV_RUN = new RegExp(String.raw`\buv${OPTIONS}run\b`);

const SHELL_OPTIONS = String.raw`(?:${BLANK}(?:[-+][a-zA-Z]*o${BLANK}\w+|--(?:rcfile|init-file)${BLANK}\S{1,500}|(?!--(?:rcfile|init-file)\s)[-+][^\s;&|"']{1,500})){0,20}?`;
const LOGIN_SHELLS = new RegExp(
  [
    String.raw`(?<![\w.-])(?:bash|dash|ksh|ash|sh)${SHELL_OPTIONS}${BLANK}(?:-[a-z]*l[a-z]*|--login)(?![\w-])`,
    // The words of a program in Python.
    String.raw`["'](?:/[^\s"']{0,200}/)?(?:bash|dash|ksh|ash|sh)["']\s{0,200},\s{0,200}(?:["']-[^"']{0,200}["']\s{0,200},\s{0,200}){0,20}["'](?:-[a-z]*l[a-z]*|--login)["']`,
    String.raw`\bsu${BLANK}(?:-l?|--login)(?![\w-])`,
    String.raw`\bsudo${BLANK}(?:-i|--login)(?![\w-])`,
  ].join('|'),
);

/** What looks at packages and changes none, as the next argument in Python code. */
const LOOKS = String.raw`(?:\s{0,200},\s{0,200}["']-[^"']{0,200}["']){0,20}\s{0,200},?\s{0,200}["'](?:list|show|freeze|check|config|cache|download|wheel|hash|index|inspect|search|debug|help|--version|-V|--help|-h)["']`;

/** What Python code says when it does it itself, not what it advises: `[sys.executable, "-m", "pip", …]`. */
const PYTHON_INSTALLS = new RegExp(
  [
    String.raw`["']-m["']\s*,\s*["']pip["'](?!${LOOKS})`,
    String.raw`["']pip3?["']\s*,\s*["'](?:un)?install["']`,
    String.raw`\bpip\.main\((?!\s*\[${LOOKS})`,
    String.raw`(?:system|popen|run|call|check_call|check_output|Popen|getoutput)\(\s*f?["'][^"'\n]*\bpip3?(?: -[\w-]+)* (?:un)?install\b`,
  ].join('|'),
);

export function readMentions(text: string, language: 'shell' | 'python'): InstallerMentions {
  const code = text.replace(/^\s*#(?!!).*$/gm, '');
  const loginShell = LOGIN_SHELLS.test(code);
  if (language === 'python') return { installs: PYTHON_INSTALLS.test(text), uvRun: false, loginShell };
  return { installs: SHELL_INSTALLS.test(code), uvRun: SHELL_UV_RUN.test(code), loginShell };
}

/** Whether a file can be a shell script, Makefile or the like that a command names. */
export function isScript(path: string): boolean {
  return (
    /\.(?:sh|bash|zsh|mk)$|(?:^|\/)[^./]+$/.test(path) && !/(?:^|\/)(?:Dockerfile|LICENSE|README)/i.test(path)
  );
}

/** Whether a text that is run names a file, by its own name; `make` and `just` read theirs unasked. */
export function namesFile(text: string, path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/^(?:GNU)?makefile$/i.test(name) && /\bmake\b/.test(text)) return true;
  if (/^\.?justfile$/i.test(name) && /\bjust\b/.test(text)) return true;
  const at = text.indexOf(name);
  return at !== -1 && !/[\w.-]/.test(text.charAt(at - 1)) && !/[\w-]/.test(text.charAt(at + name.length));
}
