/** A captured terminal as a page that a browser draws: every character in its cell, so that fonts can't shift columns. */
import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import stringWidth from 'string-width';

const run = promisify(execFile);

const CELL = { width: 9, height: 20 };
const MARGIN = 16;
const COLOURS: Readonly<Record<number, string>> = {
  30: '#3b4252',
  31: '#ff7b8d',
  32: '#57d39f',
  33: '#ffc457',
  34: '#6ea0ff',
  35: '#b79bff',
  36: '#6fd3e0',
  37: '#eceae4',
};

interface Style {
  readonly colour?: string | undefined;
  readonly isBold: boolean;
  readonly isDim: boolean;
}
const PLAIN: Style = { isBold: false, isDim: false };

/** Also what is between its parentheses comes out of a split. */
const SGR = new RegExp(`${String.fromCharCode(27)}\\[([\\d;]*)m`);

const after = (style: Style, code: number): Style => {
  switch (code) {
    case 0:
      return PLAIN;
    case 1:
      return { ...style, isBold: true };
    case 2:
      return { ...style, isDim: true };
    case 22:
      return { ...style, isBold: false, isDim: false };
    case 39:
      return { ...style, colour: undefined };
    default:
      return COLOURS[code] === undefined ? style : { ...style, colour: COLOURS[code] };
  }
};

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const cell = (text: string, column: number, row: number, { colour, isBold, isDim }: Style): string => {
  const css = [
    `left:${column * CELL.width}px`,
    `top:${row * CELL.height}px`,
    `width:${stringWidth(text) * CELL.width}px`,
    ...(colour === undefined ? [] : [`color:${colour}`]),
    ...(isBold ? ['font-weight:700'] : []),
    ...(isDim ? ['opacity:.62'] : []),
  ];
  return `<i style="${css.join(';')}">${escaped(text)}</i>`;
};

/** @param capture lines with SGR sequences, as `tmux capture-pane -e -p` gives them */
export const terminalPage = (capture: string, columns: number): string => {
  const lines = capture.replace(/\n+$/, '').split('\n');
  let style = PLAIN;
  const cells = lines.flatMap((text, row) => {
    let column = 0;
    return text.split(SGR).flatMap((part, index) => {
      // Every other part is what the expression caught.
      if (index % 2 === 1) {
        style = part.split(';').map(Number).reduce(after, style);
        return [];
      }
      return [...part].flatMap((character) => {
        const at = column;
        column += stringWidth(character);
        return character === ' ' ? [] : [cell(character, at, row, style)];
      });
    });
  });
  const [width, height] = [columns * CELL.width, lines.length * CELL.height];
  return `<!doctype html><meta charset="utf-8"><style>
html,body{margin:0;background:#15181c}
main{position:relative;margin:${MARGIN}px;width:${width}px;height:${height}px;color:#eceae4;font:15px/${CELL.height}px "DejaVu Sans Mono","Noto Sans Mono CJK SC",monospace}
i{position:absolute;font-style:normal;text-align:center;white-space:pre}
</style><main>${cells.join('')}</main>`;
};

export const sizeOf = (capture: string, columns: number): { readonly width: number; readonly height: number } => ({
  width: columns * CELL.width + 2 * MARGIN,
  height: capture.replace(/\n+$/, '').split('\n').length * CELL.height + 2 * MARGIN,
});

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];

/** @returns false where no browser is installed */
export const takePicture = async (capture: string, columns: number, file: string): Promise<boolean> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-picture-'));
  try {
    const page = join(dir, 'page.html');
    await writeFile(page, terminalPage(capture, columns));
    const { width, height } = sizeOf(capture, columns);
    for (const browser of BROWSERS) {
      try {
        await run(browser, [
          '--headless',
          '--no-sandbox',
          '--hide-scrollbars',
          '--force-device-scale-factor=2',
          `--user-data-dir=${dir}`,
          `--window-size=${width},${height}`,
          `--screenshot=${file}`,
          `file://${page}`,
        ]);
        return true;
      } catch (error) {
        if ((error as ExecFileException).code !== 'ENOENT') throw error;
      }
    }
    return false;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
