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

describe('GET /api/v1/draws/<campaignId>/proof/<entry>', () => {
  it('sends to the files of the draw, once its result is announced', async () => {
    const intake = testIntake();
    const proof = (entry = 'ab'.repeat(32)) => intake.get(`/api/v1/draws/test-campaign/proof/${entry}`);
    const draw = { ...settingsOf().draw, bundleUrl: 'https://draws.example.org/spring/' };
    intake.world.settings = settingsOf({ draw });
    expect((await proof()).status).toBe(404);
    const announced = { barriers: [7], unverified: 'enter' } as const;
    intake.world.settings = settingsOf({ announced });
    expect((await proof()).status).toBe(404);
    intake.world.settings = settingsOf({ draw, announced });
    const { status, headers, json } = await proof();
    expect([status, headers.get('location')]).toEqual([303, `${draw.bundleUrl}result.json`]);
    expect(json).toMatchObject({ entry: 'ab'.repeat(32), bundle: draw.bundleUrl });
    expect((await proof('../x')).status).toBe(404);
    expect((await proof('AB'.repeat(32))).status).toBe(404);
  });
});
