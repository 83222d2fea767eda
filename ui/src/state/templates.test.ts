import { expect, test } from 'vitest';

import type { CatalogueItem } from '../backend/types';
import { asked, insert, proposed } from './templates';

const item = (id: number, name: string, parent = ''): CatalogueItem => ({
  kind: 'followup_template',
  id,
  name,
  full_name: parent ? `${parent} > ${name}` : name,
  parent: null,
  body: { blocks: [] },
  by_expansion: false,
});

test('"::" asks at the start of a word, until the line ends', () => {
  expect(asked('::', 2)).toEqual({ from: 0, words: '' });
  expect(asked('Bonjour ::mot de', 16)).toEqual({ from: 8, words: 'mot de' });
  expect(asked('std::vec', 8)).toBeNull();
  expect(asked('Note :: plus tard', 17)).toBeNull();
  expect(asked('::mot\nsuite', 11)).toBeNull();
  expect(asked('::mot', 1)).toBeNull();
});

test('a template is found by its words, without accents, names that begin with them first', () => {
  const items = [item(1, 'Clôture du dossier'), item(2, 'Dossier reçu'), item(3, 'Rappel', 'Dossiers')];
  expect(proposed(items, 'dossier').map((one) => one.id)).toEqual([2, 1, 3]);
  expect(proposed(items, 'cloture').map((one) => one.id)).toEqual([1]);
  expect(proposed([{ ...item(4, 'Vide'), body: null }], 'vide')).toEqual([]);
});

test('the text takes the place of what was typed, and the caret follows it', () => {
  const text = 'Bonjour ::rap suite';
  const question = asked(text, 13);
  if (question === null) throw new Error('nothing is asked');
  expect(insert(text, 13, question, 'Je vous rappelle.')).toEqual({
    text: 'Bonjour Je vous rappelle. suite',
    caret: 25,
  });
});
