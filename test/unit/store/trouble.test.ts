import { describe, expect, it } from '@jest/globals';
import { troubleOf } from '../../../app/store/trouble.ts';

const coded = (code: string): Error => Object.assign(new Error('words of the driver'), { code });

describe('what an error of the database is about', () => {
  it.each([
    ['53300', 'connections'],
    ['53100', 'disk_full'],
    ['25006', 'read_only'],
    ['57P01', 'starting'],
    ['57P02', 'starting'],
    ['57P03', 'starting'],
    ['28P01', 'credentials'],
    ['28000', 'credentials'],
    ['42501', 'credentials'],
    ['3D000', 'missing'],
    ['42P01', 'missing'],
    ['ECONNREFUSED', 'unreachable'],
    ['ENOTFOUND', 'unreachable'],
    ['ECONNRESET', 'unreachable'],
    ['08006', 'unreachable'],
    ['ETIMEDOUT', 'silent'],
    ['CERT_HAS_EXPIRED', 'certificate'],
    ['40P01', 'failing'],
  ])('%s: %s', (code, trouble) => {
    expect(troubleOf(coded(code))).toBe(trouble);
  });

  it.each([
    ['timeout exceeded when trying to connect', 'silent'],
    ['Query read timeout', 'silent'],
    ['Connection terminated due to connection timeout', 'silent'],
    ['Connection terminated unexpectedly', 'unreachable'],
    ['something else', 'failing'],
  ])('the driver’s “%s”: %s', (message, trouble) => {
    expect(troubleOf(new Error(message))).toBe(trouble);
  });

  it('is nothing in particular for what is no error', () => {
    expect(troubleOf(undefined)).toBe('failing');
  });
});
