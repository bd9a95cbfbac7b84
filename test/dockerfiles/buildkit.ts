import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { list, type ReadEntry } from 'tar';
import { buildParts } from '../cluster/build/build.js';
import { say } from '../cluster/build/say.js';
import { CONTEXT, hasRun, RUN_FILES, wholeText, withMode, WORKDIR, type Form } from './form.ts';
import { recorder } from './recorder.ts';

/** Debian's packages whose programs the base image has; it is made of this machine's. */
const PACKAGES = 'coreutils dash bash sed grep mawk findutils tar gzip debianutils diffutils'.split(' ');

/** What BuildKit made of a form, in the words of the table. */
export interface Built {
  tree: Record<string, string>;
  env: Record<string, string>;
  installs: string[];
}

export interface BuildKit {
  /** Null in `built`: it refused, and `said` is why. */
  build(form: Form): Promise<{ built: Built | null; said: string }>;
  leave(): Promise<void>;
}

/** Programs of BuildKit: of `AICHOR_BUILDKIT`, else of the cache folder, in which they are built once, of Go modules. */
async function programs(): Promise<string> {
  const given = process.env['AICHOR_BUILDKIT'];
  if (given !== undefined) return given;
  const parts = await buildParts(['buildkit'], { say });
  return join(parts['buildkit'] ?? '', 'bin');
}

/** Starts BuildKit in a folder of its own. Needs root, `runc`, and the programs of a Debian machine. */
export async function startBuildKit(folder: string): Promise<BuildKit> {
  const bin = await programs();
  const base = makeBase(folder);
  const address = `unix://${folder}/socket`;
  writeFileSync(
    join(folder, 'buildkitd.toml'),
    `root = "${folder}/state"\n[grpc]\n  address = ["${address}"]\n[otel]\n  socketPath = "${folder}/otel"\n[worker.oci]\n  enabled = true\n  binary = "runc"\n  networkMode = "host"\n[worker.containerd]\n  enabled = false\n`,
  );
  const daemon = spawn(join(bin, 'buildkitd'), ['--config', join(folder, 'buildkitd.toml')], {
    stdio: 'ignore',
  });
  const buildctl = join(bin, 'buildctl');
  await untilReady(daemon, () =>
    execFileSync(buildctl, ['--addr', address, 'debug', 'workers'], { stdio: 'ignore' }),
  );
  const known = new Set((await entriesOf(base.tar)).map(({ path }) => path));
  return {
    build: async (form) => buildOne(form, { folder, buildctl, address, base, known }),
    async leave() {
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await ended;
    },
  };
}

async function untilReady(daemon: ChildProcess, look: () => void): Promise<void> {
  for (;;) {
    if (daemon.exitCode !== null) throw new Error(`buildkitd ended with ${daemon.exitCode}`);
    try {
      return look();
    } catch {
      // It does not listen yet.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

interface Base {
  tar: string;
  layout: string;
  digest: string;
}

/** An image of a shell and its programs, in which installers write down what they are asked for. */
function makeBase(folder: string): Base {
  const root = join(folder, 'rootfs');
  for (const path of [
    'usr/bin',
    'usr/lib',
    'usr/lib64',
    'usr/local/bin',
    'usr/local/share',
    'etc',
    'root',
    'tmp',
    'opt',
    'home',
    'var/tmp',
    'run',
    'srv',
    'mnt',
    'proc',
    'sys',
    'dev',
  ])
    mkdirSync(join(root, path), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  chmodSync(join(root, 'tmp'), 0o1777);
  const files = execFileSync('dpkg', ['-L', ...PACKAGES], { encoding: 'utf8' }).split('\n');
  for (const file of files.filter((each) => /^(\/usr)?\/s?bin\/./.test(each) && existsSync(each)))
    cpSync(realpathSync(file), join(root, 'usr/bin', basename(file)));
  cpSync(realpathSync('/bin/dash'), join(root, 'usr/bin/sh'));
  cpSync(realpathSync('/usr/bin/mawk'), join(root, 'usr/bin/awk'));
  const needed = new Set(
    execFileSync('sh', ['-c', `ldd ${join(root, 'usr/bin')}/* 2>/dev/null || :`], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    }).match(/(?<=\s)\/(?:usr\/)?lib\S+/g) ?? [],
  );
  for (const library of needed) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    cpSync(realpathSync(library), join(root, library));
  }
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/sh\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  for (const name of ['pip', 'pip3']) put(join(root, 'usr/local/bin', name), recorder('/installs'));
  const python = '#!/bin/sh\n[ "$1 $2" = "-m pip" ] && { shift 2; exec pip "$@"; }\nexit 1\n';
  for (const name of ['python', 'python3']) put(join(root, 'usr/local/bin', name), python);
  const tar = join(folder, 'rootfs.tar');
  execFileSync('tar', ['--numeric-owner', '-C', root, '-cf', tar, '.']);
  return { tar, ...layoutOf(tar, join(folder, 'layout')) };
}

function put(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/** One layer as an image, in the OCI's layout of folders. */
function layoutOf(tar: string, layout: string): { layout: string; digest: string } {
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const add = (content: Buffer) => {
    const hash = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(layout, 'blobs/sha256', hash), content);
    return { digest: `sha256:${hash}`, size: content.length };
  };
  const json = (value: unknown) => add(Buffer.from(JSON.stringify(value)));
  const layer = add(readFileSync(tar));
  const config = json({
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const type = 'application/vnd.oci.image';
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: { mediaType: `${type}.config.v1+json`, ...config },
    layers: [{ mediaType: `${type}.layer.v1.tar`, ...layer }],
  });
  const index = { schemaVersion: 2, manifests: [{ mediaType: `${type}.manifest.v1+json`, ...manifest }] };
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index));
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return { layout, digest: manifest.digest };
}

async function buildOne(
  form: Form,
  {
    folder,
    buildctl,
    address,
    base,
    known,
  }: { folder: string; buildctl: string; address: string; base: Base; known: ReadonlySet<string> },
): Promise<{ built: Built | null; said: string }> {
  const context = join(folder, 'context');
  rmSync(context, { recursive: true, force: true });
  writeContext(context, form);
  const dockerfile = join(folder, 'dockerfile');
  mkdirSync(dockerfile, { recursive: true });
  writeFileSync(join(dockerfile, 'Dockerfile'), wholeText(form));
  const [files, image] = [join(folder, 'files.tar'), join(folder, 'image.tar')];
  const options = [
    ...Object.entries(form.args ?? {}).map(([name, value]) => `build-arg:${name}=${value}`),
    ...(form.target === undefined ? [] : [`target=${form.target}`]),
    `context:python:3.11=oci-layout://base@${base.digest}`,
  ];
  try {
    execFileSync(
      buildctl,
      [
        ...['--addr', address, 'build', '--progress', 'plain', '--frontend', 'dockerfile.v0'],
        ...['--local', `context=${context}`, '--local', `dockerfile=${dockerfile}`],
        ...['--oci-layout', `base=${base.layout}`, ...options.flatMap((option) => ['--opt', option])],
        ...['--output', `type=tar,dest=${files}`, '--output', `type=oci,dest=${image}`],
      ],
      { stdio: 'pipe', env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' } },
    );
  } catch (error) {
    return { built: null, said: String((error as { stderr?: unknown }).stderr) };
  }
  return { built: { ...(await seenIn(files, known)), env: await environmentIn(image) }, said: '' };
}

function writeContext(context: string, form: Form): void {
  mkdirSync(context, { recursive: true });
  if (hasRun(form)) {
    for (const [path, content] of Object.entries(RUN_FILES)) {
      mkdirSync(dirname(join(context, path)), { recursive: true });
      writeFileSync(join(context, path), content);
    }
  } else {
    for (const entry of CONTEXT) {
      const path = join(context, entry.path);
      mkdirSync(dirname(path), { recursive: true });
      if (entry.kind === 'folder') mkdirSync(path);
      else if (entry.kind === 'link') symlinkSync(entry.target, path);
      else writeFileSync(path, entry.path, { mode: entry.executable ? 0o755 : 0o644 });
    }
  }
  if (form.ignore !== undefined) writeFileSync(join(context, '.dockerignore'), form.ignore);
}

interface Entry {
  path: string;
  type: string;
  mode: number;
  link: string;
  content: string;
}

async function entriesOf(file: string): Promise<Entry[]> {
  const found: Entry[] = [];
  const reading: Promise<unknown>[] = [];
  await list({
    file,
    onReadEntry(entry: ReadEntry) {
      const one: Entry = {
        path: `/${entry.path.replace(/^\.?\/*/, '').replace(/\/$/, '')}`,
        type: entry.type,
        mode: (entry.mode ?? 0) & 0o7777,
        link: entry.linkpath ?? '',
        content: '',
      };
      found.push(one);
      if (statSync(file).size > 0)
        reading.push(entry.concat().then((data) => (one.content = data.toString())));
    },
  });
  await Promise.all(reading);
  return found;
}

const OF_BUILDKIT =
  /^\/(?:installs|etc\/(?:hosts|resolv\.conf|hostname)|proc|sys|dev)(?:\/|$)|^\/$|^\/run\/secrets$|^\/var\/cache/;

async function seenIn(tar: string, known: ReadonlySet<string>): Promise<Pick<Built, 'tree' | 'installs'>> {
  const tree: Record<string, string> = {};
  const entries = await entriesOf(tar);
  const contents = new Map(entries.map(({ path, content }) => [path, content]));
  for (const { path, type, mode, link, content } of entries) {
    if (known.has(path) || path.endsWith('/.dockerignore') || OF_BUILDKIT.test(path) || path === WORKDIR)
      continue;
    const name = path.startsWith(`${WORKDIR}/`) ? path.slice(WORKDIR.length + 1) : path;
    if (type === 'SymbolicLink') tree[name] = `-> ${link}`;
    else if (type === 'Link')
      tree[name] = withMode('file', contents.get(`/${link.replace(/^\//, '')}`) ?? '', mode);
    else tree[name] = withMode(type === 'Directory' ? 'folder' : 'file', content, mode);
  }
  const recorded = contents.get('/installs') ?? '';
  return { tree, installs: recorded.split('\n').filter((line) => line !== '') };
}

async function environmentIn(image: string): Promise<Record<string, string>> {
  const contents = new Map((await entriesOf(image)).map(({ path, content }) => [path, content]));
  const at = (digest: string) => JSON.parse(contents.get(`/blobs/${digest.replace(':', '/')}`) ?? '{}');
  const manifest = at(JSON.parse(contents.get('/index.json') ?? '{}').manifests[0].digest);
  const variables: string[] = at(manifest.config.digest).config.Env ?? [];
  return Object.fromEntries(
    variables
      .map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)])
      .filter(([name]) => name !== 'PATH'),
  );
}
