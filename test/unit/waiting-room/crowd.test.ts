/** A crowd of five times what is admitted, on a virtual clock: in order, and none too many; and that the check finds what is wrong. */
import { describe, expect, it } from '@jest/globals';
import { BLOCK } from '../../../contract/crowd/queue.ts';
import { playCrowd } from '../../bench/room/crowd.ts';

const CROWD = { pods: 3, ratePerSecond: 20, arrivalsPerSecond: 100, arriveForSeconds: 2 };

describe('a crowd that waits', () => {
  it('is served as fast as the rate permits, and all of it', async () => {
    const { arrived, registered, overshoot, seconds } = await playCrowd(CROWD);
    expect([arrived, registered]).toEqual([200, 200]);
    expect(overshoot).toBeLessThanOrEqual(BLOCK.most);
    // 180 after the burst, at 20/s, and the last citizen's question.
    expect(seconds).toBeLessThan(15);
  });

  it('is served nearly in the order of its arrival', async () => {
    // A block is half a second of a pod's tickets: within a second of arrivals the order is not exact.
    expect((await playCrowd(CROWD)).worstInversion).toBeLessThan(100);
  });

  it('is served in the order of its arrival by a pod alone', async () => {
    expect((await playCrowd({ ...CROWD, pods: 1 })).worstInversion).toBeLessThanOrEqual(1);
  });

  it('would be served in no order, and without an end, if citizens did not keep their tickets', async () => {
    const { registered, worstInversion } = await playCrowd({ ...CROWD, keepsTickets: false, atMostSeconds: 30 });
    expect(registered < 200 || worstInversion >= 100).toBe(true);
  });
});
