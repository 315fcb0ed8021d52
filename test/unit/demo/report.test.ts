import { describe, expect, it } from '@jest/globals';
import { plotCurve, plotTimeline, resample, sparkline } from '../../../local/demo/curve.ts';
import { type RunFacts, renderReport, reportOf } from '../../../local/demo/report.ts';
import { exitCodeOf } from '../../../local/demo/run.ts';
import type { Sample } from '../../../local/demo/sample.ts';
import { renderLine, renderScreen, View, type ViewState } from '../../../local/demo/view.ts';
import { compare } from '../../../local/ledger-check/compare.ts';
import type { LoadStats } from '../../../local/load/stats.ts';

const tier = (ready: number, desired: number) => ({
  ready,
  desired,
  ceiling: 8,
  limitedBy: 'Load',
  explanation: `${desired} pods for the crowd`,
});

const sample = (seconds: number, change: Partial<Sample> = {}): Sample => ({
  atMs: 1_000_000 + seconds * 1000,
  seconds,
  stage: 'Open',
  sentPerSecond: seconds * 10,
  acknowledgedPerSecond: seconds * 9,
  shedPerSecond: seconds,
  failedPerSecond: 0,
  p99Ms: 42,
  inFlight: 3,
  backlog: seconds * 5,
  oldestSeconds: 0.5,
  intake: tier(2 + Math.floor(seconds / 2), 2 + seconds),
  records: tier(1, 1),
  unverified: undefined,
  ...change,
});
const samples = [0, 1, 2, 3, 4].map((seconds) => sample(seconds));

const load: LoadStats = {
  type: 'final',
  atMs: 0,
  arrived: 2,
  sent: 4,
  acknowledged: 2,
  shed: 1,
  failed: 0,
  refused: 0,
  refusedCodes: {},
  gaveUp: 0,
  dropped: 0,
  inFlight: 0,
  p50Ms: 8,
  p99Ms: 90,
  maxMs: 120,
  queued: 0,
  polls: 0,
  queueP50Ms: 0,
  queueP99Ms: 0,
  overtaken: 0,
  waitP50Ms: 9,
  waitP99Ms: 1500,
  lagP99Ms: 3,
};

const checkOf = (receipts: readonly string[]) =>
  compare({
    ledger: [
      ...receipts.map((receiptNo, citizen) => ({
        type: 'acknowledged' as const,
        receiptNo,
        keyHash: receiptNo,
        citizen,
        sentAt: 1,
        answeredAt: 2,
        status: 201,
        attempt: 1,
        intent: 'first' as const,
      })),
      { type: 'end', sent: 4, acknowledged: 2 },
    ],
    journal: ['R0', 'R1'].map((receipt) => ({ receipt, citizenHash: `h${receipt}`, kind: 'citizen' })),
    unreadable: 0,
    registrations: ['R0', 'R1'].map((receipt) => ({ receipt, citizenHash: `h${receipt}`, kind: 'citizen' })),
    superseded: [],
  });

const facts: RunFacts = {
  mode: 'embedded',
  campaignId: 'chengdu-2020-3',
  profile: 'fast',
  traceFile: 'demo-fast.csv',
  seed: 1,
  changes: [],
  forecast: { peakIntakeReplicas: 8, peakWaiting: 120, waitP99Seconds: 2, podSeconds: 640 },
  times: {
    forecast: 900,
    stackReady: 12_000,
    opened: 27_000,
    firstRegistration: 27_400,
    loadEnded: 96_000,
    drained: 98_000,
    backAtFloor: undefined,
    listed: undefined,
    checked: 99_000,
  },
  load,
  ledgerCheck: checkOf(['R0', 'R1']),
  samples,
  events: [],
  killed: [],
  chaos: false,
  sabotage: undefined,
  waitsForFloor: false,
  waitsForList: false,
  waitsForDraw: false,
  waitsForIssue: false,
};

describe('a plot', () => {
  it('draws eighths from the bottom, a dot for zero and a gap for unknown', () => {
    expect(plotCurve({ label: 'x', values: [0, 1, 2, 4, undefined, 4] }, 10, 2)).toEqual([
      'x, max 4                 │   █ █',
      '                         │·▄██ █',
    ]);
  });
  it('keeps a spike of one second when it is narrower than the run', () => {
    const values = Array.from({ length: 100 }, (_, i) => (i === 57 ? 9 : 1));
    expect(resample(values, 10)).toEqual([1, 1, 1, 1, 1, 9, 1, 1, 1, 1]);
  });
  it('shows the last values in a sparkline', () => {
    expect(sparkline([8, 8, 0, 1, 8], 3)).toBe('·▁█');
  });
  it('puts desired and ready on one scale, over one axis', () => {
    const lines = plotTimeline(samples, 40, 1);
    expect(lines).toContain('intake desired, max 6    │▃▄▅▇█');
    expect(lines).toContain('intake ready, max 4      │▃▃▄▄▅');
    expect(lines.at(-1)).toContain('0 s');
    expect(lines.at(-1)).toContain('4 s');
  });
  it('says so when there is nothing to draw', () => {
    expect(plotTimeline([])).toEqual(['no samples']);
  });
});

describe('the report', () => {
  it('of a run that held has no problems, ends with lost 0 and gives exit code 0', () => {
    const report = reportOf(facts);
    expect(report.problems).toEqual([]);
    expect(renderReport(report).at(-1)).toBe('lost 0');
    expect(exitCodeOf(report.ledgerCheck, report.problems)).toBe(0);
  });
  it('sets forecast beside measurement', () => {
    const text = renderReport(reportOf(facts)).join('\n');
    expect(text).toMatch(/intake replicas, peak +8 +6\n/);
    expect(text).toMatch(/not yet stored, peak +120 +23\n.*p99, s +2\.0 +1\.5\n.*tiers +640 +22\n/);
  });
  it('says what the mode does not prove', () => {
    expect(renderReport(reportOf(facts)).join('\n')).toContain('does not prove:');
  });
  it('is the same for the same facts', () => {
    expect(renderReport(reportOf(facts))).toEqual(renderReport(reportOf(facts)));
  });

  const wrong: Record<string, readonly [Partial<RunFacts>, string]> = {
    'a lost receipt': [{ ledgerCheck: checkOf(['R0', 'R1', 'R2']) }, 'not in the journal'],
    'a generator that died': [{ load: undefined }, 'generator ended early'],
    'a run without registrations': [{ load: { ...load, acknowledged: 0 } }, 'no registration was'],
    'refused citizens': [{ load: { ...load, refusedCodes: { ID_CHECKSUM: 3 } } }, '3 × ID_CHECKSUM'],
    'a backlog that stays': [{ times: { ...facts.times, drained: undefined } }, 'did not drain'],
    'no way back to the floor': [{ waitsForFloor: true }, 'not scaled down to its minimum'],
    'chaos that found no victims': [{ chaos: true }, '0 of 3'],
  };
  it.each(Object.entries(wrong))('names %s and gives exit code 1', (_name, [change, message]) => {
    const report = reportOf({ ...facts, ...change });
    expect(report.problems.join('; ')).toContain(message);
    expect(exitCodeOf(report.ledgerCheck, report.problems)).toBe(1);
  });

  it('fails when journal and database were not found equal, or the list was not made', () => {
    const consistency = {
      type: 'RecordsConsistent',
      status: 'True',
      reason: 'RowsAgree',
      message: 'They agree.',
      lastTransitionTime: '',
    } as const;
    const draw = { phase: 'Listed', lists: [{ voucher: 'dining', entries: 2, digest: 'ab' }] } as const;
    const ledgerCheck = { ...facts.ledgerCheck, verdicts: { ...facts.ledgerCheck.verdicts, entries: 2 } };
    const listed: RunFacts = { ...facts, waitsForList: true, ledgerCheck, draw, consistency };
    const report = reportOf(listed);
    expect(report.problems).toEqual([]);
    expect(renderReport(report).join('\n')).toMatch(/journal and database +agree/);
    expect(
      reportOf({ ...listed, consistency: { ...consistency, status: 'False', message: '2 rows differ' } }).problems,
    ).toEqual(['journal and database were not found equal: 2 rows differ']);
    const { draw: _, consistency: __, ...without } = listed;
    expect(reportOf(without).problems).toEqual([
      'journal and database were not found equal: they were not compared',
      'the list of the draw was not made',
    ]);
  });
  it('remarks on a generator that was too slow, which is no failure of the product', () => {
    const report = reportOf({ ...facts, load: { ...load, lagP99Ms: 900, dropped: 7 } });
    expect(report.remarks.join('; ')).toMatch(/dropped 7 arrivals.*was late: p99 900 ms/);
    expect(report.problems).toEqual([]);
  });
});

describe('the view', () => {
  const state: ViewState = {
    title: 'Chengdu',
    phase: 'crowd arriving',
    samples,
    totals: { acknowledged: 90, gaveUp: 0 },
    events: [{ atMs: 0, type: 'Warning', reason: 'Scaled', message: 'intake 2 to 6' }],
    announcements: ['kill -9 intake-1'],
  };
  const output = (isTTY: boolean) => {
    const written: string[] = [];
    return { written, isTTY, columns: 80, write: (text: string) => void written.push(text) };
  };

  it('shows ready, desired and ceiling with the reason, events and who was killed', () => {
    const screen = renderScreen(state, 200).join('\n');
    expect(screen).toContain('4 ready / 6 desired / 8 ceiling   Load: 6 pods for the crowd');
    expect(screen).toContain('! Scaled: intake 2 to 6');
    expect(screen).toContain('* kill -9 intake-1');
  });
  it('counts down before opening', () => {
    expect(renderLine({ ...state, samples: [sample(-7.5)] })).toContain('opens in 8 s');
  });
  it('shows unknown as unknown, not as zero', () => {
    const blind = { ...state, samples: [sample(3, { backlog: undefined, intake: undefined })] };
    expect(renderLine(blind)).toContain('backlog ?');
    expect(renderLine(blind)).toContain('intake ?');
  });
  it('cuts lines at the width of the terminal', () => {
    expect(renderScreen(state, 30).every((line) => line.length <= 30)).toBe(true);
  });
  it('redraws in place on a terminal', () => {
    const terminal = output(true);
    const view = new View(terminal);
    view.draw(state, 0);
    view.draw(state, 1000);
    expect(terminal.written.filter((text) => text.includes('\u001b[0J'))).toHaveLength(1);
  });
  it('writes a line every three seconds elsewhere, and every event once', () => {
    const pipe = output(false);
    const view = new View(pipe);
    for (const atMs of [10_000, 11_000, 12_000, 13_000, 14_000]) view.draw(state, atMs);
    expect(pipe.written.filter((text) => text.startsWith('Open, '))).toHaveLength(2);
    expect(pipe.written.filter((text) => text.includes('Scaled'))).toHaveLength(1);
  });
});
