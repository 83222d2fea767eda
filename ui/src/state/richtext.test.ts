import { expect, test } from 'vitest';

import type { Block, Inline, RichText } from '../backend/types';
import { fromEditable, fromText, imagesOf, lostImages, toEditable, toText } from './richtext';

test('paragraphs at blank lines, breaks at line ends, addresses as links', () => {
  expect(fromText('Bonjour,\nvoir https://vpn.exemple.fr/test.\n\n\nMerci')).toEqual({
    blocks: [
      {
        type: 'paragraph',
        content: [
          { type: 'text', text: 'Bonjour,' },
          { type: 'break' },
          { type: 'text', text: 'voir ' },
          {
            type: 'link',
            href: 'https://vpn.exemple.fr/test',
            content: [{ type: 'text', text: 'https://vpn.exemple.fr/test' }],
          },
          { type: 'text', text: '.' },
        ],
      },
      { type: 'paragraph', content: [{ type: 'text', text: 'Merci' }] },
    ],
  });
});

test('what is typed comes back as it was typed', () => {
  for (const text of ['une ligne', 'deux\nlignes', 'deux\n\nparagraphes <b>sans</b> HTML', 'https://a.fr']) {
    expect(toText(fromText(text))).toBe(text);
  }
});

test('nothing but spaces is nothing', () => {
  expect(fromText(' \n\t\n ')).toEqual({ blocks: [] });
});

const text = (words: string): Inline => ({ type: 'text', text: words });
const paragraph = (...content: Inline[]): Block => ({ type: 'paragraph', content });
const formatted: RichText = {
  blocks: [
    paragraph(text('Bonjour,')),
    { type: 'list', ordered: false, items: [[paragraph(text('Poste lent'))], [paragraph(text('Écran noir'))]] },
    paragraph(text('Voir '), { type: 'strong', content: [text('ici')] }, text(' :'), {
      type: 'image',
      document: 7,
      alt: 'capture.png',
    }),
    paragraph({ type: 'image', document: null, alt: 'logo' }),
  ],
};

test('a formatted text that is not touched comes back as it was', () => {
  const { text: shown } = toEditable(formatted);
  expect(shown).toContain('[image 1 : capture.png]');
  expect(fromEditable(shown, formatted)).toEqual(formatted);
});

test('what is written anew is plain, and everything around it keeps its formatting', () => {
  const { text: shown } = toEditable(formatted);
  const next = fromEditable(shown.replace('Bonjour,', 'Bonjour à tous,\n\nC’est urgent.'), formatted);
  expect(next.blocks).toEqual([
    paragraph(text('Bonjour à tous,')),
    paragraph(text('C’est urgent.')),
    ...formatted.blocks.slice(1),
  ]);
  const appended = fromEditable(`${shown}\n\nAjout.`, formatted);
  expect(appended.blocks).toEqual([...formatted.blocks, paragraph(text('Ajout.'))]);
});

test('an image keeps its place in a paragraph that was rewritten, and is gone when its marker is', () => {
  const { text: shown } = toEditable(formatted);
  const moved = fromEditable(shown.replace('Voir ici :', 'Regardez '), formatted);
  expect(imagesOf(moved)).toEqual(imagesOf(formatted));
  const without = fromEditable(shown.replace('[image 1 : capture.png]', ''), formatted);
  expect(imagesOf(without).map((image) => image.alt)).toEqual(['logo']);
  expect(lostImages(formatted, without).map((image) => image.alt)).toEqual(['capture.png', 'logo']);
});

test('an image that no document holds is lost by any saving, and said so', () => {
  expect(lostImages(formatted, formatted).map((image) => image.alt)).toEqual(['logo']);
});
