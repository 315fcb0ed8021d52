/** Where the texts of a picture lie, as wide as DejaVu Sans draws them: wider than most fonts behind `system-ui`. */

/** Advance widths of ASCII 32 to 126, hundredths of the size; of the fonts themselves. */
const REGULAR = [
  32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
  84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61,
  69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59,
  82, 59, 59, 52, 64, 34, 64, 84,
];
const BOLD = [
  35, 46, 52, 84, 70, 100, 87, 31, 46, 46, 52, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 40, 40, 84,
  84, 84, 58, 100, 77, 76, 73, 83, 68, 68, 82, 84, 37, 37, 77, 64, 100, 84, 85, 73, 85, 77, 72, 68, 81, 77, 110, 77, 72,
  73, 46, 37, 46, 84, 50, 50, 67, 72, 59, 72, 68, 44, 72, 71, 34, 34, 67, 34, 104, 71, 69, 72, 72, 49, 60, 48, 71, 65,
  92, 65, 65, 58, 71, 37, 71, 84,
];

export interface TextBox {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const attribute = (attributes: string, name: string): string | undefined =>
  new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1];

const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

/** The value that the style gives to one of these classes. */
const styled = (style: string, classes: readonly string[], property: string): string | undefined =>
  classes
    .map((name) => new RegExp(`\\.${name}\\s*\\{[^}]*${property}:\\s*([^;}]+)`).exec(style)?.[1]?.trim())
    .find((value) => value !== undefined);

export const textBoxes = (svg: string): readonly TextBox[] => {
  const style = /<style>([\s\S]*?)<\/style>/.exec(svg)?.[1] ?? '';
  const basePx = Number(/svg\s*\{\s*font:\s*(\d+)px/.exec(style)?.[1] ?? 16);
  return [...svg.matchAll(/<text\b([^>]*)>([\s\S]*?)<\/text>/g)].map(([, attributes = '', content = '']) => {
    const classes = (attribute(attributes, 'class') ?? '').split(' ');
    const size = Number.parseFloat(
      attribute(attributes, 'font-size') ?? styled(style, classes, 'font-size') ?? `${basePx}`,
    );
    const weight = attribute(attributes, 'font-weight') ?? styled(style, classes, 'font-weight') ?? '400';
    const widths = weight === '600' ? BOLD : REGULAR;
    const text = unescaped(content.replaceAll(/<[^>]*>/g, ''));
    const shifted = [...content.matchAll(/dx="([\d.]+)"/g)].reduce((sum, [, dx]) => sum + Number(dx), 0);
    const width =
      shifted + [...text].reduce((sum, sign) => sum + ((widths[sign.charCodeAt(0) - 32] ?? 100) / 100) * size, 0);
    const [x, y] = [Number(attribute(attributes, 'x')), Number(attribute(attributes, 'y'))];
    const before = { start: 0, middle: width / 2, end: width }[attribute(attributes, 'text-anchor') ?? 'start'] ?? 0;
    return { text, left: x - before, right: x - before + width, top: y - 0.75 * size, bottom: y + 0.25 * size };
  });
};

/** Texts that lie on each other or leave the picture, in words; empty in a good picture. */
export const unreadable = (svg: string): readonly string[] => {
  const boxes = textBoxes(svg);
  const [width = 0, height = 0] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).slice(1).map(Number);
  const outside = boxes.filter(
    ({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height,
  );
  const overlaps = boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter(
        (other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom,
      )
      .map((other) => `"${one.text}" lies on "${other.text}"`),
  );
  return [...outside.map(({ text }) => `"${text}" leaves the picture`), ...overlaps];
};
