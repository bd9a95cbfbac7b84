import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hierarchies } from '../host/leftovers.js';
import { until } from './programs.js';

const OF_BUSYBOX = ['pause', 'busybox', 'user-of-repository', 'user-of-project', 'user-by-name', 'builder'];
const IMAGES = [...OF_BUSYBOX.map((name) => `busybox-images/${name}`), 'ray-image/ray'];

/** The runtime with its images, then the kubelet; the API server need not be there yet. */
export async function startNode({ cluster, programs, mark }) {
  const { state, parts, cgroup } = cluster;
  await writeFile(join(state, 'cni/10-pods.conflist'), JSON.stringify(networkConfiguration(state)));
  await writeFile(join(state, 'containerd.toml'), runtimeConfiguration(cluster));
  await writeFile(join(state, 'kubelet.json'), JSON.stringify(kubeletConfiguration(cluster)));
  await makeGroups(cgroup);
  programs.start('containerd', ['-c', join(state, 'containerd.toml')]);
  await until('containerd', () => programs.run('ctr', 'version'));
  for (const image of IMAGES) {
    const [part, name] = image.split('/');
    await programs.run('ctr', '-n', 'k8s.io', 'images', 'import', join(parts[part], `${name}.tar`));
  }
  mark('containerd, images');
  programs.start('kubelet', [
    `--config=${join(state, 'kubelet.json')}`,
    `--kubeconfig=${join(state, 'kubeconfig.node1')}`,
    ...['--hostname-override=node1', '--node-ip=10.244.0.1'],
    ...[`--root-dir=${join(state, 'kubelet')}`, `--cert-dir=${join(state, 'certs/kubelet')}`],
  ]);
}

/** Every node says that it is ready, and the namespace `default` can be used. */
export async function nodeReady({ api, mark }) {
  await until('the nodes', async () => {
    const nodes = (await api.get('/api/v1/nodes')).items;
    const conditions = nodes.map(({ status }) => status.conditions?.find(({ type }) => type === 'Ready'));
    return nodes.length > 1 && conditions.every((condition) => condition?.status === 'True');
  });
  mark('nodes');
  await until('a service account', () => api.get('/api/v1/namespaces/default/serviceaccounts/default'));
}

/** Pods live below a group of the cluster's own, so that `down` finds what is left of them. */
async function makeGroups(cgroup) {
  for (const hierarchy of await hierarchies()) await mkdir(join(hierarchy, cgroup), { recursive: true });
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const from = join('/sys/fs/cgroup/cpuset', file);
    if (existsSync(from)) await copyFile(from, join('/sys/fs/cgroup/cpuset', cgroup, file));
  }
}

function networkConfiguration(state) {
  const ranges = [[{ subnet: '10.244.0.0/24', gateway: '10.244.0.1' }]];
  const routes = [{ dst: '0.0.0.0/0' }];
  const ipam = { type: 'host-local', ranges, routes, dataDir: join(state, 'cni/addresses') };
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipam };
  return { cniVersion: '0.4.0', name: 'pods', plugins: [bridge] };
}

/** Without CAP_SYS_RESOURCE no process may be made less likely to be killed, and without AppArmor none is confined by it. */
function runtimeConfiguration({ state, parts }) {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const off = ['snapshotter.v1.btrfs', 'snapshotter.v1.zfs', 'snapshotter.v1.devmapper', 'tracing.processor.v1.otlp'];
  return `version = 2
root = "${state}/containerd"
state = "/run/containerd"
disabled_plugins = [${off.map((plugin) => `"io.containerd.${plugin}"`).join(', ')}]
[grpc]
  address = "/run/containerd/containerd.sock"
[${cri}]
  sandbox_image = "localhost/pause:test"
  disable_apparmor = true
  restrict_oom_score_adj = true
[${cri}.cni]
  bin_dir = "${parts['node-programs']}/root/usr/lib/cni"
  conf_dir = "${state}/cni"
[${cri}.registry]
  config_path = "${state}/registries"
[${cri}.containerd]
  snapshotter = "overlayfs"
[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
  BinaryName = "${state}/bin/runc"
  SystemdCgroup = false
`;
} // prettier-ignore

function kubeletConfiguration({ state, cgroup }) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    // The API server reads logs without a certificate.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    ...{ cgroupDriver: 'cgroupfs', cgroupRoot: cgroup, failCgroupV1: false, failSwapOn: false },
    ...{ makeIPTablesUtilChains: false, oomScoreAdj: 0, registerWithTaints: [], maxPods: 200 },
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    ...{ clusterDNS: ['10.244.0.1'], clusterDomain: 'cluster.local', resolvConf: '/etc/resolv.conf' },
    ...{ podLogsDir: join(state, 'pod-logs'), volumePluginDir: join(state, 'plugins') },
    ...{ imageGCHighThresholdPercent: 100, imageGCLowThresholdPercent: 99 },
    evictionHard: {
      ...{ 'memory.available': '100Mi', 'nodefs.available': '1%' },
      ...{ 'imagefs.available': '1%', 'nodefs.inodesFree': '1%' },
    },
  };
}
