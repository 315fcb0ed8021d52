/**
 * An informer through everything that kills the stock one: seconds until its store is exactly what the API server has.
 * `--sabotage` takes one object out of the store behind its back; the comparison must see it.
 */
import { ORDEALS, startTorture } from '../helpers/informer-torture.ts';
import type { Scenario } from '../helpers/scenario.ts';

const WITHIN_MS = 10_000;

export const scenario: Scenario = {
  issue: '03',
  async run({ args, progress }) {
    const torture = await startTorture();
    try {
      const raw: Record<string, readonly number[]> = {};
      for (const ordeal of ORDEALS) {
        raw[ordeal] = await torture.ordeals[ordeal]();
        progress(`${ordeal}: ${raw[ordeal].join(', ')} ms`);
      }
      const wrong = (await torture.isRight()) ? 0 : 1;
      let sabotageSeen: boolean | undefined;
      if (args.includes('--sabotage')) {
        const [victim] = torture.store.list();
        if (victim === undefined) throw new Error('the store is empty');
        torture.store.remove(victim, victim.metadata.resourceVersion);
        sabotageSeen = !(await torture.isRight());
      }
      const slowestMs = Object.fromEntries(Object.entries(raw).map(([ordeal, times]) => [ordeal, Math.max(...times)]));
      return {
        kind: 'ran',
        holds: wrong === 0 && Object.values(slowestMs).every((ms) => ms < WITHIN_MS) && sabotageSeen !== false,
        summary: {
          objects: torture.store.size,
          wrongAtTheEnd: wrong,
          slowestMs,
          ...(sabotageSeen === undefined ? {} : { sabotageSeen }),
        },
        raw,
      };
    } finally {
      await torture.stop();
    }
  },
};
