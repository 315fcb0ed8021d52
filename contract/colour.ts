/** The colour of the page: text on it is white, so it is made dark enough. By WCAG 2.2. Pure. */

/** WCAG 2.2, 1.4.3 asks for 4.5. Links have the colour on the page's ground, which is a little darker than white. */
const LEAST_CONTRAST = 5;

export const COLOUR_PATTERN = '^#[0-9a-fA-F]{6}$';

type Parts = readonly [number, number, number];

const linear = (part: number): number => {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};

const contrastWithWhite = ([red, green, blue]: Parts): number =>
  1.05 / (0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) + 0.05);

/**
 * The same colour, or the nearest darker one on which white text can be read. #ffcc00 (1.5:1) → #886b00 (5:1).
 * @returns six hexadecimal digits; undefined: it is no colour
 */
export const readableColour = (colour: string): string | undefined => {
  if (!new RegExp(COLOUR_PATTERN).test(colour)) return undefined;
  const part = (at: number): number => Number.parseInt(colour.slice(at, at + 2), 16);
  let parts: Parts = [part(1), part(3), part(5)];
  while (contrastWithWhite(parts) < LEAST_CONTRAST) {
    const [red, green, blue] = parts;
    parts = [Math.floor(red * 0.97), Math.floor(green * 0.97), Math.floor(blue * 0.97)];
  }
  return parts.map((one) => one.toString(16).padStart(2, '0')).join('');
};
