/** What a text that is run says of installers. */
export interface InstallerMentions {
  /** It changes the packages of the Python environment that it finds. */
  installs: boolean;
  /** It runs something by `uv run`. */
  uvRun: boolean;
}

const OPTIONS = String.raw`(?:\s+-\S+)*\s+`;

/** A shell's words. */
const SHELL_INSTALLS = new RegExp(
  [
    String.raw`\bpip[\d.]*${OPTIONS}(?:un)?install\b`,
    String.raw`\bpython[\d.]*${OPTIONS}?(?:-m\s*)pip\b`,
    String.raw`\buv${OPTIONS}(?:pip${OPTIONS}(?:un)?(?:install|sync)|sync|add|remove)\b`,
    String.raw`\bsetup\.py\s+(?:install|develop)\b`,
    String.raw`\bpoetry${OPTIONS}(?:install|add|update)\b`,
  ].join('|'),
);
const SHELL_UV_RUN = new RegExp(String.raw`\buv${OPTIONS}run\b`);

/** What Python code says when it does it itself, not what it advises: `[sys.executable, "-m", "pip", …]`. */
const PYTHON_INSTALLS =
  /["']-m["']\s*,\s*["']pip["']|["']pip3?["']\s*,\s*["'](?:un)?install["']|\bpip\.main\(|(?:system|popen|run|call|check_call|check_output|Popen|getoutput)\(\s*f?["'][^"'\n]*\bpip3? (?:un)?install\b/;

export function readMentions(text: string, language: 'shell' | 'python'): InstallerMentions {
  if (language === 'python') return { installs: PYTHON_INSTALLS.test(text), uvRun: false };
  const code = text.replace(/^\s*#.*$/gm, '');
  return { installs: SHELL_INSTALLS.test(code), uvRun: SHELL_UV_RUN.test(code) };
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
