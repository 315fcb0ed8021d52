/** Contrast of a colour by WCAG 2.2, for the page's colour: text on it is white. Pure. */

/** WCAG 2.2, 1.4.3: for text of any size. */
export const LEAST_CONTRAST = 4.5;

export const COLOUR_PATTERN = '^#[0-9a-fA-F]{6}$';

const linear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

/** @param colour `#rrggbb`; anything else has no contrast: 1 */
export const contrastWithWhite = (colour: string): number => {
  if (!new RegExp(COLOUR_PATTERN).test(colour)) return 1;
  const [red = 1, green = 1, blue = 1] = [1, 3, 5].map((at) =>
    linear(Number.parseInt(colour.slice(at, at + 2), 16) / 255),
  );
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
};
