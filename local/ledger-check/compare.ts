/**
 * Compares the receipts that citizens have with the journal and the database. Pure; shares no code with the product.
 *
 * | an acknowledged receipt is …                                   | verdict                |
 * |----------------------------------------------------------------|------------------------|
 * | in the journal, and in registration or superseded_receipt      | kept                   |
 * | not in the journal                                             | lost from the journal  |
 * | neither in registration nor in superseded_receipt              | lost from the database |
 *
 * | another message of the journal is …                            | verdict                |
 * |----------------------------------------------------------------|------------------------|
 * | a fact in registration_fact, by receipt, type and attempt      | kept                   |
 * | a fact, or a message of a later version, in kept_event by its place | kept              |
 * | a barrier, which concerns a shard and no receipt               | –                      |
 * | none of these                                                  | lost                   |
 *
 * The caller states the campaign's rule: one registration per citizen, or one per citizen and channel. The rule that the
 * product wrote into the registrations is only compared with it. The row of a citizen in `registration` is the receipt accepted
 * first, and the smaller one if two were accepted in the same millisecond. Which receipt counts in the draw: verdicts.ts.
 */
import type { LedgerEntry } from '../load/ledger.ts';
import { type Verdicts, verdictsOf } from './verdicts.ts';

export interface JournalRecord {
  readonly receipt: string;
  readonly citizenHash: string;
  readonly kind: string;
  /** Key that seals the personal data. Absent: not read. */
  readonly keyId?: string;
  readonly channel?: string | undefined;
  /** RFC 3339, UTC, milliseconds. Absent: not read. */
  readonly acceptedAt?: string;
  /** The rule behind citizenHash. Absent: written by a build without rules. */
  readonly uniqueness?: string | undefined;
}

export interface LaterRecord {
  /** `<shard> <sequence>` */
  readonly place: string;
  /** `<receipt> <type> <attempt>`. Absent: a later version, which this check can't read. */
  readonly fact?: string;
}

/** A row of registration or of superseded_receipt. */
export interface DatabaseRow {
  readonly receipt: string;
  readonly citizenHash: string;
  readonly kind: string;
}

export interface LedgerCheckInput {
  /** The campaign's `spec.eligibility.uniqueness`; default `perCitizen`. */
  readonly uniqueness?: string;
  readonly ledger: readonly LedgerEntry[];
  /** Each registration of a citizen must have a verdict, once. Default: none is expected. */
  readonly verifies?: boolean;
  /** Every `received` event of every shard, copies included. */
  readonly journal: readonly JournalRecord[];
  readonly unreadable: number;
  readonly later?: readonly LaterRecord[];
  /** From the database, named as in LaterRecord. */
  readonly facts?: readonly string[];
  readonly kept?: readonly string[];
  /** Data keys in the bucket. Absent: not read. */
  readonly dataKeys?: readonly string[];
  readonly registrations: readonly DatabaseRow[];
  readonly superseded: readonly DatabaseRow[];
}

export interface LedgerCheckResult {
  /** Receipts that citizens got, including repeats. Further counts are explained by the texts of `findingsOf`. */
  readonly acknowledged: number;
  readonly distinctReceipts: number;
  readonly citizens: number;
  readonly inJournal: number;
  readonly inDatabase: number;
  readonly superseded: number;
  /** Distinct acknowledged receipts that are missing from the journal or the database. */
  readonly lost: number;
  readonly lostFromJournal: readonly string[];
  readonly lostFromDatabase: readonly string[];
  readonly doubles: number;
  readonly citizensWithoutOne: readonly number[];
  readonly keysWithTwoReceipts: number;
  /** Two citizens of the ledger whom the product treats as one person, or one whom it treats as two. */
  readonly mistakenIdentities: number;
  /** Receipts in the database that no citizen got. */
  readonly unacknowledged: number;
  /** Keys whose citizen gave up without an answer: each may explain one unacknowledged receipt. */
  readonly unsettled: number;
  /** Unacknowledged receipts without such a key. Undefined: the ledger is incomplete, so this is unknown. */
  readonly unexplained: number | undefined;
  readonly unreadable: number;
  readonly lostFacts: number;
  readonly wrongWinners: number;
  readonly otherRules: number;
  readonly unopenable: number;
  readonly verdicts: Verdicts;
  readonly verdict: 'complete' | 'incomplete';
  readonly findings: readonly string[];
}

type Acknowledged = Extract<LedgerEntry, { type: 'acknowledged' }>;

const addTo = <K, V>(map: Map<K, Set<V>>, key: K, value: V): void => {
  map.set(key, (map.get(key) ?? new Set()).add(value));
};

const withSeveral = <K, V>(map: ReadonlyMap<K, ReadonlySet<V>>): number =>
  [...map.values()].filter((values) => values.size > 1).length;

const unopenableOf = (
  journal: readonly JournalRecord[],
  promised: ReadonlySet<string>,
  dataKeys: readonly string[] | undefined,
): number => {
  if (dataKeys === undefined) return 0;
  const held = new Set(dataKeys);
  const lost = journal.filter(({ receipt, keyId }) => promised.has(receipt) && keyId !== undefined && !held.has(keyId));
  return new Set(lost.map(({ receipt }) => receipt)).size;
};

const lostFactsOf = (later: readonly LaterRecord[], facts: readonly string[], kept: readonly string[]): number => {
  const [recorded, places] = [new Set(facts), new Set(kept)];
  // Copies of one fact are one.
  const lost = later.filter(({ fact, place }) => !(fact !== undefined && recorded.has(fact)) && !places.has(place));
  return new Set(lost.map(({ fact, place }) => fact ?? place)).size;
};

/** Ignores valid receipts that are missing from the journal: they count as unexplained. */
const wrongWinnersOf = (
  journal: readonly JournalRecord[],
  validOfHash: ReadonlyMap<string, ReadonlySet<string>>,
): number => {
  const orderOf = ({ acceptedAt, receipt }: JournalRecord): string => `${acceptedAt} ${receipt}`;
  const first = new Map<string, JournalRecord>();
  for (const record of journal) {
    const known = first.get(record.citizenHash);
    if (record.acceptedAt === undefined) continue;
    if (known === undefined || orderOf(record) < orderOf(known)) first.set(record.citizenHash, record);
  }
  const receipts = new Set(journal.map(({ receipt }) => receipt));
  return [...first].filter(([hash, { receipt }]) => {
    const known = [...(validOfHash.get(hash) ?? [])].filter((one) => receipts.has(one));
    return known.length > 0 && !known.includes(receipt);
  }).length;
};

const PER_CITIZEN = 'perCitizen';
const PER_CHANNEL = 'perCitizenAndChannel';

export const compare = ({
  uniqueness: rule = PER_CITIZEN,
  verifies = false,
  ledger,
  journal,
  unreadable,
  later = [],
  facts = [],
  kept = [],
  dataKeys,
  registrations,
  superseded,
}: LedgerCheckInput): LedgerCheckResult => {
  const acknowledged = ledger.filter((entry): entry is Acknowledged => entry.type === 'acknowledged');
  const receiptsOfKey = new Map<string, Set<string>>();
  const receiptsOfCitizen = new Map<number, Set<string>>();
  for (const { keyHash, citizen, receiptNo } of acknowledged) {
    addTo(receiptsOfKey, keyHash, receiptNo);
    addTo(receiptsOfCitizen, citizen, receiptNo);
  }
  const promised = new Set(acknowledged.map(({ receiptNo }) => receiptNo));

  const citizensOnly = <T extends { readonly kind: string }>(rows: readonly T[]): readonly T[] =>
    rows.filter(({ kind }) => kind === 'citizen');
  const recordOfReceipt = new Map(citizensOnly(journal).map((record) => [record.receipt, record]));
  // Older builds wrote no rule; theirs was this one.
  const rules = new Set(citizensOnly(journal).map(({ uniqueness = PER_CITIZEN }) => uniqueness));
  const valid = citizensOnly(registrations);
  const validOfHash = new Map<string, Set<string>>();
  for (const { citizenHash, receipt } of valid) addTo(validOfHash, citizenHash, receipt);
  const supersededSet = new Set(citizensOnly(superseded).map(({ receipt }) => receipt));
  const inDatabase = new Set([...valid.map(({ receipt }) => receipt), ...supersededSet]);

  const lostFromJournal = [...promised].filter((receipt) => !recordOfReceipt.has(receipt));
  const lostFromDatabase = [...promised].filter((receipt) => !inDatabase.has(receipt));

  // A claimant has one registration: a citizen, or a citizen and a channel.
  const hashesOfClaimant = new Map<string, Set<string>>();
  const claimantsOfHash = new Map<string, Set<string>>();
  const claimantsOfCitizen = new Map<number, Set<string>>();
  for (const [citizen, receipts] of receiptsOfCitizen) {
    for (const receipt of receipts) {
      const record = recordOfReceipt.get(receipt);
      if (record === undefined) continue;
      const claimant = rule === PER_CHANNEL ? `${citizen} ${record.channel}` : String(citizen);
      addTo(claimantsOfCitizen, citizen, claimant);
      addTo(hashesOfClaimant, claimant, record.citizenHash);
      addTo(claimantsOfHash, record.citizenHash, claimant);
    }
  }
  const validCountOf = (claimant: string): number =>
    [...(hashesOfClaimant.get(claimant) ?? [])].reduce((sum, hash) => sum + (validOfHash.get(hash)?.size ?? 0), 0);
  const citizensWithoutOne = [...receiptsOfCitizen.keys()].filter((citizen) => {
    const claimants = [...(claimantsOfCitizen.get(citizen) ?? [])];
    return claimants.length === 0 || claimants.some((claimant) => validCountOf(claimant) !== 1);
  });

  const unacknowledged = [...inDatabase].filter((receipt) => !promised.has(receipt)).length;
  // A key that got an answer later is settled.
  const unsettled = new Set(
    ledger.flatMap((entry) => (entry.type === 'unsettled' && !receiptsOfKey.has(entry.keyHash) ? [entry.keyHash] : [])),
  ).size;
  const ended = ledger.some(({ type }) => type === 'end');
  const lost = new Set([...lostFromJournal, ...lostFromDatabase]).size;

  const counted = {
    acknowledged: acknowledged.length,
    distinctReceipts: promised.size,
    citizens: receiptsOfCitizen.size,
    inJournal: [...promised].filter((receipt) => recordOfReceipt.has(receipt)).length,
    inDatabase: [...promised].filter((receipt) => inDatabase.has(receipt)).length,
    superseded: [...promised].filter((receipt) => supersededSet.has(receipt)).length,
    lost,
    lostFromJournal,
    lostFromDatabase,
    doubles: withSeveral(validOfHash),
    citizensWithoutOne,
    keysWithTwoReceipts: withSeveral(receiptsOfKey),
    mistakenIdentities: withSeveral(hashesOfClaimant) + withSeveral(claimantsOfHash),
    unacknowledged,
    unsettled,
    unexplained: ended ? Math.max(0, unacknowledged - unsettled) : undefined,
    unreadable,
    lostFacts: lostFactsOf(later, facts, kept),
    wrongWinners: wrongWinnersOf(citizensOnly(journal), validOfHash),
    otherRules: [...rules].filter((one) => one !== rule).length,
    unopenable: unopenableOf(journal, promised, dataKeys),
    verdicts: verdictsOf(citizensOnly(journal), later, verifies),
  };
  const findings = findingsOf(counted);
  return { ...counted, verdict: findings.length === 0 ? 'complete' : 'incomplete', findings };
};

const findingsOf = (counted: Omit<LedgerCheckResult, 'verdict' | 'findings'>): readonly string[] => {
  const rules: readonly (readonly [number, string])[] = [
    [counted.lostFromJournal.length, 'acknowledged receipts are not in the journal'],
    [counted.lostFromDatabase.length, 'acknowledged receipts are not in the database'],
    [counted.doubles, 'citizens have more than one valid registration'],
    [counted.citizensWithoutOne.length, 'citizens of the ledger do not have exactly one valid registration'],
    [counted.keysWithTwoReceipts, 'Idempotency-Keys have two receipts'],
    [counted.mistakenIdentities, 'citizens were treated as one person, or one citizen as two'],
    [counted.unexplained ?? 0, 'registrations in the database were never sent by the generator'],
    [counted.unopenable, 'acknowledged receipts are sealed with data keys that are missing from the bucket'],
    [counted.unreadable, 'messages in the journal are not events'],
    [counted.lostFacts, 'facts of the journal are missing from the database'],
    [counted.wrongWinners, 'citizens have a row in registration that is not their first receipt'],
    [counted.verdicts.without, 'registrations have no verdict on the identity'],
    [counted.verdicts.contradictory, 'registrations were both verified and rejected, without a correction'],
    [counted.otherRules, 'uniqueness rules in the registrations are not the campaign’s'],
  ];
  return rules.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`);
};
