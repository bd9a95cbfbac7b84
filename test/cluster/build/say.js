/** Progress, on stderr. @param {string} text */
export function say(text) {
  process.stderr.write(`cluster: ${text}\n`);
}
