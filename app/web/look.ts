/**
 * Title, colour and emblem of the campaign. The colour is in a stylesheet of its own, whose path contains it, so that any pod of any
 * settings can answer for it. Pure.
 */
import { createHash } from 'node:crypto';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { readableColour } from '../../contract/colour.ts';

export const COLOUR_PATH = /^\/assets\/colour-([0-9a-f]{6})\.css$/;
export const EMBLEM_PATH = /^\/assets\/emblem-[0-9a-f]{12}$/;

export interface Look {
  readonly colourPath?: string;
  readonly emblemPath?: string;
}

export const emblemPathOf = (emblem: string): string =>
  `/assets/emblem-${createHash('sha256').update(emblem).digest('hex').slice(0, 12)}`;

const colourPathOf = (colour: string): string | undefined => {
  const digits = readableColour(colour);
  return digits === undefined ? undefined : `/assets/colour-${digits}.css`;
};

let last: { readonly of: LiveSettings['look']; readonly look: Look } | undefined;

/** Worked out once for the settings in force. */
export const lookOf = (settings: LiveSettings | undefined): Look => {
  const of = settings?.look;
  if (of === undefined) return {};
  if (last?.of !== of) {
    const colourPath = of.colour === undefined ? undefined : colourPathOf(of.colour);
    const emblemPath = of.emblem === undefined ? undefined : emblemPathOf(of.emblem);
    last = {
      of,
      look: {
        ...(colourPath === undefined ? {} : { colourPath }),
        ...(emblemPath === undefined ? {} : { emblemPath }),
      },
    };
  }
  return last.look;
};

export const colourSheet = (digits: string): string => `:root{--brand:#${digits}}\n`;
