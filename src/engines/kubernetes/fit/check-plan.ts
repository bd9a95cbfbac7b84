import { AichorError } from '../../../errors.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import type { Notice } from '../../../experiment/record.ts';
import { severityOf } from '../../../manifest/codes.ts';
import type { Finding } from '../../../manifest/diagnostic.ts';
import type { KubernetesSettings } from '../../../render/kubernetes/settings/settings.ts';
import type { Cluster } from '../api/cluster.ts';
import { fitFindings } from './fit.ts';
import { createKindCheck, takeInventory, type NodeLister } from './inventory.ts';
import { troubleOf } from './trouble.ts';

interface PlanCheckOptions {
  /** Of the engine. */
  name: string;
  settings: KubernetesSettings;
  connect(): Promise<Cluster>;
  nodes: NodeLister;
}

/** What a cluster says to a plan before it is submitted. */
export interface PlanCheck {
  /** Throws AichorError `engine_unavailable` when the cluster cannot be reached. */
  fit(plan: Plan): Promise<Finding[]>;
  /**
   * Refuses what the cluster lacks, all in one AichorError `engine_unavailable` with the findings as its diagnostics;
   * with `force` each is a notice, and so is a cluster that cannot be reached.
   */
  check(plan: Plan, options: { force: boolean }): Promise<Notice[]>;
}

export function createPlanCheck({ name, settings, nodes, connect }: PlanCheckOptions): PlanCheck {
  const serves = createKindCheck();
  async function fit(plan: Plan): Promise<Finding[]> {
    try {
      const inventory = await takeInventory(await connect(), { plan, settings, nodes, serves });
      return fitFindings(plan, inventory, { engine: name, settings });
    } catch (error) {
      const { message, hint } = troubleOf(error);
      throw new AichorError('engine_unavailable', `the engine ${name} cannot be used now: ${message}`, {
        hint: `${hint}; --force submits all the same, and waits for it`,
        cause: error,
      });
    }
  }
  return {
    fit,
    async check(plan, { force }) {
      const findings = await fit(plan).catch((error: unknown) => {
        if (force && error instanceof AichorError) return error;
        throw error;
      });
      if (findings instanceof AichorError) return [{ code: 'engine_unreachable', message: findings.message }];
      const errors = findings.filter(({ code }) => severityOf(code, false) === 'error');
      if (errors.length > 0 && !force) throw refused(name, errors);
      const [protectedVariable] = errors.filter(({ code }) => code === 'protected-variable');
      if (protectedVariable) throw refusedWhatever(protectedVariable);
      return findings.map(({ code, message, hint }) => ({
        code: code.replaceAll('-', '_'),
        message: hint === null ? message : `${message}; ${hint}`,
      }));
    },
  };
}

/** No waiting would cure it. */
function refusedWhatever(finding: Finding): AichorError {
  const { message, hint } = finding;
  return new AichorError('manifest_invalid', message, { ...(hint && { hint }), diagnostics: [finding] });
}

/** The diagnostics say where each of them stands, and what to do. */
function refused(engine: string, findings: readonly Finding[]): AichorError {
  const [first] = findings;
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
  const cure = findings.length === 1 && first?.hint ? `${first.hint}; ` : '';
  return new AichorError(
    'engine_unavailable',
    `the engine ${engine} cannot take this: ${first?.message ?? ''}${more}`,
    {
      hint: `${cure}--force submits all the same: pods wait then until the cluster has what they need`,
      diagnostics: findings,
    },
  );
}
