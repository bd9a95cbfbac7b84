import { OPERATORS, type OperatorWith, type TypesForm } from '../../operators/table.ts';
import type { Builder, CommonSpec, KubeRaySpec, Manifest, PodType, Spec, VertexAiSpec } from '../manifest.ts';
import { parseDuration } from '../../base/text/duration.ts';
import { innerPath } from '../inner-path.ts';
import { normaliseResources } from './normalise-resources.ts';
import { DEFAULT_RAY_VERSION, type WrittenDocument, type WrittenSpec } from '../schema/document.ts';
import type { WrittenGroup, WrittenWorker } from '../schema/types.ts';

type Written<N extends WrittenSpec['operator']> = Extract<WrittenSpec, { operator: N }>;

/** What was written, without errors → present-day names with every default filled in. */
export function normalise(document: WrittenDocument): Manifest {
  const { clone } = document;
  return {
    apiVersion: document.apiVersion,
    name: document.name ?? null,
    builder: normaliseBuilder(document.builder),
    clone: {
      depth: clone?.depth ?? 1,
      includeDotGit: clone?.includeDotGit ?? false,
      submodules: clone?.submodules ?? 'false',
    },
    spec: normaliseSpec(document.spec, document.engineName ?? null),
  };
}

function normaliseBuilder(builder: WrittenDocument['builder']): Builder {
  const { skipBuild } = builder;
  const experimentId = skipBuild?.experimentId ?? skipBuild?.experimentID ?? null;
  return {
    image: builder.image,
    dockerfile: builder.dockerfile,
    context: innerPath('.', builder.context ?? '.') ?? '.',
    buildArgs: Object.fromEntries(
      Object.entries(builder.buildArgs ?? {}).map(([name, value]) => [name, String(value)]),
    ),
    registry: builder.registry ?? null,
    target: builder.target ?? null,
    skipBuild:
      skipBuild?.enabled === true
        ? {
            experimentId: experimentId?.toLowerCase() ?? null,
            failIfNotFound: skipBuild.failIfNotFound ?? false,
          }
        : null,
  };
}

function normaliseSpec(spec: WrittenSpec, outerEngineName: string | null): Spec {
  const common = commonSpec(spec, outerEngineName);
  // A spec's form follows from its operator, which the compiler cannot see.
  const byForm: (spec: never, common: CommonSpec) => Spec = BY_FORM[OPERATORS[spec.operator].types];
  return byForm(spec as never, common);
}

type ByForm = {
  [Form in TypesForm]: (spec: Written<OperatorWith<Form>>, common: CommonSpec) => Spec;
};

const BY_FORM: ByForm = {
  workers: ({ operator, types: { worker, Worker } }, common) => ({
    ...common,
    operator,
    types: podTypes({ worker: worker ?? Worker }),
  }),
  'master-workers': ({ operator, types: { Master, Worker, worker } }, common) => ({
    ...common,
    operator,
    types: podTypes({ master: Master, worker: worker ?? Worker }),
  }),
  named: ({ operator, types }, common) => ({ ...common, operator, types: podTypes(types) }),
  ray: (spec, common) => ({ ...common, operator: spec.operator, ...rayCluster(spec) }),
  'worker-pools': (spec, common) => ({
    ...common,
    operator: spec.operator,
    workerPoolSpecs: workerPools(spec),
  }),
};

function commonSpec(spec: WrittenSpec, outerEngineName: string | null): CommonSpec {
  const { tensorboard, restartPolicy, gracefulTermination, securityContext } = spec;
  const pvc = tensorboard?.usePVC?.enabled === true ? (tensorboard.usePVC.name ?? null) : null;
  return {
    image: spec.image,
    command: spec.command,
    timeoutSeconds: timeoutSeconds(spec),
    engineName: spec.engineName ?? outerEngineName,
    queuePriority: spec.queuePriority ?? null,
    env: spec.env ?? {},
    tensorboard: { enabled: tensorboard?.enabled ?? false, pvc },
    storage: storage(spec.storage),
    debug: debug(spec.debug),
    gracefulTermination: gracefulTermination ?? null,
    restartPolicy: { backoffLimit: restartPolicy?.backoffLimit ?? 0 },
    securityContext: {
      perfmon: securityContext?.perfmon ?? false,
      ptrace: securityContext?.ptrace ?? false,
      runAsUser: securityContext?.runAsUser ?? null,
      runAsGroup: securityContext?.runAsGroup ?? null,
      fsGroup: securityContext?.fsGroup ?? null,
    },
  };
}

function timeoutSeconds(spec: WrittenSpec): number | null {
  if (spec.timeout === undefined || spec.timeout === null) return spec.activeDeadlineSeconds ?? null;
  const parsed = parseDuration(spec.timeout);
  return 'seconds' in parsed ? parsed.seconds : null;
}

function storage(written: WrittenSpec['storage']): CommonSpec['storage'] {
  const volume = written?.sharedVolume;
  return {
    sharedVolume: volume
      ? {
          mountPoint: absolute(volume.mountPoint),
          sizeGB: volume.sizeGB,
          storageClass: volume.storageClass ?? null,
          accessMode: volume.accessMode ?? null,
        }
      : null,
    attachExistingPVCs: (written?.attachExistingPVCs ?? []).map(({ name, mountPoint }) => ({
      name,
      mountPoint: absolute(mountPoint),
    })),
  };
}

/** Kubernetes reads a relative mount point from the root. */
function absolute(mountPoint: string): string {
  return mountPoint.startsWith('/') ? mountPoint : `/${mountPoint.replace(/^(\.\/)+/, '')}`;
}

function debug(written: WrittenSpec['debug']): CommonSpec['debug'] {
  const vscode = written?.vscode;
  const jupyter =
    typeof written?.jupyter === 'boolean' ? { enabled: written.jupyter, path: null } : written?.jupyter;
  return {
    vscode:
      vscode?.enabled === true
        ? { path: vscode.path ?? 'code', provider: vscode.provider ?? 'github' }
        : null,
    jupyter: jupyter?.enabled === true ? { path: jupyter.path ?? 'jupyter' } : null,
  };
}

function podTypes(types: Record<string, WrittenWorker | WrittenGroup | null | undefined>): PodType[] {
  return Object.entries(types).flatMap(([name, type]) => {
    if (!type) return [];
    const group: WrittenGroup = type;
    return [
      {
        name,
        count: group.count ?? 1,
        completions: group.completions ?? 1,
        parallelisms: group.parallelisms ?? 1,
        resources: normaliseResources(group.resources),
      },
    ];
  });
}

function rayCluster(
  spec: Written<OperatorWith<'ray'>>,
): Pick<KubeRaySpec, 'rayVersion' | 'head' | 'workerGroups'> {
  const { Head, Workers } = spec.types;
  return {
    rayVersion: spec.rayVersion ?? DEFAULT_RAY_VERSION,
    head: { resources: normaliseResources(Head.resources), rayStartParams: Head.rayStartParams ?? {} },
    workerGroups: (Workers ?? []).map((group) => ({
      name: group.name,
      count: group.count ?? 0,
      resources: normaliseResources(group.resources),
      rayStartParams: group.rayStartParams ?? {},
    })),
  };
}

function workerPools(spec: Written<OperatorWith<'worker-pools'>>): VertexAiSpec['workerPoolSpecs'] {
  return spec.types.workerPoolSpecs.map(({ machineSpec, replicaCount }) => ({
    replicaCount: replicaCount ?? 1,
    machineType: machineSpec.machineType,
    acceleratorType: machineSpec.acceleratorType ?? null,
    acceleratorCount: machineSpec.acceleratorCount ?? 0,
  }));
}
