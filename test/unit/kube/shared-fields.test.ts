import { describe, expect, it } from '@jest/globals';
import { sharedFields } from '../../../operator/kube/shared-fields.ts';

const fieldsOf = (uid: string) => ({
  'f:metadata': { 'f:labels': { 'f:a': {} }, 'f:ownerReferences': { [`k:{"uid":"${uid}"}`]: {} } },
  'f:spec': { 'f:template': { 'f:spec': {} } },
});

describe('sharedFields', () => {
  it('equals what it was made of', () => {
    expect(sharedFields(fieldsOf('one'))).toEqual(fieldsOf('one'));
  });

  it('keeps the parts that two objects have in common once, and never their owners', () => {
    const [one, other] = [sharedFields(fieldsOf('one')), sharedFields(fieldsOf('other'))];
    expect(other['f:spec']).toBe(one['f:spec']);
    expect(other).toEqual(fieldsOf('other'));
  });

  it('goes on, unshared, when too many kinds were seen', () => {
    for (let n = 0; n < 2_000; n += 1) sharedFields({ 'f:spec': { [`f:${n}`]: {} } });
    expect(sharedFields({ 'f:spec': { 'f:new': {} } })).toEqual({ 'f:spec': { 'f:new': {} } });
  });
});
