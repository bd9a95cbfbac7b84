import { boolean } from '@oclif/core/flags';
import { sleep } from '../../base/async/abort.ts';
import type { ServerStatus } from '../../api/contract.ts';
import { NOT_RUNNING } from '../../api/not-running.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { endServer, stillThere } from '../../client/end-server.ts';
import { serverStatusPage } from '../../cli/print/server-status.ts';
import { AichorError } from '../../errors.ts';
import { chooseProcesses } from '../../machine/choose-processes.ts';

const LOOK_AGAIN_MS = 20;
const LIMIT_MS = 30_000;

export default class ServerStop extends BaseCommand<ServerStatus> {
  static override summary = 'Stop the control plane; experiments that run go on';
  static override description =
    'Returns when its process is gone. What waits stays in the queue, and the next control plane takes up everything where it is.';
  static override examples = ['aichor server stop'];
  static override flags = {
    force: boolean({ description: 'End it at once, even when it no longer answers' }),
  };

  async run(): Promise<ServerStatus> {
    const { flags } = await this.parse(ServerStop);
    if (flags.force) return this.#end();
    const client = await this.runningClient();
    if (client === null) return NOT_RUNNING;
    const { pid } = await client.health();
    const isThere =
      this.settings().server.value === null ? await processWatch(pid) : answers(() => client.health());
    await client.stopServer();
    const deadline = Date.now() + LIMIT_MS;
    while (await isThere()) {
      if (Date.now() > deadline) throw stillThere(pid, LIMIT_MS);
      await sleep(LOOK_AGAIN_MS, this.signal);
    }
    return NOT_RUNNING;
  }

  async #end(): Promise<ServerStatus> {
    const settings = this.settings();
    if (settings.server.value !== null)
      throw new AichorError('usage', '--force ends the control plane of this machine only', {
        hint: `stop the one at ${settings.server.value} where it runs`,
      });
    await endServer(settings.folder.data, this.signal);
    return NOT_RUNNING;
  }

  override view(status: ServerStatus): string {
    return serverStatusPage(status, this.screen);
  }
}

/** On this machine: whether that very process lives. */
async function processWatch(pid: number): Promise<() => Promise<boolean>> {
  const processes = chooseProcesses(process.env, process.platform);
  const identity = await processes.identify(pid);
  return async () => identity !== null && processes.isAlive(identity);
}

/** On another machine: whether anybody answers. */
function answers(ask: () => Promise<unknown>): () => Promise<boolean> {
  return () =>
    ask().then(
      () => true,
      (error: unknown) => isOther(error),
    );
}

function isOther(error: unknown): never | false {
  if (error instanceof AichorError && error.code === 'server_unreachable') return false;
  throw error;
}
