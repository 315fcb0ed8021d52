/** The receipt, as it is shown at once after a registration and with every look-up. */
import type { Context } from '../context.ts';
import { grouped, receiptPicture } from '../receipt-picture.ts';
import { type Html, html } from '../template.ts';
import { qrPath } from './qr.ts';

export interface ShownReceipt {
  readonly receiptNo: string;
  readonly secret: string;
  /** Of this page, such as `https://vouchers.example.org`. */
  readonly origin: string;
}

/**
 * What the code contains. Number and secret are behind "#", so that no server and no proxy between sees them; the page sends them in a
 * form. They are the receipt itself: a code without them could not be looked up.
 */
export const addressOf = ({ origin, receiptNo, secret }: ShownReceipt): string => `${origin}/r#${receiptNo}.${secret}`;

export const receiptCard = (context: Context, receipt: ShownReceipt): Html => {
  const { words, settings, language } = context;
  const its = words.receipt;
  const address = addressOf(receipt);
  const { size, path } = qrPath(address);
  const picture = receiptPicture({
    campaign: settings?.title[language] ?? '',
    heading: its.card,
    number: [its.number, receipt.receiptNo],
    secret: [its.secret, receipt.secret],
    hint: its.qr,
    address,
  });
  const inline = `data:image/svg+xml;base64,${Buffer.from(picture, 'utf8').toString('base64')}`;
  return html`<section class="card receipt" aria-labelledby="receipt"><h2 id="receipt">${its.card}</h2>
<dl><div><dt>${its.number}</dt><dd class="code">${grouped(receipt.receiptNo)}</dd></div><div><dt>${its.secret}</dt><dd class="code">${grouped(receipt.secret)}</dd></div></dl>
<svg class="qr" role="img" aria-label="${its.qr}" viewBox="0 0 ${size} ${size}" width="200" height="200"><rect width="100%" height="100%" fill="#ffffff"/><path d="${path}" fill="#000000"/></svg>
<p class="hint">${its.qrHint}</p><p class="buttons"><a class="button second" href="${inline}" download="receipt.svg" data-picture>${its.save}</a><button type="button" class="button second" data-print hidden>${its.print}</button></p>
<p data-picture-place hidden><img alt="${its.card}" width="300" height="430"><br><span class="hint">${its.savedHint}</span></p><p class="warning">${its.warning}</p></section>`;
};
