import { run } from '../../../base/io/run.ts';
import type { Explanation } from '../../../experiment/failure/explain.ts';

/**
 * What Python knows of Ray without importing it (that takes seconds): its version, and which packages of its extra
 * `default` are not there; without them there is no dashboard, and no jobs.
 */
const LOOK = `import importlib.metadata as m, json, re
def has(name):
    try:
        return bool(m.version(name))
    except m.PackageNotFoundError:
        return False
version = m.version("ray") if has("ray") else None
extra = [r for r in (m.requires("ray") or []) if re.search("extra *== *['\\"]default['\\"]", r) and "python_version" not in r and "sys_platform" not in r] if version else []
names = [re.match("[A-Za-z0-9._-]+", r).group() for r in extra]
options = m.distribution("ray").locate_file("ray/scripts/scripts.py").read_text() if version else ""
print(json.dumps({"version": version, "missing": [n for n in names if not has(n)], "names_sockets": "--plasma-store-socket-name" in options}))`;

export interface InstalledRay {
  version: string | null;
  missing: string[];
  /** `ray start` takes names for a node's sockets: no longer in newer versions. */
  names_sockets: boolean;
}

/** What the Python of the pods knows of Ray; null: there is no Python. */
export async function lookUpRay(env: Record<string, string>): Promise<InstalledRay | null> {
  const { ok, stdout, stderr, why, trouble } = await run('python3', ['-I', '-c', LOOK], {
    env,
    timeoutMs: 60_000,
  });
  if (trouble === 'absent') return null;
  if (!ok) throw new Error(`python3 cannot say which Ray it has: ${stderr || why}`);
  return parseInstalled(JSON.parse(stdout));
}

/** Why the cluster cannot be started with the packages of this environment, and the cure; null: it can. Pure. */
export function explainRay(installed: InstalledRay | null, wanted: string | null): Explanation | null {
  const pin = `ray[default]${wanted === null ? '' : `==${wanted}`}`;
  if (installed === null || installed.version === null) {
    return {
      reason: 'CommandNotFound',
      explanation: `the Python environment has no Ray; add ${pin} to the project's dependencies, and resubmit`,
    };
  }
  if (wanted !== null && installed.version !== wanted) {
    return {
      reason: 'StartFailed',
      explanation: `spec.rayVersion is ${wanted}, and the environment has Ray ${installed.version}: nodes of two versions do not find each other; make them the same (spec.rayVersion: "${installed.version}", or ${pin} in the project's dependencies)`,
    };
  }
  if (installed.missing.length > 0) {
    return {
      reason: 'StartFailed',
      explanation: `Ray is installed without its extra "default" (${installed.missing.slice(0, 3).join(', ')} missing), which jobs and the dashboard need; ask for ${pin} instead of ray`,
    };
  }
  return null;
}

function parseInstalled(value: unknown): InstalledRay {
  const { version, missing, names_sockets } = value as InstalledRay;
  if ((version !== null && typeof version !== 'string') || !Array.isArray(missing))
    throw new Error(`python3 says of Ray: ${JSON.stringify(value)}`);
  return { version, missing, names_sockets };
}
