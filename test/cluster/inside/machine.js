import { execFile } from 'node:child_process';
import { mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * 10.244.0.0/24: pods of the real node, .1 the node itself and the API; 10.96.0.1: the Service `kubernetes`, reached
 * without kube-proxy; 10.245.0.0/16: pods of fake nodes, whose addresses are answered here.
 */
export async function makeNetwork() {
  const ip = (...args) => run('ip', args);
  await ip('link', 'set', 'lo', 'up');
  await ip('link', 'add', 'cni0', 'type', 'bridge');
  await ip('addr', 'add', '10.244.0.1/24', 'dev', 'cni0');
  await ip('link', 'set', 'cni0', 'up');
  await ip('addr', 'add', '10.96.0.1/32', 'dev', 'lo');
  await ip('route', 'add', 'local', '10.245.0.0/16', 'dev', 'lo');
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
}

/** What programs write to the machine's own folders stays in the cluster's. */
export async function makeMounts({ state }) {
  const mount = (...args) => run('mount', args);
  const inState = (name) => join(state, name);
  for (const name of [
    'etcd',
    'containerd',
    'kubelet',
    'plugins',
    'certs',
    'cni',
    'var',
    'var-work',
    'etc',
    'etc-work',
  ])
    await mkdir(inState(name), { recursive: true });
  await mount('--make-rshared', '/');
  await mount('-t', 'tmpfs', 'tmpfs', '/run');
  for (const name of ['var', 'etc']) {
    const layers = `lowerdir=/${name},upperdir=${inState(name)},workdir=${inState(`${name}-work`)}`;
    await mount('-t', 'overlay', 'overlay', '-o', layers, `/${name}`);
  }
  await rm('/var/run', { force: true, recursive: true });
  await symlink('/run', '/var/run');
  await writeFile(inState('resolv.conf'), 'nameserver 10.244.0.1\n');
  await mount('--bind', inState('resolv.conf'), await realpath('/etc/resolv.conf'));
}
