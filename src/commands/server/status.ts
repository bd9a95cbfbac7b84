import type { ServerStatus } from '../../api/contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { NOT_RUNNING } from '../../api/not-running.ts';
import { serverStatusPage } from '../../cli/print/server-status.ts';

export default class ServerStatusCommand extends BaseCommand<ServerStatus> {
  static override summary = 'Show whether the control plane runs, and what it keeps on disk';
  static override description = 'Never starts one.';
  static override examples = ['aichor server status', 'aichor server status | jq .live_experiments'];

  async run(): Promise<ServerStatus> {
    await this.parse(ServerStatusCommand);
    const client = await this.runningClient();
    return client === null ? NOT_RUNNING : client.server();
  }

  override view(status: ServerStatus): string {
    return serverStatusPage(status, this.screen);
  }
}
