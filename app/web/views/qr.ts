/** A QR code, and the receipt as a picture: SVG without styles and scripts. Pure. */
import { encode } from 'uqr';

const BORDER = 4;

/** Runs of dark modules as one path. A module is one unit. */
export const qrPath = (text: string): { readonly size: number; readonly path: string } => {
  const { data, size } = encode(text, { ecc: 'M', border: BORDER });
  const runs = data.flatMap((row, y) => {
    const found: string[] = [];
    for (let x = 0; x < row.length; x += 1) {
      if (row[x] !== true) continue;
      const from = x;
      while (row[x + 1] === true) x += 1;
      found.push(`M${from} ${y}h${x - from + 1}v1h-${x - from + 1}z`);
    }
    return found;
  });
  return { size, path: runs.join('') };
};
