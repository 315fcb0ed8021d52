/** `spec.page`: how the page for citizens looks. Pure. */
import { COLOUR_PATTERN } from '../colour.ts';
import { text } from './common.ts';
import type { ObjectNode } from './node.ts';

/** 8 kB in base64, and the head. */
const MOST_EMBLEM = 10_950;

export const EMBLEM_PATTERN = '^data:image/(png|svg[+]xml);base64,[A-Za-z0-9+/]+={0,2}$';

export const page: ObjectNode = {
  type: 'object',
  description: 'How the page for citizens looks. It can change while the campaign is open.',
  typeHint: { name: 'PageSpec' },
  properties: {
    colour: {
      ...text(
        'Colour of header and buttons, as #rrggbb. Their text is white: a colour that is too light for it (contrast below 4.5) is made darker. ' +
          'Left out: green.',
        7,
      ),
      pattern: COLOUR_PATTERN,
    },
    emblem: {
      ...text(
        'Emblem beside the title, at most 8 kB: data:image/svg+xml;base64,… or data:image/png;base64,… It is shown as a picture, so scripts ' +
          'in it do not run. Left out: none.',
        MOST_EMBLEM,
      ),
      pattern: EMBLEM_PATTERN,
    },
  },
};
