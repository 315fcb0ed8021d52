/** The draw in the demo's report. Pure. */

import type { StackSnapshot } from '../stack.ts';
import { chainFileOf } from './draw.ts';

interface Facts {
  readonly waitsForDraw: boolean;
  readonly bundle?: string;
  readonly bundleFault?: string;
  readonly draw?: NonNullable<StackSnapshot['draw']>;
}

export const drawProblems = ({ waitsForDraw, bundleFault, draw }: Facts): readonly string[] => {
  if (!waitsForDraw) return [];
  if (draw?.announced !== true) return ['there is no result of the draw for every winner'];
  return bundleFault === undefined ? [] : [bundleFault];
};

export const drawRows = (
  { waitsForDraw, bundle, draw }: Facts,
  row: (label: string, ...cells: readonly (string | number)[]) => string,
): readonly string[] =>
  !waitsForDraw || draw?.results === undefined
    ? []
    : [
        '',
        `Draw: commitment ${draw.commitment}, authorised by ${draw.committedBy}; result ${draw.result}`,
        row('voucher', 'winners', 'waiting'),
        ...draw.results.map(({ voucher, winners, waitlisted }) => row(voucher, winners, waitlisted)),
        ...(bundle === undefined
          ? []
          : [
              '',
              'To verify it, with nothing but these files:',
              `  npm run -s voucher -- draw verify --dir ${bundle} --drand-chain ${chainFileOf(bundle)}`,
            ]),
      ];
