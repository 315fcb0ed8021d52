/** The waiting room's requests: `serving`, tickets and admissions; and a ticket for a registration that has to wait. */
import type { IncomingMessage } from 'node:http';
import type { Registry } from 'prom-client';
import type { LocalizedText } from '../../../contract/app-contract.ts';
import { ADMISSION_SECONDS } from '../../../contract/crowd/queue.ts';
import type { SecretKey } from '../../core/secret-key.ts';
import { type Answer, jsonAnswer } from '../../http/answer.ts';
import { ApiError } from '../../http/errors.ts';
import type { Handler } from '../../http/handlers.ts';
import { outsideWindow, pausedBy, queueClosed, soon, starting } from '../../http/refusals.ts';
import { createQueueMetrics } from './metrics.ts';
import { admissionCookie, createPresented, type Pass, type Presented, ticketCookie, ticketIn } from './presented.ts';
import { createRoom, type RoomDeps, type Wait } from './room.ts';
import { createServingAnswer, type ServingAnswer } from './serving-answer.ts';
import { createTickets, type Ticket } from './tickets.ts';
import { createUses } from './uses.ts';
import { waitingText } from './waiting-text.ts';

export interface DeskDeps extends RoomDeps {
  readonly campaignId: string;
  readonly citizenKey: SecretKey;
  readonly registry: Registry;
}

/** What registrations ask of the waiting room. */
export interface Doorkeeper {
  present(request: IncomingMessage): Presented;
  /** Whether a citizen without a ticket has to wait. */
  isQueueing(): boolean;
  isOn(): boolean;
  /** One registration by this pass. @returns false: it has no use left */
  use(pass: Pass): boolean;
  giveBack(pass: Pass): void;
  /** The refusal with the citizen's ticket, or with a new one; unchanged where no ticket can be given. */
  queued(refusal: ApiError, presented: Presented): Promise<ApiError>;
}

export interface Desk {
  readonly door: Doorkeeper;
  readonly serving: ServingAnswer;
  /** A new ticket counts as an arrival: `onTicket`. */
  ticket(onTicket: () => void): Handler;
  readonly admission: Handler;
}

export const createDesk = (deps: DeskDeps): Desk => {
  const { settings, now, random, campaignId, citizenKey } = deps;
  const tickets = createTickets(citizenKey, campaignId);
  const room = createRoom(deps);
  const uses = createUses();
  const metrics = createQueueMetrics(deps.registry);
  const present = createPresented({ tickets, room, uses, now });

  const turnTaken = ({ number }: { readonly number: number }): void => {
    if (uses.turn(number)) metrics.turnTaken();
  };

  /** @throws ApiError where there is no waiting room, or registration is not possible now; the pre-queue is possible */
  const assertReachable = (): void => {
    const current = settings.current();
    if (current === undefined) throw starting(random());
    const { mode } = room.state();
    if (mode === 'off') throw new ApiError('NOT_FOUND');
    const outside = outsideWindow(current, now());
    if (outside !== undefined && mode !== 'preQueue') throw outside;
    if (current.page !== undefined && outside === undefined) throw pausedBy(current.page, random());
  };

  const shown = (ticket: Ticket): Wait & { readonly ticket: string; readonly number: number } => ({
    ticket: tickets.sealTicket(ticket),
    number: ticket.number,
    ...room.waitOf(ticket),
  });

  /** @throws ApiError QUEUE_CLOSED */
  const newTicket = async (): Promise<Ticket | undefined> => {
    if (room.state().mode === 'closed') throw queueClosed(random());
    const ticket = await room.newTicket();
    if (ticket !== undefined) metrics.ticketGiven(ticket.number);
    return ticket;
  };

  const withHeaders = (answer: Answer, more: Readonly<Record<string, string>>): Answer => ({
    ...answer,
    headers: { ...answer.headers, ...more },
  });

  const door: Doorkeeper = {
    present,
    isOn: () => room.state().mode !== 'off',
    isQueueing() {
      const { mode, waiting } = room.state();
      return mode !== 'off' && waiting > 0;
    },
    use(pass) {
      if (!uses.isLeft(pass.number)) return false;
      if (pass.by === 'ticket') turnTaken(pass);
      uses.use(pass.number);
      return true;
    },
    giveBack: ({ number }) => uses.giveBack(number),
    async queued(refusal, { waits }) {
      if (room.state().mode === 'off') return refusal;
      try {
        const ticket = waits ?? (await newTicket());
        if (ticket === undefined) return refusal;
        const members = shown(ticket);
        const detail: LocalizedText = waitingText(members);
        return new ApiError('ADMISSION_LIMITED', {
          retryAfterSeconds: members.pollAfterSeconds,
          detail,
          members: { ...members },
          headers: { 'Set-Cookie': ticketCookie(members.ticket) },
        });
      } catch (error) {
        if (error instanceof ApiError) return error;
        throw error;
      }
    },
  };

  return {
    door,
    serving: createServingAnswer(room, now, deps.monotonicMs),
    ticket: (onTicket) => async (request) => {
      assertReachable();
      const sent = ticketIn(tickets, request);
      const isKept = sent !== undefined && room.standing(sent) !== 'expired' && uses.isLeft(sent.number);
      const ticket = isKept ? sent : await newTicket();
      if (ticket === undefined) throw new ApiError('QUEUE_UNAVAILABLE', { retryAfterSeconds: soon(random()) });
      if (!isKept) onTicket();
      const body = shown(ticket);
      return withHeaders(jsonAnswer(isKept ? 200 : 201, body, 'no-store'), { 'Set-Cookie': ticketCookie(body.ticket) });
    },
    async admission(request) {
      assertReachable();
      const ticket = ticketIn(tickets, request);
      if (ticket === undefined) throw new ApiError('TICKET_INVALID');
      const standing = room.standing(ticket);
      if (standing === 'expired' || !uses.isLeft(ticket.number)) throw new ApiError('TICKET_EXPIRED');
      // Writes stay closed while the journal does not acknowledge them; the place is kept.
      if (standing === 'waits' || deps.journalFound().state !== 'answers') {
        const wait = room.waitOf(ticket);
        return withHeaders(jsonAnswer(202, wait, 'no-store'), { 'Retry-After': String(wait.pollAfterSeconds) });
      }
      turnTaken(ticket);
      const expiresAtMs = now() + ADMISSION_SECONDS * 1000;
      const admission = tickets.sealAdmission({ number: ticket.number, expiresAtMs });
      const body = { admission, expiresAt: new Date(expiresAtMs).toISOString() };
      return withHeaders(jsonAnswer(200, body, 'no-store'), { 'Set-Cookie': admissionCookie(admission) });
    },
  };
};
