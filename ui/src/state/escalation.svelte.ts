// The diagnosis of a ticket being escalated: kept by the desk as it is typed, one save at a time, the newest always following. What
// the disk has not taken stays here whatever is closed, and is tried again.
import { SvelteMap } from 'svelte/reactivity';

import type { Backend } from '../backend/backend';
import type { BoardState, Diagnosis, DiagnosisField, SupportLevel, TicketId, TriageAction } from '../backend/types';
import type { AppModel } from './app.svelte';
import { DraftBox } from './drafts.svelte';

/** A diagnosis whose fields are all there. */
export type Filled = Required<Diagnosis>;

/** The fields in the order of the form. */
export const FIELDS = [
  'symptom',
  'since',
  'affected',
  'tried',
  'error_text',
  'screenshots',
  'remote_session',
  'asset',
] as const satisfies readonly DiagnosisField[];

/** Fields that are words. */
export type WordField = Exclude<DiagnosisField, 'screenshots' | 'asset'>;

export function filled(diagnosis: Diagnosis): Filled {
  return {
    symptom: '',
    since: '',
    affected: '',
    tried: '',
    error_text: '',
    screenshots: [],
    remote_session: '',
    assets: [],
    ...diagnosis,
  };
}

/** The mandatory fields that say nothing, in the order of the form. Blanks say nothing. */
export function missingOf(diagnosis: Filled, mandatory: readonly DiagnosisField[]): DiagnosisField[] {
  return FIELDS.filter((field) => {
    if (!mandatory.includes(field)) return false;
    if (field === 'asset') return diagnosis.assets.length === 0;
    if (field === 'screenshots') return diagnosis.screenshots.length === 0;
    return diagnosis[field].trim() === '';
  });
}

export type KeepState = 'saved' | 'saving' | 'failed';

interface Kept {
  value: Filled;
  state: KeepState;
}

/** How long to wait before a save that failed is tried again, in milliseconds. */
const RETRY_MS = 1000;

export class Diagnoses {
  private readonly typed = new SvelteMap<TicketId, Kept>();
  private readonly saving = new Map<TicketId, Promise<void>>();

  constructor(private readonly backend: Backend) {}

  /** What is being typed on a ticket here; `null` where the desk knows as much. */
  of(ticket: TicketId): Kept | null {
    return this.typed.get(ticket) ?? null;
  }

  type(ticket: TicketId, value: Filled): void {
    // What the disk refused stays said until the disk has it.
    const state = this.typed.get(ticket)?.state === 'failed' ? 'failed' : 'saving';
    this.typed.set(ticket, { value, state });
    if (!this.saving.has(ticket)) this.saving.set(ticket, this.save(ticket));
  }

  /** It was sent: the desk forgot it as well. */
  sent(ticket: TicketId): void {
    this.typed.delete(ticket);
  }

  /** A ticket written here got the server's number. */
  renumber(local: TicketId, remote: TicketId): void {
    const held = this.typed.get(local);
    this.typed.delete(local);
    if (held) this.type(remote, held.value);
  }

  /** Resolves when nothing is left to save. */
  async idle(): Promise<void> {
    while (this.saving.size > 0) await Promise.all(this.saving.values());
  }

  /** Forgets what is on the disk: another account, another profile. */
  reset(): void {
    this.typed.clear();
  }

  private async save(ticket: TicketId): Promise<void> {
    for (;;) {
      const value = this.typed.get(ticket)?.value;
      if (value === undefined) break;
      try {
        await this.backend.keepDiagnosis(ticket, value);
        if (this.typed.get(ticket)?.value !== value) continue;
        this.typed.set(ticket, { value, state: 'saved' });
        break;
      } catch {
        const now = this.typed.get(ticket);
        if (now) this.typed.set(ticket, { value: now.value, state: 'failed' });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.saving.delete(ticket);
  }
}

/** What is chosen and written beside the diagnosis; `text` is the note, which the list of drafts shows. */
export interface Beside {
  domain: string;
  level: SupportLevel | '';
  text: string;
  release: boolean;
}

const nothingBeside = (): Beside => ({ domain: '', level: '', text: '', release: false });

/** The draft of what goes along with a diagnosis. */
export function besideDraft(app: AppModel, ticket: TicketId): DraftBox<Beside> {
  return new DraftBox<Beside>(
    app.drafts,
    `escalation:${String(ticket)}`,
    ticket,
    nothingBeside,
    (one) => one.text === '' && !one.release && one.domain === '' && one.level === '',
  );
}

/** A step of triage. */
export type Step = TriageAction['type'];

/** The steps that are possible from where an escalation stands, as Rust has it. */
export function stepsFrom(state: BoardState, third: string | null): Step[] {
  const unnamed = state === 'waiting' && third === null;
  const steps: Step[] = [];
  if (state === 'new' || unnamed) steps.push('accept');
  if (state === 'waiting' && !unnamed) steps.push('remind', 'answered');
  if (state === 'new' || state === 'accepted' || unnamed) steps.push('wait');
  if (state === 'new' || state === 'accepted' || state === 'waiting') steps.push('send_back', 're_route', 'finish');
  return steps;
}

/** The words of a step being written. */
export interface StepWords {
  text: string;
  third: string;
  means: string;
  group: number | null;
  solution: boolean;
}

const noWords = (): StepWords => ({ text: '', third: '', means: '', group: null, solution: false });

/** The draft of a step's words; each step has its own. */
export function stepDraft(app: AppModel, ticket: TicketId, step: Step): DraftBox<StepWords> {
  return new DraftBox<StepWords>(
    app.drafts,
    `triage-${step}:${String(ticket)}`,
    ticket,
    noWords,
    (one) => one.text === '' && one.third === '' && one.means === '',
  );
}
