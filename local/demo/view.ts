/** What a person sees while the demo runs: redrawn in place on a terminal, a line every few seconds elsewhere. */
import type { StackEvent } from '../stack.ts';
import { sparkline } from './curve.ts';
import type { Sample, TierSample } from './sample.ts';

export interface ViewState {
  readonly title: string;
  /** What the demo itself does now. */
  readonly phase: string;
  readonly samples: readonly Sample[];
  readonly totals: { readonly acknowledged: number; readonly gaveUp: number };
  readonly events: readonly StackEvent[];
  /** The demo's own announcements, such as who was killed. */
  readonly announcements: readonly string[];
}

const EVENT_LINES = 5;
const SPARK_WIDTH = 60;

const count = (value: number | undefined): string => (value === undefined ? '?' : String(Math.round(value)));

const opening = ({ seconds }: Sample): string =>
  seconds < 0 ? `opens in ${Math.ceil(-seconds)} s` : `open for ${Math.floor(seconds)} s`;

const tierLine = (name: string, tier: TierSample | undefined): string =>
  tier === undefined
    ? `${name.padEnd(8)} unknown`
    : `${name.padEnd(8)} ${tier.ready} ready / ${tier.desired} desired / ${tier.ceiling} ceiling   ${tier.limitedBy}: ${tier.explanation}`;

const time = (atMs: number): string => new Date(atMs).toISOString().slice(11, 19);

/** The whole screen, every line cut to `columns`. Pure. */
export const renderScreen = (state: ViewState, columns: number): readonly string[] => {
  const last = state.samples.at(-1);
  const lines =
    last === undefined
      ? [state.title, state.phase]
      : [
          `${state.title}   ${last.stage}, ${opening(last)}   ${state.phase}`,
          '',
          `offered  ${count(last.sentPerSecond)}/s   accepted ${count(last.acknowledgedPerSecond)}/s   asked to come again ${count(last.shedPerSecond)}/s   no answer ${count(last.failedPerSecond)}/s`,
          `so far   ${state.totals.acknowledged} receipts, ${state.totals.gaveUp} gave up   p99 ${last.p99Ms === undefined ? '–' : `${last.p99Ms.toFixed(0)} ms`}`,
          `backlog  ${count(last.backlog)}   oldest ${last.oldestSeconds === undefined ? '–' : `${last.oldestSeconds.toFixed(1)} s`}`,
          tierLine('intake', last.intake),
          tierLine('records', last.records),
          '',
          `offered  ${sparkline(
            state.samples.map((sample) => sample.sentPerSecond),
            SPARK_WIDTH,
          )}`,
          `intake   ${sparkline(
            state.samples.map((sample) => sample.intake?.ready),
            SPARK_WIDTH,
          )}`,
          `backlog  ${sparkline(
            state.samples.map((sample) => sample.backlog),
            SPARK_WIDTH,
          )}`,
          '',
          ...state.events
            .slice(-EVENT_LINES)
            .map(
              ({ atMs, type, reason, message }) =>
                `${time(atMs)} ${type === 'Warning' ? '!' : ' '} ${reason}: ${message}`,
            ),
          ...state.announcements.slice(-EVENT_LINES).map((text) => `* ${text}`),
        ];
  return lines.map((line) => [...line].slice(0, columns).join(''));
};

/** One line for logs and pipes. Pure. */
export const renderLine = (state: ViewState): string => {
  const last = state.samples.at(-1);
  if (last === undefined) return state.phase;
  const tier = (name: string, of: TierSample | undefined): string =>
    of === undefined ? `${name} ?` : `${name} ${of.ready}/${of.desired}/${of.ceiling} ${of.limitedBy}`;
  return [
    `${last.stage}, ${opening(last)}`,
    `offered ${count(last.sentPerSecond)}/s`,
    `accepted ${count(last.acknowledgedPerSecond)}/s`,
    `shed ${count(last.shedPerSecond)}/s`,
    `backlog ${count(last.backlog)}`,
    tier('intake', last.intake),
    tier('records', last.records),
    `receipts ${state.totals.acknowledged}`,
  ].join(' | ');
};

export interface Output {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): void;
}

const LINE_EVERY_MS = 3000;

export class View {
  readonly #output: Output;
  #drawnLines = 0;
  #lastLineAtMs = 0;
  #saidEvents = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** A line that stays. */
  say(text: string): void {
    this.#erase();
    this.#output.write(`${text}\n`);
  }

  draw(state: ViewState, nowMs: number): void {
    if (this.#output.isTTY) {
      this.#erase();
      const lines = renderScreen(state, this.#output.columns);
      this.#output.write(`${lines.join('\n')}\n`);
      this.#drawnLines = lines.length;
      return;
    }
    for (const event of state.events.slice(this.#saidEvents)) {
      this.#output.write(`  ${time(event.atMs)} ${event.reason}: ${event.message}\n`);
    }
    this.#saidEvents = state.events.length;
    if (nowMs - this.#lastLineAtMs < LINE_EVERY_MS) return;
    this.#lastLineAtMs = nowMs;
    this.#output.write(`${renderLine(state)}\n`);
  }

  /** Cursor up over what was drawn, clear to the end of the screen. */
  #erase(): void {
    if (this.#drawnLines > 0) this.#output.write(`\u001b[${this.#drawnLines}A\u001b[0J`);
    this.#drawnLines = 0;
  }
}
