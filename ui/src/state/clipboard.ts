// The clipboard, and what the technician is told of it.
import { t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';

/** Copies a text and says so. */
export async function copyText(app: AppModel, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    app.tell(t('toast.copied', { text }));
  } catch {
    app.tell(t('toast.not_copied'), text, 'error');
  }
}
