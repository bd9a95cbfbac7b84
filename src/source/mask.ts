/**
 * User names and passwords in URLs, as `***`: what is shown, stored or logged must not hold them. With ssh a name alone proves
 * nothing, and without it the address is another one.
 */
export function maskCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s/@]+)@/gi, (whole, scheme: string, login: string) =>
    scheme.toLowerCase() === 'ssh://' && !login.includes(':') ? whole : `${scheme}***@`,
  );
}
