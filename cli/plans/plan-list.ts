/** `kubectl voucher plans`: what the operator has asked owners for. */
import { Command } from 'commander';
import { instantMs } from '../../contract/instant.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { planState } from '../../operator/scale-plans/plan-state.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { ago, clockOf, zoneOf } from '../times.ts';
import { columns, figure } from '../words.ts';
import { askedFor, decidedText } from './plans.ts';

interface Options extends ClusterOptions {
  readonly output: Output;
  readonly allNamespaces?: true;
}

const listText = (plans: readonly ScalePlan[], nowMs: number, options: Options): string => {
  if (plans.length === 0) return 'There are no ScalePlans.\n';
  const [hasNamespaces, isWide] = [options.allNamespaces === true, options.output === 'wide'];
  const rows = plans.map((plan) => {
    const { spec, metadata } = plan;
    const { decision, revocation, means } = spec;
    const zone = zoneOf(spec.expiresAt);
    const expiresAtMs = instantMs(spec.expiresAt);
    const until = decision?.ceilingUntil;
    return [
      ...(hasNamespaces ? [metadata.namespace] : []),
      metadata.name,
      spec.campaignName,
      spec.reason,
      askedFor(plan),
      planState(plan, nowMs),
      `${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)})`,
      decidedText(plan),
      until === undefined ? '-' : clockOf(instantMs(until), zoneOf(until), nowMs),
      ...(isWide
        ? [
            means === undefined ? '-' : figure(means.podHours),
            (revocation ?? decision)?.reference ?? '-',
            (revocation ?? decision)?.reason ?? '-',
          ]
        : []),
    ];
  });
  const titles = ['NAME', 'CAMPAIGN', 'REASON', 'ASKS FOR', 'STATE', 'EXPIRES', 'DECIDED BY', 'GRANTS UNTIL'];
  const wide = isWide ? ['POD-HOURS', 'REFERENCE', 'BECAUSE'] : [];
  return columns([[...(hasNamespaces ? ['NAMESPACE'] : []), ...titles, ...wide], ...rows]);
};

export const planJson = (plan: ScalePlan, nowMs: number): unknown => ({
  name: plan.metadata.name,
  namespace: plan.metadata.namespace,
  state: planState(plan, nowMs),
  ...plan.spec,
});

const list = async (campaign: string | undefined, options: Options, io: Io): Promise<void> => {
  const all = await onCluster(options, io, (cluster) => cluster.allPlans(options.allNamespaces === true));
  const nowMs = io.wallMs();
  const shown = all
    .filter(({ spec }) => campaign === undefined || spec.campaignName === campaign)
    .toSorted((a, b) => b.spec.expiresAt.localeCompare(a.spec.expiresAt));
  const value = shown.map((plan) => planJson(plan, nowMs));
  io.out(forPrograms(options.output, value) ?? listText(shown, nowMs, options));
};

export const plansCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('plans')))
    .description('the ScalePlans, newest first')
    .argument('[campaign]', 'only those of this campaign')
    .option('-A, --all-namespaces', 'those of every namespace')
    .addHelpText('after', '\nExample:\n  kubectl voucher plans -n vouchers')
    .action((campaign: string | undefined, options: Options) => list(campaign, options, io));
