import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SUITES = ['bookworm', 'trixie'];

/**
 * An apt apart from the machine's: lists, cache and state are in `folder`, no package counts as installed, and any
 * suite can be had. Mirror and keyring are the machine's.
 *
 * @returns {Promise<string>} its configuration: `apt-get -c CONFIGURATION …`
 */
export async function privateApt(folder, command) {
  const mirror = await mirrorOf(command);
  for (const part of ['etc/sources.list.d', 'etc/preferences.d', 'etc/apt.conf.d', 'lists/partial', 'cache/archives/partial'])
    await mkdir(join(folder, part), { recursive: true }); // prettier-ignore
  await writeFile(join(folder, 'status'), '');
  await writeFile(
    join(folder, 'etc/sources.list'),
    SUITES.map(
      (suite) => `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} ${suite} main\n`,
    ).join(''),
  );
  const configuration = join(folder, 'apt.conf');
  await writeFile(configuration, configurationText(folder));
  await command('apt-get', ['-c', configuration, 'update']);
  return configuration;
}

/** Where the machine itself has its packages from. */
async function mirrorOf(command) {
  const uris = await command('apt-get', ['--print-uris', 'update']);
  const found = /'(\S+)\/dists\/(?:bookworm|trixie)\/InRelease'/.exec(uris);
  if (found === null) throw new Error('the machine’s apt has no Debian mirror');
  return found[1];
}

function configurationText(folder) {
  return `Dir::Etc "${folder}/etc"; Dir::Etc::sourcelist "${folder}/etc/sources.list";
Dir::Etc::sourceparts "${folder}/etc/sources.list.d"; Dir::State "${folder}"; Dir::State::lists "${folder}/lists";
Dir::State::status "${folder}/status"; Dir::Cache "${folder}/cache";
APT::Install-Recommends "false"; APT::Sandbox::User "root"; APT::Default-Release "bookworm";
Acquire::Languages "none"; Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
`;
}
