/** Bodies of answers. Requests are described by the schemas that validate them (app/intake/registration-body.ts). */
import { z } from 'zod';
import { CHANNELS } from '../../contract/envelope.ts';
import { KEY_SPACES, UNIQUENESS } from '../../contract/uniqueness.ts';
import type { State } from '../core/projection.ts';

export const instant = (description: string) => z.string().meta({ format: 'date-time', description });
const text = (description: string) => z.strictObject({ 'zh-CN': z.string(), en: z.string() }).meta({ description });
const count = (description: string) => z.int().min(0).meta({ description });
const loose = z.record(z.string(), z.unknown());

const receiptNo = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  .meta({ description: 'Number of the receipt, 26 characters.', example: '7ZQ4X0M2N8V5T1K9C3B6R0H2JD' });

const channel = z.enum(CHANNELS).meta({ description: 'App in which the voucher is issued.' });

/** An object, so that a new state is missed by the compiler. */
const STATES: Readonly<Record<State | 'excluded', true>> = {
  received: true,
  manual_review: true,
  rejected: true,
  verified: true,
  withdrawn: true,
  superseded: true,
  entered: true,
  lost: true,
  excluded: true,
  waitlisted: true,
  won: true,
  issuing: true,
  issue_failed: true,
  issued: true,
  expired: true,
  redeemed: true,
  erased: true,
};
const state = z.enum(Object.keys(STATES) as [State | 'excluded']).meta({ description: 'State of the registration.' });

const changes = {
  editableUntil: instant('Until when the registration can be changed.').optional(),
  correctionsLeft: count('How many corrections are left.').optional(),
  channelChangesLeft: count('How many changes of channel are left.').optional(),
};

export const registered = z.strictObject({
  receiptNo,
  receiptSecret: z.string().meta({ description: 'Proves the receipt. Shown once; the server does not store it.' }),
  state: z.literal('received'),
  receivedAt: instant('When the registration was accepted. It is durable since.'),
  statusUrl: z.string().meta({ description: 'Path at which the registration can be read.' }),
  accountBound: z.boolean().optional().meta({ description: 'Of a request with an account: whether it is bound.' }),
});

export const receiptState = z.strictObject({
  receiptNo,
  state,
  confirmed: z.boolean().meta({ description: 'Whether the database has it. The registration is safe in both cases.' }),
  database: z.enum(['behind', 'unavailable']).optional().meta({ description: 'Why it is not confirmed.' }),
  detail: text('For people.').optional(),
  waiting: z
    .strictObject({ atMostSeconds: z.number(), asOf: instant('When this was measured.') })
    .optional()
    .meta({ description: 'How far the database is behind.' }),
  receivedAt: instant('When the registration was accepted.').optional(),
  channel: z.string().optional().meta({ description: 'App in which the voucher is issued.' }),
  category: z.string().optional().meta({ description: 'Name of the voucher.' }),
  history: z
    .array(z.strictObject({ state: z.string(), at: instant('When.') }))
    .optional()
    .meta({ description: 'The states that the registration had, in their order.' }),
  ...changes,
});

export const changed = z.strictObject({ receiptNo, state, channel, ...changes });
export const withdrawn = z.strictObject({ receiptNo, state: z.literal('withdrawn'), detail: text('For people.') });
export const bound = z.strictObject({ receiptNo, channel, accountBound: z.literal(true) });

export const campaign = z.strictObject({
  campaignId: z.string(),
  title: text('Title of the campaign.'),
  window: z.strictObject({
    opensAt: instant('When registration opens.'),
    closesAt: instant('When registration closes.'),
  }),
  editableUntil: instant('Until when registrations can be changed.'),
  identity: z.strictObject({ keySpace: z.enum(KEY_SPACES) }),
  eligibility: z.strictObject({
    minAge: count('Least age in years.'),
    uniqueness: z.enum(UNIQUENESS).meta({ description: 'How many registrations of a person count.' }),
    text: text('Who may register, for people.'),
    excludeWinnersOf: z
      .array(text('Title of an earlier campaign.'))
      .optional()
      .meta({ description: 'Earlier campaigns whose winners take no part in the draw.' }),
  }),
  draw: z.strictObject({
    unverified: z
      .enum(['exclude', 'enter'])
      .meta({ description: 'Whether registrations that were not checked enter the draw.' }),
    text: text('Which registrations enter the draw, for people.'),
  }),
  privacy: z
    .strictObject({ deleteAt: instant('When all personal data is destroyed.'), text: text('For people.') })
    .optional(),
  vouchers: z.array(
    z.strictObject({
      name: z.string().meta({ description: 'What a registration sends as category.' }),
      title: text('Title of the voucher.'),
      faceValueFen: count('Value in fen, a hundredth of a yuan.'),
      minimumSpendFen: count('Least purchase in fen.'),
      quota: count('Number of these vouchers.'),
      validDays: count('Days for which it can be used after it is issued.'),
    }),
  ),
  channels: z.array(channel).meta({ description: 'Channels that citizens can choose.' }),
  logins: z
    .array(
      z.strictObject({
        name: z.string(),
        proves: z.enum(['identity', 'account']),
        url: z.string().meta({ description: 'Where the browser begins the login.' }),
      }),
    )
    .optional()
    .meta({ description: 'Logins that a page can offer. Absent: none.' }),
  serverTime: instant('Time of the server.'),
});

export const draw = z.strictObject({
  campaignId: z.string(),
  commitment: loose
    .optional()
    .meta({ description: 'Digest of the list and of the sources, published before the sources have values.' }),
  sources: z.array(loose).optional().meta({ description: 'Values of the public sources.' }),
  result: loose.optional().meta({ description: 'Digest of the result, and per voucher its numbers.' }),
  announcedAt: instant('When the result was announced.').optional(),
  earlier: z
    .array(loose)
    .optional()
    .meta({ description: 'Commitments that were replaced, each with the sources that had no value.' }),
  promotions: loose.optional().meta({ description: 'Who moved up from the waiting list.' }),
});

export const proof = z.strictObject({
  campaignId: z.string(),
  entry: z.string().meta({ description: 'Entry of the draw, 64 hexadecimal characters.' }),
  bundle: z.string().meta({ description: 'Folder of the files from which the proof is computed.' }),
});

export const assertion = z.strictObject({
  assertion: z.string().meta({ description: 'Goes with the nonce into a registration, or into /account.' }),
});

export const callbackAnswer = z.strictObject({ code: z.enum(['SUCCESS', 'FAIL']), message: z.string() });

export const serving = z.strictObject({
  serving: count('Places up to this one are served. 0 before opening.'),
  ratePerSecond: z.number().min(0).meta({ description: 'Places that are served in a second, as a mean.' }),
  asOf: instant('When this was computed.'),
  mode: z.enum(['open', 'queueing', 'preQueue', 'closed']).meta({
    description:
      'open: no one waits. queueing: a ticket is needed. preQueue: tickets are given, and no one is served yet. closed: no new tickets.',
  }),
  pollAfterSeconds: count('When to ask again.'),
  shuffle: z
    .strictObject({ seed: z.string(), count: count('Numbers up to this one were given before opening.') })
    .optional()
    .meta({ description: 'The order of those who had a ticket before opening, as soon as it is drawn.' }),
});

const waiting = {
  position: z.int().min(0).nullable().meta({ description: 'How many are served before. null: not known yet.' }),
  etaSeconds: z.int().min(0).nullable().meta({ description: 'Expected wait. null: not known yet.' }),
  etaBand: z
    .strictObject({ least: z.int(), most: z.int().nullable() })
    .nullable()
    .meta({ description: 'What people are shown of the wait, in seconds. most null: longer than every band.' }),
  pollAfterSeconds: count('When to ask again.'),
};
export const wait = z.strictObject(waiting);

const ofTicket = {
  ticket: z.string().meta({ description: 'Keep it, and send it with every request.' }),
  number: count('Number of the ticket.'),
};
export const ticket = z.strictObject({ ...ofTicket, ...waiting });
/** Of a registration that has to wait. */
export const TICKET_MEMBERS = { ...ofTicket, ...waiting };

export const admission = z.strictObject({
  admission: z.string().meta({ description: 'Send it with the registration.' }),
  expiresAt: instant('Until when it counts.'),
});

const queueTicket = z
  .string()
  .optional()
  .meta({ description: 'A ticket of the waiting room; the cookie vc_ticket is as good.' });
export const ticketHeader = z.object({ 'X-Queue-Ticket': queueTicket });
export const queueHeaders = {
  'X-Queue-Ticket': queueTicket,
  'X-Queue-Admission': z.string().optional().meta({ description: 'An admission; the cookie vc_admission is as good.' }),
};
