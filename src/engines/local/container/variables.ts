import { AichorError } from '../../../errors.ts';

/** How a container's variables are handed to the program that makes it. */
export interface HandedVariables {
  words: string[];
  /** Variables of the program itself, from which it takes the values of those that are named only. */
  env: Record<string, string>;
}

/**
 * Variables by which such a program, or what it starts, goes itself: a pod's must not reach it. Everything else it only
 * passes on.
 */
const ACTED_UPON =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|IFS|TMPDIR|TERM|LANG|BASH_ENV|ENV|LOCPATH|GCONV_PATH|NOTIFY_SOCKET|NLSPATH|HOSTALIASES|RESOLV_HOST_CONF|RES_OPTIONS|(?:GO|CGO|LISTEN|LISTEN_)[A-Z0-9]*|(?:LD|DYLD|LC|GLIBC|MALLOC|XDG|CGO|RUST|CONTAINERS?|PODMAN|DOCKER|BUILDAH|BUILDKIT|STORAGE|REGISTRY|REGISTRIES|CNI|NETAVARK|AARDVARK|CONMON|CRUN|RUNC|DBUS|SSH|SSL|XTABLES|IPTABLES|)_.*)$/i;

/**
 * Values go by the program's environment, where no other user of the machine reads them, and no file keeps them; names
 * that the program goes by itself, in its arguments.
 *
 * @param secrets names of those whose values must not be seen
 * @throws AichorError `usage` for a secret of such a name
 */
export function handVariables(
  variables: Readonly<Record<string, string>>,
  secrets: ReadonlySet<string>,
): HandedVariables {
  const handed: HandedVariables = { words: [], env: {} };
  for (const [name, value] of Object.entries(variables)) {
    if (name === '' || name.includes('=')) continue;
    const isActedUpon = ACTED_UPON.test(name) || !/^\w+$/.test(name);
    if (isActedUpon && secrets.has(name))
      throw new AichorError(
        'usage',
        `the secret ${name} cannot be given to a pod in a container: the program that makes it goes by that name itself`,
        { hint: 'give it another name' },
      );
    handed.words.push('--env', isActedUpon ? `${name}=${value}` : name);
    if (!isActedUpon) handed.env[name] = value;
  }
  return handed;
}
