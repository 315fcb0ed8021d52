/** The place in the queue: one ticket, and questions as often as the server says. */
import { kept, now, one, say, show, wait, write } from './dom.ts';

interface Band {
  readonly least: number;
  readonly most: number | null;
}

interface Waiting {
  readonly ticket?: string;
  readonly position?: number | null;
  readonly etaBand?: Band | null;
  readonly pollAfterSeconds?: number;
}

const TICKET = 'ticket';
const ANNOUNCE_EVERY_MS = 60_000;

export const ticketHeaders = (): Record<string, string> => {
  const ticket = kept.get(TICKET);
  return ticket === null ? {} : { 'X-Queue-Ticket': ticket };
};

const ask = async (
  path: string,
  method: 'GET' | 'POST',
): Promise<{ readonly status: number; readonly body: Waiting & { readonly mode?: string } }> => {
  const response = await fetch(`/api/v1/queue/${path}`, { method, headers: method === 'POST' ? ticketHeaders() : {} });
  return { status: response.status, body: await response.json().catch(() => ({})) };
};

const band = ({ position, etaBand }: Waiting): string => {
  if (position === 0) return say('soon');
  if (!etaBand) return '';
  const { least, most } = etaBand;
  if (most !== null && most <= 60) return say('lessThanMinute');
  const minutes = (seconds: number): string => String(Math.max(1, Math.ceil(seconds / 60)));
  return most === null ? `> ${minutes(least)}` : say('minutes', { least: minutes(least), most: minutes(most) });
};

let announcedAtMs = 0;

/** Seen at once, read out once a minute at most. */
const shown = (waiting: Waiting): void => {
  const box = one('#queue');
  show(box);
  const { position } = waiting;
  const place =
    typeof position === 'number' ? new Intl.NumberFormat(document.documentElement.lang).format(position) : '';
  show(one('.place', box ?? document), place !== '');
  write(one('[data-queue-position]'), place);
  write(one('[data-queue-wait]'), band(waiting));
  show(one('[data-queue-wait]')?.parentElement, band(waiting) !== '');
  write(one('[data-queue-words]'), place === '' ? say('before') : say('meanwhile'));
  if (place !== '' && Date.now() - announcedAtMs > ANNOUNCE_EVERY_MS) {
    announcedAtMs = Date.now();
    write(one('[data-queue-status]'), say('aheadText', { position: place }));
  }
};

const seconds = (count: number | undefined, otherwise: number): number => Math.max(1, count ?? otherwise) * 1000;

export const keepTicket = (waiting: Waiting): void => {
  if (typeof waiting.ticket === 'string') kept.set(TICKET, waiting.ticket);
};

let turn: Promise<void> | undefined;

const untilTurn = async (status: HTMLElement | null): Promise<void> => {
  for (;;) {
    try {
      const { status: code, body } = await ask('admissions', 'POST');
      if (code === 200) break;
      if (code === 404) return;
      if (code === 202) shown(body);
      else if (code === 410 || code === 422) {
        kept.drop(TICKET);
        keepTicket((await ask('tickets', 'POST')).body);
        write(status, say('expired'));
      }
      await wait(seconds(body.pollAfterSeconds, 10));
    } catch {
      write(status, say('lost'));
      await wait(seconds(undefined, 5 + Math.random() * 5));
    }
  }
  write(one('[data-queue-position]'), '0');
  write(one('[data-queue-words]'), say('turn'));
  show(one('[data-queue-wait]')?.parentElement, false);
  write(status, say('turn'));
};

/** Resolves when it is this citizen's turn. */
export const turnOf = (status: HTMLElement | null): Promise<void> => {
  turn ??= untilTurn(status).finally(() => {
    turn = undefined;
  });
  return turn;
};

export const isWaiting = (): boolean => turn !== undefined;

/** Where a queue exists, a ticket is taken at once: the form is filled in while waiting. Where there is none, nothing happens. */
export const joinQueue = async (opensAtMs: number): Promise<boolean> => {
  try {
    const { status: code, body } = await ask('serving', 'GET');
    const isQueueing = code === 200 && (body.mode === 'queueing' || body.mode === 'preQueue');
    if (!isQueueing && now() >= opensAtMs) return false;
    const { status: given, body: waiting } = await ask('tickets', 'POST');
    if (given !== 200 && given !== 201) return false;
    keepTicket(waiting);
    shown(waiting);
    return true;
  } catch {
    // The registration itself is queued where it has to wait.
    return false;
  }
};
