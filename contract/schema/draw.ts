/** `spec.draw`: until when registrations can change, and which of them enter the draw. Pure. */
import { choice, instant, section } from './common.ts';
import type { ObjectNode } from './node.ts';

export const draw: ObjectNode = {
  ...section('Which registrations enter the draw. Fixed once the campaign has opened.', {
    verifyBy: instant(
      'Until when identities are verified, and citizens can correct, withdraw or change their registration; must be after ' +
        'window.closesAt. Then the list of the draw is frozen. Shown to citizens. Left out: citizens can change their registration ' +
        'until window.closesAt, and the list is frozen when every identity has been checked.',
    ),
    unverified: choice(
      'Whether a registration enters the draw that has no result of its identity check when the list is frozen. exclude: it does ' +
        'not. enter: it does. Rejected registrations, and those in manual review, never enter. Shown to citizens. Without ' +
        'spec.verification every registration enters. Default exclude.',
      ['exclude', 'enter'],
      'exclude',
    ),
  }),
  typeHint: { name: 'DrawSpec', file: './draw.ts' },
};
