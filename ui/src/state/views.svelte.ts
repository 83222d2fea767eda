// The views somebody keeps: read once, changed one by one, each change durable in Rust before it shows. A deleted one can be
// had back, at its place, until something else is done to them.
import { SvelteMap } from 'svelte/reactivity';
import { v7 as uuidv7 } from 'uuid';

import type { SavedView, UserId } from '../backend/types';
import { t } from '../i18n/i18n.svelte';
import type { AppModel, Failure } from './app.svelte';
import { failure } from './app.svelte';
import { type KeptView, whole } from './filter';

/** Views that have a key of their own. */
export const KEYED = 9;

const complete = (view: SavedView): KeptView => ({
  vip_only: false,
  sort: 'next_target',
  group: null,
  layout: 'cards',
  columns: [],
  ...view,
  filter: whole(view.filter),
});

export class Views {
  list = $state.raw<KeptView[]>([]);
  /** The one last deleted, and where it stood. */
  deleted = $state.raw<{ view: KeptView; place: number } | null>(null);
  /** Dialogs asked for. */
  filtering = $state(false);
  saving = $state(false);
  managing = $state(false);
  displaying = $state(false);

  private readonly people = new SvelteMap<UserId, string | null>();

  constructor(private readonly app: AppModel) {}

  async load(): Promise<void> {
    try {
      this.take(await this.app.backend.savedViews());
    } catch (error) {
      this.app.report(error);
    }
  }

  /** Forgets what another account or profile kept. */
  reset(): void {
    this.list = [];
    this.deleted = null;
    this.people.clear();
  }

  /** The one on screen. */
  get current(): KeptView | null {
    return this.list.find((view) => view.id === this.app.queue.saved) ?? null;
  }

  /** Shows one. */
  show(view: KeptView): void {
    this.app.nav.show('queue');
    this.app.queue.use(view);
  }

  /** Keeps what the queue shows under a name, as a new view; `null` once it is kept. */
  async keep(name: string): Promise<Failure | null> {
    const view = { ...this.app.queue.definition(), id: uuidv7(), name };
    const refused = await this.save(view);
    if (refused === null) {
      this.app.queue.saved = view.id;
      this.app.tell(t('views.kept', { name: name.trim() }));
    }
    return refused;
  }

  /** Keeps what the queue shows now in the view it began with. */
  async update(): Promise<void> {
    const view = this.current;
    if (!view) return;
    const refused = await this.save({ ...this.app.queue.definition(), id: view.id, name: view.name });
    if (refused) this.app.tell(refused.message, refused.hint, 'error', refused.detail);
    else this.app.tell(t('views.updated', { name: view.name }));
  }

  rename(view: KeptView, name: string): Promise<Failure | null> {
    return this.save({ ...view, name });
  }

  /** Moves one by so many places. */
  async move(view: KeptView, by: number): Promise<void> {
    const place = this.list.findIndex((one) => one.id === view.id) + by;
    if (place < 0 || place >= this.list.length) return;
    const refused = await this.save(view, place);
    if (refused) this.app.tell(refused.message, refused.hint, 'error', refused.detail);
  }

  /** Deletes one; it can be had back. */
  async remove(view: KeptView): Promise<void> {
    const place = this.list.findIndex((one) => one.id === view.id);
    try {
      this.take(await this.app.backend.deleteView(view.id));
    } catch (error) {
      this.app.report(error);
      return;
    }
    this.deleted = { view, place };
    // What is on screen stays there, as nobody's.
    if (this.app.queue.saved === view.id) this.app.queue.saved = null;
  }

  /** Has the one last deleted back. */
  async restore(): Promise<void> {
    if (!this.deleted) return;
    const { view, place } = this.deleted;
    const refused = await this.save(view, place);
    if (refused) this.app.tell(refused.message, refused.hint, 'error', refused.detail);
  }

  /** A person's name, for a filter; `null` until it is known, or where it is not. */
  personName(id: UserId): string | null {
    if (id === this.app.me) return this.app.state?.account?.name ?? t('actor.me');
    const held = this.people.get(id);
    if (held === undefined && !this.people.has(id)) {
      queueMicrotask(() => {
        if (this.people.has(id)) return;
        this.people.set(id, null);
        void this.app.backend.person(id).then(
          (card) => this.people.set(id, card ? `${card.person.first_name} ${card.person.last_name}`.trim() : null),
          () => this.people.delete(id),
        );
      });
    }
    return held ?? null;
  }

  private async save(view: SavedView, place: number | null = null): Promise<Failure | null> {
    try {
      this.take(await this.app.backend.saveView(view, place));
      this.deleted = null;
      return null;
    } catch (error) {
      return failure(error);
    }
  }

  private take(views: SavedView[]): void {
    this.list = views.map(complete);
  }
}
