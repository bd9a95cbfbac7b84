/** Which pages are shown, and when each is there to be seen. */

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {{name: string, url: string, ready(page: Page): Promise<unknown>}} Shot
 */

const row = (page) => page.locator('tbody tr').first().waitFor();
const line = (page) => page.locator('.line:visible').first().waitFor();

/** @param {import('./world.js').World} world @returns {Shot[]} */
export function pagesOf(world) {
  const at = (path) => `${world.origin}${path}`;
  const of = (id, tab = '') => at(`/experiments/${id}${tab}`);
  const where = { ...world, at, of };
  return [...lists(where), ...experiments(where), ...parts(where), ...several(where), ...team(where)];
}

function lists({ team, at }) {
  return [
    { name: 'sign-in', url: team, ready: (page) => page.getByLabel('API key').waitFor() },
    { name: 'list', url: at('/experiments'), ready: row },
    {
      name: 'list-selected',
      url: at('/experiments?column=env.LR&column=metric.loss&sort=-metric.loss'),
      async ready(page) {
        await row(page);
        for (const index of [0, 1])
          await page
            .getByRole('checkbox', { name: /^Select / })
            .nth(index)
            .check();
        await page.getByRole('toolbar', { name: 'Selected experiments' }).waitFor();
      },
    },
    {
      name: 'list-none',
      url: at('/experiments?message=nothing-is-called-so'),
      ready: (page) => page.getByText('No experiment is like that').waitFor(),
    },
  ];
}

function experiments({ ids, of }) {
  return [
    { name: 'experiment-failed', url: of(ids.failed), ready: row },
    { name: 'experiment-running', url: of(ids.running), ready: row },
    { name: 'experiment-wide', url: of(ids.wide), ready: row },
    { name: 'experiment-missing', url: of('00000000'), ready: (page) => page.getByRole('alert').waitFor() },
  ];
}

function parts({ ids, of }) {
  return [
    { name: 'log', url: of(ids.training, '/logs'), ready: line },
    {
      name: 'log-line',
      url: of(ids.training, '/logs#L40'),
      ready: (page) => page.locator('.log-chosen').waitFor(),
    },
    {
      name: 'log-searched',
      url: of(ids.wide, '/logs'),
      async ready(page) {
        await line(page);
        await page.getByLabel('Search the log').fill('hello');
        await page.keyboard.press('Enter');
        await page.getByText(/^1 of /).waitFor();
      },
    },
    {
      name: 'metrics',
      url: of(ids.training, '/metrics'),
      ready: (page) => page.locator('canvas').first().waitFor(),
    },
    {
      name: 'metrics-beside',
      url: of(ids.training, `/metrics?smooth=0.9&with=${ids.other}`),
      ready: (page) => page.locator('canvas').first().waitFor(),
    },
    {
      name: 'metrics-none',
      url: of(ids.wide, '/metrics'),
      ready: (page) => page.getByText('No metrics').waitFor(),
    },
    {
      name: 'plan',
      url: of(ids.training, '/plan'),
      async ready(page) {
        await page.getByText('kind: AIchorManifest').waitFor();
        await page
          .getByText(/^\d+ variables$/)
          .first()
          .click();
      },
    },
    { name: 'files', url: of(ids.training, '/files'), ready: row },
  ];
}

function several({ ids, at }) {
  return [
    { name: 'compare', url: at(`/compare?id=${ids.training}&id=${ids.other}&id=${ids.failed}`), ready: row },
    { name: 'sweeps', url: at('/sweeps'), ready: row },
    {
      name: 'sweep-lines',
      url: at('/sweeps/rates?metric=loss'),
      ready: (page) => page.locator('.dot').first().waitFor(),
    },
    {
      name: 'sweep-dots',
      url: at('/sweeps/rates?metric=loss&chart=scatter&over=LR'),
      ready: (page) => page.locator('.dot').first().waitFor(),
    },
    {
      name: 'keys',
      url: at('/experiments'),
      async ready(page) {
        await row(page);
        await page.keyboard.press('?');
        await page.getByRole('dialog').waitFor();
      },
    },
  ];
}

/** The first of them signs in. */
function team({ team: server, teamKey, project, at }) {
  const ready = async (page) => {
    const field = page.getByLabel('API key');
    await field.or(page.locator('h1')).first().waitFor();
    if (await field.isVisible()) {
      await field.fill(teamKey);
      await page.getByRole('button', { name: 'Sign in' }).click();
    }
    await page.locator('h1').waitFor();
    await page.locator('h2, tbody tr').first().waitFor();
  };
  const pages = {
    'team-projects': '/projects',
    'team-project': `/projects/${project}`,
    'team-engines': '/engines',
    'team-keys': '/keys',
    'team-audit': '/audit',
  };
  return [
    { name: 'engines', url: at('/engines'), ready: (page) => page.locator('h2').first().waitFor() },
    ...Object.entries(pages).map(([name, path]) => ({ name, url: `${server}${path}`, ready })),
  ];
}
