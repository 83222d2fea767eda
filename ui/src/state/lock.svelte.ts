// The lock, as the page sees it. A locked page holds nothing: it is loaded again, and finds the lock screen. Where it was is told
// to Rust, which gives it back when it is opened; the page's own memory is emptied.
import type { LockSettings, LockState, SignInAgain } from '../backend/types';
import { bringLanguage, t } from '../i18n/i18n.svelte';
import { type AppModel, applyTheme, type Failure, failure } from './app.svelte';

/** What the desk waits for at most before it locks by itself, less what saving and calling take, in milliseconds. */
const LAST_WORDS_MS = 1_500;
/** Between two reads of what is left of the lease, in milliseconds. */
const LEASE_MS = 600_000;
/** Between two looks at a wait, or at a server that has to answer, in milliseconds. */
const WAIT_MS = 1_000;
/** From how many hours left the lease is told, unasked. */
export const TOLD_FROM_H = 24;

export class Lock {
  /** How it stands; `null` until it was read. */
  state = $state.raw<LockState | null>(null);
  /** The page shows the lock screen and nothing else. */
  shown = $state(false);
  refused = $state.raw<Failure | null>(null);
  busy = $state(false);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private leaving = false;

  constructor(private readonly app: AppModel) {}

  /** Listens; returns what stops it. */
  listen(): () => void {
    const stop = this.app.backend.onLock((state) => this.take(state));
    return () => {
      clearTimeout(this.timer);
      stop();
    };
  }

  /** The desk refused because it is locked: shows the lock screen. */
  async show(): Promise<void> {
    this.shown = true;
    await this.read();
  }

  /** Reads how it stands, and again after a while. */
  async read(): Promise<void> {
    clearTimeout(this.timer);
    try {
      const state = await this.app.backend.lockState();
      if (this.shown) {
        await bringLanguage(state.locale).catch(() => undefined);
        this.app.useLocale(state.locale);
        applyTheme(state.theme);
      }
      this.take(state);
    } catch {
      // Asked again in a moment, below.
    }
    const waits =
      this.shown &&
      (this.state === null || this.state.wait_s > 0 || this.state.lease_over || this.state.destroyed_at !== null);
    this.timer = setTimeout(() => void this.read(), waits ? WAIT_MS : LEASE_MS);
  }

  private take(state: LockState): void {
    this.state = state;
    if (this.shown) {
      if (state.locked === null && !this.busy) this.leave();
    } else if (state.locked !== null) {
      this.leave();
    } else if (state.asked) {
      void this.lock();
    }
  }

  /** Locks, once what is being typed is on the disk. */
  async lock(): Promise<void> {
    if (this.state?.pin === false && !this.state.asked) {
      this.app.tell(t('lock.no_pin'), t('lock.no_pin_hint'), 'error');
      return;
    }
    const late = new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
    await Promise.race([this.app.kept(), late]);
    try {
      await this.app.backend.lock(this.app.nav.place());
      this.leave();
    } catch (error) {
      this.app.report(error);
    }
  }

  /** Opens the desk with the PIN. */
  async unlock(pin: string): Promise<boolean> {
    return this.open(() => this.app.backend.unlock(pin));
  }

  /** Chooses the PIN that the organisation wants, and opens the desk. */
  async choose(pin: string): Promise<boolean> {
    return this.open(() => this.app.backend.choosePin(pin));
  }

  /** Says what is wrong with what was typed, before anything is asked. */
  refuse(message: string): void {
    this.refused = { message, hint: '', detail: null };
  }

  /** Opens it with the account's own credentials. */
  async signIn(form: SignInAgain): Promise<boolean> {
    return this.open(() => this.app.backend.unlockByAccount(form));
  }

  private async open(ask: () => Promise<string | null>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.refused = null;
    try {
      const place = await ask();
      if (place !== null) this.app.nav.comeBack(place);
      this.leaving = true;
      this.app.backend.reload();
      return true;
    } catch (error) {
      this.refused = failure(error);
      await this.read();
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Nothing of the page stays: it is loaded again, without a memory of where it was when it is locked. */
  private leave(): void {
    if (this.leaving) return;
    this.leaving = true;
    if (!this.shown) this.app.nav.forget();
    this.app.backend.reload();
  }

  async changePin(current: string, next: string | null): Promise<Failure | null> {
    try {
      this.state = await this.app.backend.changePin(current, next);
      return null;
    } catch (error) {
      return failure(error);
    }
  }

  async save(settings: LockSettings): Promise<void> {
    try {
      this.state = await this.app.backend.saveLock(settings);
    } catch (error) {
      this.app.report(error);
    }
  }
}
