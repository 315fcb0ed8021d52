/** The receipt: its code leads here with number and secret behind "#", and it can be kept as a picture. */
import { all, one, put, show } from './dom.ts';

const FRAGMENT = /^#([0-9A-Z]{26})\.([0-9A-Z]{26})$/;

/** From a scanned code. The address is emptied first, so that it is not kept in the history. */
export const startFromCode = (): void => {
  const form = one<HTMLFormElement>('#look');
  const [, receiptNo, secret] = FRAGMENT.exec(location.hash) ?? [];
  if (!form || receiptNo === undefined || secret === undefined) return;
  history.replaceState(null, '', location.pathname);
  put(form, 'receiptNo', receiptNo);
  put(form, 'secret', secret);
  form.submit();
};

const SCALE = 2;

/** Phones keep PNG among their photos, and no SVG. */
const asPng = async (address: string): Promise<string> => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth * SCALE;
  canvas.height = image.naturalHeight * SCALE;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png');
};

export const startReceipt = (): void => {
  for (const button of all('[data-print]')) {
    show(button);
    button.addEventListener('click', () => window.print());
  }
  const link = one<HTMLAnchorElement>('[data-picture]');
  const place = one('[data-picture-place]');
  if (!link || !place) return;
  void asPng(link.href)
    .then((png) => {
      link.href = png;
      link.download = 'receipt.png';
      link.addEventListener('click', () => {
        // Where a download does nothing, as in WeChat, the picture can be pressed and held.
        const image = one<HTMLImageElement>('img', place);
        if (image) image.src = png;
        show(place);
      });
    })
    .catch(() => undefined);
};
