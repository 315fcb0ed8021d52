/** What the local OpenID provider keeps: until it expires, and of one grant as long as that is not revoked. */
import { describe, expect, it } from '@jest/globals';
import { createAdapters } from '../../../local/openid/store.ts';

describe('the store of the local OpenID provider', () => {
  it('finds what was stored until it expires, each kind for itself', async () => {
    let atMs = 0;
    const adapters = createAdapters(() => atMs);
    const [codes, sessions] = [adapters('AuthorizationCode'), adapters('Session')];
    await codes.upsert('1', { grantId: 'g' }, 60);
    await sessions.upsert('1', { uid: 'u' }, 3_600);
    expect(await codes.find('1')).toEqual({ grantId: 'g' });
    expect(await sessions.findByUid('u')).toEqual({ uid: 'u' });
    expect(await codes.findByUid('u')).toBeUndefined();
    atMs = 60_000;
    expect(await codes.find('1')).toBeUndefined();
    expect(await sessions.find('1')).toEqual({ uid: 'u' });
  });

  it('marks a code as consumed, and forgets all of a grant that is revoked', async () => {
    const codes = createAdapters(() => 5_000)('AuthorizationCode');
    for (const id of ['1', '2']) await codes.upsert(id, { grantId: 'g' }, 60);
    await codes.upsert('3', { grantId: 'h' }, 60);
    await codes.consume('1');
    expect(await codes.find('1')).toEqual({ grantId: 'g', consumed: 5 });
    await codes.revokeByGrantId('g');
    expect(await Promise.all(['1', '2', '3'].map((id) => codes.find(id)))).toEqual([
      undefined,
      undefined,
      { grantId: 'h' },
    ]);
  });
});
