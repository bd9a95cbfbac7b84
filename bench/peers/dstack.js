import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ended } from '../lab.js';
import { freePort, startServer } from './server.js';
import { venvWith } from './venv.js';

const VERSION = '0.22.5';
const LIMIT_MS = 600_000;

/** Runs and a log as dstack itself keeps them: a run of its own needs a machine that it reaches by SSH, with agents that it fetches. */
const FILL = `
import asyncio, sys
from datetime import datetime, timedelta, timezone
from sqlalchemy import select
from dstack._internal.core.models.runs import JobStatus, JobTerminationReason, RunStatus, RunTerminationReason
from dstack._internal.server.db import get_session_ctx
from dstack._internal.server.models import ProjectModel, UserModel
from dstack._internal.server.schemas.runner import LogEvent
from dstack._internal.server.services.logs.filelog import FileLogStorage
from dstack._internal.server.testing.common import create_job, create_repo, create_run, get_run_spec
runs, lines = int(sys.argv[1]), int(sys.argv[2])
async def fill():
    async with get_session_ctx() as session:
        project = (await session.execute(select(ProjectModel))).scalars().one()
        user = (await session.execute(select(UserModel))).scalars().one()
        repo = await create_repo(session=session, project_id=project.id)
        now = datetime.now(timezone.utc)
        for i in range(runs):
            name = f"job-{i:04}" if i else "long-log"
            at = now - timedelta(seconds=i)
            spec = get_run_spec(repo_id=repo.name, run_name=name)
            run = await create_run(session=session, project=project, repo=repo, user=user, run_name=name, run_spec=spec, submitted_at=at,
                status=RunStatus.DONE, termination_reason=RunTerminationReason.ALL_JOBS_DONE)
            job = await create_job(session=session, run=run, submitted_at=at, last_processed_at=now,
                status=JobStatus.DONE, termination_reason=JobTerminationReason.DONE_BY_RUNNER)
            if i == 0:
                begun = int(now.timestamp() * 1000) - lines
                said = [LogEvent(timestamp=begun + k, message=f"step {k} loss {1 / k:.6f}\\n".encode()) for k in range(1, lines + 1)]
                FileLogStorage().write_logs(project, name, job.id, [], said)
                print(f"/projects/{project.name}/runs/{run.id}/logs")
asyncio.run(fill())
`;

/**
 * dstack's console. Its list shows what is active unless that is switched off; its page of a log has the last 100 lines, and loads more when
 * somebody scrolls up.
 *
 * @param {{folder: string, jobs: number, lines: number}} options
 */
export async function startDstack({ folder, jobs, lines }) {
  const bin = await venvWith('dstack', `dstack[server]==${VERSION}`);
  const home = join(folder, 'dstack');
  mkdirSync(home);
  const token = randomBytes(16).toString('hex');
  const env = {
    ...process.env,
    HOME: home,
    DSTACK_SERVER_DIR: join(home, 'server'),
    DSTACK_SERVER_ADMIN_TOKEN: token,
    DSTACK_SERVER_LOG_LEVEL: 'ERROR',
    // It fetches catalogs of clouds, which nobody here needs: refused at once, where it would wait for a network that is not there.
    ...{ HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1' },
  };
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const flags = ['server', '--host', '127.0.0.1', '--port', String(port), '-y'];
  const server = await startServer(join(bin, 'dstack'), flags, { env, url: `${origin}/healthcheck` });
  try {
    const fill = ['-c', FILL, String(jobs), String(lines)];
    const { stdout } = await ended(join(bin, 'python'), fill, { env, limitMs: LIMIT_MS });
    const log = stdout.trim().split('\n').at(-1);
    return {
      ...server,
      name: `dstack ${VERSION}`,
      /** Signs in, and switches to all runs, as a click does. */
      async enter(page) {
        await page.goto(`${origin}/healthcheck`);
        const kept = { authData: JSON.stringify({ token }), 'run-list-filter-only-active': 'false' };
        await page.evaluate((known) => Object.assign(globalThis.localStorage, known), kept);
      },
      list: { url: `${origin}/runs`, selector: 'tbody tr', text: 'job-' },
      log: { url: `${origin}${log}`, selector: 'tr', text: `step ${lines} loss` },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
