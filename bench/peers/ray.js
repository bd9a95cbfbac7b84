import { join } from 'node:path';
import { ended } from '../lab.js';
import { freePort, startServer } from './server.js';
import { venvWith } from './venv.js';

const VERSION = '2.60.0';
const LIMIT_MS = 600_000;

/** A real job, and records of others as Ray itself keeps them. */
const FILL = `
import asyncio, sys, time
from ray._raylet import GcsClient
from ray.dashboard.modules.job.common import JobInfo, JobInfoStorageClient
from ray.job_submission import JobStatus, JobSubmissionClient
address, page, jobs, lines = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
client = JobSubmissionClient(page)
code = f"for i in range(1, {lines} + 1): print(f'step {{i}} loss {{1 / i:.6f}}')"
job = client.submit_job(entrypoint=f'python3 -c "{code}"', submission_id="long-log")
while not client.get_job_status(job).is_terminal(): time.sleep(0.2)
assert client.get_job_status(job) == JobStatus.SUCCEEDED
store = JobInfoStorageClient(GcsClient(address=address))
async def fill():
    now = int(time.time() * 1000)
    for i in range(jobs - 1):
        about = dict(status=JobStatus.SUCCEEDED, entrypoint=f"python train.py --rate {i}", message="finished", start_time=now - i * 1000, end_time=now)
        await store.put_info(f"job-{i:04}", JobInfo(**about))
asyncio.run(fill())
`;

/**
 * Ray's dashboard. Its list holds 10 rows a page; its page of a job has the last 50,000 lines and begins at their start: their end is scrolled
 * to as soon as it is there.
 *
 * @param {{folder: string, jobs: number, lines: number}} options
 */
export async function startRay({ folder, jobs, lines }) {
  const bin = await venvWith('ray', `ray[default]==${VERSION}`);
  const env = { ...process.env, RAY_USAGE_STATS_ENABLED: '0', PATH: `${bin}:${process.env.PATH}` };
  const [port, gcs] = [await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${port}`;
  const flags = ['--head', '--port', gcs, '--dashboard-host', '127.0.0.1', '--dashboard-port', port];
  const rest = ['--num-cpus', '2', '--temp-dir', join(folder, 'ray'), '--disable-usage-stats', '--block'];
  const server = await startServer(join(bin, 'ray'), ['start', ...flags.map(String), ...rest], {
    ...{ env, url: `${origin}/api/version` },
  });
  try {
    const asked = ['-c', FILL, `127.0.0.1:${gcs}`, origin, String(jobs), String(lines)];
    await ended(join(bin, 'python'), asked, { env, limitMs: LIMIT_MS });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    ...server,
    name: `Ray ${VERSION}`,
    enter: async () => undefined,
    list: { url: `${origin}/#/jobs`, selector: 'tbody tr', text: 'job-' },
    log: {
      url: `${origin}/#/jobs/long-log`,
      selector: 'body',
      text: `step ${lines} loss`,
      scrolled: true,
    },
  };
}
