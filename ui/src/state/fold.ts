// Words as they are compared: accents, capitals and ligatures do not matter.
export const fold = (text: string): string =>
  text.toLowerCase().replaceAll('œ', 'oe').replaceAll('æ', 'ae').normalize('NFD').replace(/\p{M}/gu, '');
