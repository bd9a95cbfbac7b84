import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { createClient, type Client } from '../../../../src/client/client.ts';
import type { Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { BIN } from '../../../faults/server.ts';
import { inWorld, type World } from '../../../faults/world.ts';
import { cluster } from '../../harness/found.ts';
import { pods } from '../../harness/kubernetes.ts';
import { localVolume, removeNamespace } from '../../harness/namespace.ts';
import { builds, settingsOfBuilds, trustAuthority } from './builds.ts';

const ROOT = join(import.meta.dirname, '../../../..');
/** As the files of deploy/kubernetes have them. */
const NAMESPACE = 'aichor';
const POD = 'aichor-0';
/** Of `deploy/kubernetes/example`. */
export const TEAM = 'team-a';

/** The control plane in the cluster, as somebody sees it whose machine was told of it. */
export interface Installed {
  world: World;
  /** The same control plane without commands; another one after each `replace`. */
  client: Client;
  /** As somebody with another key. */
  withKey(key: string): Client;
  /** A command that must succeed; what it prints. */
  aichor(...args: string[]): Promise<string>;
  /** A command in its pod; what it prints. */
  inPod(...command: string[]): Promise<string>;
  /** Deletes the pod, as an upgrade does, and waits for the next one. */
  replace(): Promise<void>;
  /** `kill -9` of the program in its container, which the node starts again. */
  crash(): Promise<void>;
}

interface Image {
  name: string;
  digest: string;
}

/** Installs the control plane by the commands of docs/kubernetes.md; nothing of it is left after the test. */
export async function installed(image: Image, test: (plane: Installed) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-d-'));
  await cp(join(ROOT, 'deploy/kubernetes'), join(folder, 'deploy/kubernetes'), { recursive: true });
  const state = await mkdtemp(join(folder, 'state-'));
  const storageClass = `state-${randomUUID().slice(0, 8)}`;
  await localVolume(storageClass, state);
  try {
    await install(folder, { image, storageClass });
    await trustAuthority(TEAM);
    await runs();
    const key = await kubectl('-n', NAMESPACE, 'get', 'secret', 'aichor-api-key', '-o', 'jsonpath={.data.key}');
    await inWorld((world) => asAdministrator(world, Buffer.from(key, 'base64').toString(), test));
  } catch (error) {
    throw new Error(`${String(error)}\n${await lastWords()}`, { cause: error });
  } finally {
    await removeNamespace(TEAM);
    await kubectl('delete', '--ignore-not-found', '-k', join(folder, 'deploy/kubernetes/example'));
    await rm(folder, { recursive: true, force: true });
  }
} // prettier-ignore

interface Choices {
  image: Image;
  storageClass: string;
}

/** Runs what the page says after the image is built, and changes the copy of the example as it says. */
async function install(folder: string, choices: Choices): Promise<void> {
  const commands = await blockOfPage('docker build --file deploy/Dockerfile ');
  const patches = await blockOfPage('patches:\n');
  for (const line of commands.trim().split('\n').slice(1)) {
    await run('sh', ['-c', line], { cwd: folder, env: withKubectl(process.env) });
    if (line.startsWith('cp ')) await adapt(join(folder, 'deploy/kubernetes/my-cluster/kustomization.yaml'), patches, choices);
  }
} // prettier-ignore

/** The block of docs/kubernetes.md that begins with these words. */
async function blockOfPage(words: string): Promise<string> {
  const page = await readFile(join(ROOT, 'docs/kubernetes.md'), 'utf8');
  const block = page.split(/^```.*\n/m).find((text) => text.startsWith(words));
  if (block === undefined) throw new Error(`docs/kubernetes.md has no block that begins with ${words}`);
  return block;
}

async function adapt(file: string, patches: string, { image, storageClass }: Choices): Promise<void> {
  const kustomization = parse(await readFile(file, 'utf8'));
  kustomization.images = [{ name: 'aichor', newName: image.name, digest: image.digest }];
  const text = stringify(kustomization) + patches.replace('fast-disks', storageClass);
  await writeFile(file, text);
}

async function asAdministrator(
  world: World,
  key: string,
  test: (plane: Installed) => Promise<void>,
): Promise<void> {
  const [setServer = '', storeKey = '', addEngine = ''] = (await blockOfPage('aichor context set server ')).split('\n');
  const env = await withAichor(world);
  const sh = (line: string) => run('sh', ['-c', line], { cwd: world.folder, env });
  let forwarded = await forward();
  const signIn = async () => {
    await sh(setServer.replace('https://aichor.example.com', forwarded.url));
    await sh(storeKey);
  };
  const again = async () => {
    forwarded = await forward();
    plane.client = clientOf(forwarded.url, key);
    await signIn();
  };
  const plane: Installed = {
    world,
    client: clientOf(forwarded.url, key),
    withKey: (other) => clientOf(forwarded.url, other),
    async aichor(...args) {
      const { code, stdout, stderr } = await world.aichor(args);
      if (code !== 0) throw new Error(`aichor ${args.join(' ')} ended with ${code}: ${stderr}`);
      return stdout.toString();
    },
    inPod: (...command) => kubectl('-n', NAMESPACE, 'exec', POD, '--', ...command),
    async replace() {
      const [before] = await pods(NAMESPACE).list<Pod>();
      await forwarded.stop();
      await kubectl('-n', NAMESPACE, 'delete', 'pod', POD);
      await runs((pod) => pod.metadata?.uid !== before?.metadata?.uid);
      await again();
    },
    async crash() {
      const [pod] = await pods(NAMESPACE).list<Pod>();
      const { containerID, restartCount } = containerOf(pod);
      await forwarded.stop();
      await inCluster('ctr', '-n', 'k8s.io', 'tasks', 'kill', '--signal', 'SIGKILL', containerID.replace('containerd://', ''));
      await runs((each) => containerOf(each).restartCount === restartCount + 1);
      await again();
    },
  }; // prettier-ignore
  try {
    await signIn();
    await writeFile(join(world.folder, 'engine.json'), JSON.stringify(settingsOfBuilds()));
    await sh(`${addEngine.replace('registry.example.com', builds.registry.host)} --settings engine.json`);
    await test(plane);
  } finally {
    await forwarded.stop();
  }
} // prettier-ignore

function withKubectl(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, PATH: `${cluster.programs}:${env['PATH']}`, KUBECONFIG: cluster.kubeconfig };
}

/** With the built program under its name. */
async function withAichor({ folder, env }: World): Promise<NodeJS.ProcessEnv> {
  const bin = await mkdtemp(join(folder, 'bin-'));
  await symlink(BIN, join(bin, 'aichor'));
  return withKubectl({ ...env, PATH: `${bin}:${env['PATH']}` });
}

function clientOf(url: string, apiKey: string): Client {
  return createClient({ address: { url }, apiKey });
}

function containerOf(pod: Pod | undefined): { containerID: string; restartCount: number } {
  const { containerID = '', restartCount = 0 } = pod?.status?.containerStatuses?.[0] ?? {};
  return { containerID, restartCount };
}

/** Of which nothing comes by waiting. */
const HOPELESS = ['CrashLoopBackOff', 'ImagePullBackOff', 'CreateContainerConfigError'];

/** Waits until its pod is ready to serve; `holds` tells it from one that was before it. */
async function runs(holds: (pod: Pod) => boolean = () => true): Promise<void> {
  await pods(NAMESPACE).until<Pod>((items) =>
    items.some((pod) => {
      const reason = pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? '';
      if (HOPELESS.includes(reason)) throw new Error(`${POD}: ${reason}`);
      const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
      return holds(pod) && isReady;
    }),
  );
} // prettier-ignore

/** A way to the Service from this machine. */
async function forward(): Promise<{ url: string; stop(): Promise<void> }> {
  const args = [
    '--kubeconfig',
    cluster.kubeconfig,
    '-n',
    NAMESPACE,
    'port-forward',
    'service/aichor',
    ':8642',
  ];
  const child = spawn(kubectlProgram(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const listens = once(createInterface({ input: child.stdout }), 'line');
  const [line] = await Promise.race([
    listens,
    ended.then(() => Promise.reject(new Error('kubectl port-forward ended'))),
  ]);
  const port = /127\.0\.0\.1:(\d+)/.exec(String(line))?.[1];
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

const run = promisify(execFile);

async function kubectl(...args: string[]): Promise<string> {
  return (await run(kubectlProgram(), ['--kubeconfig', cluster.kubeconfig, ...args])).stdout;
}

function kubectlProgram(): string {
  return join(cluster.programs ?? '', 'kubectl');
}

async function inCluster(...command: string[]): Promise<void> {
  const program = join(import.meta.dirname, '../../cluster.js');
  await run(process.execPath, [program, 'enter', ...command], { env: { ...process.env, AICHOR_CLUSTER: cluster.state ?? '' } }); // prettier-ignore
}

/** How its pod stood, and what it said, for the message of a failure. */
async function lastWords(): Promise<string> {
  const said = await Promise.allSettled([
    kubectl('-n', NAMESPACE, 'describe', 'pod', POD),
    kubectl('-n', NAMESPACE, 'logs', POD, '--tail=50'),
  ]);
  return said.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason))).join('\n');
}
