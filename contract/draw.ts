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
 * | announced                    | promoted                            | the Job: `won` and `waitlisted` of every person are in the journal |
 * | promoted                     | promoted                            | the operator, for an owner |
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
  /** Winners: the quota, at most n. */
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
      /** Chain hash, hex. */
      readonly chain: string;
      readonly round: number;
    }
  | {
      readonly name: string;
      readonly type: 'PublicValue';
      /** What the value is, and how it is written: two people must write the same. */
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
  /** Score of the last winner, hex; empty where nobody wins. */
  readonly cutoff: string;
  readonly winners: number;
  readonly waitlisted: number;
  /** SHA-256 over the bitmap of winners, then the waitlist (32 bytes each, in order), hex. */
  readonly resultDigest: string;
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
export interface Promoted extends StepOf<'promoted'> {
  readonly voucher: string;
  /** The entry that no longer takes its voucher, and the one that moves up, hex. */
  readonly fallen: string;
  readonly entry: string;
  readonly by: string;
  readonly reason: string;
}

export type DrawStep = Committed | Entered | Sourced | Drawn | Announced | Promoted;
