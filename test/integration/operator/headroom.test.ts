/** Room on nodes that is there before the crowd is: real scheduler and preemption; only machines are played. */
import { describe, expect, it } from '@jest/globals';
import { playHeadroom } from '../../helpers/headroom-play.ts';

const STEPS = [5, 8];
const NODE_DELAY_MS = 4_000;
/** What is missing is read from the status while it is missing. */
const TELLING_DELAY_MS = 10_000;

describe('a tier that grows where nodes come late', () => {
  it('waits for no node when head-room is kept', async () => {
    const { pendingMs, waitedForNode, placeholders } = await playHeadroom({
      headroomReplicas: 4,
      steps: STEPS,
      nodeDelayMs: NODE_DELAY_MS,
    });
    expect(pendingMs).toHaveLength(6);
    expect(waitedForNode).toBe(0);
    expect(placeholders).toEqual({ desired: 4, ready: 4 });
  });

  it('waits without it, and the status names what is missing', async () => {
    const { pendingMs, waitedForNode, said, placeholders } = await playHeadroom({
      headroomReplicas: 0,
      steps: STEPS,
      nodeDelayMs: TELLING_DELAY_MS,
    });
    expect(waitedForNode).toBeGreaterThan(0);
    expect(Math.max(...pendingMs)).toBeGreaterThan(TELLING_DELAY_MS);
    expect(said.join('\n')).toMatch(
      /No node has room for \d intake pods?; needed in total: cpu .*, about 1 more node \(\d pods? fits? on a node\)/,
    );
    expect(placeholders).toBeUndefined();
  });
});
