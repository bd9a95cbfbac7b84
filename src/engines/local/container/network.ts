import { AichorError } from '../../../errors.ts';
import { complaintOf, type ContainerClient } from './client.ts';
import { EXPERIMENT_LABEL, networkName } from './words.ts';

/** Where each pod of an experiment is found by its name; null: the program's own DNS says it. */
export type PodAddresses = ReadonlyMap<string, string>;

/**
 * Makes the network in which an experiment's pods find each other, unless it is there.
 *
 * With podman each pod has a fixed address that all know from the start. Its DNS would have to be asked again and again
 * until a pod is there, each time to wait for what the machine's own DNS says of such a name; and it is a daemon that
 * lives on with the variables and the standard error of whoever came first. Docker gives fixed addresses only in
 * networks whose addresses somebody has chosen, and its DNS is part of the daemon.
 */
export async function openNetwork(
  { experimentId, pods }: { experimentId: string; pods: readonly string[] },
  client: ContainerClient,
): Promise<PodAddresses | null> {
  const name = networkName(experimentId);
  const isPodman = client.kind === 'podman';
  const dns = isPodman ? ['--disable-dns'] : [];
  const inspect = () => client.call(['network', 'inspect', name]);
  let found = await inspect();
  if (!found.ok) {
    const made = await client.call([
      'network',
      'create',
      ...dns,
      `--label=${EXPERIMENT_LABEL}=${experimentId}`,
      name,
    ]);
    found = await inspect();
    if (!found.ok)
      throw new AichorError('engine_unavailable', `${client.kind} made no network: ${complaintOf(made)}`);
  }
  return isPodman ? podAddresses(pods, subnetOf(found.stdout)) : null;
}

/** `10.89.1.0/24`, from what `podman network inspect` says. Throws AichorError `engine_unavailable`. */
function subnetOf(text: string): string {
  const subnet = /"subnet":\s*"(\d+\.\d+\.\d+\.\d+\/\d+)"/.exec(text)?.[1];
  if (subnet !== undefined) return subnet;
  throw new AichorError('engine_unavailable', 'podman does not say which addresses its network has', {
    hint: 'it takes podman 4 or later',
  });
}

/** The first address is the gateway's. Throws AichorError `engine_unavailable` when there are too few. */
export function podAddresses(pods: readonly string[], subnet: string): PodAddresses {
  const [address = '', length = ''] = subnet.split('/');
  const base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const room = 2 ** (32 - Number(length)) - 3;
  if (pods.length > room)
    throw new AichorError(
      'engine_unavailable',
      `${pods.length} pods, and the network ${subnet} has room for ${room}`,
    );
  return new Map(pods.map((pod, index) => [pod, addressText(base + 2 + index)]));
}

function addressText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
