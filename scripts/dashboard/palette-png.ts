/**
 * A screenshot in 256 colours: a third of the size, and no difference that the eye sees in a picture of text and curves. Median cut:
 * the box with the widest channel, weighted by its pixels, is halved until there are enough.
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const COLOURS = 256;

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue. */
  readonly data: Uint8Array;
}

const chunksOf = (png: Buffer): readonly { readonly type: string; readonly data: Buffer }[] => {
  const chunks = [];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
};

const paeth = (a: number, b: number, c: number): number => {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};

/** As Chromium writes it: eight bits a channel, not interlaced. @throws Error for another form */
const decode = (png: Buffer): Pixels => {
  const chunks = chunksOf(png);
  const head = chunks.find(({ type }) => type === 'IHDR')?.data;
  if (head === undefined || head[8] !== 8 || (head[9] !== 2 && head[9] !== 6) || head[12] !== 0) {
    throw new Error('this PNG is not as Chromium writes it');
  }
  const [width, height, channels] = [head.readUInt32BE(0), head.readUInt32BE(4), head[9] === 6 ? 4 : 3];
  const raw = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  const stride = width * channels;
  const lines = new Uint8Array(stride * height);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x += 1) {
      const left = x < channels ? 0 : (lines[y * stride + x - channels] ?? 0);
      const up = y === 0 ? 0 : (lines[(y - 1) * stride + x] ?? 0);
      const corner = x < channels || y === 0 ? 0 : (lines[(y - 1) * stride + x - channels] ?? 0);
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0;
      lines[y * stride + x] = (raw[y * (stride + 1) + 1 + x] ?? 0) + predicted;
    }
    for (let x = 0; x < width; x += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        data[(y * width + x) * 3 + channel] = lines[y * stride + x * channels + channel] ?? 0;
      }
    }
  }
  return { width, height, data };
};

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

const paletteOf = (colours: readonly Colour[]): readonly Colour[] => {
  let boxes: readonly { readonly box: readonly Colour[]; readonly weight: number }[] = [
    { box: colours, weight: weight(colours) },
  ];
  while (boxes.length < COLOURS) {
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
  return boxes.map(({ box }) => box.reduce((most, one) => (one[3] > most[3] ? one : most)));
};

const chunk = (type: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
};

export const inPalette = (png: Buffer): Buffer => {
  const { width, height, data } = decode(png);
  const counts = new Map<number, number>();
  const keyAt = (pixel: number): number =>
    ((data[pixel * 3] ?? 0) << 16) | ((data[pixel * 3 + 1] ?? 0) << 8) | (data[pixel * 3 + 2] ?? 0);
  for (let pixel = 0; pixel < width * height; pixel += 1) counts.set(keyAt(pixel), (counts.get(keyAt(pixel)) ?? 0) + 1);
  const colours = [...counts].map(([key, pixels]): Colour => [key >> 16, (key >> 8) & 255, key & 255, pixels]);
  const palette = paletteOf(colours);
  const nearest = new Map(
    colours.map(([red, green, blue]) => {
      const distances = palette.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
      return [(red << 16) | (green << 8) | blue, distances.indexOf(Math.min(...distances))];
    }),
  );
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = nearest.get(keyAt(y * width + x)) ?? 0;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', Uint8Array.from(palette.flatMap((colour) => colour.slice(0, 3)))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]);
};
