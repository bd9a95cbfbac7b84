import { unknownOf } from './base-contents.ts';

/** What is known of an image by its name alone. */
export interface BaseImage {
  /** Python that it brings: `3.11`, `3.9.7`; null: not known. */
  python: string | null;
  /** Packages that it brings, as requirements: a repository relies on them without naming them. */
  packages: string[];
  /** What else it brings is not here, and what to do; null: nothing that a repository would rely on. */
  unknown: string | null;
  /** Folder in which its commands start: a stage without a WORKDIR of its own begins there. */
  workdir: string;
  /** Folder of the environment that its Python is in, called by its path; null: it is in none. */
  environment: string | null;
  /** Its Python comes before the system's in its PATH: packages of the system bring another one beside it. */
  isAhead: boolean;
  /** Variables of it that Dockerfiles refer to. */
  env: Readonly<Record<string, string>>;
}

type Place = Pick<BaseImage, 'workdir' | 'environment' | 'env'>;

const CONDA = { CONDA_DIR: '/opt/conda' };

/** Folders of images that many begin with, as the makers of these document them. */
const FOLDERS: readonly ({ name: RegExp } & Partial<Place>)[] = [
  { name: /^pytorch\/pytorch$/, workdir: '/workspace', environment: '/opt/conda' },
  { name: /^nvcr\.io\/nvidia\/(?:pytorch|tensorflow)$/, workdir: '/workspace' },
  {
    name: /^rayproject\/ray(?:-ml|-llm)?$/,
    workdir: '/home/ray',
    environment: '/home/ray/anaconda3',
    env: { HOME: '/home/ray' },
  },
  { name: /^vllm\/vllm-openai$/, workdir: '/vllm-workspace' },
  { name: /^continuumio\/(?:mini|ana)conda3?$/, environment: '/opt/conda' },
  { name: /^condaforge\/(?:miniforge3|mambaforge|miniforge-pypy3)$/, environment: '/opt/conda', env: CONDA },
  {
    name: /^mambaorg\/micromamba$/,
    workdir: '/tmp',
    environment: '/opt/conda',
    env: { MAMBA_ROOT_PREFIX: '/opt/conda', MAMBA_USER: 'mambauser' },
  },
  {
    name: /^(?:quay\.io\/)?jupyter\/[\w-]+-(?:notebook|foundation)$/,
    workdir: '/home/jovyan',
    environment: '/opt/conda',
    env: { ...CONDA, HOME: '/home/jovyan', NB_USER: 'jovyan', NB_UID: '1000', NB_GID: '100' },
  },
];

/** Ray's images without a Python in their tag have the oldest one that the release supports. */
const RAY_DEFAULT_PYTHON: readonly { from: number; python: string }[] = [
  { from: 2049, python: '3.10' },
  { from: 2010, python: '3.9' },
  { from: 2003, python: '3.8' },
];

/** Images that have a Python of their own in /usr/local. */
const OWN_PYTHON = /^(?:library\/)?python$|(?:^|\/)(?:astral(?:-sh)?\/)?uv$/;

/** Reads the name of a base image; an unknown one gives nothing. */
export function readBaseImage(image: string): BaseImage {
  const { name, tag } = splitName(image);
  const known: Partial<Place> = FOLDERS.find((each) => each.name.test(name)) ?? {};
  const { workdir = '/', environment = null, env = {} } = known;
  const brought = packagesOf(name, tag);
  const unknown = unknownOf(name, tag);
  // From 2.10 on the images of PyTorch have Ubuntu's own Python, and no conda.
  const isOfUbuntu = name === 'pytorch/pytorch' && brought.python === PYTORCH_PYTHONS[0]?.python;
  const own = isOfUbuntu ? null : environment;
  const isAhead = own !== null || OWN_PYTHON.test(name);
  return { ...brought, unknown, workdir, environment: own, isAhead, env };
}

function packagesOf(name: string, tag: string): Pick<BaseImage, 'python' | 'packages'> {
  if (/^(library\/)?python$/.test(name)) return { python: versionIn(tag), packages: [] };
  if (/(^|\/)astral(-sh)?\/uv$/.test(name) || /(^|\/)uv$/.test(name))
    return { python: versionIn(/python([\d.]+)/.exec(tag)?.[1] ?? ''), packages: [] };
  if (/^rayproject\/ray(-ml|-llm)?$/.test(name)) return rayImage(tag);
  if (name === 'pytorch/pytorch') return pytorchImage(tag);
  // Of releases of NVIDIA's own.
  const nvidia = /^nvcr\.io\/nvidia\/(pytorch|tensorflow)$/.exec(name)?.[1];
  if (nvidia !== undefined) return { python: null, packages: [nvidia === 'pytorch' ? 'torch' : nvidia] };
  if (/^tensorflow\/tensorflow$/.test(name)) return { python: null, packages: pinned('tensorflow', tag) };
  return { python: pythonNamed(name, tag) ?? systemPython(`${name}:${tag}`), packages: [] };
}

/** The Python of PyTorch's own images, newest release first. */
const PYTORCH_PYTHONS: readonly { from: number; python: string }[] = [
  { from: 2010, python: '3.12' },
  { from: 2004, python: '3.11' },
  { from: 1013, python: '3.10' },
];

function pytorchImage(tag: string): Pick<BaseImage, 'python' | 'packages'> {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(tag) ?? [];
  const number = major === undefined ? null : Number(major) * 1000 + Number(minor);
  const python = PYTORCH_PYTHONS.find(({ from }) => number !== null && number >= from)?.python ?? null;
  // Which release of it goes with this one of PyTorch, it says itself.
  return { python, packages: [...pinned('torch', tag), 'torchvision'] };
}

/** Without its registry, when that is Docker Hub; a tag may be missing, a digest does not count. */
function splitName(image: string): { name: string; tag: string } {
  const [plain = ''] = image.split('@');
  const colon = plain.lastIndexOf(':');
  const hasTag = colon > plain.lastIndexOf('/');
  const name = (hasTag ? plain.slice(0, colon) : plain).replace(/^(docker\.io|index\.docker\.io)\//, '');
  return {
    name: name.replace(/^.*\/(library\/)?python$/, 'python'),
    tag: hasTag ? plain.slice(colon + 1) : '',
  };
}

function rayImage(tag: string): Pick<BaseImage, 'python' | 'packages'> {
  const version = /^(\d+)\.(\d+)\.(\d+)/.exec(tag);
  const named = /-py(3)(\d+)/.exec(tag);
  const number = version === null ? 0 : Number(version[1]) * 1000 + Number(version[2]);
  const usual = RAY_DEFAULT_PYTHON.find(({ from }) => number >= from)?.python ?? null;
  const requirement = version === null ? 'ray[default]' : `ray[default]==${version[0]}`;
  return { python: named === null ? usual : `3.${named[2]}`, packages: [requirement] };
}

/** The Python that a distribution has: what `apt install python3` brings. */
const SYSTEM_PYTHONS: readonly { release: RegExp; python: string }[] = [
  { release: /ubuntu[:-]?(24\.04|noble)|[:-]noble/, python: '3.12' },
  { release: /ubuntu[:-]?(22\.04|jammy)|[:-]jammy/, python: '3.10' },
  { release: /ubuntu[:-]?(20\.04|focal)|[:-]focal/, python: '3.8' },
  { release: /debian[:-]?13|[:-]trixie/, python: '3.13' },
  { release: /debian[:-]?12|[:-]bookworm/, python: '3.11' },
  { release: /debian[:-]?11|[:-]bullseye/, python: '3.9' },
];

function systemPython(image: string): string | null {
  return SYSTEM_PYTHONS.find(({ release }) => release.test(image))?.python ?? null;
}

/** An image of somebody's own often tells its Python: `miniconda3:py311`, `base:python3.10-cuda`. */
function pythonNamed(name: string, tag: string): string | null {
  const dotted = /(?:python|py)[-_]?(3\.\d+(?:\.\d+)?)/i.exec(`${name}:${tag}`)?.[1];
  if (dotted !== undefined) return dotted;
  const short = /(?:python|py)[-_]?3(\d{1,2})(?!\d|\.)/i.exec(`${name}:${tag}`)?.[1];
  return short === undefined ? null : `3.${short}`;
}

/** A version at the beginning of a tag, of Python 3 and with its minor number: `3`, `latest` ask for no certain one. */
function versionIn(tag: string): string | null {
  return /^3\.\d+(\.\d+)?/.exec(tag)?.[0] ?? null;
}

function pinned(name: string, tag: string): string[] {
  const version = /^\d+\.\d+(\.\d+)?/.exec(tag)?.[0];
  return [version === undefined ? name : `${name}==${version}`];
}
