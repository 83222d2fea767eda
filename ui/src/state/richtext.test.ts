import { expect, test } from 'vitest';

import { fromText, toText } from './richtext';

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
