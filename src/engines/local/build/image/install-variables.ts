import type { Install } from '../../../../dockerfile/stage.ts';

/** About the image, its users and its programs; and what this machine knows better: its network. */
const OF_THE_PLACE =
  /^(?:PATH|PYTHONPATH|LD_LIBRARY_PATH|MANPATH|HOME|USER|LOGNAME|SHELL|HOSTNAME|TMPDIR|PWD|OLDPWD|SHLVL|_|VIRTUAL_ENV|PYTHONHOME|PYTHONUSERBASE|DEBIAN_FRONTEND|CONDA_\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|\w+_proxy|AICHOR_\w+)$/i;
/** Where to in an image, not what is installed. */
const WHERE_TO =
  /^(?:PIP|UV)_(?:PROJECT_ENVIRONMENT|PYTHON\w*|CACHE_DIR|LINK_MODE|COMPILE\w*|SYSTEM\w*|BREAK\w*|TOOL\w*|NO_CACHE\w*|TARGET|PREFIX|ROOT\w*|USER|INSTALL\w*|DISABLE_PIP_VERSION_CHECK|NO_PROGRESS|PROGRESS_BAR|DEFAULT_TIMEOUT|RETRIES|QUIET|VERBOSE|NO_INPUT|NO_SYNC|FROZEN_CACHE)$/;

/** What pip's settings are called for uv, which does not read them. */
const PIP_TO_UV: Readonly<Record<string, string>> = {
  PIP_INDEX_URL: 'UV_DEFAULT_INDEX',
  PIP_EXTRA_INDEX_URL: 'UV_INDEX',
  PIP_FIND_LINKS: 'UV_FIND_LINKS',
  PIP_TRUSTED_HOST: 'UV_INSECURE_HOST',
  PIP_CONSTRAINT: 'UV_CONSTRAINT',
  PIP_BUILD_CONSTRAINT: 'UV_BUILD_CONSTRAINT',
  PIP_NO_INDEX: 'UV_NO_INDEX',
};

/** Older names of the same setting: with both, uv takes the wrong one. */
const SAME: Readonly<Record<string, string>> = {
  UV_DEFAULT_INDEX: 'UV_INDEX_URL',
  UV_INDEX: 'UV_EXTRA_INDEX_URL',
};

/** The variables of the image that an install command sees here, as the tool that does it knows them. */
export function installVariables(
  { env, dialect }: Pick<Install, 'env' | 'dialect'>,
  tool: 'uv' | 'venv',
): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (OF_THE_PLACE.test(name) || WHERE_TO.test(name) || value.includes('\0')) continue;
    seen[name] = value;
    const other = tool === 'uv' && dialect === 'pip' ? PIP_TO_UV[name] : undefined;
    if (other === undefined || value === '') continue;
    seen[other] = value;
    const older = SAME[other];
    if (older !== undefined) seen[older] = value;
  }
  if (tool === 'uv' && dialect === 'pip' && 'PIP_EXTRA_INDEX_URL' in seen)
    seen['UV_INDEX_STRATEGY'] ??= 'unsafe-best-match';
  if (tool === 'uv' && dialect === 'pip' && /^(?:1|true|yes|on)$/i.test(seen['PIP_PRE'] ?? ''))
    seen['UV_PRERELEASE'] ??= 'allow';
  return seen;
}
