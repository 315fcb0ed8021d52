/** What a person sees while the demo runs: a screen that is redrawn on a terminal, a line every three seconds elsewhere. */
import type { StackEvent } from '../stack.ts';
import { sparkline } from './curve.ts';
import type { Sample, TierSample } from './sample.ts';

export interface ViewState {
  readonly title: string;
  readonly phase: string;
  readonly samples: readonly Sample[];
  readonly totals: { readonly acknowledged: number; readonly gaveUp: number };
  readonly events: readonly StackEvent[];
  /** The demo's own messages, such as which process was killed. */
  readonly announcements: readonly string[];
}

const EVENT_LINES = 5;
const SPARK_WIDTH = 60;

const count = (value: number | undefined): string => (value === undefined ? '?' : String(Math.round(value)));

const opening = ({ seconds }: Sample): string =>
  seconds < 0 ? `opens in ${Math.ceil(-seconds)} s` : `${Math.floor(seconds)} s after opening`;

const tierLine = (name: string, tier: TierSample | undefined): string =>
  tier === undefined
    ? `${name.padEnd(9)}unknown`
    : `${name.padEnd(9)}${tier.ready} ready / ${tier.desired} desired / ${tier.ceiling} ceiling   ${tier.limitedBy}: ${tier.explanation}`;

const time = (atMs: number): string => new Date(atMs).toISOString().slice(11, 19);

/** The whole screen; every line is cut to `columns`. Pure. */
export const renderScreen = (state: ViewState, columns: number): readonly string[] => {
  const { title, phase, samples, totals } = state;
  const last = samples.at(-1);
  const bars = (name: string, of: (sample: Sample) => number | undefined): string =>
    `${name.padEnd(9)}${sparkline(samples.map(of), SPARK_WIDTH)}`;
  const lines =
    last === undefined
      ? [title, phase]
      : [
          `${title}   ${last.stage}, ${opening(last)}   ${phase}`,
          '',
          `sent     ${count(last.sentPerSecond)}/s   acknowledged ${count(last.acknowledgedPerSecond)}/s   shed ${count(last.shedPerSecond)}/s   no answer ${count(last.failedPerSecond)}/s`,
          `total    ${totals.acknowledged} receipts   ${totals.gaveUp} citizens gave up   answer p99 ${last.p99Ms === undefined ? '–' : `${last.p99Ms.toFixed(0)} ms`}`,
          `backlog  ${count(last.backlog)}   oldest ${last.oldestSeconds === undefined ? '–' : `${last.oldestSeconds.toFixed(1)} s`}   in the waiting room ${count(last.queue ?? 0)}`,
          tierLine('intake', last.intake),
          tierLine('records', last.records),
          '',
          bars('sent', (sample) => sample.sentPerSecond),
          bars('intake', (sample) => sample.intake?.ready),
          bars('backlog', (sample) => sample.backlog),
          '',
          ...state.events
            .slice(-EVENT_LINES)
            .map(
              (event) =>
                `${time(event.atMs)} ${event.type === 'Warning' ? '!' : ' '} ${event.reason}: ${event.message}`,
            ),
          ...state.announcements.slice(-EVENT_LINES).map((text) => `* ${text}`),
        ];
  return lines.map((line) => [...line].slice(0, columns).join(''));
};

/** Printed once, before the first line of renderLine. */
export const LINE_LEGEND =
  'A line every 3 s. sent, acknowledged, shed: registrations a second. intake, records: replicas Ready/desired/ceiling, and what decides the number.\n' +
  'Indented lines are events of the campaign, with their time in UTC.';

/** One line for logs and pipes. Pure. */
export const renderLine = (state: ViewState): string => {
  const last = state.samples.at(-1);
  if (last === undefined) return state.phase;
  const tier = (name: string, of: TierSample | undefined): string =>
    of === undefined ? `${name} ?` : `${name} ${of.ready}/${of.desired}/${of.ceiling} ${of.limitedBy}`;
  return [
    `${last.stage}, ${opening(last)}`,
    `sent ${count(last.sentPerSecond)}/s`,
    `acknowledged ${count(last.acknowledgedPerSecond)}/s`,
    `shed ${count(last.shedPerSecond)}/s`,
    ...(last.queue === undefined ? [] : [`queue ${count(last.queue)}`]),
    `backlog ${count(last.backlog)}`,
    tier('intake', last.intake),
    tier('records', last.records),
    `receipts ${state.totals.acknowledged}`,
  ].join(' | ');
};

export type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { write(text: string): void };

const LINE_EVERY_MS = 3000;

export class View {
  readonly #output: Output;
  #drawnLines = 0;
  #lastLineAtMs: number | undefined;
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
    if (this.#lastLineAtMs === undefined) this.#output.write(`${LINE_LEGEND}\n`);
    for (const event of state.events.slice(this.#saidEvents)) {
      this.#output.write(`  ${time(event.atMs)} ${event.reason}: ${event.message}\n`);
    }
    this.#saidEvents = state.events.length;
    if (nowMs - (this.#lastLineAtMs ?? 0) < LINE_EVERY_MS) return;
    this.#lastLineAtMs = nowMs;
    this.#output.write(`${renderLine(state)}\n`);
  }

  /** Cursor up over what was drawn, clear to the end of the screen. */
  #erase(): void {
    if (this.#drawnLines > 0) this.#output.write(`\u001b[${this.#drawnLines}A\u001b[0J`);
    this.#drawnLines = 0;
  }
}
