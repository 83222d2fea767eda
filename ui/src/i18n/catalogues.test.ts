import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { IntlMessageFormat } from 'intl-messageformat';
import { expect, test } from 'vitest';

import en from './en.json';
import fr from './fr.json';
import { type MessageKey, tIn } from './i18n.svelte';

const catalogues: Record<string, Record<string, string>> = { fr, en };

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.(ts|svelte)$/.test(name) && !name.endsWith('.test.ts') ? [path] : [];
  });
}

/** Every literal or template key given to `t`, a template's holes as `*`. */
function usedKeys(): { key: string; file: string }[] {
  return sources('src').flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const plain = [...text.matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    const templates = [...text.matchAll(/\bt\(\s*`([^`]+)`/g)].map((match) =>
      (match[1] ?? '').replace(/\$\{[^}]*\}/g, '*'),
    );
    const branches = [...text.matchAll(/[?:]\s*t\(\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    const tables = [...text.matchAll(/(?:label|title): '([a-z_]+\.[a-z_.]+)'/g)].map((match) => match[1] ?? '');
    return [...plain, ...templates, ...branches, ...tables].map((key) => ({ key, file }));
  });
}

const pattern = (key: string): RegExp => new RegExp(`^${key.replaceAll('.', '\\.').replaceAll('*', '[a-z0-9_]+')}$`);

test('both catalogues have the same keys, none empty', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(fr).sort());
  for (const [name, catalogue] of Object.entries(catalogues)) {
    for (const [key, message] of Object.entries(catalogue)) expect(message.trim(), `${name}: ${key}`).not.toBe('');
  }
});

test('a message takes the same values in both languages', () => {
  const values = (message: string): string[] =>
    [...new Set([...message.matchAll(/\{\s*([a-z]+)\s*[,}]/g)].map((match) => match[1] ?? ''))].sort();
  for (const key of Object.keys(fr) as (keyof typeof fr)[]) expect(values(en[key]), key).toEqual(values(fr[key]));
});

test('every message is well-formed ICU', () => {
  for (const catalogue of Object.values(catalogues)) {
    for (const message of Object.values(catalogue)) {
      expect(() => new IntlMessageFormat(message, 'fr-FR', undefined, { ignoreTag: true })).not.toThrow();
    }
  }
});

test('every key used in the code exists', () => {
  const keys = Object.keys(fr);
  const used = usedKeys();
  expect(used.length).toBeGreaterThan(200);
  for (const { key, file } of used) {
    expect(
      keys.some((one) => pattern(key).test(one)),
      `${key} in ${file}`,
    ).toBe(true);
  }
});

test('every key of the catalogue is used', () => {
  const used = [...new Set(usedKeys().map(({ key }) => key))].map(pattern);
  const unused = Object.keys(fr).filter((key) => !used.some((one) => one.test(key)));
  expect(unused).toEqual([]);
});

test('a message that only has names to fill in reads as the parser has it', () => {
  for (const [language, catalogue] of [
    ['fr', fr],
    ['en', en],
  ] as const) {
    for (const [key, text] of Object.entries(catalogue)) {
      const names = [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
      if (names.length === 0 || text.replace(/\{\w+\}/g, '').includes('{')) continue;
      const values = Object.fromEntries(names.map((name, at) => [name, at % 2 === 0 ? at : `« ${name} »`]));
      const parsed = new IntlMessageFormat(text, language, undefined, { ignoreTag: true }).format(values);
      // Spaces apart: French has narrow ones before its high punctuation.
      const plain = (one: string): string => one.replace(/\s/g, ' ');
      expect(plain(tIn(language, key as MessageKey, values))).toBe(plain(String(parsed)));
    }
  }
});
