import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

import svelteConfig from './svelte.config.js';

const noTauri = { group: ['@tauri-apps/*'], message: 'Only src/backend/tauri.ts knows Tauri.' };

/** Forbids files of one tier to import from the rooms named: a lower tier never imports a higher one. */
function tier(room, forbidden) {
  return {
    files: [`src/${room}/**/*.{ts,svelte}`],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            noTauri,
            {
              group: forbidden.flatMap((name) => [`**/${name}/*`, `**/${name}`]),
              message: `src/${room} is a lower tier and must not import ${forbidden.join(', ')}.`,
            },
          ],
        },
      ],
    },
  };
}

// `svelte/no-at-html-tags` and the innerHTML rule keep decision 5: text from a server never reaches the page as HTML.
export default ts.config(
  { ignores: ['dist/', 'dist-demo/', 'node_modules/', 'src/backend/bindings.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { extraFileExtensions: ['.svelte'], parser: ts.parser, svelteConfig } },
  },
  {
    files: ['src/**/*.{ts,svelte}'],
    rules: {
      'no-undef': 'off',
      // Caches and indexes here are deliberately not reactive; what is shown is held in $state.
      'svelte/prefer-svelte-reactivity': 'off',
      'svelte/no-at-html-tags': 'error',
      'no-restricted-imports': ['error', { patterns: [noTauri] }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'AssignmentExpression > MemberExpression[property.name=/^(innerHTML|outerHTML)$/]',
          message: 'Text from a server is rendered as components, never as HTML.',
        },
        {
          selector: "CallExpression[callee.property.name='insertAdjacentHTML']",
          message: 'Text from a server is rendered as components, never as HTML.',
        },
      ],
    },
  },
  tier('i18n', ['components', 'state', 'backend']),
  tier('backend', ['components', 'state', 'i18n']),
  tier('state', ['components']),
  tier('components/shared', ['domain', 'views', 'state', 'backend']),
  tier('components/domain', ['views']),
  { files: ['src/backend/tauri.ts'], rules: { 'no-restricted-imports': 'off' } },
);
