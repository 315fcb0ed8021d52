/** Names and numbers as a reviewer sees them: enough to compare with a document, too little to copy. Pure. */

/** From here on the first three and the last two characters are shown: of a shorter number that would be most of it. */
const LONG_ENOUGH = 8;

const stars = (count: number): string => '*'.repeat(Math.max(0, count));

/** 王小明 → 王**. By code points, because rare Han are pairs of UTF-16. */
export const maskedName = (name: string): string => {
  const [first = '', ...others] = [...name];
  return `${first}${stars(others.length)}`;
};

/** 510104199001011234 → 510*************34; C1234 → C****. */
export const maskedNumber = (idNumber: string): string => {
  const all = [...idNumber];
  const [head, tail] = all.length < LONG_ENOUGH ? [1, 0] : [3, 2];
  const end = all.length - tail;
  return `${all.slice(0, head).join('')}${stars(end - head)}${all.slice(end).join('')}`;
};
