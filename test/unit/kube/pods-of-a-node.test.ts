/** Pods as a real kubelet of v1.36.3 wrote them: written down by test/integration/cluster/pod-troubles.test.ts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { parseObject } from '../../../operator/kube/objects.ts';
import { wordsOf } from '../../../operator/kube/pods/mount-failures.ts';
import { keepPod } from '../../../operator/kube/pods/pods.ts';
import { tierProblems } from '../../../operator/kube/pods/problems.ts';
import { refusedByNode, troubledPods } from '../../helpers/troubled-pods.ts';

const taken = z
  .object({ takenAt: z.string(), pods: z.array(z.unknown()), events: z.array(z.unknown()) })
  .parse(JSON.parse(readFileSync(new URL('pods-of-a-node.json', import.meta.url), 'utf8')));

const wanted = new Map(
  Object.entries({ ...troubledPods('image'), ...refusedByNode('image', 'node-a') }).map(([name, { want }]) => [
    name,
    want,
  ]),
);
/** When it was written down these were between two back-offs. */
const BETWEEN: Readonly<Record<string, string>> = {
  hook: 'not_starting CrashLoopBackOff (Error)',
  'init-crash': 'not_starting Error',
  'no-command': 'not_starting RunContainerError',
};

describe('a pod of a real node', () => {
  it.each(taken.pods.map((raw) => [parseObject(raw).metadata.name, parseObject(raw)] as const))(
    '%s',
    (name, object) => {
      const pod = keepPod(object);
      const problems = tierProblems({
        deployment: parseObject({ ...object, spec: { replicas: 1 }, status: { replicas: 1, updatedReplicas: 1 } }),
        pods: [pod],
        words: wordsOf({ items: taken.events }),
        // What has ended is told for a minute.
        nowMs: pod.endedAtMs ?? Date.parse(taken.takenAt),
      });
      const told = problems.map((one) =>
        one.kind === 'unschedulable'
          ? 'unschedulable Unschedulable'
          : 'reason' in one
            ? `${one.kind} ${one.reason}`
            : one.kind,
      );
      expect(told).toEqual([BETWEEN[name] ?? wanted.get(name)]);
    },
  );
});
