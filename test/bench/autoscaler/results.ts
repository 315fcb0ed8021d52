/** Runs on disk, one JSON line each, appended when they end: a bench that was stopped goes on where it stopped. */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CONTESTANTS, CROWD_NAMES } from './contest.ts';

const series = z.array(z.tuple([z.number(), z.number()]).readonly()).readonly();
const maybe = z.number().optional();

export const RUN_RECORD = z.object({
  v: z.literal(1),
  id: z.string(),
  crowd: z.enum(CROWD_NAMES),
  contestant: z.enum(CONTESTANTS),
  managerQps: z.number(),
  phaseMs: z.number(),
  startedAt: z.string(),
  commit: z.string(),
  /** Of the machine over the minute before the crowd came. */
  loadAverage: z.number(),
  /** Digest of the pod template as the API server had it: equal for all contestants. */
  template: z.string(),
  figures: z.object({
    seenMs: maybe,
    decidedMs: maybe,
    writtenMs: maybe,
    readyMs: maybe,
    late: z.number(),
    waitP99Seconds: z.number(),
    peakBacklog: z.number(),
    arrived: z.number(),
    podSeconds: z.number(),
    overshoot: z.number(),
    directionChanges: z.number(),
  }),
  /** ms after the crowd came and counts from then on; `load`: seconds, arrived and served since the run began. */
  series: z.object({
    replicas: series,
    ready: series,
    pods: series,
    load: z.array(z.tuple([z.number(), z.number(), z.number()]).readonly()).readonly(),
  }),
});
export type RunRecord = z.infer<typeof RUN_RECORD>;

/** A last line without an end is a run that was cut off while it was written: it is done again. */
export const parseRuns = (text: string): readonly RunRecord[] =>
  text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== '')
    .map((line) => RUN_RECORD.parse(JSON.parse(line)));

const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

export const readRuns = async (file: string): Promise<readonly RunRecord[]> => parseRuns(await textOf(file));

export const appendRun = async (file: string, run: RunRecord): Promise<void> => {
  await mkdir(dirname(file), { recursive: true });
  const text = await textOf(file);
  // Ends what a cut-off write left, so that it stays one unreadable line of its own.
  const broken = text !== '' && !text.endsWith('\n');
  if (broken) throw new Error(`${file} ends in the middle of a line: delete its last line and start again`);
  await appendFile(file, `${JSON.stringify(run)}\n`);
};
