#!/bin/sh
# One would guess that `loadFromDefault` of the official JavaScript client merges the files in KUBECONFIG as kubectl does:
# of two entries of one name the first counts, so does the first current-context, and a file that is not there is skipped.
# Seen: two files with an entry of one name throw, the LAST current-context counts, and a missing file throws.
# And `tokenFile`, as kubeconfigs have it, is not read: the library looks for `token-file`.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0 >/dev/null
cat >a.json <<'END'
{"current-context": "one", "clusters": [{"name": "a", "cluster": {"server": "https://a"}}],
 "users": [{"name": "me", "user": {"tokenFile": "/dev/null/token"}}],
 "contexts": [{"name": "one", "context": {"cluster": "a", "user": "me"}}]}
END
cat >b.json <<'END'
{"current-context": "two", "clusters": [{"name": "b", "cluster": {"server": "https://b"}}], "users": [],
 "contexts": [{"name": "two", "context": {"cluster": "b", "user": "me"}}]}
END
cat >same.json <<'END'
{"clusters": [{"name": "a", "cluster": {"server": "https://other"}}], "users": [], "contexts": []}
END
cat >look.mjs <<'END'
import { KubeConfig } from '@kubernetes/client-node';
const load = (...files) => {
  process.env.KUBECONFIG = files.join(':');
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
    return config;
  } catch (error) {
    return error.message.split('\n')[0];
  }
};
const seen = {
  current: load('a.json', 'b.json').getCurrentContext(),
  same_name: load('a.json', 'same.json'),
  missing: load('a.json', 'absent.json'),
  token_file: load('a.json').getCurrentUser().token ?? null,
};
console.log(JSON.stringify(seen));
const expected = { current: 'two', same_name: 'Duplicate cluster: a', token_file: null };
for (const [key, value] of Object.entries(expected))
  if (seen[key] !== value) throw new Error(`${key} is now ${JSON.stringify(seen[key])}`);
if (!/ENOENT/.test(String(seen.missing))) throw new Error('a missing file is now taken');
END
echo "@kubernetes/client-node $(node -p "require('@kubernetes/client-node/package.json').version" 2>/dev/null || echo 1.4.0)"
node look.mjs
