/**
 * What the draw `vcdraw1` publishes. The draw's steps are one chain: entries of the control stream's subject `draw`, each appended on
 * the condition that the one before is still the last. So they have one order, and of two writers one wins. Pure.
 *
 * | after                        | may follow                          | who appends it |
 * |------------------------------|-------------------------------------|----------------|
 * | nothing                      | committed 1                         | the Job, when an owner has authorised it and the list is made |
 * | committed n                  | entered of n, sourced n, committed n + 1 | below |
 * | entered of n                 | as committed n                      | the operator: two people have entered the same value |
 * | sourced n                    | drawn                               | the Job: every source of commitment n has its value |
 * | drawn                        | announced                           | the Job, from sourced alone |
 * | announced                    | promoted, declined                  | the Job: `won` and `waitlisted` of every person are in the journal |
 * | promoted, declined           | promoted, declined, recorded        | the Job, for an owner: only it knows the waitlist and its order |
 * | recorded                     | promoted, declined                  | the Job: the facts of those who moved up are in the journal |
 *
 * `committed n + 1` follows only after `postponeAt` of commitment n, without `sourced n`: a source that is missing postpones, and is
 * never substituted. After `sourced n` there is one result, whoever computes it.
 */

export const DRAW_ALGORITHM = 'vcdraw1';

/** What a voucher's draw is about. Names are those of the file commitment.json. */
export interface VoucherCommitment {
  readonly voucher: string;
  /** Entries in the list. */
  readonly n: number;
  /** Winners: the smaller of the quota and n. */
  readonly k: number;
  /** Entries that are next in order, from the k-th on, at most n - k. */
  readonly waitlist: number;
  /** SHA-256 of entries.bin, hex. */
  readonly listDigest: string;
  /** RFC 6962 root over the entries, hex. */
  readonly merkleRoot: string;
}

/** Where randomness comes from, in the order in which the seed takes it. */
export type SourceRule =
  | {
      readonly name: string;
      readonly type: 'Drand';
      /** Chain hash, hex. It is computed from the chain's public key, so it pins that key. */
      readonly chain: string;
      readonly round: number;
    }
  | {
      readonly name: string;
      readonly type: 'PublicValue';
      /** What the value is, and how it is written: two people must write the same. */
      readonly description: string;
    }
  | {
      readonly name: string;
      /** Bytes that are given, such as a notary's dice. Nothing in the bundle proves them. Only `kubectl voucher draw run` makes it. */
      readonly type: 'Bytes';
      readonly description: string;
    };

/** Published before the randomness exists: the file commitment.json. */
export interface Commitment {
  readonly alg: typeof DRAW_ALGORITHM;
  readonly campaignUid: string;
  /** From 1; a postponement makes the next one. */
  readonly attempt: number;
  /** In their order in bytes. */
  readonly vouchers: readonly VoucherCommitment[];
  readonly sources: readonly SourceRule[];
  /** RFC 3339 in UTC: no source has its value before. */
  readonly notBefore: string;
  /** From then on a source that is missing postpones the draw. */
  readonly postponeAt: string;
}

/** The value of one source: what the seed takes, and what proves it. */
export interface SourceValue {
  readonly name: string;
  /** Bytes that the seed takes, hex: the drand round's randomness, or the public value in UTF-8 (NFC, trimmed). */
  readonly hex: string;
  /** Drand: the round's signature, hex. */
  readonly signature?: string;
  /** PublicValue: the value as it was entered, and the two people. */
  readonly value?: string;
  readonly enteredBy?: readonly string[];
}

export interface VoucherResult {
  readonly voucher: string;
  readonly seed: string;
  /** Score of the last winner, hex; empty without a winner. */
  readonly cutoff: string;
  readonly winners: number;
  readonly waitlisted: number;
  /**
   * SHA-256 over winners.bin, then waitlist.bin, hex. winners.bin has one bit for each entry, in the order of entries.bin, from the
   * highest bit of the first byte on: 1 is a winner; unused last bits are 0. waitlist.bin has the waitlisted entries, 32 bytes each, the
   * next in order first.
   */
  readonly resultDigest: string;
}

/** The file sources.json. */
export interface Sources {
  readonly alg: typeof DRAW_ALGORITHM;
  readonly campaignUid: string;
  readonly attempt: number;
  /** SHA-256 of commitment.json, hex. */
  readonly commitment: string;
  /** In the order of the commitment. */
  readonly sources: readonly SourceValue[];
}

/** The file result.json. Its digest pins the whole bundle. */
export interface Result {
  readonly alg: typeof DRAW_ALGORITHM;
  readonly campaignUid: string;
  readonly attempt: number;
  /** SHA-256 of commitment.json, hex. */
  readonly commitment: string;
  /** SHA-256 of sources.json, hex. */
  readonly sources: string;
  /** In the order of the commitment. */
  readonly vouchers: readonly VoucherResult[];
}

interface StepOf<S extends string> {
  readonly v: 1;
  readonly step: S;
  readonly campaignId: string;
  /** RFC 3339 in UTC: when the entry was made. */
  readonly at: string;
  /** Of its commitment. */
  readonly attempt: number;
}

export interface Committed extends StepOf<'committed'> {
  readonly commitment: Commitment;
  /** SHA-256 of commitment.json, hex. */
  readonly digest: string;
  /** Who authorised it. */
  readonly authorizedBy: string;
}
export interface Entered extends StepOf<'entered'> {
  readonly name: string;
  readonly value: string;
  /** Two different people. */
  readonly by: readonly [string, string];
}
export interface Sourced extends StepOf<'sourced'> {
  readonly sources: readonly SourceValue[];
}
export interface Drawn extends StepOf<'drawn'> {
  readonly vouchers: readonly VoucherResult[];
  /** SHA-256 of result.json, hex. */
  readonly digest: string;
}
/** Every `won` and `waitlisted` of the result is stored. */
export interface Announced extends StepOf<'announced'> {
  readonly won: number;
  readonly waitlisted: number;
}
/** An owner's command is carried out. */
export interface Promoted extends StepOf<'promoted'> {
  /** Digest of the command (operator/draw/commands.ts), hex. */
  readonly command: string;
  readonly voucher: string;
  /** The entry that no longer takes its voucher, and the first of the waitlist that has not moved up yet, hex. */
  readonly fallen: string;
  readonly entry: string;
  readonly by: string;
  readonly reason: string;
}
/** An owner's command that can't be carried out, and never will be. */
export interface Declined extends StepOf<'declined'> {
  readonly command: string;
  readonly by: string;
  /** For people. */
  readonly why: string;
}
/** The facts of the first `promotions` who moved up are stored. */
export interface Recorded extends StepOf<'recorded'> {
  readonly promotions: number;
}

export type DrawStep = Committed | Entered | Sourced | Drawn | Announced | Promoted | Declined | Recorded;
