/** An argument of an installer: an option with its value or without one, or (`name` null) a word of its own. */
export type Option = { name: null; value: string } | { name: string; value: string | null };

/** Options of pip and uv that take the next word as their value. */
const WITH_VALUE = new Set(
  `-r -c -e -i -f -t -p -P -o -b -w --requirement --requirements --constraint --constraints --editable --index-url
  --extra-index-url --find-links --target --prefix --root --src --platform --python-version --implementation --abi
  --upgrade-strategy --progress-bar --trusted-host --allow-insecure-host --timeout --default-timeout --retries
  --cache-dir --log --proxy --cert --client-cert --use-feature --use-deprecated --no-binary --only-binary
  --config-settings --config-setting --global-option --root-user-action --report --exists-action --python
  --index-strategy --keyring-provider --resolution --prerelease --link-mode --extra --no-extra --group --only-group
  --no-group --package --directory --project --torch-backend --override --overrides --build-constraint
  --build-constraints --exclude-newer --refresh-package --reinstall-package --upgrade-package --no-build-package
  --no-install-package --color --index --default-index --config-file --output-file --format --with --script`.split(
    /\s+/,
  ),
);

/** Splits the arguments of pip or uv; `--name=value` and `-rfile` are options with values too. */
export function readOptions(words: readonly string[]): Option[] {
  const options: Option[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const long = /^(--[^=]+)=(.*)$/s.exec(word);
    const attached = /^(-[rcifteb])(.+)$/s.exec(word);
    if (long !== null) options.push({ name: long[1] ?? '', value: long[2] ?? '' });
    else if (WITH_VALUE.has(word)) options.push({ name: word, value: words[++at] ?? '' });
    else if (attached !== null) options.push({ name: attached[1] ?? '', value: attached[2] ?? '' });
    else options.push(word.startsWith('-') ? { name: word, value: null } : { name: null, value: word });
  }
  return options;
}

/** The words that mean these options. */
export function optionWords(options: readonly Option[]): string[] {
  return options.flatMap(({ name, value }) =>
    name === null ? [value] : value === null ? [name] : [name, value],
  );
}

/** Options that name a file of requirements or constraints. */
export function isFileOption(name: string | null): boolean {
  return (
    name !== null &&
    /^(-r|-c|--requirements?|--constraints?|--overrides?|--build-constraints?|-b)$/.test(name)
  );
}

export function isEditableOption(name: string | null): boolean {
  return name === '-e' || name === '--editable';
}

/** `./folder[extra]` without the extras. */
export function withoutExtras(requirement: string): string {
  return requirement.split('[', 1)[0] ?? '';
}

/** A requirement that is a folder or a file: `.`, `./lib`, `/app[extra]`, `x.whl`, never a name or an address. */
export function isLocal(value: string): boolean {
  const isPath = /^\.{0,2}\/|^\.{1,2}(\[|$)/.test(value);
  return isPath || (/\.(whl|zip|tar\.gz)$/.test(value) && !value.includes('://'));
}
