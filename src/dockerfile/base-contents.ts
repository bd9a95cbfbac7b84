/** Images of a system, of Python, or of another language: what they bring beside is no package that code imports. */
const BARE = new RegExp(
  `^(?:${[
    '(?:amd64|arm64v8|distroless)?-?python[\\d.]*(?:-[\\w.-]+)?|pypy|uv|pixi|scratch|buildpack-deps|python-nodejs',
    'ubuntu|debian|alpine|fedora|centos|rockylinux|almalinux|amazonlinux|oraclelinux|archlinux|photon|busybox|wolfi-base|cc-debian\\d+|base-debian\\d+',
    'ubi\\d*(?:-\\w+)?|cuda|cudagl|opengl|oneapi-basekit|dev-(?:ubuntu|almalinux|centos)[\\w.-]*|mini(?:conda|forge)3?|mambaforge|miniforge-pypy3|micromamba',
    'node|golang|rust|gcc|clang|ruby|perl|php|bash|julia|r-base|openjdk|eclipse-temurin|maven|gradle|nginx|httpd|caddy|redis|postgres|mysql|bun|deno|git|curl|docker',
    '(?:base|minimal)-notebook|docker-stacks-foundation',
  ].join('|')})$`,
);

/** What images are made for, by the names of its packages: what a Dockerfile would have to install itself. */
const BROUGHT: readonly { name: RegExp; packages: readonly string[]; isPinned?: boolean }[] = [
  { name: /^vllm\/vllm-openai$/, packages: ['vllm'], isPinned: true },
  { name: /^lmsysorg\/sglang$/, packages: ['sglang'] },
  {
    name: /^huggingface\/transformers-(?:pytorch|all|quantization)[\w-]*$/,
    packages: ['torch', 'transformers', 'datasets', 'accelerate'],
  },
  { name: /^huggingface\/(?:accelerate|peft|trl)[\w-]*$/, packages: ['torch', 'transformers', 'accelerate'] },
  {
    name: /^(?:deepspeed|mosaicml\/pytorch|rocm\/pytorch|anibali\/pytorch|horovod)(?:\/|$)/,
    packages: ['torch'],
  },
  { name: /^nvcr\.io\/nvidia\/pytorch$/, packages: ['torchvision', 'transformer-engine', 'flash-attn'] },
  { name: /^nvcr\.io\/nvidia\/jax$/, packages: ['jax', 'flax'] },
  { name: /^nvcr\.io\/nvidia\/tritonserver$/, packages: ['tritonclient'] },
  { name: /^nvcr\.io\/nvidia\/nemo$/, packages: ['nemo-toolkit'] },
  { name: /^(?:nvcr\.io\/nvidia\/rapidsai|rapidsai)\//, packages: ['cudf', 'cuml'] },
  {
    name: /^(?:quay\.io\/)?jupyter\/|^continuumio\/anaconda3?$/,
    packages: ['numpy', 'pandas', 'scipy', 'scikit-learn', 'matplotlib'],
  },
  { name: /^rayproject\/ray-(?:ml|llm)$/, packages: ['torch', 'transformers'] },
  { name: /^pytorchlightning\//, packages: ['torch', 'lightning'] },
  { name: /^ultralytics\/ultralytics$/, packages: ['ultralytics'] },
  { name: /^(?:axolotlai|winglian)\/axolotl[\w-]*$/, packages: ['torch', 'axolotl'] },
  { name: /^hiyouga\/(?:llamafactory|pytorch)$/, packages: ['torch', 'llamafactory'] },
  { name: /^unsloth\/unsloth$/, packages: ['unsloth'] },
  { name: /^paddlepaddle\/paddle$/, packages: ['paddlepaddle'] },
];

/** Images whose packages are installed, as far as anybody relies on them. */
const KNOWN = /^(?:pytorch\/pytorch|tensorflow\/tensorflow|rayproject\/ray)$/;

const OTHERWISE = 'or use --python-env, or --container podman';

/**
 * What an image brings that is not here, and the cure; null: nothing. Pure.
 *
 * @param name without its registry, when that is Docker Hub
 */
export function unknownOf(name: string, tag: string): string | null {
  if (name === '' || KNOWN.test(name)) return null;
  const found = BROUGHT.find((each) => each.name.test(name) && !BARE.test(last(name)));
  if (found !== undefined) {
    const version = found.isPinned === true ? /^v?(\d+(?:\.\d+)+)/.exec(tag)?.[1] : undefined;
    const packages = found.packages.map((each) => (version === undefined ? each : `${each}==${version}`));
    return `its packages are not installed: add RUN pip install ${packages.join(' ')} as far as the code needs them, ${OTHERWISE}`;
  }
  return BARE.test(last(name))
    ? null
    : `what this image brings is not known here: add RUN pip install for the packages of it that the code needs, ${OTHERWISE}`;
}

function last(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
