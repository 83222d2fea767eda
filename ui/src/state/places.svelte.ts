// The map of places as it is browsed: which levels are open, the slices of them that were read, and the tree they make, line
// by line. Levels are read when they are opened and slices of them when they come into view, so that a place of ten thousand
// people costs what is on screen. What is open and chosen stays when the screen is left and when something changes.
import type { Availability, PlaceHit, PlaceLevel, PlaceNode, PlaceRow } from '../backend/types';
import { type AppModel, type Failure, failure } from './app.svelte';
import { fold } from './fold';
import { paced } from './paced';

/** Rows read at once. */
const SLICE = 100;
/** Hits shown at most, of each sort. */
const HITS = 20;
/** Between two reads that changes ask for, in milliseconds. */
const EVENT_GAP_MS = 500;

/** A line of the tree: a row, or the place of one that is not read yet. */
export interface Line {
  key: string;
  row: PlaceRow | null;
  /** From 1. */
  level: number;
  /** Where it stands in its level, from 0, and how many there are. */
  at: number;
  of: number;
  /** The level it is in. */
  within: string;
}

interface Level {
  node: PlaceNode;
  total: number;
  /** By place; what is not read yet is missing. */
  rows: (PlaceRow | undefined)[];
  asked: Set<number>;
}

export function keyOf(node: PlaceNode | PlaceRow): string {
  switch (node.type) {
    case 'place':
    case 'person':
      return `${node.type}:${String(node.id)}`;
    case 'asset':
      return `asset:${node.key.kind}:${String(node.key.id)}`;
    default:
      return node.type;
  }
}

/** What opens below a row, if anything does. */
export function nodeOf(row: PlaceRow): PlaceNode | null {
  switch (row.type) {
    case 'place':
      return { type: 'place', id: row.id };
    case 'nowhere':
      return { type: 'nowhere' };
    case 'person':
      return row.assets > 0 ? { type: 'person', id: row.id } : null;
    case 'asset':
      return null;
  }
}

const TOP: PlaceNode = { type: 'top' };

export class PlacesModel {
  /** The lines of the tree as it is open. */
  lines = $state.raw<Line[]>([]);
  /** The line that is chosen. */
  chosen = $state<string | null>(null);
  expanded = $state.raw<ReadonlySet<string>>(new Set());
  /** Lists that this account may not read. */
  refused = $state.raw<readonly ('places' | 'people' | 'assets')[]>([]);
  loaded = $state(false);
  failed = $state.raw<Failure | null>(null);
  words = $state('');
  hits = $state.raw<PlaceHit[]>([]);
  /** The hits on screen are those of what is typed. */
  answered = $state(false);

  private levels = new Map<string, Level>();
  private asked = 0;
  /** Raised when everything is forgotten: answers that are still to come are not those of this account. */
  private life = 0;
  private readonly again: () => void;

  constructor(private readonly app: AppModel) {
    this.again = paced(() => this.readAgain(), EVENT_GAP_MS);
  }

  /** Reads the top, the first time it is shown, and listens while it is; returns what stops that. */
  show(): () => void {
    if (this.levels.size === 0) void this.open(TOP);
    else this.again();
    return this.app.onChange((changes) => {
      if (changes.people || changes.assets || changes.catalogues) this.again();
    });
  }

  /** Forgets everything: another account. */
  reset(): void {
    this.life++;
    this.levels = new Map();
    this.expanded = new Set();
    this.chosen = null;
    this.loaded = false;
    this.words = '';
    this.hits = [];
    this.lay();
  }

  /** Tries again what failed. */
  async retry(): Promise<void> {
    if (this.levels.size === 0) await this.open(TOP);
    else await this.readAgain();
  }

  line(key: string | null): Line | null {
    return this.lines.find((line) => line.key === key) ?? null;
  }

  /** Opens or closes what is below a line. */
  async toggle(line: Line, open: boolean): Promise<void> {
    const node = line.row ? nodeOf(line.row) : null;
    if (!node || this.expanded.has(line.key) === open) return;
    const next = new Set(this.expanded);
    if (open) next.add(line.key);
    else next.delete(line.key);
    this.expanded = next;
    if (open && !this.levels.has(line.key)) await this.open(node);
    else this.lay();
  }

  /** Reads what is about to be seen, by the number of its line. */
  see(first: number, last: number): void {
    for (const line of this.lines.slice(Math.max(0, first), last + 1)) {
      if (line.row === null) void this.read(line.within, Math.floor(line.at / SLICE) * SLICE);
    }
  }

  /** The next line after one, whose name begins so. Lines not read yet are passed over. */
  startingWith(typed: string, after: number): Line | null {
    const wanted = fold(typed);
    const { length } = this.lines;
    for (let step = 0; step < length; step++) {
      const line = this.lines[(after + step) % length];
      if (line?.row && 'name' in line.row && fold(line.row.name ?? '').startsWith(wanted)) return line;
    }
    return null;
  }

  async find(): Promise<void> {
    const mine = ++this.asked;
    this.answered = false;
    if (this.words.trim() === '') {
      this.hits = [];
      return;
    }
    try {
      const hits = await this.app.backend.findInPlaces(this.words, HITS);
      if (mine !== this.asked) return;
      this.hits = hits;
      this.answered = true;
    } catch (error) {
      if (mine === this.asked) this.failed = failure(error);
    }
  }

  /** Opens the way to a hit and chooses its line; answers whether it is there. */
  async reveal(hit: PlaceHit): Promise<boolean> {
    for (const node of hit.way) {
      const key = keyOf(node);
      if (!this.levels.has(key)) await this.open(node);
      if (!(await this.reach(key))) return false;
      this.expanded = new Set(this.expanded).add(key);
      this.lay();
    }
    const key = keyOf(hit.row);
    if (!(await this.reach(key))) return false;
    this.chosen = key;
    return true;
  }

  /** Reads on until a line is there. */
  private async reach(key: string): Promise<boolean> {
    for (;;) {
      if (this.line(key)) return true;
      const missing = this.lines.find((line) => line.row === null);
      if (!missing) return false;
      await this.read(missing.within, Math.floor(missing.at / SLICE) * SLICE);
      const still = this.lines.find((line) => line.row === null);
      if (still?.within === missing.within && still.at === missing.at) return false;
    }
  }

  private async open(node: PlaceNode): Promise<void> {
    const key = keyOf(node);
    this.levels.set(key, { node, total: 0, rows: [], asked: new Set() });
    await this.read(key, 0);
  }

  private async read(key: string, offset: number): Promise<void> {
    const level = this.levels.get(key);
    if (!level || level.asked.has(offset)) return;
    level.asked.add(offset);
    const { life } = this;
    try {
      const slice = await this.app.backend.places({ within: level.node, offset, limit: SLICE });
      if (life !== this.life) return;
      if (slice.total !== level.total) level.rows.length = slice.total;
      level.total = slice.total;
      slice.rows.forEach((row, at) => (level.rows[offset + at] = row));
      this.note(slice);
      this.failed = null;
    } catch (error) {
      if (life !== this.life) return;
      level.asked.delete(offset);
      this.failed = failure(error);
      // What could not be read can be asked for again.
      if (level.rows.length === 0) this.levels.delete(key);
    }
    this.loaded = true;
    this.lay();
  }

  private note(slice: PlaceLevel): void {
    const refused = (state: Availability): boolean => state === 'forbidden' || state === 'unsupported';
    this.refused = (['places', 'people', 'assets'] as const).filter((list) => refused(slice[list]));
  }

  /** Something changed: what is held is read again, each level put in place when it is there. */
  private async readAgain(): Promise<void> {
    const { life } = this;
    for (const [key, level] of [...this.levels]) {
      if (key !== 'top' && !this.expanded.has(key)) {
        this.levels.delete(key);
        continue;
      }
      const fresh: Level = { node: level.node, total: 0, rows: [], asked: new Set() };
      try {
        for (const offset of [...level.asked].sort((a, b) => a - b)) {
          const slice = await this.app.backend.places({ within: level.node, offset, limit: SLICE });
          if (life !== this.life) return;
          fresh.total = slice.total;
          fresh.rows.length = slice.total;
          slice.rows.forEach((row, at) => (fresh.rows[offset + at] = row));
          fresh.asked.add(offset);
          this.note(slice);
        }
        this.levels.set(key, fresh);
        this.failed = null;
      } catch (error) {
        if (life !== this.life) return;
        this.failed = failure(error);
        return;
      }
    }
    if (this.levels.size === 0) await this.open(TOP);
    this.lay();
  }

  /** Makes the lines anew. */
  private lay(): void {
    const lines: Line[] = [];
    const add = (within: string, depth: number, above: ReadonlySet<string>): void => {
      const level = this.levels.get(within);
      if (!level) return;
      for (let at = 0; at < level.total; at++) {
        const row = level.rows[at] ?? null;
        const key = row ? keyOf(row) : `${within}/${String(at)}`;
        lines.push({ key, row, level: depth, at, of: level.total, within });
        // A place within itself is shown once more and not opened again.
        if (row && this.expanded.has(key) && !above.has(key)) add(key, depth + 1, new Set(above).add(key));
      }
    };
    add('top', 1, new Set(['top']));
    this.lines = lines;
    if (this.chosen !== null && !this.line(this.chosen)) this.chosen = null;
  }
}
