/** Two installations watch the same campaign: the second one says so and writes nothing. */
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { KubeApi } from '../kube-api.ts';
import type { KubeWorld } from '../kube-world.ts';
import { eventsWith, type Outage } from './outage.ts';

export interface SecondInstallation extends Outage {
  /** How often the intake's Deployment was changed while both ran. */
  readonly generations: number;
}

/**
 * The campaign is served by the first one already.
 *
 * @param startSecond begins the other installation, with another image or other pod options: its manifests differ
 * @param bothRun resolves when they have run beside each other for long enough
 */
export const twoInstallations = async (
  { api, world }: { readonly api: KubeApi; readonly world: Pick<KubeWorld, 'campaign' | 'deployment'> },
  { namespace, name }: { readonly namespace: string; readonly name: string },
  startSecond: () => Promise<unknown>,
  bothRun: () => Promise<unknown>,
): Promise<SecondInstallation> => {
  const generation = (found: Deployment | undefined): number => found?.metadata?.generation ?? 0;
  const before = generation(await world.deployment(namespace, `${name}-intake`));
  const campaign = await world.campaign(namespace, name);
  const startedAtMs = Date.now();
  await startSecond();
  const said = () => eventsWith(api, campaign, ['ServedByAnother']);
  await said();
  const secondsUntilSeen = (Date.now() - startedAtMs) / 1000;
  await bothRun();
  return {
    events: await said(),
    secondsUntilSeen,
    generations: generation(await world.deployment(namespace, `${name}-intake`)) - before,
  };
};
