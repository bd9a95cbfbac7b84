import { didYouMean, editDistance } from '../base/text/did-you-mean.ts';
import type { Image } from '../dockerfile/image.ts';
import type { Diagnostic } from '../manifest/diagnostic.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { placed } from '../manifest/places/placed.ts';
import { shellVariables } from '../manifest/shell-variables.ts';
import { injectedVariables, operatorVariables } from '../operators/environment.ts';
import { OPERATOR_NAMES } from '../operators/table.ts';
import type { ManifestFile } from './findings.ts';

/** What is known of where a pod's variables come from, beside its manifest. */
export interface VariableSources {
  /** Of the submission: `--env`, `--env-file`, `--secret`, the point of a sweep; null: it is not submitted yet. */
  submitted: readonly string[] | null;
  /** What the Dockerfile makes; null: the image comes from elsewhere. */
  image: ImageVariables | null;
  /** The engine may give variables that are known to it alone. */
  isEngineOpen: boolean;
}

/** Names of variables that an image has, or may have. */
export interface ImageVariables {
  base: string | null;
  env: readonly string[];
  /** ARG: there while it is built; what was meant for the command as well is not told apart. */
  args: readonly string[];
}

export function imageVariables({ base, env, args }: Pick<Image, 'base' | 'env' | 'args'>): ImageVariables {
  return { base, env: [...env.keys()], args: [...args] };
}

/** More at once are no slips. */
const MOST_FINDINGS = 20;

/** What a shell, an operating system and a container have without anybody's doing. */
const USUAL =
  /^(?:_|HOME|PATH|PWD|OLDPWD|USER|LOGNAME|SHELL|TERM|LANG|LANGUAGE|TZ|TMPDIR|HOSTNAME|IFS|PS[0-4]|SHLVL|S?RANDOM|SECONDS|LINENO|EPOCH(?:SECONDS|REALTIME)|E?UID|GROUPS|PPID|REPLY|OPT(?:ARG|IND|ERR)|PIPESTATUS|FUNCNAME|DIRSTACK|(?:HOST|MACH|OS)TYPE|COLUMNS|LINES|MAPFILE|COPROC|BASH\w*|LC_\w+|XDG_\w+|\w+_proxy|\w+_PROXY)$/;

/** What images bring (Python's, CUDA's, conda's, Ray's) and platforms give to pods (service links, workload identities). */
const BROUGHT =
  /^PYTHON|^(?:CONDA|MAMBA|CUDA|CUDNN|NV|NVIDIA|NCCL|TORCH|RAY|JAVA|UV|PIP|GPG|DEBIAN|KUBERNETES|AWS|GOOGLE|AZURE|TPU)_|^(?:LD_LIBRARY_PATH|LIBRARY_PATH|VIRTUAL_ENV|PKG_CONFIG_PATH|MANPATH)$|_SERVICE_(?:HOST|PORT)$/;

/** Images whose variables are known well enough: whatever else a command reads does not come from them. */
const KNOWN_BASE =
  /^(?:docker\.io\/)?(?:library\/)?(?:(?:python|ubuntu|debian|alpine|fedora|scratch|buildpack-deps)(?:[:@]|$)|(?:rayproject\/ray(?:-ml)?|pytorch\/pytorch|tensorflow\/tensorflow|nvidia\/cuda|continuumio\/miniconda3|condaforge\/miniforge3|mambaorg\/micromamba)(?:[:@]|$)|ghcr\.io\/astral-sh\/uv(?:[:@]|$))/;

/**
 * Variables that the command reads and nothing sets. Where an image of somebody's own or the engine may set more than is
 * known, only those that are nearly the name of one that is set. Variables of other operators are the manifest's own mistake
 * (`manifest/rules/command-variables.ts`).
 */
export function variableFindings(
  { spec }: Pick<Manifest, 'spec'>,
  { submitted, image, isEngineOpen }: VariableSources,
  where: ManifestFile,
): Diagnostic[] {
  const { used, given, isOpen } = shellVariables(spec.command);
  if (isOpen || used.size === 0) return [];
  const injected = injectedVariables(spec.operator);
  const offered = [...Object.keys(spec.env), ...(submitted ?? []), ...(image?.env ?? []), ...injected];
  // A file that bash reads before the command.
  if (offered.includes('BASH_ENV')) return [];
  const set = new Set([...offered, ...(image?.args ?? []), ...given]);
  const foreign = new Set(OPERATOR_NAMES.flatMap((name) => operatorVariables(name)));
  const mayHaveMore = isEngineOpen || image === null || !KNOWN_BASE.test(image.base ?? '');
  const isSet = (name: string) =>
    set.has(name) || foreign.has(name) || USUAL.test(name) || BROUGHT.test(name);
  const unset = [...used].filter((name) => !isSet(name)).slice(0, MOST_FINDINGS);
  return unset.flatMap((name) => {
    const near = didYouMean(name, [...offered, ...given]);
    if (mayHaveMore && !(near !== null && isSlip(name, near))) return [];
    const whose = submitted === null ? 'neither the manifest nor the Dockerfile sets' : 'nothing sets';
    const path = ['spec', 'command'];
    const read = new RegExp(`\\$[({]?[#!]?${name}(?!\\w)[)}]?`);
    const hint =
      near === null
        ? `give it in spec.env, or ${submitted === null ? 'when submitting, ' : ''}with --env ${name}=VALUE; a default is written \${${name}:-VALUE}`
        : `did you mean ${near}?`;
    return [
      placed(
        {
          code: 'variable-not-set',
          path,
          at: where.places?.within(path, read) ?? 'value',
          message: `the command uses ${name}, which ${whose}${near === null ? '' : `; ${near} is set`}`,
          hint,
        },
        where,
      ),
    ];
  });
}

/** A letter or so: what nobody means by another name. */
function isSlip(name: string, near: string): boolean {
  if (Math.min(name.length, near.length) < 4) return false;
  return editDistance(name, near) <= Math.max(1, Math.floor(name.length / 8));
}
