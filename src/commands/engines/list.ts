import type { EngineList } from '../../api/engine-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class EnginesList extends BaseCommand<EngineList> {
  static override summary = 'List engines with what they have and what is in use';
  static override examples = [
    'aichor engines list',
    "aichor engines list | jq '.engines[] | {name, healthy}'",
  ];

  async run(): Promise<EngineList> {
    await this.parse(EnginesList);
    const client = await this.client();
    const document = await client.engines();
    // A server of an earlier version says none.
    for (const { message } of document.notices ?? []) this.talk.notice(message);
    return document;
  }

  override async view(document: EngineList): Promise<string> {
    const { enginesTable } = await import('../../cli/print/engines/list.ts');
    return enginesTable(document, this.screen);
  }
}
