import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * A small installer that goes by uv's name and does, quickly and without a network, what the engine asks of it: real
 * environments, and projects with a build backend of their own, in folders and Git repositories of this machine.
 */
const SMALL_UV = `#!/usr/bin/env python3
import os, re, subprocess, sys, json, glob, tempfile, zipfile, importlib.util
words = sys.argv[1:]
def make(place):
    subprocess.check_call([os.environ["SMALL_UV_PYTHON"], "-m", "venv", "--without-pip", place])
def git(*words):
    return subprocess.check_output(["git", *words], text=True).strip()
def install(environment, folder, origin=None):
    if folder.startswith("git+"):
        url, revision = re.match(r"git[+](.*?)(?:@([^@]*))?$", folder).groups()
        folder = tempfile.mkdtemp()
        git("clone", "--quiet", url, folder)
        git("-C", folder, "checkout", "--quiet", revision or "HEAD")
        named = {"requested_revision": revision} if revision else {}
        commit = git("-C", folder, "rev-parse", "HEAD")
        origin = {"url": url, "vcs_info": {"vcs": "git", "commit_id": commit, **named}}
    here = os.getcwd()
    os.chdir(folder)
    spec = importlib.util.spec_from_file_location("backend", "backend.py")
    backend = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(backend)
    [site] = glob.glob(environment + "/lib/python3*/site-packages")
    with zipfile.ZipFile(backend.build_wheel(os.getcwd())) as wheel:
        wheel.extractall(site)
        info = next(name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name)
    with open(os.path.join(site, info, "direct_url.json"), "w") as file:
        json.dump(origin or {"url": "file://" + os.getcwd(), "dir_info": {}}, file)
    os.chdir(here)
if words[0] == "venv":
    make(words[-1])
elif words[0] == "sync":
    make(os.environ["UV_PROJECT_ENVIRONMENT"])
    install(os.environ["UV_PROJECT_ENVIRONMENT"], ".")
elif words[:2] == ["pip", "install"]:
    environment = os.path.dirname(os.path.dirname(words[words.index("--python") + 1]))
    if "-r" in words:
        folders = open(words[words.index("-r") + 1]).read().split()
    else:
        folders = [word for word in words[4:] if not word.startswith("-")]
    for folder in folders:
        install(environment, folder)
`;

/** Puts it into a folder; gives what a shell that has it would be. */
export async function smallUvShell(folder: string): Promise<Record<string, string>> {
  const programs = join(folder, 'small-uv');
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, 'uv'), SMALL_UV);
  await chmod(join(programs, 'uv'), 0o755);
  const python = await realPython();
  const path = [programs, process.env['PATH'] ?? ''].join(delimiter);
  return { PATH: path, HOME: folder, SMALL_UV_PYTHON: python };
}

/** What stands on PATH may be a script that looks for it each time. */
export async function realPython(): Promise<string> {
  const print = 'import os, sys; print(os.path.realpath(sys.executable))';
  return (await promisify(execFile)('python3', ['-c', print])).stdout.trim();
}

/** Lines of a backend that packs what `files` (Python, tuples of name and content) gives. */
export function projectFiles(name: string, version: string, files: string): Record<string, string> {
  const info = `${name}-${version}.dist-info/`;
  return {
    'pyproject.toml': `[project]\nname = "${name}"\nversion = "${version}"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n`,
    'backend.py': [
      'import os, zipfile',
      'def build_wheel(folder, config_settings=None, metadata_directory=None):',
      `    wheel, info = "${name}-${version}-py3-none-any.whl", "${info}"`,
      '    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as z:',
      `        for path, text in ${files}:`,
      '            z.writestr(path, text)',
      `        z.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${version}\\n")`,
      '        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")',
      '        z.writestr(info + "RECORD", "\\n".join(n + ",," for n in z.namelist() + [info + "RECORD"]))',
      '    return wheel',
      '',
    ].join('\n'),
  };
}
