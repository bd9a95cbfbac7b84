import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import type { EngineDocument } from '../../api/engine-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { repeated } from '../../cli/runtime/flags.ts';

export default class EnginesAdd extends BaseCommand<EngineDocument> {
  static override summary = 'Add a Kubernetes cluster as an engine';
  static override description = `Connects and says what was found there; a cluster that cannot be reached is refused. The control plane on this machine reads the kubeconfig where it is, whenever it needs it; one on another machine is sent this context only, and keeps it in a file that only its user can read.

Settings (--set, or a file of --settings): registry, pull_secret, project_secret, queue, queue_priority, selectors.NAME, on_demand, autoscaling, image_pull_policy, ttl_s, sidecar_grace_s, gpu.product_label, gpu.mig, rdma.resource_prefix, rdma.network_annotation, rdma.ipc_lock, pod_security, allow_ptrace, claims.NAME, storage_class, storage.input, storage.output, storage.s3_endpoint, storage.profile, tensorboard_image, ray_history_url, build.image, build.push_secret, build.variables_secret, build.deadline_s, build.mirrors.REGISTRY, build.insecure_registries, build.ca, build.config_map, build.index_url, build.secrets.ID. A list has commas between its values.`;
  static override examples = [
    'aichor engines add gpu --context lab --namespace team-a',
    'aichor engines add gpu --registry registry.example.org/team-a --pull-secret registry-key',
    'aichor engines add tpu --kubeconfig gke.yaml --set gpu.product_label=cloud.google.com/gke-accelerator --set autoscaling=true',
    'aichor engines add gpu --set build.mirrors.docker.io=mirror.example.org/hub --set build.ca=company-ca',
    'aichor engines add here --in-cluster --settings engine.yaml',
  ];
  static override args = {
    name: stringArg({
      description: 'Lower case letters, digits and hyphens',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    kubeconfig: string({
      description: 'The file (default: the one in KUBECONFIG, else ~/.kube/config)',
      helpValue: 'FILE',
    }),
    context: string({ description: 'Its context (default: the current one)', helpValue: 'NAME' }),
    namespace: string({
      description: "Where everything is created (default: the context's)",
      helpValue: 'NAME',
    }),
    'in-cluster': boolean({
      description: 'As the service account of the pod that the control plane runs in',
      exclusive: ['kubeconfig', 'context', 'store-credentials'],
    }),
    'store-credentials': boolean({
      description: 'Keep a copy of the credentials instead of reading the file',
    }),
    registry: string({ description: 'Where images are pushed to and pulled from', helpValue: 'REGISTRY' }),
    'pull-secret': string({ description: 'Secret with which images are pulled', helpValue: 'NAME' }),
    queue: string({ description: "Kueue's local queue", helpValue: 'NAME' }),
    'storage-class': string({
      description: 'Storage class of shared volumes, where the manifest names none',
      helpValue: 'NAME',
    }),
    set: repeated('A setting, as listed below', 'KEY=VALUE'),
    settings: string({ description: 'File of settings, YAML or JSON', helpValue: 'FILE' }),
    replace: boolean({ description: 'Change the engine of this name; experiments on it go on' }),
    check: boolean({ description: 'Refuse a cluster that cannot be reached', default: true, allowNo: true }),
  };

  async run(): Promise<EngineDocument> {
    const { args, flags } = await this.parse(EnginesAdd);
    const { engineAddition } = await import('../../cli/engines/engine-addition.ts');
    const remote = this.settings().server.value !== null;
    const addition = await engineAddition({ name: args.name, flags, remote, env: process.env });
    const client = await this.client();
    this.talk.progress('connecting to the cluster');
    const { engine, checks } = await client.addEngine(addition);
    this.talk.settle();
    const { notableFindings } = await import('../../cli/print/engines/check.ts');
    for (const line of notableFindings(engine.name, checks)) this.talk.notice(line);
    return engine;
  }

  override async view(document: EngineDocument): Promise<string> {
    const { engineView } = await import('../../cli/print/engines/engine.ts');
    return engineView(document, this.screen);
  }
}
