import type { BuildOptions } from '../../operator/resources/build-options.ts';
import type { PlanDeps } from '../../operator/tick/tick-plan.ts';
import { predict } from '../../simulation/effect.ts';

export const buildOptions: BuildOptions = {
  image: 'voucher-app@sha256:abc',
  site: 'default',
  shards: 3,
  journalReplicas: 3,
  logLevel: 'info',
};

export const planDeps: PlanDeps = { options: buildOptions, predict };
