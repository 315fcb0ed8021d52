/** The informer against a real API server that is killed, compacted, cut off and slow. How long that takes is evidence's to tell. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OBJECTS, ORDEALS, startTorture, type Torture } from '../../helpers/informer-torture.ts';

let torture: Torture;
beforeAll(async () => {
  torture = await startTorture();
});
afterAll(async () => {
  await torture?.stop();
});

describe('an informer', () => {
  it('reads more than one page', () => {
    expect(torture.store.size).toBeGreaterThanOrEqual(OBJECTS);
  });

  it.each(ORDEALS)('is right after %s', async (ordeal) => {
    const before = torture.lists();
    expect(await torture.ordeals[ordeal]()).not.toEqual([]);
    // Only a whole list can have told what was compacted away.
    if (ordeal.includes('410')) expect(torture.lists()).toBeGreaterThan(before);
  });
});
