/** Ticket and admission of a request: from its header, or else from its cookie. */
import type { IncomingMessage } from 'node:http';
import { ADMISSION_SECONDS, PLACE_KEPT_SECONDS } from '../../../contract/crowd/queue.ts';
import { cookieIn } from '../../http/cookies.ts';
import type { Room } from './room.ts';
import type { Admission, Ticket, Tickets } from './tickets.ts';
import type { Uses } from './uses.ts';

export const TICKET = { header: 'x-queue-ticket', cookie: 'vc_ticket' } as const;
export const ADMISSION = { header: 'x-queue-admission', cookie: 'vc_admission' } as const;

/** The longest pre-queue and wait that we expect; a ticket without a cookie is as good. */
const TICKET_COOKIE_SECONDS = 43_200 + PLACE_KEPT_SECONDS;

const textsIn = (request: IncomingMessage, { header, cookie }: typeof TICKET | typeof ADMISSION): readonly string[] => {
  const sent = request.headers[header];
  return [typeof sent === 'string' ? sent : '', cookieIn(request, cookie)].filter((text) => text !== '');
};

/** The first that is ours. */
const firstOf = <T>(texts: readonly string[], open: (text: string) => T | undefined): T | undefined => {
  for (const text of texts) {
    const opened = open(text);
    if (opened !== undefined) return opened;
  }
  return undefined;
};

export const ticketIn = (tickets: Tickets, request: IncomingMessage): Ticket | undefined =>
  firstOf(textsIn(request, TICKET), tickets.openTicket);

/** Always Secure: citizens come by HTTPS, which ends before the pod. Where there is none, clients use the header. */
const setCookie = (name: string, value: string, seconds: number): string =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`;

export const ticketCookie = (text: string): string => setCookie(TICKET.cookie, text, TICKET_COOKIE_SECONDS);
export const admissionCookie = (text: string): string => setCookie(ADMISSION.cookie, text, ADMISSION_SECONDS);

/** A permission to register now. */
export interface Pass {
  readonly number: number;
  readonly by: 'ticket' | 'admission';
}

export interface Presented {
  readonly pass?: Pass;
  /** Whose turn it is not yet. */
  readonly waits?: Ticket;
}

interface PresentDeps {
  readonly tickets: Tickets;
  readonly room: Pick<Room, 'standing'>;
  readonly uses: Pick<Uses, 'isLeft'>;
  readonly now: () => number;
}

/**
 * | admission               | ticket            | result |
 * |-------------------------|-------------------|--------|
 * | valid, with a use left  | any               | pass |
 * | none that counts        | its turn, with a use left | pass |
 * | none that counts        | not yet its turn  | waits |
 * | none that counts        | expired, used up, or none | nothing: as a citizen without a ticket |
 */
export const createPresented =
  ({ tickets, room, uses, now }: PresentDeps) =>
  (request: IncomingMessage): Presented => {
    const counts = ({ number, expiresAtMs }: Admission): boolean => expiresAtMs > now() && uses.isLeft(number);
    const admission = firstOf(textsIn(request, ADMISSION), tickets.openAdmission);
    if (admission !== undefined && counts(admission)) return { pass: { number: admission.number, by: 'admission' } };
    const ticket = ticketIn(tickets, request);
    if (ticket === undefined) return {};
    const standing = room.standing(ticket);
    if (standing === 'waits') return { waits: ticket };
    return standing === 'turn' && uses.isLeft(ticket.number) ? { pass: { number: ticket.number, by: 'ticket' } } : {};
  };
