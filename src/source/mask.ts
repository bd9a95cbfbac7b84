/** User names and passwords in URLs, as `***`: what is shown, stored or logged must not hold them. */
export function maskCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1***@');
}
