/**
 * What citizens were promised against what the journal and the database hold. Pure, and of one's own: nothing here is
 * shared with the program that it judges.
 *
 * | an acknowledged receipt is …                          | verdict |
 * |-------------------------------------------------------|---------|
 * | in the journal, and registration or superseded_receipt | kept |
 * | not in the journal                                    | lost from the journal |
 * | neither in registration nor in superseded_receipt     | lost from the database |
 *
 * | a later message of the journal is …                   | verdict |
 * |-------------------------------------------------------|---------|
 * | a fact: in registration_fact by receipt, type and attempt, or in kept_event by its place | kept |
 * | of a later version: in kept_event by its place        | kept |
 * | a barrier, which is about a shard and no receipt      | – |
 * | none of these                                         | lost |
 *
 * Who is one person hangs on the campaign's rule, which the caller knows: one registration in all, or one at each channel. What
 * the registrations say of it themselves is only compared with it: the program wrote that. Of one person the receipt that was
 * accepted first stands, and of one millisecond the smaller one.
 */
import type { LedgerEntry } from '../load/ledger.ts';

export interface JournalRecord {
  readonly receipt: string;
  readonly citizenHash: string;
  readonly kind: string;
  /** What its personal data is sealed with. Absent: nobody looked. */
  readonly keyId?: string;
  readonly channel?: string | undefined;
  /** RFC 3339, UTC, milliseconds. Absent: nobody looked. */
  readonly acceptedAt?: string;
  /** By which rule citizenHash was made; absent: by a build that named none. */
  readonly uniqueness?: string | undefined;
}

/** A message that is no registration. */
export interface LaterRecord {
  /** `<shard> <sequence>` */
  readonly place: string;
  /** `<receipt> <type> <attempt>`; absent in one of a later version, which can't be read here. */
  readonly fact?: string;
}

/** A row of registration or of superseded_receipt. */
export interface DatabaseRow {
  readonly receipt: string;
  readonly citizenHash: string;
  readonly kind: string;
}

export interface LedgerCheckInput {
  /** The campaign's `spec.eligibility.uniqueness`; `perCitizen` unless stated. */
  readonly uniqueness?: string;
  readonly ledger: readonly LedgerEntry[];
  /** Every `received` event of every shard, copies included. */
  readonly journal: readonly JournalRecord[];
  /** Messages that are no event. */
  readonly unreadable: number;
  /** Absent: nobody looked. */
  readonly later?: readonly LaterRecord[];
  /** In the database, as LaterRecord names them. */
  readonly facts?: readonly string[];
  readonly kept?: readonly string[];
  /** Data keys that the bucket holds. Absent: nobody looked. */
  readonly dataKeys?: readonly string[];
  readonly registrations: readonly DatabaseRow[];
  readonly superseded: readonly DatabaseRow[];
}

export interface LedgerCheckResult {
  /** Receipts that citizens were given, repeats of one receipt included. */
  readonly acknowledged: number;
  readonly distinctReceipts: number;
  readonly citizens: number;
  readonly inJournal: number;
  readonly inDatabase: number;
  readonly superseded: number;
  /** Distinct acknowledged receipts that are missing in either place. */
  readonly lost: number;
  readonly lostFromJournal: readonly string[];
  readonly lostFromDatabase: readonly string[];
  /** Citizens with more than one standing registration. */
  readonly doubles: number;
  /** Citizens of the ledger whose standing registrations are not exactly one. */
  readonly citizensWithoutOne: readonly number[];
  /** One key that was given two receipts. */
  readonly keysWithTwoReceipts: number;
  /** Two citizens of the ledger that the product takes for one person, or one that it takes for two. */
  readonly mistakenIdentities: number;
  /** Receipts in the database that no citizen was given. */
  readonly unacknowledged: number;
  /** Keys whose sender gave up without an answer: each may explain one unacknowledged receipt. */
  readonly unsettled: number;
  /** Unacknowledged beyond what is unsettled; undefined when the ledger has no end, so that the rest is unknown. */
  readonly sentByNobody: number | undefined;
  readonly unreadable: number;
  /** Facts of the journal that the database has neither recorded nor kept. */
  readonly lostFacts: number;
  /** People of whom another receipt stands than the one that was accepted first. */
  readonly wrongWinners: number;
  /** By how many rules registrations were made that are not the campaign's. */
  readonly otherRules: number;
  /** Acknowledged receipts whose personal data nobody can open: the key is not in the bucket. */
  readonly unopenable: number;
  readonly verdict: 'complete' | 'incomplete';
  /** One sentence for every finding that makes it incomplete. */
  readonly findings: readonly string[];
}

type Acknowledged = Extract<LedgerEntry, { type: 'acknowledged' }>;

const addTo = <K, V>(map: Map<K, Set<V>>, key: K, value: V): void => {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([value]));
  else known.add(value);
};

const larger = <K, V>(map: ReadonlyMap<K, ReadonlySet<V>>): number =>
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

/** A standing receipt that the journal does not have yet is judged as one that nobody sent. */
const wrongWinnersOf = (
  journal: readonly JournalRecord[],
  standingOfHash: ReadonlyMap<string, ReadonlySet<string>>,
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
    const known = [...(standingOfHash.get(hash) ?? [])].filter((one) => receipts.has(one));
    return known.length > 0 && !known.includes(receipt);
  }).length;
};

const PER_CITIZEN = 'perCitizen';
const PER_CHANNEL = 'perCitizenAndChannel';

export const compare = ({
  uniqueness: rule = PER_CITIZEN,
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
  // Builds before there were rules named none, and had the first.
  const rules = new Set(citizensOnly(journal).map(({ uniqueness = PER_CITIZEN }) => uniqueness));
  const standing = citizensOnly(registrations);
  const standingOfHash = new Map<string, Set<string>>();
  for (const { citizenHash, receipt } of standing) addTo(standingOfHash, citizenHash, receipt);
  const supersededSet = new Set(citizensOnly(superseded).map(({ receipt }) => receipt));
  const inDatabase = new Set([...standing.map(({ receipt }) => receipt), ...supersededSet]);

  const lostFromJournal = [...promised].filter((receipt) => !recordOfReceipt.has(receipt));
  const lostFromDatabase = [...promised].filter((receipt) => !inDatabase.has(receipt));

  // Who has one registration: a citizen, or a citizen at a channel.
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
  const standingOf = (claimant: string): number =>
    [...(hashesOfClaimant.get(claimant) ?? [])].reduce((sum, hash) => sum + (standingOfHash.get(hash)?.size ?? 0), 0);
  const citizensWithoutOne = [...receiptsOfCitizen.keys()].filter((citizen) => {
    const claimants = [...(claimantsOfCitizen.get(citizen) ?? [])];
    return claimants.length === 0 || claimants.some((claimant) => standingOf(claimant) !== 1);
  });

  const unacknowledged = [...inDatabase].filter((receipt) => !promised.has(receipt)).length;
  // A key that was given up on and one that was answered later are the same promise.
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
    doubles: larger(standingOfHash),
    citizensWithoutOne,
    keysWithTwoReceipts: larger(receiptsOfKey),
    mistakenIdentities: larger(hashesOfClaimant) + larger(claimantsOfHash),
    unacknowledged,
    unsettled,
    sentByNobody: ended ? Math.max(0, unacknowledged - unsettled) : undefined,
    unreadable,
    lostFacts: lostFactsOf(later, facts, kept),
    wrongWinners: wrongWinnersOf(citizensOnly(journal), standingOfHash),
    otherRules: [...rules].filter((one) => one !== rule).length,
    unopenable: unopenableOf(journal, promised, dataKeys),
  };
  const findings = findingsOf(counted);
  return { ...counted, verdict: findings.length === 0 ? 'complete' : 'incomplete', findings };
};

const findingsOf = (counted: Omit<LedgerCheckResult, 'verdict' | 'findings'>): readonly string[] => {
  const rules: readonly (readonly [number, string])[] = [
    [counted.lostFromJournal.length, 'acknowledged receipts are not in the journal'],
    [counted.lostFromDatabase.length, 'acknowledged receipts are not in the database'],
    [counted.doubles, 'citizens have more than one standing registration'],
    [counted.citizensWithoutOne.length, 'citizens of the ledger do not have exactly one standing registration'],
    [counted.keysWithTwoReceipts, 'Idempotency-Keys were given two receipts'],
    [counted.mistakenIdentities, 'citizens were taken for one another, or for two'],
    [counted.sentByNobody ?? 0, 'registrations in the database were sent by nobody'],
    [counted.unopenable, 'acknowledged receipts are sealed with data keys that the bucket does not hold'],
    [counted.unreadable, 'messages in the journal are not events'],
    [counted.lostFacts, 'facts of the journal are neither recorded nor kept in the database'],
    [counted.wrongWinners, 'citizens have a standing registration that was not their first'],
    [counted.otherRules, 'rules of who is one person were followed that are not the campaign’s'],
  ];
  return rules.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`);
};
