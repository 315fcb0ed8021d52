import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type RolloutPod, rolloutStep } from '../../../local/processes/rollout.ts';

const LIMITS = { maxUnavailable: 0, maxSurge: '25%' };
const pods = (revision: string, count: number, ready: boolean): RolloutPod[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `${revision}${ready ? 'r' : 'n'}${index}`,
    revision,
    ready,
    createdAtMs: index,
  }));

describe('a Deployment', () => {
  it.each([
    ['without pods creates all', [], 3, 3, 0],
    ['with all its pods rests', pods('new', 3, true), 3, 0, 0],
    ['with too many of the newest removes some', pods('new', 5, true), 3, 0, 2],
    ['of a new template adds a quarter first', pods('old', 4, true), 4, 1, 0],
    ['of one replica adds one first', pods('old', 1, true), 1, 1, 0],
    ['removes an old pod when its substitute is ready', [...pods('old', 4, true), ...pods('new', 1, true)], 4, 1, 1],
    ['waits for a substitute that is not ready', [...pods('old', 4, true), ...pods('new', 1, false)], 4, 0, 0],
    ['replaces old pods that serve nobody at once', pods('old', 4, false), 4, 4, 4],
    ['scaled to nothing in a rollout removes all', [...pods('old', 2, true), ...pods('new', 1, true)], 0, 0, 3],
  ])('%s', (_name, now, replicas, create, remove) => {
    const step = rolloutStep(now, 'new', replicas, LIMITS);
    expect({ create: step.create, remove: step.remove.length }).toEqual({ create, remove });
  });

  it('reaches its replicas of the newest template and, once enough are ready, never has too few', () => {
    const arbitrary = fc.record({ replicas: fc.integer({ min: 0, max: 12 }), before: fc.integer({ min: 0, max: 12 }) });
    fc.assert(
      fc.property(arbitrary, fc.array(fc.nat({ max: 30 }), { maxLength: 200 }), ({ replicas, before }, order) => {
        let now = pods('old', before, true);
        let made = 100;
        const turns = [...order, ...Array.from({ length: 60 }, () => 0)];
        for (const turn of turns) {
          const readyBefore = now.filter((pod) => pod.ready).length;
          const step = rolloutStep(now, 'new', replicas, LIMITS);
          now = now.filter((pod) => !step.remove.includes(pod));
          for (let index = 0; index < step.create; index += 1) {
            made += 1;
            now.push({ name: `p${made}`, revision: 'new', ready: false, createdAtMs: made });
          }
          expect(now.filter((pod) => pod.ready).length).toBeGreaterThanOrEqual(Math.min(readyBefore, replicas));
          const waiting = now.filter((pod) => !pod.ready);
          const chosen = waiting[turn % Math.max(1, waiting.length)];
          now = now.map((pod) => (pod === chosen ? { ...pod, ready: true } : pod));
        }
        expect(now.map((pod) => [pod.revision, pod.ready])).toEqual(Array(replicas).fill(['new', true]));
      }),
    );
  });
});
