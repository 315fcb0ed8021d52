/**
 * As test/helpers/few-colours.ts, with 256 colours, for pictures with soft colours and curves: a third of the size. Median cut:
 * the box with the widest channel, weighted by its pixels, is halved until there are enough.
 */
import { deflateSync } from 'node:zlib';
import { chunk, pixelsOf, SIGNATURE } from '../../test/helpers/few-colours.ts';

const COLOURS = 256;

type Colour = readonly [red: number, green: number, blue: number, pixels: number];

const spread = (box: readonly Colour[]): { readonly channel: 0 | 1 | 2; readonly width: number } => {
  const widths = ([0, 1, 2] as const).map((channel) => {
    const values = box.map((colour) => colour[channel]);
    return {
      channel,
      width: values.reduce((a, b) => Math.max(a, b), 0) - values.reduce((a, b) => Math.min(a, b), 255),
    };
  });
  return widths.reduce((widest, one) => (one.width > widest.width ? one : widest));
};

const weight = (box: readonly Colour[]): number =>
  box.length < 2 ? 0 : spread(box).width ** 2 * Math.log2(1 + box.reduce((sum, [, , , pixels]) => sum + pixels, 0));

const paletteOf = (colours: readonly Colour[], most: number): readonly Colour[] => {
  let boxes: readonly { readonly box: readonly Colour[]; readonly weight: number }[] = [
    { box: colours, weight: weight(colours) },
  ];
  while (boxes.length < most) {
    const [widest, ...others] = boxes.toSorted((a, b) => b.weight - a.weight);
    if (widest === undefined || widest.weight === 0) break;
    const { channel } = spread(widest.box);
    const sorted = widest.box.toSorted((a, b) => a[channel] - b[channel]);
    const middle = ((sorted[0]?.[channel] ?? 0) + (sorted.at(-1)?.[channel] ?? 0)) / 2;
    const cut = Math.max(
      1,
      sorted.findIndex((colour) => colour[channel] > middle),
    );
    const halves = [sorted.slice(0, cut), sorted.slice(cut)];
    boxes = [...others, ...halves.map((box) => ({ box, weight: weight(box) }))];
  }
  // The commonest colour of a box stays exactly as it is: grounds and inks are the page's own.
  return boxes.map(({ box }) => box.reduce((common, one) => (one[3] > common[3] ? one : common)));
};

/** @param most colours, 256 unless stated */
export const inPalette = (png: Buffer, most = COLOURS): Buffer => {
  const { width, height, pixels } = pixelsOf(png);
  const counts = new Map<number, number>();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const palette = paletteOf(
    [...counts].map(([pixel, count]) => [pixel >> 16, (pixel >> 8) & 255, pixel & 255, count]),
    most,
  );
  const nearest = new Map(
    [...counts.keys()].map((pixel) => {
      const [red, green, blue] = [pixel >> 16, (pixel >> 8) & 255, pixel & 255];
      const distances = palette.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
      return [pixel, distances.indexOf(Math.min(...distances))];
    }),
  );
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = nearest.get(pixels[y * width + x] ?? 0) ?? 0;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flatMap((colour) => colour.slice(0, 3)))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};
