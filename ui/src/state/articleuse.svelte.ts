// Which articles were read and used on this computer, counted here and told nobody: the ones read last and the ones used
// most come first to hand.
const SLOT = 'guichet.articles';
/** Articles remembered. */
const KEPT = 200;

export interface ArticleUse {
  id: number;
  title: string;
  /** Inserted or linked so many times. */
  uses: number;
  /** When it was read last (RFC 3339). */
  read_at: string;
}

/** Raised by whatever is noted, so that lists on screen follow. */
class Noted {
  times = $state(0);
}
const noted = new Noted();

const slot = (profile: string): string => `${SLOT}.${profile}`;

/** All of a profile's, read last first. */
export function articlesUsed(profile: string): ArticleUse[] {
  void noted.times;
  return held(profile);
}

function held(profile: string): ArticleUse[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(slot(profile)) ?? '[]');
    return Array.isArray(kept) ? (kept as ArticleUse[]) : [];
  } catch {
    return [];
  }
}

function note(profile: string, id: number, title: string, uses: number): void {
  const all = held(profile);
  const before = all.find((one) => one.id === id);
  const now = { id, title, uses: (before?.uses ?? 0) + uses, read_at: new Date().toISOString() };
  try {
    localStorage.setItem(slot(profile), JSON.stringify([now, ...all.filter((one) => one.id !== id)].slice(0, KEPT)));
  } catch {
    // Without local storage nothing is remembered; reading goes on.
  }
  noted.times++;
}

export const noteRead = (profile: string, id: number, title: string): void => note(profile, id, title, 0);

/** An article went into an answer or onto a ticket. */
export const noteUse = (profile: string, id: number, title: string): void => note(profile, id, title, 1);

/** Those used at least once, most first. */
export function mostUsed(profile: string, limit: number): ArticleUse[] {
  return articlesUsed(profile)
    .filter((one) => one.uses > 0)
    .sort((a, b) => b.uses - a.uses || b.read_at.localeCompare(a.read_at))
    .slice(0, limit);
}
