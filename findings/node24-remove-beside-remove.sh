#!/usr/bin/env bash
# Two tidy up the same folder, as a job and its supervisor do: on Node 24 rmSync leaves the rest there and reports success.
#
# Tried: Node 20.20.2 and 24.21.0, rmSync(folder, {recursive: true, force: true}) on a folder of 3,000 files while a second
# process removes them one by one from the other end; 10 times; and rm() of node:fs/promises in its place.
# Guess: the folder is gone afterwards with both, as it is with `rm -rf`; or an error says what is left.
# Seen: Node 20 removes the folder each time, rm() of both versions too. rmSync of Node 24 returns each time without an error,
# and the folder is there: it ends at the first file that is gone when it comes to it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' >package.json
platform="node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')"
npm install --silent --no-audit --no-fund --no-save "old@npm:$platform@20.20.2" "new@npm:$platform@24.21.0"
cat >beside.mjs <<'JS'
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';

const FILES = 3000;
const [, , folder] = process.argv;
if (folder !== undefined) {
  process.send('ready');
  await once(process, 'message');
  process.send('going');
  for (let at = FILES - 1; at >= 0; at -= 1) rmSync(`${folder}/${at}`, { force: true });
  process.disconnect();
} else {
  const options = { recursive: true, force: true };
  console.log(await left((path) => rmSync(path, options)), await left((path) => rm(path, options)));
}

/** Of 10 folders, how many are there after they were removed without an error. */
async function left(remove) {
  let count = 0;
  for (let round = 0; round < 10; round += 1) {
    const path = mkdtempSync('./folder-');
    for (let at = 0; at < FILES; at += 1) writeFileSync(`${path}/${at}`, '');
    const other = fork(import.meta.filename, [path]);
    const gone = once(other, 'exit');
    await once(other, 'message');
    other.send('go');
    await once(other, 'message');
    await remove(path);
    await gone;
    if (existsSync(path)) count += 1;
  }
  return count;
}
JS
for version in old new; do
  node_modules/$version/bin/node --version
  node_modules/$version/bin/node beside.mjs | tee $version.txt
done
[ "$(cat old.txt)" = '0 0' ]
[[ $(cat new.txt) =~ ^[1-9][0-9]*\ 0$ ]]
echo 'as it was'
