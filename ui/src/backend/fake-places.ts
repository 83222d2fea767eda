// The map of places of the in-memory backend: the rules of the store, over arrays.
import type { World } from './fake-data';
import type {
  Availability,
  Asset,
  CatalogueItem,
  PlaceHit,
  PlaceLevel,
  PlaceNode,
  PlaceQuery,
  PlaceRow,
} from './types';

const fold = (text: string): string => text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
const byName = (a: string, b: string): number => (fold(a) < fold(b) ? -1 : fold(a) > fold(b) ? 1 : 0);
const full = (person: World['people'][number]): string => `${person.first_name} ${person.last_name}`;

export class FakePlaces {
  /** Set by a test: a list that the account may not read. */
  refused = new Set<'places' | 'people' | 'assets'>();

  constructor(private readonly world: World) {}

  level({ within, offset, limit }: PlaceQuery): PlaceLevel {
    const rows = this.rows(within);
    const state = (list: 'places' | 'people' | 'assets'): Availability =>
      this.refused.has(list) ? 'forbidden' : 'available';
    return {
      rows: rows.slice(offset, offset + limit),
      total: rows.length,
      places: state('places'),
      people: state('people'),
      assets: state('assets'),
    };
  }

  find(words: string, limit: number): PlaceHit[] {
    const wanted = fold(words).split(/\s+/).filter(Boolean);
    if (wanted.length === 0) return [];
    const answers = (text: string): boolean => wanted.every((word) => fold(text).includes(word));
    const places = this.listed
      .filter((place) => answers(place.full_name) && wanted.some((word) => fold(place.name).includes(word)))
      .map((place): PlaceHit => {
        const row: PlaceRow = { type: 'place', id: place.id, name: place.full_name, places: 0, people: 0, assets: 0 };
        return { row, way: this.way(place.id).slice(0, -1), at: null };
      });
    const people = this.people
      .filter((person) => answers(`${full(person)} ${person.login}`))
      .map((person): PlaceHit => {
        const at = person.location;
        return { row: this.person(person), way: at ? this.way(at.id) : [{ type: 'nowhere' }], at: at?.name ?? null };
      });
    const assets = this.assets
      .filter((asset) => answers(`${asset.name} ${asset.serial ?? ''} ${asset.inventory_number ?? ''}`))
      .map((asset): PlaceHit => {
        const owner = this.people.find((person) => person.id === asset.user);
        const place = owner ? owner.location : asset.location;
        const way: PlaceNode[] = place ? this.way(place.id) : [{ type: 'nowhere' }];
        if (owner) way.push({ type: 'person', id: owner.id });
        return { row: row(asset), way, at: owner ? full(owner) : (place?.name ?? null) };
      });
    return [...places.slice(0, limit), ...people.slice(0, limit), ...assets.slice(0, limit)];
  }

  private get listed(): CatalogueItem[] {
    return this.refused.has('places') ? [] : this.world.catalogues.location;
  }

  private get people(): World['people'] {
    return this.refused.has('people') ? [] : this.world.people;
  }

  private get assets(): Asset[] {
    return this.refused.has('assets') ? [] : this.world.assets;
  }

  private way(id: number): PlaceNode[] {
    const place = this.listed.find((one) => one.id === id);
    return [...(place?.parent == null ? [] : this.way(place.parent)), { type: 'place', id }];
  }

  private person(person: World['people'][number]): PlaceRow {
    const assets = this.assets.filter((asset) => asset.user === person.id).length;
    return { type: 'person', id: person.id, name: full(person), vip: person.vip, active: person.active, assets };
  }

  private at(place: number | null): PlaceRow[] {
    return [
      ...this.people
        .filter((person) => (person.location?.id ?? null) === place)
        .sort((a, b) => Number(b.active) - Number(a.active) || byName(full(a), full(b)))
        .map((person) => this.person(person)),
      ...this.assets
        .filter((asset) => asset.user === null && (asset.location?.id ?? null) === place)
        .sort((a, b) => byName(a.name, b.name))
        .map(row),
    ];
  }

  private below(id: number): number[] {
    return [id, ...this.listed.filter((one) => one.parent === id).flatMap((one) => this.below(one.id))];
  }

  private place(id: number, name: string | null): PlaceRow {
    const below = this.below(id);
    const at = (place: { id: number } | null): boolean => place !== null && below.includes(place.id);
    return {
      type: 'place',
      id,
      name,
      places: below.length - 1,
      people: this.people.filter((person) => person.active && at(person.location)).length,
      assets: this.assets.filter((asset) => asset.user === null && at(asset.location)).length,
    };
  }

  private within(parent: number | null): PlaceRow[] {
    return this.listed
      .filter((place) => place.parent === parent)
      .sort((a, b) => byName(a.name, b.name))
      .map((place) => this.place(place.id, place.name));
  }

  private rows(within: PlaceNode): PlaceRow[] {
    switch (within.type) {
      case 'top': {
        const known = new Set(this.listed.map((place) => place.id));
        const unlisted = new Map(
          this.people.flatMap(({ location }) =>
            location && !known.has(location.id) ? [[location.id, location.name]] : [],
          ),
        );
        const nowhere = this.at(null);
        const people = nowhere.filter((one) => one.type === 'person').length;
        return [
          ...this.within(null),
          ...[...unlisted].map(([id, name]) => this.place(id, name)),
          ...(nowhere.length > 0 ? [{ type: 'nowhere' as const, people, assets: nowhere.length - people }] : []),
        ];
      }
      case 'place':
        return [...this.within(within.id), ...this.at(within.id)];
      case 'nowhere':
        return this.at(null);
      case 'person':
        return this.assets
          .filter((asset) => asset.user === within.id)
          .sort((a, b) => byName(a.name, b.name))
          .map(row);
    }
  }
}

const row = (asset: Asset): PlaceRow => ({ type: 'asset', key: asset.key, name: asset.name, model: asset.model });
