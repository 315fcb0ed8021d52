/** The law on its hardest question, drawn by the simulator: docs/images/law.svg. The same on every machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCampaign } from '../../admission/admission.ts';
import { plot } from '../../cli/simulate/plot.ts';
import { simulate } from '../../simulation/simulate.ts';
import { parseTrace } from '../../simulation/trace.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/traces/step-80x');
/** The start time and the pace that are assumed where none was measured. */
const PLANT = { startSeconds: 8, podsCreatedPerSecond: 20, podsCreatedBurst: 30 };

export const lawPicture = (): string => {
  const read = readCampaign(readFileSync(`${EXAMPLE}.yaml`, 'utf8'));
  if (read.kind === 'refused') throw new Error(`${EXAMPLE}.yaml is refused`);
  const { spec } = read.campaign;
  const trace = parseTrace(readFileSync(`${EXAMPLE}.csv`, 'utf8'));
  return plot(simulate(spec, trace, PLANT, { tier: 'records' }), spec.scaling.authorized.ceilings.records);
};
