/** What the commands of `draw` print. Pure. */
import type { ReceiptCheck } from '../../app/draw/bundle/check.ts';
import type { Documents, Fault } from '../../app/draw/bundle/read.ts';
import { QUICKNET } from '../../app/draw/sources/drand.ts';
import type { SourceRule } from '../../contract/decisions/draw.ts';
import { columns } from '../words.ts';

const count = (number: number): string => number.toLocaleString('en-US');

/** Anyone may have made the bundle: a terminal must neither run its control characters nor show lines that it wrote. */
const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);

const faultText = ({ file, offset, problem }: Fault): string =>
  `${file}${offset === undefined ? '' : `, byte ${offset}`}: ${visible(problem)}`;

const sourceText = (rule: SourceRule): string => {
  switch (rule.type) {
    case 'Drand': {
      const chain = rule.chain === QUICKNET.hash ? 'drand quicknet' : `REHEARSAL ONLY: drand chain ${rule.chain}`;
      return `${chain}, round ${rule.round}; the signature is verified`;
    }
    case 'PublicValue':
      return `public value: ${visible(rule.description)}; compare it with where it was published`;
    case 'Bytes':
      return `bytes that were given: ${visible(rule.description)}; nothing here proves them`;
  }
};

/** SHA-256 of the three documents, as `sha256sum` prints them. */
export const filesOf = ({ commitment, sources, result }: Documents['digests']) => ({
  'commitment.json': commitment,
  'sources.json': sources,
  'result.json': result,
});

export const verifiedJson = ({ commitment, result, digests }: Documents) => ({
  verified: true,
  campaignUid: commitment.campaignUid,
  attempt: commitment.attempt,
  files: filesOf(digests),
  sources: commitment.sources,
  vouchers: commitment.vouchers.map(({ n, k, ...committed }, index) => ({
    ...committed,
    entries: n,
    ...result.vouchers[index],
  })),
});

export const wrongJson = (fault: Fault) => ({ verified: false, ...fault });

export const verifiedText = ({ commitment, sources, digests }: Documents): string => {
  const rows = commitment.vouchers.map(({ voucher, n, k, waitlist }) => [voucher, count(n), count(k), count(waitlist)]);
  const named = commitment.sources.map((rule, index) => {
    const { value } = sources.sources[index] ?? {};
    return `  ${rule.name}: ${sourceText(rule)}${value === undefined ? '' : ` (${visible(value)})`}\n`;
  });
  return [
    `The bundle is right: all lists, seeds, winners and waiting lists of campaign ${visible(commitment.campaignUid)} were computed again.\n`,
    columns([['VOUCHER', 'ENTRIES', 'WINNERS', 'WAITING LIST'], ...rows]),
    `Sources, which had no value before ${commitment.notBefore}:\n`,
    ...named,
    ...(commitment.attempt === 1
      ? []
      : [
          `This is attempt ${commitment.attempt}. Check that each earlier commitment was published, and that one of its sources had no value in time.\n`,
        ]),
    'Compare these digests with the published ones:\n',
    `  commitment.json ${digests.commitment}\n`,
    `  result.json     ${digests.result}\n`,
  ].join('');
};

export const wrongText = (fault: Fault): string => `The bundle is wrong. The first fault:\n  ${faultText(fault)}\n`;

export const checkJson = ({ entry, place }: ReceiptCheck) => ({ entry, outcome: 'notInList', ...place });

export const checkText = ({ entry, place }: ReceiptCheck): string => {
  if (place === undefined) {
    return [
      `Entry ${entry} is in no list of this draw.\n`,
      'Receipt or secret may be mistyped. Or the receipt did not enter the draw: the registration was withdrawn, rejected, merged or\n',
      'not verified in time, or another receipt of the same person counts (superseded). The status of the receipt shows the reason.\n',
      'Check the receipt that counts with its own secret.\n',
    ].join('');
  }
  const { voucher, outcome, index, score, cutoff, rank, entries, winners, waitlistPlace, proof, merkleRoot } = place;
  const results = {
    won: 'It wins.',
    waitlisted: `It is number ${count(waitlistPlace ?? 0)} of the waiting list.`,
    lost: 'It does not win, and is not on the waiting list.',
  };
  return [
    `Entry ${entry} is in the list of ${voucher}. ${results[outcome]}\n`,
    `  rank    ${count(rank)} of ${count(entries)}; the first ${count(winners)} win\n`,
    `  score   ${score}\n`,
    `  cutoff  ${cutoff || 'none: nothing is won'}\n`,
    `  place   ${count(index + 1)} in the sorted list; ${proof.length} hashes lead from it to the committed root ${merkleRoot}\n`,
  ].join('');
};
