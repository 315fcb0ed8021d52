/** The receipt as one picture, to be kept on a phone. Pure. */
import { html, textOf } from './template.ts';
import { qrPath } from './views/qr.ts';

export interface ReceiptLines {
  readonly campaign: string;
  readonly heading: string;
  readonly number: readonly [label: string, value: string];
  readonly secret: readonly [label: string, value: string];
  readonly hint: string;
  /** What the code contains. */
  readonly address: string;
}

/** 26 characters in groups that can be read out. */
export const grouped = (text: string): string => text.replace(/(.{4})(?=.)/g, '$1 ');

const WIDTH = 600;
const CODE = 400;

const clipped = (text: string, most: number): string => {
  const signs = [...text];
  return signs.length <= most ? text : `${signs.slice(0, most - 1).join('')}…`;
};

export const receiptPicture = ({ campaign, heading, number, secret, hint, address }: ReceiptLines): string => {
  const { size, path } = qrPath(address);
  const scale = CODE / size;
  return textOf(
    html`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="860" viewBox="0 0 ${WIDTH} 860" font-family="system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif" fill="#1c1f1e"><rect width="${WIDTH}" height="860" fill="#ffffff"/><text x="40" y="64" font-size="28" font-weight="700">${clipped(campaign, 20)}</text><text x="40" y="104" font-size="22">${heading}</text><text x="40" y="160" font-size="20">${number[0]}</text><text x="40" y="194" font-size="25" font-family="ui-monospace, Menlo, Consolas, monospace">${grouped(number[1])}</text><text x="40" y="244" font-size="20">${secret[0]}</text><text x="40" y="278" font-size="25" font-family="ui-monospace, Menlo, Consolas, monospace">${grouped(secret[1])}</text><g transform="translate(${(WIDTH - CODE) / 2} 316) scale(${scale.toFixed(5)})"><path d="${path}" fill="#000000"/></g><text x="${WIDTH / 2}" y="770" font-size="20" text-anchor="middle">${hint}</text></svg>`,
  );
};
