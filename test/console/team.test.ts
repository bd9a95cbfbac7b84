/** What a team's server has beside experiments, in a real browser: each page by the rights of who looks at it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startGitServer, type GitServer } from '../fakes/git-server.ts';
import { githubPush, openTeam, type Team } from '../server/team.ts';
import { expectReadable } from './axe.ts';
import { launch, describeInBrowser, watchedPage, type Watched } from './browser.ts';

/** It runs until there is a file. */
const manifest = (hold: string) => `kind: AIchorManifest
apiVersion: 0.2.3
builder: { image: experiment, dockerfile: ./Dockerfile, context: . }
spec:
  operator: jobset
  image: experiment
  command: while [ ! -e ${hold} ]; do sleep 0.1; done
  types:
    worker:
      count: 1
      resources: { cpus: 1, ramRatio: 1 }
`;

describeInBrowser('the pages of a team', { timeout: 120_000 }, () => {
  let browser: Browser;
  let team: Team;
  let origin: GitServer;
  let folder: string;
  let hook: { url: string; secret: string };
  const keys: Record<string, string> = {};
  const open: { context: BrowserContext; watched: Watched }[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'aichor-team-page-'));
    origin = await startGitServer();
    origin.commit({ 'manifest.yaml': manifest(join(folder, 'hold')), Dockerfile: 'FROM scratch\n' }, 'first');
    team = openTeam();
    await team.start({}, ['--local', '--max-experiments', '1']);
    const project = {
      ...{ name: 'Protein folding', engines: ['local'], repository: origin.url, allow_inner_addresses: true },
      branches: ['main'],
      variables: [{ name: 'WANDB_API_KEY', value: 'canary-of-the-project', sensitive: true }],
    };
    const made = await team.call('POST', '/projects', project);
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
    hook = (await team.call('POST', '/projects/Protein%20folding/hook', { provider: 'github' })).body;
    for (const [name, role] of Object.entries({ anna: 'admin', ben: 'member', vera: 'viewer' }))
      keys[name] = (await team.call('POST', '/keys', { name, role })).body.key;
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    writeFileSync(join(folder, 'hold'), '');
    await browser.close();
    await team.remove();
    origin.close();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);
  afterEach(async () => {
    const faults = open.flatMap(({ watched }) => watched.faults);
    for (const { context } of open.splice(0)) await context.close();
    if (faults.length > 0) throw new Error(`the page broke a rule:\n${faults.join('\n')}`);
  });

  const address = (path: string) => `http://aichor.localhost:${new URL(team.url).port}${path}`;
  const PROJECT = '/projects/Protein%20folding';

  async function signedIn(name: string, path = '/experiments'): Promise<Page> {
    const context = await browser.newContext();
    const watched = await watchedPage(context);
    open.push({ context, watched });
    const { page } = watched;
    await page.goto(address(path));
    await page.getByLabel('API key').fill(keys[name] ?? name);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    return page;
  }
  async function push(message: string): Promise<string> {
    const commit = origin.commit({ [`${message.length}-${Date.now()}`]: '' }, message);
    const { url, headers, body } = githubPush(hook, { commit, message });
    const { status } = await fetch(url, { method: 'POST', headers, body });
    expect([200, 202]).toContain(status);
    return commit.slice(0, 10);
  }
  const rowWith = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });
  const statusOf = async (key: string) => (await team.call('GET', '/identity', undefined, key)).status;

  it('show what was pushed as it comes, what was decided and why, and decide it again', async () => {
    const page = await signedIn('ben', '/projects');
    await page.getByRole('link', { name: 'Protein folding' }).click();
    await page.getByText('Nothing has been pushed yet').waitFor();
    expect(await page.content()).not.toContain('canary-of-the-project');
    await rowWith(page, 'WANDB_API_KEY').getByText('secret').waitFor();
    const ignored = rowWith(page, await push('Fix a typo'));
    await ignored.getByText('it begins neither with aichor[path]: nor with exp').waitFor();
    await ignored.getByText('ignored').waitFor();
    const commit = await push('exp: run it');
    await rowWith(page, commit).getByText('made').waitFor();
    await rowWith(page, commit).getByRole('button', { name: 'Redeliver' }).click();
    const again = page.locator('tr', { hasText: 'redelivered' });
    await again.getByText('made').waitFor();
    await again.getByRole('link').click();
    await page.locator('.head').getByRole('heading', { name: 'exp: run it' }).waitFor();
  });

  it('show what waits for an engine, in its order, and for what, until its turn has come', async () => {
    const { body: listed } = await team.call('GET', '/experiments?status=Waiting');
    const [second] = listed.experiments;
    const page = await signedIn('vera', '/engines');
    const queue = page.getByRole('table', { name: 'Queue of local' });
    await queue.locator(`tr[data-id="${second.experiment_id}"]`).getByText('1 experiment').waitFor();
    await rowWith(page, 'Experiments').getByText('1').first().waitFor();
    await push('exp: a third one');
    await queue.locator('tbody tr').nth(1).getByText('exp: a third one').waitFor();
    expect(await queue.locator('tbody td:first-child').allInnerTexts()).toEqual(['1', '2']);
    const ids = [second.experiment_id];
    expect((await team.call('POST', '/experiments/cancel', { ids })).status).toBe(200);
    await expect.poll(() => queue.locator('tbody td:first-child').allInnerTexts()).toEqual(['1']);
    await queue.getByText('exp: a third one').waitFor();
    writeFileSync(join(folder, 'hold'), '');
    await page.getByText('Nothing waits for it.').waitFor();
    rmSync(join(folder, 'hold'));
  });

  it('say what a message would do, as the server would decide', async () => {
    const page = await signedIn('vera', PROJECT);
    const explain = page.getByRole('region', { name: 'Would this message' });
    const asked = async (message: string, branch = '') => {
      await explain.getByLabel('Message of the commit').fill(message);
      await explain.getByLabel('Branch').fill(branch);
      await explain.getByRole('button', { name: 'Explain' }).click();
    };
    await asked('aichor[fast.yaml]: go');
    await explain.getByText('aichor_manifests/fast.yaml').waitFor();
    await explain.getByText('Yes').waitFor();
    await asked('Aichor[fast.yaml]: go');
    await explain.getByText('aichor is written in small letters').waitFor();
    await explain.getByText('write aichor[fast.yaml]: …').waitFor();
    await asked('exp: go', 'try/1');
    await explain.getByText('the project takes no pushes to the branch try/1').waitFor();
    expect(await explain.getByText('Yes').count()).toBe(0);
  });

  it('give an admin keys: one is shown once, opens, and opens nothing after it was rotated or revoked', async () => {
    const page = await signedIn('anna', '/keys');
    await page.getByLabel('Name').fill('carl');
    await page.getByLabel('Role').selectOption('viewer');
    await page.getByLabel('Projects').fill('Protein folding');
    await page.getByLabel('Expires in').fill('90 days');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('alert').getByText('is not a duration').waitFor();
    await page.getByLabel('Expires in').fill('90d');
    await page.getByRole('button', { name: 'Create' }).click();
    const shown = page.locator('#made-key');
    await shown.waitFor();
    const key = (await shown.innerText()).trim();
    expect((await team.call('GET', '/identity', undefined, key)).body).toEqual({
      ...{ name: 'carl', role: 'viewer', projects: ['Protein folding'] },
    });
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText(/The key is (copied|selected)/).waitFor();
    await page.reload();
    const row = rowWith(page, 'carl');
    await row.getByText('now').first().waitFor();
    expect(await page.content()).not.toContain(key);
    await row.getByRole('button', { name: 'Rotate carl' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'No' }).click();
    expect(await statusOf(key)).toBe(200);
    await row.getByRole('button', { name: 'Rotate carl' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
    await shown.waitFor();
    const fresh = (await shown.innerText()).trim();
    expect([await statusOf(key), await statusOf(fresh)]).toEqual([401, 200]);
    await page.getByRole('button', { name: 'Done' }).click();
    await row.getByRole('button', { name: 'Revoke carl' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await statusOf(fresh)).toBe(401);
  });

  it('leave whoever replaces their own key signed in, with the new one to be copied', async () => {
    const page = await signedIn('anna', '/keys');
    const signedInAgain = page.waitForResponse('**/v1/session');
    await page.getByRole('button', { name: 'Rotate anna' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
    const shown = page.locator('#made-key');
    await shown.waitFor();
    const fresh = (await shown.innerText()).trim();
    expect([await statusOf(keys['anna'] ?? ''), await statusOf(fresh)]).toEqual([401, 200]);
    keys['anna'] = fresh;
    expect((await signedInAgain).status()).toBe(200);
    await page.reload();
    await page.getByRole('button', { name: 'Rotate anna' }).waitFor();
  });

  it('show an admin what was done, by whom and when, as the address says', async () => {
    const page = await signedIn('anna', '/audit');
    await rowWith(page, 'project.create').getByText('Protein folding').waitFor();
    await page.getByLabel('Who').fill('anna');
    await page.getByLabel('Since').fill('1d');
    await page.getByRole('button', { name: 'Show' }).click();
    await rowWith(page, 'project.create').waitFor({ state: 'detached' });
    await rowWith(page, 'key.rotate').first().waitFor();
    expect(new URL(page.url()).search).toBe('?by=anna&since=1d');
    // As it comes.
    await team.call('POST', '/keys', { name: 'dora', role: 'viewer' }, keys['anna']);
    await rowWith(page, 'dora').waitFor();
    await page.goto(address('/audit?by=anna&until=1d'));
    await page.getByText('Nothing has been written down that is meant here.').waitFor();
    await page.getByLabel('Until').fill('soon');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('alert').getByText('"soon"').waitFor();
  });

  it('offer a viewer nothing that is not theirs, and the server refuses it all the same', async () => {
    const page = await signedIn('vera', PROJECT);
    await page.getByRole('row').filter({ hasText: 'ignored' }).first().waitFor();
    const nav = page.getByRole('navigation', { name: 'Pages' });
    expect(await nav.getByRole('link').allInnerTexts()).toEqual([
      ...['Experiments', 'Sweeps', 'Projects', 'Engines'],
    ]);
    expect(await page.getByRole('button', { name: 'Redeliver' }).count()).toBe(0);
    const id = await page.locator('tr[data-id]').first().getAttribute('data-id');
    const refused = await page.evaluate(
      async (paths) => {
        const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
        return Promise.all(paths.map(async (path) => (await fetch(`/v1${path}`, init)).status));
      },
      [`${PROJECT}/deliveries/${id}/redeliver`, '/keys', '/keys/anna/rotate'],
    );
    expect(refused).toEqual([403, 403, 403]);
    for (const path of ['/keys', '/audit']) {
      await page.goto(address(path));
      await page.getByRole('alert').getByText('admin').first().waitFor();
    }
  });

  it('come although experiments change faster than the server answers', async () => {
    const page = await signedIn('vera', '/projects');
    const { body: listed } = await team.call('GET', '/experiments?limit=1');
    const ids = [listed.experiments[0].experiment_id];
    await page.route('**/v1/engines', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue().catch(() => undefined);
    });
    await page.getByRole('link', { name: 'Engines' }).click();
    let isShown = false;
    const shown = page.getByText('Healthy').waitFor();
    shown.finally(() => (isShown = true)).catch(() => undefined);
    for (let note = 0; !isShown; note++) {
      await team.call('POST', '/experiments/annotate', { ids, note: `change ${note}` });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await shown;
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  it('show a key to whoever made it only, not to whoever signs in next', async () => {
    const page = await signedIn('anna', '/keys');
    await page.getByLabel('Name').fill('eve');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.locator('#made-key').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').fill(keys['vera'] ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('admin').first().waitFor();
    expect(await page.locator('#made-key').count()).toBe(0);
  });

  it('give nothing to a page that an experiment serves through a link', async () => {
    const page = await signedIn('anna');
    const { origin: console } = new URL(page.url());
    const links = new URL(team.url).origin;
    const { body: listed } = await team.call('GET', '/experiments?limit=1');
    const id = listed.experiments[0].experiment_id;
    const context = page.context();
    const sent: Record<string, string>[] = [];
    // What an experiment would answer there; the rest of that host is the server itself.
    await context.route(`${links}/links/**`, async (route) => {
      sent.push(await route.request().allHeaders());
      await route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>theirs</title>' });
    });
    const theirs = await context.newPage();
    await theirs.goto(`${links}/links/${id}/ray/`);
    expect(await theirs.title()).toBe('theirs');
    const tried = await theirs.evaluate(
      async ([own, other]) => {
        const outcome = (asked: Promise<Response>) =>
          asked.then(
            ({ status, type }) => `${type} ${status}`,
            () => 'refused',
          );
        const json = { 'content-type': 'application/json' };
        const note = { method: 'POST', credentials: 'include', body: '{"all":true,"note":"x"}' } as const;
        const path = '/v1/experiments/annotate';
        return [
          await outcome(fetch(`${other}/v1/experiments`, { credentials: 'include' })),
          await outcome(fetch(other + path, { ...note, headers: json })),
          await outcome(fetch(`${own}/v1/experiments`, { credentials: 'include' })),
          await outcome(fetch(own + path, { ...note, headers: json })),
        ];
      },
      [links, console] as const,
    );
    // Of its own host it may read that it is nobody; of the console's nothing at all.
    expect(tried).toEqual(['refused', 'refused', 'basic 401', 'basic 401']);
    // Nor does a form that browsers send without asking change anything: it is let in by nobody.
    await theirs.evaluate(
      ([other]) =>
        fetch(`${other}/v1/experiments/annotate`, {
          ...({ method: 'POST', mode: 'no-cors', credentials: 'include' } as const),
          body: '{"all":true,"note":"x"}',
        }).catch(() => undefined),
      [console] as const,
    );
    expect((await team.call('GET', `/experiments/${id}`)).body.note).not.toBe('x');
    expect(await theirs.evaluate('document.cookie')).toBe('');
    for (const headers of sent) expect(headers['cookie'] ?? '').not.toContain('aichor-session');
    await theirs.evaluate(
      `new Promise((done) => {
        const frame = document.createElement('iframe');
        frame.onload = done;
        frame.src = ${JSON.stringify(`${console}/experiments`)};
        document.body.append(frame);
      })`,
    );
    expect(theirs.frames().at(-1)?.url()).not.toContain(console);
    // The console itself is not at the links' host: whoever asks for it there is led to its own.
    await theirs.goto(`${links}/experiments`);
    expect(new URL(theirs.url()).origin).toBe(console);
    await theirs.close();
  });

  it.each([320, 1280, 3840])('fit a window of %i pixels, and everybody can read them', async (width) => {
    const page = await signedIn('anna');
    await page.setViewportSize({ width, height: 900 });
    for (const path of ['/projects', PROJECT, '/engines', '/keys', '/audit']) {
      await page.goto(address(path));
      await page.locator('h2, tbody tr').first().waitFor();
      await expect.poll(() => page.getByText('Loading…').count()).toBe(0);
      await expectReadable(page, path);
    }
  });
});
