/**
 * A tier that is scaled up step by step while nodes are added late: a real API server and scheduler, nodes without machines,
 * and a script that adds a node some seconds after a pod found none.
 */
import { OVERRIDES } from '../../contract/names.ts';
import { operatorAccount, startOperator, startWorld } from '../integration/operator/world.ts';
import { eventually } from './eventually.ts';
import { campaignBody, conditionOf, GROUP } from './kube-world.ts';
import { startStrawKubelet } from './straw-kubelet.ts';
import { startLateAutoscaler, startStrawNodes, watchPods } from './straw-nodes.ts';

export interface HeadroomPlay {
  readonly headroomReplicas: number;
  /** Replicas of the intake, one after the other. */
  readonly steps: readonly number[];
  readonly nodeDelayMs: number;
}

export interface HeadroomFigures {
  /** By pod of the intake, ms between being there and having a node. */
  readonly pendingMs: readonly number[];
  /** Pods of the intake whose node came after them. */
  readonly waitedForNode: number;
  readonly nodes: number;
  /** Messages of Provisioned while pods had no node. */
  readonly said: readonly string[];
  readonly placeholders: { readonly desired: number; readonly ready: number } | undefined;
}

const PODS_PER_NODE = 4;
const SOON = { everyMs: 100 };
const CLASS = 'headroom';

export const playHeadroom = async ({
  headroomReplicas,
  steps,
  nodeDelayMs,
}: HeadroomPlay): Promise<HeadroomFigures> => {
  const world = await startWorld({ scheduler: true });
  const { plane } = world;
  // Only the scheduler gives a pod its node.
  const kubelet = startStrawKubelet(plane, ({ spec }) => spec?.nodeName === undefined);
  const nodes = startStrawNodes(plane, { cpu: '2', memory: '4Gi', pods: '110' });
  const namespace = await world.createNamespace();
  const pods = watchPods(plane, namespace, nodes);
  const autoscaler = startLateAutoscaler(nodes, pods, { podsPerNode: PODS_PER_NODE, delayMs: nodeDelayMs });
  const said = new Set<string>();
  try {
    await plane.call({
      method: 'POST',
      path: '/apis/scheduling.k8s.io/v1/priorityclasses',
      body: { metadata: { name: CLASS }, value: -10, preemptionPolicy: 'Never' },
    });
    const kubeconfig = await operatorAccount(plane);
    const operator = await startOperator(plane, { kubeconfig, pods: { headroomPriorityClassName: CLASS } });
    try {
      await nodes.add(1);
      const ceilings = { intake: 100, records: 6 };
      const scaling = { headroomReplicas, authorized: { ceilings } };
      await world.createCampaign(namespace, await campaignBody('spring', { opensInMs: -60_000, spec: { scaling } }));
      const status = async () => (await world.campaign(namespace, 'spring')).status;
      /** Every pod has a node, and so has every placeholder. */
      const settled = (replicas: number) =>
        eventually(
          async () => {
            const campaign = await world.campaign(namespace, 'spring');
            const { message = '', reason } = conditionOf(campaign, 'Provisioned') ?? {};
            if (reason === 'Unschedulable') said.add(message);
            const { tiers, headroom } = campaign.status ?? {};
            return (
              (tiers?.intake?.ready ?? 0) >= replicas &&
              (headroom?.ready ?? 0) === headroomReplicas &&
              pods.unschedulable() === 0
            );
          },
          { ...SOON, what: `${replicas} replicas that have a node, and ${headroomReplicas} placeholders` },
        );
      await settled(2);
      const before = new Set(pods.pods().map(({ name }) => name));
      const untilText = new Date(Date.now() + 3_600_000).toISOString();
      for (const replicas of steps) {
        const annotations = { [OVERRIDES.minOverride]: `intake=${replicas} until ${untilText}` };
        await world.patch(`${GROUP}/namespaces/${namespace}/vouchercampaigns/spring`, { metadata: { annotations } });
        await settled(replicas);
      }
      const grown = pods.pods().filter(({ name, component }) => component === 'intake' && !before.has(name));
      return {
        pendingMs: grown.map(({ pendingMs }) => Math.round(pendingMs ?? Number.POSITIVE_INFINITY)),
        waitedForNode: grown.filter(({ waitedForNode }) => waitedForNode).length,
        nodes: nodes.names().length,
        said: [...said],
        placeholders: (await status())?.headroom,
      };
    } finally {
      await operator.stop();
    }
  } finally {
    await autoscaler.stop();
    await pods.stop();
    await nodes.stop();
    await kubelet.stop();
    await plane.stop();
  }
};
