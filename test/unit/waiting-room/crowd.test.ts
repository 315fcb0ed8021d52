/** A crowd of ten times what is admitted, on a virtual clock: in order, and none too many; and that the check finds what is wrong. */
import { describe, expect, it } from '@jest/globals';
import { BLOCK } from '../../../contract/queue.ts';
import { playCrowd } from '../../bench/room/crowd.ts';

const CROWD = { pods: 3, ratePerSecond: 20, arrivalsPerSecond: 200, arriveForSeconds: 2 };

describe('a crowd that waits', () => {
  it('is served as fast as the rate permits, and all of it', async () => {
    const { arrived, registered, overshoot, seconds } = await playCrowd(CROWD);
    expect([arrived, registered]).toEqual([400, 400]);
    expect(overshoot).toBeLessThanOrEqual(BLOCK.most);
    // 380 after the burst, at 20/s, and the last citizen's question.
    expect(seconds).toBeLessThan(45);
  });

  it('is served nearly in the order of its arrival', async () => {
    // A block is half a second of a pod's tickets: within a second of arrivals the order is not exact.
    expect((await playCrowd(CROWD)).worstInversion).toBeLessThan(200);
  });

  it('would be served in no order, and without an end, if citizens did not keep their tickets', async () => {
    const { registered, worstInversion } = await playCrowd({ ...CROWD, keepsTickets: false, atMostSeconds: 60 });
    expect(registered < 400 || worstInversion >= 200).toBe(true);
  });
});
