/** Nodes that nothing runs on, and pods that are Ready at once: what is measured is decisions, writes and pod creation. */
import { join } from 'node:path';
import { freePorts } from '../../../local/free-ports.ts';
import { eventually } from '../../helpers/eventually.ts';
import { CORE } from '../../helpers/kube-world.ts';
import { ensureAll, KWOK, kwokStages } from './binaries.ts';
import type { ContestWorld } from './world.ts';

const NODES = 20;
const LABEL = { type: 'kwok' };
const TAINT = { key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' };

/** Only the contest's pods go there. */
export const ON_KWOK = {
  nodeSelector: LABEL,
  tolerations: [{ key: TAINT.key, operator: 'Exists', effect: TAINT.effect }],
};
/** The pods' addresses are this machine's own, so that one server answers for the pages of all. */
const POD_RANGE = '127.64.0.0/16';

const node = (index: number): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: `kwok-${index}`, labels: { ...LABEL, 'kubernetes.io/hostname': `kwok-${index}` } },
  spec: { taints: [TAINT] },
});

/** Ends with the world. */
export const startKwok = async (
  world: ContestWorld,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<void> => {
  const [program = ''] = await ensureAll([KWOK], { signal, progress });
  const stages = await kwokStages(signal);
  const [port] = await freePorts(1, '127.0.0.1');
  world.spawn({
    name: 'kwok',
    command: program,
    args: [
      `--kubeconfig=${world.cluster.kubeconfigPath}`,
      ...stages.map((stage) => `--config=${stage}`),
      '--manage-nodes-with-label-selector=type=kwok',
      `--cidr=${POD_RANGE}`,
      '--node-lease-duration-seconds=40',
      `--server-address=127.0.0.1:${port}`,
    ],
    env: { PATH: process.env['PATH'] ?? '', HOME: world.dir },
    logFile: join(world.dir, 'kwok.log'),
  });
  await world.apply(Array.from({ length: NODES }, (_, index) => node(index)));
  const isReady = async (): Promise<boolean> => {
    const { body } = await world.api.answer({ method: 'GET', path: `${CORE}/nodes?labelSelector=type%3Dkwok` });
    return body.split('"reason":"KubeletReady"').length > NODES;
  };
  await eventually(isReady, { timeoutMs: 60_000, everyMs: 500, what: `${NODES} simulated nodes; see ${world.dir}` });
};
