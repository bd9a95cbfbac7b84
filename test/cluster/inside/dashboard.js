import { createServer } from 'node:http';

const ENDED = new Set(['SUCCEEDED', 'FAILED', 'STOPPED']);
const PENDING_S = 1;
const RUNNING_S = 2;

/**
 * Stands in for Ray's dashboard on the pods of fake nodes, whose addresses all lead here, so that RayJobs there come to
 * an end. How is said by variables of the head: FAKE_OUTCOME (SUCCEEDED, FAILED, STOPPED), FAKE_MESSAGE, FAKE_SECONDS.
 * KubeRay waits half a minute for a job whose submitter has ended: for longer ones say "45s", which the submitter's pod lasts, too.
 */
export function serveDashboard({ api }) {
  const jobs = new Map();
  const jobOf = (id) => jobs.get(id) ?? jobs.set(id, { begin: Date.now(), stopped: false }).get(id);
  const answer = async (request) => {
    const [, , , id, what] = request.url.split('?')[0].split('/');
    if (!request.url.startsWith('/api/jobs')) return { result: true, msg: '', data: {} };
    if (request.method === 'DELETE') return { deleted: true };
    if (request.method === 'POST' && what === 'stop') return { stopped: (jobOf(id).stopped = true) };
    if (request.method === 'POST') return submitted(await bodyOf(request), jobOf);
    if (what === 'logs') return { logs: 'from a fake node\n' };
    if (id) return stateOf(id, jobOf(id), await wishes(api, id));
    return Promise.all([...jobs].map(async ([each, job]) => stateOf(each, job, await wishes(api, each))));
  };
  createServer(async (request, response) => {
    const body = JSON.stringify(await answer(request));
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  }).listen(8265, '0.0.0.0');
}

function submitted({ submission_id: id = 'fake' }, jobOf) {
  jobOf(id);
  return { job_id: id, submission_id: id };
}

function stateOf(id, { begin, stopped }, { FAKE_OUTCOME, FAKE_MESSAGE, FAKE_SECONDS }) {
  const age = (Date.now() - begin) / 1000;
  const outcome = FAKE_OUTCOME ?? 'SUCCEEDED';
  const running = age < PENDING_S + (Number.parseFloat(FAKE_SECONDS) || RUNNING_S) ? 'RUNNING' : outcome;
  const status = stopped ? 'STOPPED' : age < PENDING_S ? 'PENDING' : running;
  return {
    ...{ job_id: '01000000', submission_id: id, type: 'SUBMISSION', entrypoint: 'fake', status },
    ...{ message: FAKE_MESSAGE ?? '', start_time: begin, metadata: {}, runtime_env: {} },
    ...(ENDED.has(status) ? { end_time: Date.now() } : {}),
  };
}

async function wishes(api, id) {
  const { items } = await api.get('/apis/ray.io/v1/rayjobs');
  const job = items.find(({ spec, status }) => (status?.jobId ?? spec.jobId) === id);
  const containers = job?.spec.rayClusterSpec.headGroupSpec.template.spec.containers ?? [];
  return Object.fromEntries((containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
}

async function bodyOf(request) {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return JSON.parse(text || '{}');
}
