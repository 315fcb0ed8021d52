/** The schema's bound: a status that is refused for a long message would hide everything else. */
const MAX_CHARACTERS = 1024;

/** The API server counts code points; JavaScript counts some of them twice, and would cut them in two. */
export const truncated = (text: string, most = MAX_CHARACTERS): string => {
  if (text.length <= most) return text;
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
};
