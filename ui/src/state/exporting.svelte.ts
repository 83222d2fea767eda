// Exports: the list that is on screen, whole, as a file in the downloads. The list tells what it would be while it is there, so
// that the palette can do what its own button does.
import type { Export, ExportFormat } from '../backend/types';
import { number, t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';

export const FORMATS = ['xlsx', 'csv'] as const satisfies readonly ExportFormat[];

export class Exporting {
  /** What the list on screen would export. */
  what = $state.raw<(() => Export) | null>(null);
  /** A file is being written. */
  busy = $state(false);

  constructor(private readonly app: AppModel) {}

  /** A list is on screen; the answer takes it back. */
  offer(what: () => Export): () => void {
    this.what = what;
    return () => {
      if (this.what === what) this.what = null;
    };
  }

  /** What is on screen. */
  async as(format: ExportFormat): Promise<void> {
    if (this.what !== null) await this.one(this.what(), format);
  }

  /** A table that is named. */
  async one(what: Export, format: ExportFormat): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const { path, rows } = await this.app.backend.export(what, format);
      this.app.tell(t('export.done', { n: number(rows), path }));
    } catch (error) {
      this.app.report(error);
    }
    this.busy = false;
  }
}
