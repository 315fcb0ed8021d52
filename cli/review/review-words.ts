/** What reviewers read. Pure. */
import { z } from 'zod';
import { clockOf, type Zone } from '../times.ts';
import { columns } from '../words.ts';

const row = z.object({ receipt: z.string(), at: z.string(), attempt: z.number(), why: z.string() });
export const pageSchema = z.object({
  receipts: z.array(row),
  after: z.string().optional(),
  isComplete: z.boolean(),
});
export type Page = z.infer<typeof pageSchema>;

export const viewSchema = z.object({
  receipt: z.string(),
  state: z.string(),
  registeredAt: z.string(),
  editableUntil: z.string(),
  masked: z.object({ name: z.string(), idType: z.string(), idNumber: z.string() }).optional(),
  history: z.array(z.object({ type: z.string(), attempt: z.number(), at: z.string(), why: z.string().optional() })),
});
export type View = z.infer<typeof viewSchema>;

export const decidedSchema = z.object({ receipt: z.string(), state: z.string(), by: z.string(), at: z.string() });
export type Decided = z.infer<typeof decidedSchema>;

interface When {
  readonly zone: Zone;
  readonly nowMs: number;
}

const clock = (at: string, { zone, nowMs }: When): string => clockOf(Date.parse(at), zone, nowMs);

export const listText = (called: string, { receipts, after, isComplete }: Page, when: When): string => {
  const reading = isComplete ? '' : 'The pod is still reading the journal: repeat the command for a complete list.\n';
  if (receipts.length === 0) return `${called}: no registration waits for a review.\n${reading}`;
  const rows = receipts.map(({ receipt, at, attempt, why }) => [receipt, clock(at, when), String(attempt), why]);
  const more = after === undefined ? '' : 'There are more: decide these first, or use --all.\n';
  return `${columns([['RECEIPT', 'SINCE', 'ATTEMPT', 'WHY'], ...rows])}Times are UTC${when.zone.text}. Oldest first.\n${more}${reading}`;
};

export const viewText = (view: View, when: When): string => {
  const { masked } = view;
  const fields =
    masked === undefined
      ? [['fields', "can't be read"]]
      : [
          ['name', masked.name],
          ['document', masked.idType],
          ['number', masked.idNumber],
        ];
  const facts = [
    ['receipt', view.receipt],
    ['state', view.state],
    ...fields,
    ['registered', clock(view.registeredAt, when)],
    ['decide before', clock(view.editableUntil, when)],
  ];
  const history = view.history.map(({ type, attempt, at, why = '' }) => [clock(at, when), `${type} ${attempt}`, why]);
  return `${columns(facts)}\n${columns([['TIME', 'WHAT', 'WHY'], ...history])}Times are UTC${when.zone.text}. That you looked is recorded.\n`;
};

export const decidedText = ({ receipt, state, by, at }: Decided, when: When): string =>
  state === 'verified'
    ? `${receipt}: accepted by ${by} at ${clock(at, when)}; the registration is verified.\n`
    : `${receipt}: rejected by ${by} at ${clock(at, when)}; the citizen can correct the registration while corrections are left.\n`;
