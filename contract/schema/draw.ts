/** `spec.draw`: until when registrations can change, and which of them enter the draw. Pure. */
import { choice, instant, section } from './common.ts';
import type { ObjectNode } from './node.ts';

export const draw: ObjectNode = {
  ...section('Which registrations enter the draw. Fixed once the campaign has opened.', {
    verifyBy: instant(
      'Until when identities are verified, and citizens can correct, withdraw or change their registration; after ' +
        'window.closesAt. Then the list of the draw is frozen. Citizens can read it. Left out: they can until window.closesAt, and ' +
        'the list is frozen when every identity has been checked.',
    ),
    unverified: choice(
      'Whether a registration enters the draw whose identity is not verified when the list is frozen. exclude: it does not. ' +
        'enter: it does, unless it is rejected or waits for a manual review. Citizens can read it. Without verification every ' +
        'registration enters. Default exclude.',
      ['exclude', 'enter'],
      'exclude',
    ),
  }),
  typeHint: { name: 'DrawSpec', file: './draw-types.ts' },
};
