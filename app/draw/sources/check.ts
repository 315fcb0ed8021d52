/**
 * Which source values count for a commitment, by the rule that it publishes. Pure.
 *
 * | type        | hex                          | needs                                              |
 * |-------------|------------------------------|----------------------------------------------------|
 * | Drand       | SHA-256 of the signature     | the signature of that round, by that chain's key   |
 * | PublicValue | the value's bytes, UTF-8     | the value in its normal form, and two different people |
 * | Bytes       | any                          | nothing: `kubectl voucher draw run` only           |
 */
import type { Commitment, SourceRule, SourceValue } from '../../../contract/decisions/draw.ts';
import { publicValue, publicValueHex } from '../../../contract/decisions/public-value.ts';
import { type DrandChains, isSignatureOf, randomnessOf, timeOfRound } from './drand.ts';

/** Undefined: the value counts. */
export const problemOfValue = (rule: SourceRule, given: SourceValue, chains: DrandChains): string | undefined => {
  if (given.name !== rule.name) return `${given.name} is in the place of ${rule.name}`;
  switch (rule.type) {
    case 'Drand': {
      const chain = chains.get(rule.chain);
      if (chain === undefined) return `${rule.name}: the chain ${rule.chain} is not known here`;
      if (given.signature === undefined) return `${rule.name}: the signature is missing`;
      if (given.value !== undefined || given.enteredBy !== undefined)
        return `${rule.name}: a round is not entered by people`;
      if (given.hex !== randomnessOf(given.signature)) return `${rule.name}: hex is not the SHA-256 of the signature`;
      return isSignatureOf(chain, rule.round, given.signature)
        ? undefined
        : `${rule.name}: the signature is not that of round ${rule.round}`;
    }
    case 'PublicValue': {
      const { value, enteredBy = [] } = given;
      if (value === undefined) return `${rule.name}: the value is missing`;
      if (given.signature !== undefined) return `${rule.name}: a public value has no signature`;
      if (new Set(enteredBy).size < 2) return `${rule.name}: two different people must enter the value`;
      try {
        if (publicValue(value) !== value) return `${rule.name}: the value is not in its normal form`;
      } catch (error) {
        return `${rule.name}: ${error instanceof Error ? error.message : String(error)}`;
      }
      return given.hex === publicValueHex(value) ? undefined : `${rule.name}: hex is not the value's bytes`;
    }
    case 'Bytes':
      return Object.keys(given).length === 2 ? undefined : `${rule.name}: bytes have a name and hex only`;
  }
};

/** Undefined: every source of the commitment has its value, in its order. */
export const problemOfValues = (
  { sources: rules }: Pick<Commitment, 'sources'>,
  given: readonly SourceValue[],
  chains: DrandChains,
): string | undefined => {
  for (const [index, rule] of rules.entries()) {
    const value = given[index];
    if (value === undefined) return `the value of ${rule.name} is missing`;
    const problem = problemOfValue(rule, value, chains);
    if (problem !== undefined) return problem;
  }
  return given.length > rules.length ? `${given[rules.length]?.name} is no source of the commitment` : undefined;
};

/** Why a commitment must not be published; undefined: its sources have no value before `notBefore`, as far as that can be computed. */
export const problemOfRules = (
  { sources, notBefore, postponeAt }: Pick<Commitment, 'sources' | 'notBefore' | 'postponeAt'>,
  chains: DrandChains,
): string | undefined => {
  for (const rule of sources) {
    if (rule.type !== 'Drand') continue;
    const chain = chains.get(rule.chain);
    if (chain === undefined) return `${rule.name}: the chain ${rule.chain} is not known here`;
    const atMs = timeOfRound(chain, rule.round);
    if (atMs < Date.parse(notBefore)) return `${rule.name}: round ${rule.round} is published before notBefore`;
    if (atMs >= Date.parse(postponeAt)) return `${rule.name}: round ${rule.round} is published after postponeAt`;
  }
  return undefined;
};
