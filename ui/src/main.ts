import '@fontsource-variable/inter/wght.css';
import './styles/tokens.css';
import './styles/base.css';

import { mount } from 'svelte';

import App from './App.svelte';
import type { Backend } from './backend/backend';
import { tauriBackend } from './backend/tauri';
import { bringLanguage, lastLocale } from './i18n/i18n.svelte';

/** The product's backend; outside the application's window (never in a production build) the in-memory one. */
async function chooseBackend(): Promise<Backend> {
  if (import.meta.env.MODE !== 'production' && !('__TAURI_INTERNALS__' in window)) {
    const { demoBackend } = await import('./backend/demo');
    return demoBackend(new URLSearchParams(location.search));
  }
  return tauriBackend;
}

const target = document.getElementById('app');
if (target) {
  // Asked for again with the profile's language; what is on its way by then is not waited for.
  bringLanguage(lastLocale()).catch(() => undefined);
  const backend = await chooseBackend();
  mount(App, { target, props: { backend } });
}
