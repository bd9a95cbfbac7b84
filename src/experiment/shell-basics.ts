/** Names that travel from the submitting shell, or the server's own environment, to pods on this machine (contract 7). */
const BASICS: ReadonlySet<string> = new Set([
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
const BASIC_PATTERNS = [/^LC_[A-Z]+$/, /^[A-Za-z]+_proxy$/i, /^PIP_/, /^UV_/];

/**
 * The part of an environment that pods on its machine get: of the submitting shell, for the embedded control plane; of the
 * server itself, for submissions that bring none. No key or token is among these names.
 */
export function shellBasics(env: Record<string, string | undefined>): Record<string, string> {
  const basics: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (BASICS.has(name) || BASIC_PATTERNS.some((pattern) => pattern.test(name))))
      basics[name] = value;
  }
  return basics;
}
