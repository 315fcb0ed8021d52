import { describe, expect, it } from '@jest/globals';
import { problemOfRules, problemOfValue, problemOfValues } from '../../../app/draw/sources/check.ts';
import {
  chainFrom,
  drandChains,
  firstRoundFrom,
  isSignatureOf,
  QUICKNET,
  randomnessOf,
  roundAt,
  timeOfRound,
} from '../../../app/draw/sources/drand.ts';
import type { SourceRule, SourceValue } from '../../../contract/decisions/draw.ts';
import { publicValue, publicValueHex } from '../../../contract/decisions/public-value.ts';
import { createLocalChain } from '../../../local/drand/chain.ts';

/** Rounds of quicknet that many public test suites have. */
const ROUND_1000 = {
  signature: 'b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39',
  randomness: 'fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd',
};
const ROUND_1001 = 'b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41';

const local = createLocalChain({ seed: 'unit', genesisSeconds: 1_800_000_000, periodSeconds: 3 });
const localChain = chainFrom(local.info);
const chains = drandChains(localChain);

describe('drand', () => {
  it('verifies public rounds of quicknet with the pinned key', () => {
    expect(isSignatureOf(QUICKNET, 1000, ROUND_1000.signature)).toBe(true);
    expect(isSignatureOf(QUICKNET, 1001, ROUND_1001)).toBe(true);
    expect(randomnessOf(ROUND_1000.signature)).toBe(ROUND_1000.randomness);
  });

  it.each([
    ['of another round', 1001, ROUND_1000.signature],
    ['that has another bit', 1000, `${ROUND_1000.signature.slice(0, -1)}8`],
    ['that is no point', 1000, 'f'.repeat(96)],
    ['at infinity', 1000, `c0${'0'.repeat(94)}`],
    ['that is too short', 1000, 'b446'],
    ['of another chain', 1000, local.sign(1000).signature],
  ])('refuses a signature %s', (_name, round, signature) => {
    expect(isSignatureOf(QUICKNET, round, signature)).toBe(false);
  });

  it('knows the round of an instant', () => {
    const atMs = Date.parse('2026-04-20T00:00:00Z');
    expect(roundAt(QUICKNET, atMs)).toBe(27_946_612);
    expect(timeOfRound(QUICKNET, 27_946_612)).toBe(atMs);
    expect(roundAt(QUICKNET, atMs + 2_999)).toBe(27_946_612);
  });

  it.each([
    ['at its instant', 0, 27_946_612],
    ['a millisecond later', 1, 27_946_613],
    ['up to the next one', 3_000, 27_946_613],
  ])('names a first round that is not published before: %s', (_name, afterMs, round) => {
    expect(firstRoundFrom(QUICKNET, Date.parse('2026-04-20T00:00:00Z') + afterMs)).toBe(round);
  });

  it('names round 1 before the genesis', () => {
    expect(firstRoundFrom(QUICKNET, 0)).toBe(1);
  });

  it('takes a chain only with the key that its hash covers', () => {
    const { public_key } = createLocalChain({ seed: 'another', genesisSeconds: 1_800_000_000 }).info;
    expect(() => chainFrom({ ...local.info, public_key })).toThrow(`the chain's hash is ${local.info.hash}`);
    expect(() => chainFrom({ ...local.info, schemeID: 'pedersen-bls-chained' })).toThrow('schemeID');
    expect(() => chainFrom('')).toThrow('no chain of drand');
  });
});

describe('a public value', () => {
  it.each([
    ['is trimmed', ' 01 07 ', '01 07'],
    ['is composed', 'Zu\u0308rich', 'Z\u00fcrich'],
  ])('%s', (_name, text, value) => {
    expect(publicValue(text)).toBe(value);
    expect(Buffer.from(publicValueHex(text), 'hex').toString()).toBe(value);
  });

  it.each([
    ['nothing', '  ', 'empty'],
    ['two lines', '01\n07', 'line end'],
    ['a character that is not visible', '01\u200b07', 'not visible'],
    ['half of a pair', '\ud800', 'Unicode'],
    ['too much', 'x'.repeat(4_097), '4097 bytes'],
  ])('refuses %s', (_name, text, message) => {
    expect(() => publicValue(text)).toThrow(message);
  });
});

const DRAND: SourceRule = { name: 'drand', type: 'Drand', chain: localChain.hash, round: 7 };
const LOTTERY: SourceRule = { name: 'lottery', type: 'PublicValue', description: 'numbers in ascending order' };
const signed = local.sign(7);
const round: SourceValue = { name: 'drand', hex: signed.randomness, signature: signed.signature };
const value: SourceValue = { name: 'lottery', hex: publicValueHex('01 07'), value: '01 07', enteredBy: ['a', 'b'] };
const other = local.sign(8);

describe('the values of a commitment’s sources', () => {
  it('count', () => {
    expect(problemOfValues({ sources: [DRAND, LOTTERY] }, [round, value], chains)).toBeUndefined();
  });

  it.each<[string, SourceRule, SourceValue, string]>([
    ['another round', DRAND, { ...round, hex: other.randomness, signature: other.signature }, 'not that of round 7'],
    ['other randomness', DRAND, { ...round, hex: other.randomness }, 'not the SHA-256'],
    ['no signature', DRAND, { name: 'drand', hex: signed.randomness }, 'signature is missing'],
    ['people for a round', DRAND, { ...round, enteredBy: ['a', 'b'] }, 'not entered by people'],
    ['an unknown chain', { ...DRAND, chain: 'a'.repeat(64) }, round, 'not known here'],
    ['one person', LOTTERY, { ...value, enteredBy: ['a'] }, 'two different people'],
    ['the same person twice', LOTTERY, { ...value, enteredBy: ['a', 'a'] }, 'two different people'],
    ['another spelling', LOTTERY, { ...value, value: '01 07 ' }, 'normal form'],
    ['other bytes', LOTTERY, { ...value, hex: '00' }, "not the value's bytes"],
    ['no value', LOTTERY, { name: 'lottery', hex: '00' }, 'the value is missing'],
    ['a signature', LOTTERY, { ...value, signature: signed.signature }, 'has no signature'],
    ['another name', LOTTERY, { ...value, name: 'dice' }, 'dice is in the place of lottery'],
  ])('do not count with %s', (_name, rule, given, problem) => {
    expect(problemOfValue(rule, given, chains)).toContain(problem);
  });

  it('are complete, and no more than that', () => {
    expect(problemOfValues({ sources: [DRAND, LOTTERY] }, [round], chains)).toBe('the value of lottery is missing');
    expect(problemOfValues({ sources: [DRAND] }, [round, value], chains)).toContain('lottery is no source');
  });

  it('are not published before notBefore, and not after postponeAt', () => {
    const problem = (notBefore: number, postponeAt: number) => {
      const [from, to] = [new Date(notBefore).toISOString(), new Date(postponeAt).toISOString()];
      return problemOfRules({ sources: [DRAND], notBefore: from, postponeAt: to }, chains);
    };
    const atMs = timeOfRound(localChain, 7);
    expect(problem(atMs, atMs + 1)).toBeUndefined();
    expect(problem(atMs + 1, atMs + 9)).toContain('before notBefore');
    expect(problem(atMs - 9, atMs)).toContain('after postponeAt');
  });
});
