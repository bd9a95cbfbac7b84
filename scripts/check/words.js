import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Hosts that a file may name. Others are some machine's or some registry's. */
const HOSTS =
  /^(?:[\w-]+|[\w-]+\.localhost|127\.0\.0\.1|\[::1\]|www\.apache\.org|docs\.[\w.]+|vscode\.dev|download\.pytorch\.org|(?:(?:git-lfs|api)\.)?github\.com|gitlab\.com|(?:api\.)?bitbucket\.org|dev\.azure\.com|\w+\.visualstudio\.com|json-schema\.org|s3\.amazonaws\.com|(?:[\w-]+\.)*example(?:\.(?:com|org|net))?|[\w.-]+\.(?:invalid|test))(?::\d+)?$/;

const RULES = [
  {
    what: 'a path of one machine',
    pattern: /(?<![\w.~/$}-])\/(?:work|root|farm)\/[\w.]/g,
    but: ['templates/repository/Dockerfile.eta', 'templates/project/Dockerfile.eta', 'docs/kubernetes.md'],
  },
  { what: 'a place where a lock file would look for packages', pattern: /"resolved": "https?:/g, but: [] },
];

/** Looks through every file that Git keeps or would keep. @param {string} root @returns {Promise<string[]>} */
export async function wordFindings(root) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const files = listed.split('\0').filter((file) => file !== '');
  return (await Promise.all(files.map((file) => fileFindings(root, file)))).flat();
}

async function fileFindings(root, file) {
  const text = await readFile(join(root, file), 'utf8').catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return '';
    throw error;
  });
  if (text.includes('\0')) return [];
  const lineOf = (index) => text.slice(0, index).split('\n').length;
  const words = RULES.filter(({ but }) => !but.includes(file)).flatMap(({ what, pattern }) =>
    Array.from(text.matchAll(pattern), (match) => `${file}:${lineOf(match.index)}: ${what}: ${match[0]}`),
  );
  if (file === 'package-lock.json') return words;
  const hosts = Array.from(text.matchAll(/https?:\/\/(?:[^\s/@]*@)?([\w.[\]:-]+\w)/g))
    .filter(([, host]) => !HOSTS.test(host))
    .map((match) => `${file}:${lineOf(match.index)}: names the host ${match[1]}`);
  return [...words, ...hosts];
}
