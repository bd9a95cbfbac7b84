/** Names that travel from the submitting shell to pods on this machine (contract 7). */
const NAMES: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'DYLD_FALLBACK_LIBRARY_PATH',
]);

/** `LC_ALL` and the like, proxies in either case; the build step also needs pip's and uv's settings. */
const PATTERNS = [/^LC_[A-Z]+$/, /^[A-Za-z]+_proxy$/i, /^PIP_/, /^UV_/];

/** The part of a shell's environment that goes with a submission to the embedded control plane. */
export function shellBasics(env: Record<string, string | undefined>): Record<string, string> {
  const basics: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (NAMES.has(name) || PATTERNS.some((pattern) => pattern.test(name))))
      basics[name] = value;
  }
  return basics;
}
