// The queue: a list of up to a million rows of which only the pages in view are read. A change reads the visible pages
// again in place; selection is kept by the ticket's number, never by its place, so that a sync moves nothing under the
// technician's hands.
import { SvelteMap, SvelteSet } from 'svelte/reactivity';

import type { Backend } from '../backend/backend';
import type {
  Column,
  Export,
  GroupHead,
  Grouping,
  Layout,
  Sort,
  TicketId,
  TicketList,
  TicketQuery,
  TicketRow,
  UserId,
  View,
} from '../backend/types';
import { clock } from './clock.svelte';
import { type Filter, type KeptView, NO_FILTER, sameFilter, tidy } from './filter';

/** Rows a page: what a call brings stays below 64 kB. */
export const PAGE = 100;
/** Tickets changed at once, at most; Rust holds to it as well. */
export const MOST_MARKED = 500;
/** Pages kept in memory around the ones in view. */
const KEPT_PAGES = 48;
/** Lists whose first page is kept. */
const KEPT_LISTS = 12;

/** What decides which rows are listed, and in which order. */
interface Listed {
  view: View;
  sort: Sort;
  vipOnly: boolean;
  filter: Filter;
  group: Grouping | null;
}

/** A list asked for before it was known whose it is. */
interface Early {
  listed: string;
  now: string;
  changes: number;
  list: Promise<TicketList>;
}

/** The beginning of a list, as read at a minute. */
interface Beginning {
  list: TicketList;
  now: string;
}

/** What a ready-made view shows when it is come to from a view of one's own. */
const ALL_OF_IT = { vipOnly: false, filter: NO_FILTER, group: null };

export class QueueModel {
  view = $state<View>('mine');
  sort = $state<Sort>('next_target');
  vipOnly = $state(false);
  filter = $state.raw<Filter>(NO_FILTER);
  group = $state<Grouping | null>(null);
  layout = $state<Layout>('cards');
  columns = $state.raw<Column[]>([]);
  /** The kept view it began with. */
  saved = $state<string | null>(null);
  total = $state(0);
  /** There may be more than `total`: not everything was looked at. */
  more = $state(false);
  /** The groups in order, where the list is in groups. */
  groups = $state.raw<GroupHead[]>([]);
  /** How much further than usual is looked. */
  private depth = 1;
  /** The minute that times are reckoned from, the same for every page of a reading. */
  private now = '';
  loaded = $state(false);
  failed = $state(false);
  selected = $state<TicketId | null>(null);
  /** Where the selected row was last seen, for moving on when it left the list. */
  selectedIndex = $state(-1);

  /** Tickets chosen for something done to all of them, by number: a sync moves nothing in or out. */
  readonly marked = new SvelteSet<TicketId>();
  /** What is done to them is being asked. */
  acting = $state(false);
  /** Where a range begins. */
  private anchor: TicketId | null = null;

  /** Told when a reading moved the rows in view: by how many rows, and heads of groups. Answers whether the screen follows. */
  onmoved: ((rows: number, heads: number) => boolean) | null = null;
  /** Told when the selected row is not there any more after a reading: where it was, and which it was. */
  onleft: ((place: number, gone: TicketRow) => void) | null = null;

  /** The first pages of lists seen or about to be, good until something changes. */
  private readonly beginnings = new Map<string, Beginning>();
  private readonly pages = new SvelteMap<number, TicketRow[]>();
  private readonly wanted = new Set<number>();
  private visible: [number, number] = [0, 0];
  private generation = 0;
  /** Counts the changes told of, after which nothing kept is good. */
  private changes = 0;
  private me: UserId | null = null;
  private early: Early | null = null;

  constructor(private readonly backend: Backend) {}

  /** The groups that are folded, by list; for as long as the window is open. */
  private readonly folds = new SvelteMap<string, ReadonlySet<string>>();
  /** The head that was gone to, by its group's key. */
  private onHead = $state<string | null>(null);

  /** The first row of each group. */
  private readonly firsts = $derived.by(() => {
    let next = 0;
    return this.groups.map((group) => (next += group.count) - group.count);
  });

  /** Where each group's head stands among the items, rows and heads together. */
  private readonly heads = $derived.by(() => {
    let next = 0;
    return this.groups.map((group) => {
      const head = next;
      next += 1 + (this.isFolded(group.key) ? 0 : group.count);
      return head;
    });
  });

  /** What is drawn: heads of groups, and the rows that are not folded away. */
  readonly items = $derived(
    this.groups.reduce((items, group) => items + 1 - (this.isFolded(group.key) ? group.count : 0), this.total),
  );

  /** What an item is: a group's head, or a row by its place. */
  itemAt(item: number): { head: GroupHead } | { row: number } {
    const at = lastAtMost(this.heads, item);
    const head = this.groups[at];
    if (!head) return { row: item };
    return this.heads[at] === item ? { head } : { row: (this.firsts[at] ?? 0) + item - (this.heads[at] ?? 0) - 1 };
  }

  /** Where a row stands among the items: a row folded away stands at its group's head. */
  itemOf(row: number): number {
    const at = this.groupAt(row);
    const group = this.groups[at];
    if (!group) return row;
    const head = this.heads[at] ?? 0;
    return this.isFolded(group.key) ? head : head + 1 + row - (this.firsts[at] ?? 0);
  }

  /** The row an item is; of a head, the first row of its group. */
  rowOf(item: number): number {
    const found = this.itemAt(item);
    return 'row' in found ? found.row : (this.firsts[this.groups.indexOf(found.head)] ?? 0);
  }

  /** The group a row is in. */
  groupOf(row: number): GroupHead | null {
    return this.groups[this.groupAt(row)] ?? null;
  }

  /** Where a row stands in its group, from 0. */
  placeInGroup(row: number): number {
    return row - (this.firsts[this.groupAt(row)] ?? 0);
  }

  private groupAt(row: number): number {
    return lastAtMost(this.firsts, row);
  }

  private get foldsOf(): string {
    return JSON.stringify([this.saved ?? this.view, this.group]);
  }

  /** Whether a group's rows are folded away. */
  isFolded(key: string): boolean {
    return this.folds.get(this.foldsOf)?.has(key) ?? false;
  }

  /** Whether a row is folded away. */
  private isHidden(row: number): boolean {
    const group = this.groupOf(row);
    return group !== null && this.isFolded(group.key);
  }

  /** Folds a group or unfolds it; one is then on its head. Nothing is read for it: counts come with the heads. */
  fold(key: string, folded: boolean): void {
    this.onHead = key;
    if (this.isFolded(key) === folded) return;
    const keys = new Set(this.folds.get(this.foldsOf));
    if (folded) keys.add(key);
    else keys.delete(key);
    this.folds.set(this.foldsOf, keys);
  }

  foldAll(folded: boolean): void {
    this.onHead = null;
    this.folds.set(this.foldsOf, new Set(folded ? this.groups.map((group) => group.key) : []));
  }

  /** The head that one is on: the one gone to, else that of the group which the selected row is folded away in. */
  get head(): GroupHead | null {
    const at = this.groups.find((group) => group.key === this.onHead);
    if (at) return at;
    const group = this.selectedIndex < 0 ? null : this.groupOf(this.selectedIndex);
    return group && this.isFolded(group.key) ? group : null;
  }

  /** The item that one is on, -1 for none. */
  get item(): number {
    const { head } = this;
    if (head) return this.heads[this.groups.indexOf(head)] ?? -1;
    return this.selectedIndex < 0 ? -1 : this.itemOf(this.selectedIndex);
  }

  /** Goes to the head of the group that the selected row is in. */
  goToHead(): void {
    const group = this.selectedIndex < 0 ? null : this.groupOf(this.selectedIndex);
    if (group) this.onHead = group.key;
  }

  /**
   * Goes to an item, or the next one towards `step` that arrows stop at: a row, or the head of a folded group. Heads above their
   * rows are passed over. Answers the item it came to.
   */
  async goTo(item: number, step: 1 | -1): Promise<number> {
    const last = this.items - 1;
    if (last < 0) return -1;
    const stops = (at: number): boolean => {
      const found = this.itemAt(at);
      return 'row' in found || this.isFolded(found.head.key);
    };
    let at = Math.min(Math.max(item, 0), last);
    while (at >= 0 && at <= last && !stops(at)) at += step;
    if (at < 0 || at > last) {
      at = Math.min(Math.max(item, 0), last);
      while (at >= 0 && at <= last && !stops(at)) at -= step;
    }
    const found = this.itemAt(at);
    if ('head' in found) this.onHead = found.head.key;
    else await this.selectAt(found.row);
    return at;
  }

  /** The next row that is not folded away, beginning with this one. */
  shownRow(row: number, step: 1 | -1): number {
    let at = row;
    while (at >= 0 && at < this.total && this.isHidden(at)) {
      const group = this.groupAt(at);
      const first = this.firsts[group] ?? 0;
      at = step > 0 ? first + (this.groups[group]?.count ?? 1) : first - 1;
    }
    return at;
  }

  /** Asks for the list before it is known who "me" is, which Rust knows: {@link enter} shows it. */
  begin(): void {
    const now = minute();
    const query = { ...this.query(0, this.group !== null), me: null, now };
    const list = this.backend.listTickets(query);
    // Should it fail, it is asked for again.
    list.catch(() => undefined);
    this.early = { listed: this.listed(), now, changes: this.changes, list };
  }

  /** What {@link begin} asked for is of no use: nobody is signed in. */
  dropBeginning(): void {
    this.early = null;
  }

  /** An account is there: its list is shown, read anew unless it was asked for just now. */
  async enter(me: UserId | null): Promise<void> {
    const { early, changes } = this;
    this.early = null;
    this.changes++;
    this.beginnings.clear();
    if (me !== this.me) {
      this.me = me;
      this.clear();
      this.loaded = false;
    }
    const good = early !== null && early.changes === changes && early.listed === this.listed();
    await this.reload(good ? early : null);
  }

  /** Who "me" is; reads everything again when it changes. */
  setMe(me: UserId | null): void {
    if (me === this.me) return;
    this.me = me;
    this.beginnings.clear();
    this.restart();
  }

  /** Changes what is listed. Does nothing when nothing changes. */
  choose(patch: { view?: View; sort?: Sort; vipOnly?: boolean; filter?: Filter; group?: Grouping | null }): void {
    const before = this.listed();
    if (patch.view !== undefined) {
      this.view = patch.view;
      // From a view of one's own to a ready-made one: what narrowed the first goes with it.
      if (this.saved !== null) {
        this.saved = null;
        Object.assign(this, ALL_OF_IT);
      }
    }
    if (patch.sort !== undefined) this.sort = patch.sort;
    if (patch.vipOnly !== undefined) this.vipOnly = patch.vipOnly;
    if (patch.filter !== undefined) this.filter = tidy(patch.filter);
    if (patch.group !== undefined) this.group = patch.group;
    if (before !== this.listed()) this.restart();
  }

  /** Shows a kept view. */
  use(view: KeptView): void {
    const before = this.listed();
    this.saved = view.id;
    this.view = view.view;
    this.sort = view.sort;
    this.vipOnly = view.vip_only;
    this.filter = tidy(view.filter);
    this.group = view.group;
    this.layout = view.layout;
    this.columns = view.columns;
    if (before !== this.listed()) this.restart();
  }

  /** What is shown, as a view keeps it. */
  definition(): Omit<KeptView, 'id' | 'name'> {
    return {
      view: this.view,
      vip_only: this.vipOnly,
      filter: this.filter,
      sort: this.sort,
      group: this.group,
      layout: this.layout,
      columns: this.columns,
    };
  }

  /** Whether what is shown is what a view keeps. */
  isAs(view: KeptView): boolean {
    const { filter, ...rest } = this.definition();
    return (
      sameFilter(filter, view.filter) &&
      (Object.keys(rest) as (keyof typeof rest)[]).every(
        (key) => JSON.stringify(rest[key]) === JSON.stringify(view[key]),
      )
    );
  }

  /** How its rows are drawn. */
  draw(patch: { layout?: Layout; columns?: Column[] }): void {
    if (patch.layout !== undefined) this.layout = patch.layout;
    if (patch.columns !== undefined) this.columns = patch.columns;
  }

  /** Looks further for rows of a narrowed list. */
  lookFurther(): void {
    this.depth *= 4;
    void this.refresh();
  }

  /** Reads the beginning of a ready-made list before it is chosen: somebody is about to. */
  async look(view: View): Promise<void> {
    const listed = this.saved === null ? { ...this.listing(), view } : { ...ALL_OF_IT, sort: this.sort, view };
    const key = JSON.stringify(listed);
    const now = minute();
    if (key === this.listed() || this.beginnings.get(key)?.now === now) return;
    const { changes, me } = this;
    try {
      const query = this.query(0, listed.group !== null, { ...listed, now, depth: 1 });
      const list = await this.backend.listTickets(query);
      if (changes === this.changes && me === this.me) this.keep(key, { list, now });
    } catch {
      // Choosing it reads it again and says what is wrong.
    }
  }

  private listing(): Listed {
    return { view: this.view, sort: this.sort, vipOnly: this.vipOnly, filter: this.filter, group: this.group };
  }

  /** Everything that decides which rows are listed, and where. */
  private listed(): string {
    return JSON.stringify(this.listing());
  }

  /** The row at a place, or `undefined` while its page is being read. */
  row(index: number): TicketRow | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Tells which rows are in view (or about to be), so that their pages are there. */
  see(first: number, last: number): void {
    this.visible = [Math.max(0, first), Math.max(0, last)];
    for (const page of this.pagesInView()) if (!this.pages.has(page)) void this.read(page);
    this.forgetFar();
  }

  /** The pages of the rows in view, without those folded away between them. */
  private pagesInView(): number[] {
    const [first, last] = this.visible;
    const shown =
      this.groups.length === 0
        ? [[first, last] as const]
        : this.groups.flatMap((group, at) => {
            const from = Math.max(first, this.firsts[at] ?? 0);
            const to = Math.min(last, (this.firsts[at] ?? 0) + group.count - 1);
            return from > to || this.isFolded(group.key) ? [] : [[from, to] as const];
          });
    const pages = new Set<number>();
    for (const [from, to] of shown)
      for (let page = Math.floor(from / PAGE); page <= Math.floor(to / PAGE); page++) pages.add(page);
    return [...pages];
  }

  /** Something changed: nothing kept is good, and what is shown is read again. */
  async refresh(): Promise<void> {
    this.changes++;
    this.beginnings.clear();
    await this.reload();
  }

  /** Reads the visible pages again and drops the others. Rows stay on screen until the new ones are there. */
  private async reload(early: Early | null = null): Promise<void> {
    const generation = ++this.generation;
    const { changes, depth } = this;
    this.wanted.clear();
    this.now = early?.now ?? minute();
    const inView = this.pagesInView();
    if (inView.length === 0) inView.push(Math.floor(this.visible[0] / PAGE));
    const first = Math.min(...inView);
    const last = Math.max(...inView);
    const selected = this.selectedIndex >= 0 ? Math.floor(this.selectedIndex / PAGE) : first;
    if (!inView.includes(selected) && this.pages.has(selected)) inView.push(selected);
    const seen = this.seen();
    const place = this.selectedIndex;
    const chosen = this.row(place);
    try {
      const lists = await Promise.all(
        inView.map((page, at) => {
          const read = (): Promise<TicketList> =>
            this.backend.listTickets(this.query(page, at === 0 && this.group !== null));
          return early !== null && page === 0 ? early.list.catch(read) : read();
        }),
      );
      if (generation !== this.generation) return;
      for (const page of [...this.pages.keys()]) if (!inView.includes(page)) this.pages.delete(page);
      for (const [at, page] of inView.entries()) this.pages.set(page, lists[at]?.rows ?? []);
      this.total = lists[0]?.total ?? 0;
      this.more = lists[0]?.more ?? false;
      this.groups = lists[0]?.groups ?? [];
      this.failed = false;
      this.loaded = true;
      const [beginning] = lists;
      if (beginning && inView[0] === 0 && depth === 1 && changes === this.changes)
        this.keep(this.listed(), { list: beginning, now: this.now });
      if (seen.length > 0 && seen.every(({ id }) => this.indexOf(id) === null)) {
        // All of them moved by more than is read: the pages around are looked at once.
        await Promise.all([first - 1, last + 1].filter((page) => page >= 0).map((page) => this.read(page)));
        if (generation !== this.generation) return;
      }
      this.keepStill(seen);
      this.follow();
      if (chosen !== undefined && chosen.id === this.selected && this.indexOf(chosen.id) === null)
        this.onleft?.(place, chosen);
    } catch {
      if (generation !== this.generation) return;
      this.failed = true;
      this.loaded = true;
    }
  }

  /** The rows in view, with where they are: their place in the list, and how many rows are drawn above. */
  private seen(): { id: TicketId; row: number; drawn: number; group: number }[] {
    const seen = [];
    // Not the rows folded away between them, which may be many.
    for (let item = this.itemOf(this.visible[0]); item <= this.itemOf(this.visible[1]); item++) {
      const found = this.itemAt(item);
      const there = 'row' in found ? this.row(found.row) : undefined;
      if (there && 'row' in found) {
        const group = this.groupAt(found.row);
        seen.push({ id: there.id, row: found.row, drawn: item - group - 1, group });
      }
    }
    return seen;
  }

  /** After a new reading: most of the rows in view stay where they are on the screen. One that was itself sorted elsewhere is
   *  not followed there. */
  private keepStill(seen: { id: TicketId; row: number; drawn: number; group: number }[]): void {
    const moves = new Map<number, { votes: number; heads: number; by: number }>();
    for (const { id, row, drawn, group } of seen) {
      const now = this.indexOf(id);
      if (now === null || this.isHidden(now)) continue;
      const at = this.groupAt(now);
      const rows = this.itemOf(now) - at - 1 - drawn;
      const move = moves.get(rows) ?? { votes: 0, heads: at - group, by: now - row };
      move.votes++;
      moves.set(rows, move);
    }
    const [best] = [...moves].sort(([, a], [, b]) => b.votes - a.votes);
    if (!best) return;
    const [rows, { heads, by }] = best;
    if (rows === 0 && heads === 0) return;
    if (this.onmoved?.(rows, heads) === true)
      this.see(Math.max(0, this.visible[0] + by), Math.max(0, this.visible[1] + by));
  }

  /** Selects a row by place. */
  async selectAt(index: number): Promise<TicketRow | undefined> {
    if (this.total === 0) return undefined;
    const at = Math.min(Math.max(index, 0), this.total - 1);
    if (!this.row(at)) await this.read(Math.floor(at / PAGE));
    const row = this.row(at);
    if (row) {
      this.selected = row.id;
      this.selectedIndex = at;
      this.onHead = null;
    }
    return row;
  }

  /** Selects a ticket by number, where it is listed. */
  select(id: TicketId): void {
    // The one that is selected already may be opened from the head it is folded under.
    if (id !== this.selected) this.onHead = null;
    this.selected = id;
    const at = this.indexOf(id);
    if (at !== null) this.selectedIndex = at;
  }

  /** Chooses a row, or not any more. False when there are as many as can be. */
  async mark(index: number): Promise<boolean> {
    const row = await this.selectAt(index);
    if (!row) return true;
    this.anchor = row.id;
    if (this.marked.delete(row.id)) return true;
    if (this.marked.size >= MOST_MARKED) return false;
    this.marked.add(row.id);
    return true;
  }

  /** Chooses the rows from where the range began to a place. False when they are more than can be. */
  async markTo(index: number): Promise<boolean> {
    this.anchor ??= this.selected;
    const from = this.anchor === null ? 0 : (this.indexOf(this.anchor) ?? Math.max(0, this.selectedIndex));
    const row = await this.selectAt(index);
    if (!row) return true;
    this.anchor ??= row.id;
    return this.markRange(Math.min(from, this.selectedIndex), Math.max(from, this.selectedIndex));
  }

  /** Chooses all the list, or its first rows where they are more than can be: then it answers false. */
  async markAll(): Promise<boolean> {
    return this.total === 0 || this.markRange(0, this.total - 1);
  }

  clearMarks(): void {
    this.marked.clear();
    this.anchor = null;
  }

  private async markRange(first: number, last: number): Promise<boolean> {
    const end = Math.min(last, first + MOST_MARKED - 1);
    const generation = this.generation;
    for (let page = Math.floor(first / PAGE); page <= Math.floor(end / PAGE); page++) {
      if (!this.pages.has(page)) await this.read(page);
    }
    // Another list was chosen meanwhile.
    if (generation !== this.generation && !this.row(first)) return true;
    this.marked.clear();
    // What is folded away is not changed unseen.
    for (let at = first; at <= end; at++) {
      const row = this.isHidden(at) ? undefined : this.row(at);
      if (row) this.marked.add(row.id);
    }
    return end === last;
  }

  /** A ticket written here got the server's number. */
  renumber(local: TicketId, remote: TicketId): void {
    if (this.selected === local) this.selected = remote;
    if (this.anchor === local) this.anchor = remote;
    if (this.marked.delete(local)) this.marked.add(remote);
  }

  private indexOf(id: TicketId): number | null {
    for (const [page, rows] of this.pages) {
      const at = rows.findIndex((row) => row.id === id);
      if (at >= 0) return page * PAGE + at;
    }
    return null;
  }

  /** After a new reading: the selection follows its ticket. A ticket that left keeps being selected by its number. */
  private follow(): void {
    if (this.selected === null) return;
    const at = this.indexOf(this.selected);
    if (at !== null) this.selectedIndex = at;
    else this.selectedIndex = Math.min(this.selectedIndex, this.total - 1);
  }

  /** Forgets the rows of the list there was. */
  private clear(): void {
    this.generation++;
    this.pages.clear();
    this.wanted.clear();
    this.visible = [0, 40];
    this.depth = 1;
    this.groups = [];
    this.selectedIndex = -1;
    this.onHead = null;
    this.clearMarks();
  }

  private restart(): void {
    this.clear();
    const kept = this.beginnings.get(this.listed());
    if (!kept) {
      this.loaded = false;
      void this.reload();
      return;
    }
    this.pages.set(0, kept.list.rows);
    this.total = kept.list.total;
    this.more = kept.list.more;
    this.groups = kept.list.groups;
    this.now = kept.now;
    this.loaded = true;
    this.failed = false;
    this.follow();
    // Nothing changed but the time: what depends on it follows.
    if (kept.now !== minute()) void this.reload();
  }

  private keep(key: string, beginning: Beginning): void {
    this.beginnings.delete(key);
    this.beginnings.set(key, beginning);
    for (const oldest of this.beginnings.keys()) {
      if (this.beginnings.size <= KEPT_LISTS) break;
      this.beginnings.delete(oldest);
    }
  }

  private async read(page: number): Promise<void> {
    if (this.wanted.has(page)) return;
    this.wanted.add(page);
    const generation = this.generation;
    try {
      const list = await this.backend.listTickets(this.query(page));
      if (generation !== this.generation) return;
      this.pages.set(page, list.rows);
      this.total = list.total;
      this.more = list.more;
      this.failed = false;
      this.loaded = true;
      this.follow();
    } catch {
      if (generation === this.generation) this.failed = true;
    } finally {
      if (generation === this.generation) this.wanted.delete(page);
    }
  }

  private forgetFar(): void {
    if (this.pages.size <= KEPT_PAGES) return;
    const centre = (this.visible[0] + this.visible[1]) / 2 / PAGE;
    const far = [...this.pages.keys()].sort((a, b) => Math.abs(b - centre) - Math.abs(a - centre));
    for (const page of far.slice(0, this.pages.size - KEPT_PAGES)) this.pages.delete(page);
  }

  /** Everything the list shows, whole. */
  exported(): Export {
    return { type: 'tickets', query: this.query(0) };
  }

  private query(
    page: number,
    heads = false,
    of: Listed & { now: string; depth: number } = { ...this.listing(), now: this.now, depth: this.depth },
  ): TicketQuery {
    return {
      view: of.view,
      me: this.me,
      vip_only: of.vipOnly,
      requester: null,
      sort: of.sort,
      filter: of.filter,
      group: of.group,
      heads,
      now: of.now,
      depth: of.depth,
      offset: page * PAGE,
      limit: PAGE,
    };
  }
}

/** The place of the last of some ascending numbers that is at most `value`; -1 where none is. */
function lastAtMost(numbers: readonly number[], value: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The minute it is: a list is found once a minute, not once a page. */
const minute = (): string => new Date(Math.floor(clock.now.getTime() / 60_000) * 60_000).toISOString();
