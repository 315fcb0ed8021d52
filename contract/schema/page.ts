/** `spec.page`: how the page for citizens looks. Pure. */
import { COLOUR_PATTERN } from '../colour.ts';
import { text } from './common.ts';
import type { ObjectNode } from './node.ts';

/** 8 kB in base64, and the head. */
const MOST_EMBLEM = 10_950;

export const EMBLEM_PATTERN = '^data:image/(png|svg[+]xml);base64,[A-Za-z0-9+/]+={0,2}$';

const ORIGIN_PATTERN = '^https://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?$';

export const page: ObjectNode = {
  type: 'object',
  description: 'How the page for citizens looks. It can change while the campaign is open.',
  typeHint: { name: 'PageSpec', file: './page.ts' },
  properties: {
    colour: {
      ...text(
        'Colour of header and buttons, as #rrggbb. Their text is white: a colour that is too light for it (contrast below 5) is made darker. ' +
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
    otherOrigins: {
      type: 'array',
      description:
        'Addresses of this page at the other sites of the campaign, such as https://b.vouchers.example.org. A page whose site does not answer ' +
        'sends the registration there, and this site accepts registrations from pages of these addresses. Left out: none.',
      maxItems: 3,
      'x-kubernetes-list-type': 'set',
      items: { ...text('Scheme, host and, if it is not 443, port; without a path.', 200, 9), pattern: ORIGIN_PATTERN },
    },
  },
};
