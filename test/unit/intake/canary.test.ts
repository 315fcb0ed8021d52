import { describe, expect, it } from '@jest/globals';
import { secretKey } from '../../../app/core/secret-key.ts';
import { isCanary, signCanary } from '../../../app/intake/canary.ts';

const KEY = secretKey(Buffer.alloc(32, 7));
const NOW_MS = 1_600_000_000_000;
const SECONDS = NOW_MS / 1000;
const ID = '0123456789abcdef';

const cases: Record<
  string,
  { readonly header: string; readonly nowMs?: number; readonly id?: string; readonly want: boolean }
> = {
  'a fresh signature is a canary': { header: signCanary(KEY, SECONDS, ID), want: true },
  'sixty seconds ahead still is': { header: signCanary(KEY, SECONDS + 60, ID), want: true },
  'sixty-one seconds ahead is not': { header: signCanary(KEY, SECONDS + 61, ID), want: false },
  'sixty-one seconds old is not': { header: signCanary(KEY, SECONDS, ID), nowMs: NOW_MS + 61_000, want: false },
  'with another Idempotency-Key it is not': {
    header: signCanary(KEY, SECONDS, ID),
    id: 'fedcba9876543210',
    want: false,
  },
  'by another key it is not': { header: signCanary(secretKey(Buffer.alloc(32, 8)), SECONDS, ID), want: false },
  'with another time in front it is not': {
    header: signCanary(KEY, SECONDS, ID).replace(`${SECONDS}`, `${SECONDS + 1}`),
    want: false,
  },
  'nonsense is not': { header: 'nonsense', want: false },
  'an empty header is not': { header: '', want: false },
};

describe('a canary', () => {
  it.each(Object.entries(cases))('%s', (_name, { header, nowMs = NOW_MS, id = ID, want }) => {
    expect(isCanary(KEY, header, id, nowMs)).toBe(want);
  });
});
