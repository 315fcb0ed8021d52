import { describe, expect, it } from '@jest/globals';
import { settingsOf, testIntake } from '../../helpers/intake.ts';

describe('GET /api/v1/draws/<campaignId>', () => {
  it('answers what the operator has published, from memory', async () => {
    const intake = testIntake();
    const draw = () => intake.get('/api/v1/draws/test-campaign');
    expect((await draw()).json).toEqual({ campaignId: 'test-campaign' });
    const published = { commitment: { digest: 'ab' }, result: { digest: 'cd' } };
    intake.world.settings = settingsOf({ published });
    const { status, json, headers } = await draw();
    expect([status, json]).toEqual([200, { campaignId: 'test-campaign', ...published }]);
    expect(headers.get('cache-control')).toBe('public, max-age=1');
    expect((await intake.get('/api/v1/draws/other')).status).toBe(404);
  });
});
