/** Names of variables that hold what nobody else may see. */
const SECRET_NAME =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASS|PAT|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_KEY|PRIVATE_KEY|AUTH)(?:_|$)/i;
/** Who somebody is, in an address. */
const USER_INFO = /[a-z][a-z0-9+.-]*:\/\/([^\s/@:]*:?[^\s/@]*)@/gi;
const SHORTEST = 4;

/** Texts in variables that look like credentials: whole values by their names, and the user part of addresses. */
export function credentials(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    const whole = SECRET_NAME.test(name) ? [value] : [];
    const inside = [...value.matchAll(USER_INFO)].flatMap(([, user = '']) => [
      user,
      user.split(':')[1] ?? '',
    ]);
    return [...whole, ...inside].filter((text) => text.length >= SHORTEST);
  });
}
