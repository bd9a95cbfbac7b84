import type { EngineAdditionInput, EngineConnection } from '../../api/engine-contract.ts';
import { AichorError } from '../../errors.ts';
import { readSettingFlags } from './engine-settings.ts';
import { flatContext } from './flat-context.ts';
import { findContext } from '../../kubeconfig/kubeconfig.ts';

interface AddFlags {
  kubeconfig?: string | undefined;
  context?: string | undefined;
  namespace?: string | undefined;
  'in-cluster': boolean;
  'store-credentials': boolean;
  settings?: string | undefined;
  set: string[];
  registry?: string | undefined;
  'pull-secret'?: string | undefined;
  queue?: string | undefined;
  'storage-class'?: string | undefined;
  replace: boolean;
  check: boolean;
}

interface Adding {
  name: string;
  flags: AddFlags;
  /** Another machine's control plane: it cannot read files of this one. */
  remote: boolean;
  env: Record<string, string | undefined>;
}

/** What `engines add` asks of the control plane. Throws AichorError `usage`. */
export async function engineAddition({ name, flags, remote, env }: Adding): Promise<EngineAdditionInput> {
  refuseName(name);
  const { connection, namespace } = await connectionOf(flags, { remote, env });
  return {
    name,
    connection,
    namespace,
    settings: { ...readSettingFlags(flags) },
    replace: flags.replace,
    check: flags.check,
  };
}

/** The form in which the platform's own names of engines come. */
function refuseName(name: string): void {
  if (/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/.test(name)) return;
  const made = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 40);
  throw new AichorError('usage', `${JSON.stringify(name)} is no name for an engine`, {
    hint: `up to 40 lower case letters, digits and hyphens, beginning with a letter${made === '' ? '' : `: ${made}`}`,
  });
}

async function connectionOf(
  flags: AddFlags,
  { remote, env }: Pick<Adding, 'remote' | 'env'>,
): Promise<{ connection: EngineConnection; namespace: string | null }> {
  if (flags['in-cluster']) return { connection: { kind: 'in-cluster' }, namespace: flags.namespace ?? null };
  const found = await findContext({ file: flags.kubeconfig, context: flags.context, env });
  const namespace = flags.namespace ?? found.namespace ?? 'default';
  const { file, context } = found;
  const isKept = remote || flags['store-credentials'];
  return { connection: isKept ? flatContext(found) : { kind: 'reference', file, context }, namespace };
}
