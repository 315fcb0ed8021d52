/**
 * The waiting room as one pod sees it: who waits, whose turn it is, and new tickets. It stores nothing for a citizen who waits.
 *
 * | waiting room of the settings | time                          | places known | mode |
 * |------------------------------|-------------------------------|--------------|------|
 * | off, or not stated           | any                           | –            | off: the intake behaves as without it |
 * | on                           | before the pre-queue, or closed | –          | closed: no tickets |
 * | on                           | until opening                 | –            | preQueue |
 * | on, and a contingency level's page | open                    | –            | closed |
 * | on                           | open                          | no, and there are numbers | preQueue: the shuffle comes within seconds |
 * | on, and the pace is closed   | open                          | yes          | closed: no new tickets, the others are served |
 * | on                           | open                          | yes; serving has passed all numbers | open |
 * | on                           | open                          | yes          | queueing |
 */
import type { LiveSettings } from '../../../contract/app-contract.ts';
import { PLACE_KEPT_SECONDS, type QueuePace, type QueueShuffle } from '../../../contract/crowd/queue.ts';
import type { Found } from '../../../contract/dependency.ts';
import type { LiveSettingsSource } from '../../../journal/publishing.ts';
import { type ClaimBlock, createNumbers } from './numbers.ts';
import { createPaceLine } from './pace-line.ts';
import { createPlaceOf, type PlaceOf } from './shuffle.ts';
import type { Ticket } from './tickets.ts';
import { bandOf, type EtaBand, etaOf, pollAfter, pollTogether, pollTogetherAfter } from './wait.ts';

/** What pods and operator share, as far as this pod has seen it. The last values are kept while the journal is away. */
export interface Queue {
  /** First number that no pod has; 1 where there is none. */
  next(): number;
  shuffle(): QueueShuffle | undefined;
  /** Called with the pace in force, as soon as there is one, and with each new one. */
  onPace(listener: (pace: QueuePace) => void): void;
  readonly claim: ClaimBlock;
}

export type Mode = 'off' | 'closed' | 'preQueue' | 'open' | 'queueing';

export interface RoomState {
  readonly mode: Mode;
  /** Whose turn it is: places up to this one. 0 before opening. */
  readonly serving: number;
  /** Undefined: no place is known yet. */
  readonly shuffle: QueueShuffle | undefined;
  readonly opensInSeconds: number;
  /** Numbers that serving has not passed. */
  readonly waiting: number;
}

/** What a citizen who waits is told. `null`: not known yet. */
export interface Wait {
  readonly position: number | null;
  readonly etaSeconds: number | null;
  readonly etaBand: EtaBand | null;
  readonly pollAfterSeconds: number;
}

/** `waits`: not yet its turn. `turn`: now. `expired`: its turn was more than ten minutes ago. */
export type Standing = 'waits' | 'turn' | 'expired';

export interface RoomDeps {
  readonly settings: LiveSettingsSource;
  readonly queue: Queue;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  /** State of the journal as this process finds it, and since when. */
  readonly journalFound: () => Found;
}

export interface Room {
  state(): RoomState;
  /** The mean of the last minute; 0 before opening. */
  ratePerSecond(): number;
  standing(ticket: Ticket): Standing;
  waitOf(ticket: Ticket): Wait;
  /** How often a page that has no ticket, or computes its place itself, asks for `serving`. */
  pollSharedSeconds(state: RoomState): number;
  /** Undefined: the journal gives no number now. */
  newTicket(): Promise<Ticket | undefined>;
}

const PAGE_POLLS_SECONDS = { off: 30, closed: 30, open: 5, queueing: 20 } as const;

interface Times {
  readonly of: LiveSettings;
  readonly preQueueAtMs: number;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
}

/** Parsed once for each value of the settings: the state is asked for several times with each request. */
const timesOf = (settings: LiveSettings, minutes: number): Times => {
  const opensAtMs = Date.parse(settings.window.opensAt);
  const closesAtMs = Date.parse(settings.window.closesAt);
  return { of: settings, preQueueAtMs: opensAtMs - minutes * 60_000, opensAtMs, closesAtMs };
};

const modeOf = (
  { of: { page }, preQueueAtMs, opensAtMs, closesAtMs }: Times,
  nowMs: number,
  known: { readonly arePlacesKnown: boolean; readonly isClosed: boolean; readonly waiting: number },
): Mode => {
  if (nowMs < preQueueAtMs || nowMs >= closesAtMs) return 'closed';
  if (nowMs < opensAtMs) return 'preQueue';
  if (page !== undefined) return 'closed';
  if (!known.arePlacesKnown && known.waiting > 0) return 'preQueue';
  if (known.isClosed) return 'closed';
  return known.waiting > 0 ? 'queueing' : 'open';
};

const OFF: RoomState = {
  mode: 'off',
  serving: 0,
  shuffle: undefined,
  opensInSeconds: 0,
  waiting: 0,
};

export const createRoom = ({ settings, queue, now, monotonicMs, random, journalFound }: RoomDeps): Room => {
  const line = createPaceLine();
  queue.onPace(line.take);
  let times: Times | undefined;
  let placeOf: { readonly of: QueueShuffle; readonly by: PlaceOf } | undefined;

  const placesBy = (shuffle: QueueShuffle): PlaceOf => {
    if (placeOf?.of !== shuffle) placeOf = { of: shuffle, by: createPlaceOf(shuffle) };
    return placeOf.by;
  };

  const state = (): RoomState => {
    const current = settings.current();
    const waitingRoom = current?.traffic.waitingRoom;
    if (current === undefined || waitingRoom?.enabled !== true) return OFF;
    if (times?.of !== current) times = timesOf(current, waitingRoom.preQueueMinutes);
    const nowMs = now();
    const opensInSeconds = Math.max(0, Math.ceil((times.opensAtMs - nowMs) / 1000));
    const pace = line.current;
    const shuffle = opensInSeconds > 0 || pace === undefined ? undefined : queue.shuffle();
    const serving = opensInSeconds > 0 ? 0 : (line.serving(nowMs) ?? 0);
    const waiting = Math.max(0, queue.next() - 1 - serving);
    const known = { arePlacesKnown: shuffle !== undefined, isClosed: pace?.isClosed === true, waiting };
    return {
      mode: modeOf(times, nowMs, known),
      serving,
      shuffle,
      opensInSeconds,
      waiting,
    };
  };

  const nextNumber = createNumbers({ claim: queue.claim, monotonicMs, serving: () => state().serving });

  /** How long the journal has answered: until then, registrations were refused whose turn it was. */
  const answeredForMs = (): number => {
    const found = journalFound();
    return found.state === 'answers' ? found.seconds * 1000 : 0;
  };

  const ratePerSecond = (): number => (state().opensInSeconds > 0 ? 0 : line.ratePerSecond(now()));

  return {
    state,
    ratePerSecond,
    standing({ number }) {
      const { serving, shuffle } = state();
      if (shuffle === undefined) return 'waits';
      const place = placesBy(shuffle)(number);
      if (place > serving) return 'waits';
      const turn = line.turnOf(place);
      const sinceMs = turn === undefined ? 0 : Math.min(now() - turn.atMs, answeredForMs());
      return sinceMs > PLACE_KEPT_SECONDS * 1000 ? 'expired' : 'turn';
    },
    waitOf({ number }) {
      const { serving, shuffle, opensInSeconds, waiting } = state();
      if (opensInSeconds > 0) {
        const pollAfterSeconds = Math.max(pollAfter(opensInSeconds, random()), pollTogetherAfter(waiting, random()));
        return { position: null, etaSeconds: opensInSeconds, etaBand: bandOf(opensInSeconds), pollAfterSeconds };
      }
      if (shuffle === undefined) {
        const pollAfterSeconds = pollTogetherAfter(waiting, random());
        return { position: null, etaSeconds: null, etaBand: null, pollAfterSeconds };
      }
      const position = Math.max(0, placesBy(shuffle)(number) - serving);
      const etaSeconds = etaOf(position, ratePerSecond());
      return {
        position,
        etaSeconds: etaSeconds ?? null,
        etaBand: etaSeconds === undefined ? null : bandOf(etaSeconds),
        pollAfterSeconds: pollAfter(etaSeconds, random()),
      };
    },
    pollSharedSeconds({ mode, waiting }) {
      return mode === 'preQueue' ? pollTogether(waiting) : PAGE_POLLS_SECONDS[mode];
    },
    async newTicket() {
      const number = await nextNumber();
      return number === undefined ? undefined : { number, issuedAtMs: now() };
    },
  };
};
