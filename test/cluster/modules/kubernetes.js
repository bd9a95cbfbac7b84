/**
 * Rewrites `kubernetes/go.mod` and `go.sum` for another Kubernetes:
 *
 *   node test/cluster/modules/kubernetes.js 1.36.4
 *
 * Kubernetes replaces its libraries by folders of its own repository; a module outside of it replaces them by their
 * published versions, and which these are, that version's own go.mod says.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl', 'kubelet'];

const version = process.argv[2] ?? '';
if (!/^1\.\d+\.\d+$/.test(version)) throw new Error('a version of Kubernetes is wanted, like 1.36.4');
const folder = join(import.meta.dirname, 'kubernetes');
const go = (args, cwd) =>
  execFileSync('go', args, { cwd, encoding: 'utf8', env: { ...process.env, GOTOOLCHAIN: 'local' } });
const { GoMod } = JSON.parse(go(['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`], '/'));
const upstream = readFileSync(GoMod, 'utf8');
const [, language] = /^go (\S+)$/m.exec(upstream) ?? [];
const libraries = Array.from(upstream.matchAll(/^\s*(\S+) => \.\/staging\//gm), ([, name]) => name);
const lines = [
  ...['module aichor.test/cluster/kubernetes', '', `go ${language}`, ''],
  ...[`require k8s.io/kubernetes v${version}`, '', 'tool ('],
  ...PROGRAMS.map((program) => `\tk8s.io/kubernetes/cmd/${program}`),
  ...[')', '', 'replace ('],
  ...libraries.map((name) => `\t${name} => ${name} v0.${version.slice(2)}`),
  ...[')', ''],
];
writeFileSync(join(folder, 'go.mod'), lines.join('\n'));
go(['mod', 'tidy'], folder);
