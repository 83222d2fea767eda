import { expect, test } from 'vitest';

import { bytesOf, previewKind, textOf } from './preview';

test('what a document is comes from its type, and from its name where the type says nothing', () => {
  expect(previewKind('image/png', 'x')).toBe('image');
  expect(previewKind('image/tiff', 'scan.tiff')).toBe('none');
  expect(previewKind('application/pdf', 'x')).toBe('pdf');
  expect(previewKind('application/octet-stream', 'Bon.PDF')).toBe('pdf');
  for (const mime of ['text/plain; charset=utf-8', 'text/csv', 'application/json', 'image/svg', 'message/rfc822'])
    expect(previewKind(mime, 'x'), mime).toBe(mime === 'image/svg' ? 'none' : 'text');
  expect(previewKind('application/soap+xml', 'x')).toBe('text');
  expect(previewKind('application/octet-stream', 'vpn.log')).toBe('text');
  expect(previewKind('application/vnd.ms-excel', 'parc.csv')).toBe('text');
  expect(previewKind('application/vnd.ms-excel', 'parc.xls')).toBe('none');
  expect(previewKind('application/zip', 'journaux.txt')).toBe('none');
});

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const utf16 = (text: string, little: boolean): Uint8Array => {
  const bytes = new Uint8Array(2 + text.length * 2);
  const view = new DataView(bytes.buffer);
  [0xfeff, ...[...text].map((character) => character.charCodeAt(0))].forEach((unit, at) => {
    view.setUint16(at * 2, unit, little);
  });
  return bytes;
};

test('the encoding of a text is found out', () => {
  expect(textOf(utf8('échec : accès refusé'))).toEqual({
    text: 'échec : accès refusé',
    encoding: 'utf-8',
    cut: false,
  });
  expect(textOf(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))?.text, 'the mark is no text').toBe('a');
  expect(textOf(utf16('échec', true))).toMatchObject({ text: 'échec', encoding: 'utf-16le' });
  expect(textOf(utf16('échec', false))).toMatchObject({ text: 'échec', encoding: 'utf-16be' });
  // « échec » as an old Windows program writes it. (Node takes Windows-1252 for Latin-1: no "€" here.)
  const old = Uint8Array.of(0xab, 0x20, 0xe9, 0x63, 0x68, 0x65, 0x63, 0x20, 0xbb);
  expect(textOf(old)).toMatchObject({ text: '« échec »', encoding: 'windows-1252' });
  expect(textOf(new Uint8Array())).toMatchObject({ text: '' });
});

test('what is no text is not shown as one', () => {
  expect(textOf(Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0))).toBeNull();
});

test('a long text shows its beginning, and a character that is cut does not change its encoding', () => {
  const shown = textOf(utf8('aé'.repeat(50)), 50);
  expect(shown?.cut).toBe(true);
  expect(shown?.encoding).toBe('utf-8');
  expect(shown?.text).toBe('aé'.repeat(16) + 'a');
  expect(textOf(bytesOf(btoa('abc')), 3)?.cut).toBe(false);
});
