/** The rule about clocks: which one is off, by majority. */
import type { PodClock } from '../signals/readings.ts';
import type { PlanInput } from '../tick/observed.ts';
import { no, unknown, type Verdict, yes } from './verdict.ts';

/** As app/core/clocks.ts: within this of each other clocks have the same time. */
const AGREE_SECONDS = 2;
const MOST_NAMED = 5;

const isOff = (aheadSeconds: number): boolean => Math.abs(aheadSeconds) > AGREE_SECONDS;

/** Of two in the middle the one nearer to 0: half of them are no majority. */
const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return Math.abs(low) <= Math.abs(high) ? low : high;
};

/** 600 → `10 min ahead`; -25200 → `7 h behind`. */
const offset = (aheadSeconds: number): string => {
  const seconds = Math.abs(aheadSeconds);
  const [amount, unit] =
    seconds < 120 ? [seconds, 's'] : seconds < 7_200 ? [seconds / 60, 'min'] : [seconds / 3_600, 'h'];
  return `${Math.round(amount)} ${unit} ${aheadSeconds > 0 ? 'ahead' : 'behind'}`;
};

interface Off {
  readonly name: string;
  readonly aheadSeconds: number;
}

const list = (off: readonly Off[]): string => {
  // By whole seconds: clocks that differ by less would change the order, and the message, in every tick.
  const seconds = ({ aheadSeconds }: Off): number => Math.round(Math.abs(aheadSeconds));
  const byName = off.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const worst = byName.toSorted((a, b) => seconds(b) - seconds(a)).slice(0, MOST_NAMED);
  const named = worst.map(({ name, aheadSeconds }) => `${name} is ${offset(aheadSeconds)}`);
  return [...named, ...(off.length > MOST_NAMED ? [`${off.length - MOST_NAMED} more are off`] : [])].join(', ');
};

const ownOf = ({ agreed }: PodClock): number | undefined => agreed?.find(({ clock }) => clock === 'own')?.aheadSeconds;

/**
 * How far the operator is ahead: what pods seem to be behind, beyond what they report of themselves, by the median. One
 * pod that knows no other clock is no majority.
 */
const operatorAhead = (clocks: readonly PodClock[]): number => {
  const [only] = clocks;
  if (clocks.length === 1 && only !== undefined && ownOf(only) === undefined) return 0;
  return -medianOf(clocks.map((clock) => clock.aheadSeconds - (ownOf(clock) ?? 0)));
};

/** Seconds to take off the operator's time for the agreed one: 0 while it agrees with most pods, or none is known. */
export const operatorAheadSeconds = (clocks: readonly PodClock[] = []): number => {
  const ahead = clocks.length === 0 ? 0 : operatorAhead(clocks);
  return isOff(ahead) ? ahead : 0;
};

/**
 * What pods show of the operator's own clock, whatever else is off.
 *
 * | pods                                            | clock   |
 * |-------------------------------------------------|---------|
 * | none reported its time                          | unknown |
 * | by the median it is more than 2 s off           | off     |
 * | by most of them it is within 2 s                | agrees  |
 * | else: half of them differ, or one that knows no other clock | unknown |
 */
export const operatorClock = (clocks: readonly PodClock[] = []): 'agrees' | 'off' | 'unknown' => {
  if (isOff(operatorAhead(clocks))) return 'off';
  const agreeing = clocks.filter((clock) => !isOff(clock.aheadSeconds - (ownOf(clock) ?? 0)));
  return agreeing.length * 2 > clocks.length ? 'agrees' : 'unknown';
};

/** Servers of the journal and the database, by the median of the pods that know them. */
const dataPlaneOff = (clocks: readonly PodClock[]): readonly Off[] => {
  const words = new Map<string, number[]>();
  for (const { clock, aheadSeconds } of clocks.flatMap(({ agreed = [] }) => agreed)) {
    if (clock !== 'own') words.set(clock, [...(words.get(clock) ?? []), aheadSeconds]);
  }
  return [...words]
    .map(([name, ahead]) => ({ name, aheadSeconds: medianOf(ahead) }))
    .filter(({ aheadSeconds }) => isOff(aheadSeconds));
};

/**
 * Rows are tried from the top. A pod reports how far it is from what journal and database agree on, and the operator
 * sees how far it is from the operator: both together show which clock is off.
 *
 * | pods  | the pod reports of itself | the operator sees | status | reason            |
 * |-------|------------------------|-------------------|---------|-------------------|
 * | none answered | –              | –                 | Unknown | NotYetObserved    |
 * | one   | off                    | any               | False   | PodClockOff       |
 * | one   | nothing                | off               | False   | PodClockOff       |
 * | most  | right, or nothing      | off, alike        | False   | OperatorClockOff  |
 * | any   | a server or the database is off | –        | False   | DataPlaneClockOff |
 * | all   | right, or nothing      | right             | True    | AllAgree          |
 */
export const clocksAgree = ({ observed: { readings } }: PlanInput): Verdict<'ClocksAgree'> => {
  const { clocks = [] } = readings;
  if (clocks.length === 0) return unknown('NotYetObserved', 'No intake pod has reported its time yet.');
  const ahead = operatorAhead(clocks);
  const pods = clocks
    .map((clock) => ({
      name: clock.pod,
      aheadSeconds: ownOf(clock) ?? clock.aheadSeconds + (isOff(ahead) ? ahead : 0),
    }))
    .filter(({ aheadSeconds }) => isOff(aheadSeconds));
  if (pods.length > 0) {
    return no(
      'PodClockOff',
      `Clocks of intake pods are off: ${list(pods)}. Registrations are judged by the time that most clocks agree on, and a pod that knows it is more than 5 s off takes no traffic. Set the clocks of their nodes, by NTP.`,
    );
  }
  if (isOff(ahead)) {
    return no(
      'OperatorClockOff',
      `The operator's clock is ${offset(ahead)}, compared with the clocks of its pods. Pre-warming, opening and contingency levels follow it. Set the clock of its node, by NTP.`,
    );
  }
  const servers = dataPlaneOff(clocks);
  if (servers.length > 0) {
    return no(
      'DataPlaneClockOff',
      `Clocks of the data plane are off: ${list(servers)}. Registrations do not depend on them while most clocks agree. Set the clocks of their nodes, by NTP.`,
    );
  }
  return yes('AllAgree', 'The clocks of intake pods, operator, journal and database agree within 2 s.');
};
