import type { Explanation } from '../../../experiment/failure/explain.ts';
import { machineCapacity } from '../../../machine/capacity.ts';
import { JUPYTER_PORT } from '../../../operators/ports.ts';
import type { RunContext } from '../../engine.ts';
import type { ExperimentRun } from '../deps.ts';
import type { Ports } from '../pod/port-registry.ts';
import { installPrograms, storeLimit, wantedPorts, type RayCluster } from '../ray/cluster.ts';
import { explainRay, lookUpRay } from '../ray/installed.ts';
import { debugPlan, debugProblem, jupyterToken, type Jupyter } from '../services/debug.ts';

/** Gives the run its ports, and what a Ray cluster and debugging need; the same again after a restart of the server. */
export async function prepareRun(prepared: ExperimentRun): Promise<ExperimentRun> {
  const { deps, context } = prepared;
  const { plan, directory } = context;
  const wanted = allPorts(plan);
  const owner = { experimentId: context.experimentId, directory };
  const ports = Object.keys(wanted).length === 0 ? {} : await deps.ports.reserve(owner, wanted);
  const jupyter = await jupyterOf(context, ports);
  return {
    ...prepared,
    context: { ...context, plan: debugPlan(plan, jupyter) },
    port: ports['coordinator'] ?? null,
    ray: plan.operator === 'kuberay' ? await newCluster(prepared, ports) : null,
    jupyter,
  };
}

/** Why the pods cannot run in this environment; null: nothing is known against it. */
export async function problemOf(run: ExperimentRun): Promise<Explanation | null> {
  const ray = run.ray === null ? null : explainRay(run.ray.installed, run.context.plan.ray_version);
  return ray ?? (await debugProblem(run));
}

function allPorts(plan: RunContext['plan']): Record<string, number> {
  const wanted: Record<string, number> = plan.operator === 'kuberay' ? wantedPorts(plan) : {};
  if (plan.coordinator_port !== null) wanted['coordinator'] = plan.coordinator_port;
  if (plan.debug.jupyter !== null) wanted['jupyter'] = JUPYTER_PORT;
  return wanted;
}

async function jupyterOf({ directory }: RunContext, ports: Ports): Promise<Jupyter | null> {
  const { jupyter: port } = ports;
  return port === undefined ? null : { port, token: await jupyterToken(directory) };
}

async function newCluster(prepared: ExperimentRun, ports: Ports): Promise<RayCluster> {
  const { plan, directory } = prepared.context;
  await installPrograms(directory);
  const { memory_gb: machineGb } = await machineCapacity();
  return { ports, storeLimit: storeLimit(plan, machineGb), installed: await lookUpRay(prepared) };
}
