// Escalation, triage and surges of the in-memory backend. The rules are Rust's: what is missing refuses an escalation, each step is
// possible in some states only, and every step leaves a private line in the ticket's outbox.
import { BackendFailure, type Unlisten } from './backend';
import type {
  Accepted,
  BoardCard,
  BoardRow,
  Board,
  BoardQuery,
  ChaseRow,
  ChargeRow,
  Diagnosis,
  DiagnosisField,
  EscalationDomain,
  EscalationSheet,
  EscalationState,
  EscalationTimer,
  GroupInCharge,
  MajorIncident,
  Marker,
  NewEscalation,
  Operation,
  SurgeCard,
  SupportLevel,
  TicketEscalation,
  TicketId,
  TicketRow,
  TicketView,
  TriageAction,
  UiError,
} from './types';

/** Half an hour of service from the ticket's creation, and what is short of it, in seconds. */
const WITHIN_S = 30 * 60;
const SHORT_S = 10 * 60;
/** A third party is reminded after so long, in milliseconds. */
const REMIND_MS = 48 * 3600_000;

/** What escalation needs of the backend around it. */
interface Around {
  view: (id: TicketId) => Promise<TicketView | null>;
  rows: () => TicketRow[];
  group: (name: string) => GroupInCharge | null;
  submit: (lane: TicketId | null, operations: Operation[]) => Promise<Accepted>;
  /** The ticket changed without an operation. */
  changed: (ticket: TicketId) => void;
  explain: (code: string) => Promise<UiError>;
  refuse: (call: string) => void;
  now: () => Date;
  me: { id: number; name: string };
}

const FIELDS: readonly DiagnosisField[] = [
  'symptom',
  'since',
  'affected',
  'tried',
  'error_text',
  'screenshots',
  'remote_session',
  'asset',
];

/** The fields of a set that say nothing. */
function missing(diagnosis: Diagnosis, mandatory: DiagnosisField[]): DiagnosisField[] {
  return FIELDS.filter((field) => {
    if (!mandatory.includes(field)) return false;
    const value = field === 'asset' ? diagnosis.assets : diagnosis[field];
    return typeof value === 'string' ? value.trim() === '' : (value ?? []).length === 0;
  });
}

const EMPTY_CARD: Omit<BoardCard, 'escalated_at'> = {
  state: 'new',
  group: null,
  dated: true,
  state_since: null,
  by: null,
  reason: '',
  third: null,
  reminders: 0,
  last_contact: null,
};

export class FakeEscalation {
  /** Where tickets stand. */
  readonly standing = new Map<TicketId, TicketEscalation>();
  /** Diagnoses as typed. */
  readonly diagnoses = new Map<TicketId, Diagnosis>();
  cards: SurgeCard[] = [];
  private readonly listeners = new Set<(cards: SurgeCard[]) => void>();
  /** Tickets that level 1 of this desk sent. */
  private readonly mine = new Set<TicketId>();

  constructor(private readonly around: Around) {}

  // ---- what a test or the demo makes happen ---------------------------------------------------------------------------
  /** A ticket is on the board. */
  put(ticket: TicketId, card: Partial<BoardCard>, more: Partial<TicketEscalation> = {}): void {
    const at = new Date(this.around.now().getTime() - 2 * 3600_000).toISOString();
    const full = { ...EMPTY_CARD, escalated_at: at, state_since: at, ...card };
    // Asked first, then reminded every other day; the last contact is the latest of them.
    const contact = (back: number): string =>
      new Date(new Date(full.last_contact ?? at).getTime() - back * REMIND_MS).toISOString();
    const from = contact(full.reminders);
    const proof = { entry: { kind: 'followup', id: ticket }, author: null, at: from, words: '' } as const;
    const waits =
      full.third === null
        ? []
        : [
            {
              third: full.third,
              from,
              to: null,
              proof: [
                { ...proof, marker: { type: 'waiting' as const, third: full.third } },
                ...Array.from({ length: full.reminders }, (_, index) => ({
                  ...proof,
                  entry: { kind: 'followup' as const, id: ticket * 10 + index },
                  at: contact(full.reminders - 1 - index),
                  marker: { type: 'reminded' as const, third: full.third ?? '' },
                  words: `Relance n° ${String(index + 1)}`,
                })),
              ],
            },
          ];
    this.standing.set(ticket, { card: full, waits, remind_at: this.remindAt(full), by: null, ...more });
    this.around.changed(ticket);
  }

  /** A board with something in every column, as the demo shows it. */
  fill(): void {
    const at = (hours: number): string => new Date(this.around.now().getTime() + hours * 3600_000).toISOString();
    const open = this.around.rows().filter((row) => row.status !== 'solved' && row.status !== 'closed' && row.id > 0);
    const groups = ['Réseau N2', 'Postes de travail N2', 'Applications métier'];
    open.slice(1, 26).forEach((row, index) => {
      const group = groups[index % 3] ?? null;
      const escalated_at = at(-0.4 - index * 1.7);
      const common = { group, escalated_at, state_since: escalated_at, dated: index % 9 !== 7 };
      const kind = index % 5;
      if (kind === 0 || kind === 3) this.put(row.id, common);
      else if (kind === 1) this.put(row.id, { ...common, state: 'accepted', by: 9 }, { by: 'Amadou Diallo' });
      else if (kind === 2)
        this.put(row.id, {
          ...common,
          state: 'waiting',
          third: index % 2 === 0 ? 'Orange Business' : 'Éditeur Ciril',
          reminders: index % 3,
          last_contact: at(-20 - index * 3),
        });
      else
        this.put(
          row.id,
          {
            ...common,
            state: 'sent_back',
            by: 9,
            reason: 'Il manque le message d’erreur et l’heure du premier échec.',
          },
          { by: 'Amadou Diallo' },
        );
      if (index % 4 === 0) this.mine.add(row.id);
    });
    const solved = this.around.rows().filter((row) => row.status === 'solved');
    solved.slice(0, 3).forEach((row) => this.put(row.id, { state: 'done', group: groups[0] ?? null, by: 9 }));
  }

  /** Many contacts on one subject. */
  surge(facts: Partial<SurgeCard> = {}): SurgeCard {
    const at = (minutes: number): string => new Date(this.around.now().getTime() + minutes * 60_000).toISOString();
    const tickets = this.around
      .rows()
      .filter((row) => row.id > 0)
      .slice(2, 9)
      .map((row) => row.id);
    const card: SurgeCard = {
      key: 'word:messagerie',
      title: 'Incident majeur : messagerie',
      explanation: ['9 contacts en 15 min sur « messagerie » (d’ordinaire 0,8)', 'mot « messagerie » : 9 sur 9'],
      message:
        'Nous avons connaissance d’une panne de la messagerie. Nos équipes y travaillent. Il n’est pas utile de rester en ligne.',
      dismissed: false,
      proposal: {
        subject: 'messagerie',
        site: null,
        category: null,
        reasons: [{ shared: { type: 'word', word: 'messagerie' }, count: 9 }],
        contacts: tickets.map((id) => `ticket:${String(id)}`),
        tickets,
        from: at(-14),
        to: at(-1),
        usual_tenths: 8,
        message: { fr: '', en: '' },
      },
      ...facts,
    };
    this.tell([...this.cards.filter((one) => one.key !== card.key), card]);
    return card;
  }

  // ---- the commands -----------------------------------------------------------------------------------------------------
  async sheet(ticket: TicketId): Promise<EscalationSheet> {
    const view = await this.around.view(ticket);
    if (!view) throw new BackendFailure(await this.around.explain('ticket_unknown'));
    const { category, title } = view.ticket;
    const domains = this.domains();
    const guessed = domains.find((one) => category?.name?.startsWith(one.domain));
    return {
      ticket,
      domains,
      domain: guessed?.domain ?? null,
      diagnosis: structuredClone(
        this.diagnoses.get(ticket) ?? {
          symptom: title,
          assets: view.assets.map((asset) => ({ key: asset.key, name: asset.name })),
        },
      ),
      timer: this.timer(view.ticket.opened_at, this.standing.get(ticket)),
      escalated: this.standing.get(ticket) ?? null,
    };
  }

  async keep(ticket: TicketId, diagnosis: Diagnosis): Promise<void> {
    this.around.refuse('keepDiagnosis');
    this.diagnoses.set(ticket, structuredClone(diagnosis));
    return Promise.resolve();
  }

  async escalate(ticket: TicketId, escalation: NewEscalation): Promise<Accepted> {
    this.around.refuse('escalate');
    const domain = this.domains().find((one) => one.domain === escalation.domain);
    const charge = domain?.charges.find((one) => one.level === escalation.level);
    const refused = !charge?.group
      ? 'escalation_no_responsible'
      : missing(escalation.diagnosis, domain?.form.mandatory ?? []).length > 0
        ? 'escalation_incomplete'
        : null;
    if (refused !== null || !charge?.group) throw new BackendFailure(await this.around.explain(refused ?? ''));
    const { group } = charge;
    const at = new Date().toISOString();
    this.diagnoses.delete(ticket);
    this.mine.add(ticket);
    this.put(ticket, { group: group.name, escalated_at: at, state_since: at });
    return this.around.submit(ticket, [
      line(`[Escalade] transmise à : ${group.name}`, escalation.diagnosis.symptom ?? ''),
      { type: 'assign', actor: { role: 'assigned', party: { type: 'group', id: group.id } } },
    ]);
  }

  async state(ticket: TicketId): Promise<EscalationState> {
    const view = await this.around.view(ticket);
    const escalated = this.standing.get(ticket) ?? null;
    const over = view === null || view.ticket.status === 'solved' || view.ticket.status === 'closed';
    return { timer: over ? null : this.timer(view.ticket.opened_at, escalated ?? undefined), escalated };
  }

  board({ groups, mine, done }: BoardQuery): Board {
    this.around.refuse('triageBoard');
    const above = this.groups();
    const names = above.filter((one) => groups.includes(one.id)).map((one) => one.name);
    const rows = this.around.rows().flatMap((ticket): BoardRow[] => {
      const escalated = this.standing.get(ticket.id);
      if (!escalated) return [];
      const { card } = escalated;
      if (card.state === 'done' && !done) return [];
      if (mine && !this.mine.has(ticket.id)) return [];
      if (names.length > 0 && !names.includes(card.group ?? '')) return [];
      const target = card.dated ? this.timer(ticket.opened_at, escalated) : null;
      return [{ ticket, escalated, target, third: card.third }];
    });
    rows.sort((a, b) => a.escalated.card.escalated_at.localeCompare(b.escalated.card.escalated_at));
    const level1 = this.around.group('Support N1');
    return { rows, groups: above, level_1: level1 ? [level1] : [] };
  }

  async step(ticket: TicketId, action: TriageAction): Promise<Accepted> {
    this.around.refuse('triage');
    const held = this.standing.get(ticket);
    const state = held?.card.state;
    const unnamed = state === 'waiting' && held?.card.third == null;
    const allowed: Record<TriageAction['type'], boolean> = {
      accept: state === 'new' || unnamed,
      send_back: ['new', 'accepted', 'waiting'].includes(state ?? ''),
      re_route: ['new', 'accepted', 'waiting'].includes(state ?? ''),
      finish: ['new', 'accepted', 'waiting'].includes(state ?? ''),
      wait: state === 'new' || state === 'accepted' || unnamed,
      remind: state === 'waiting' && !unnamed,
      answered: state === 'waiting' && !unnamed,
    };
    const refused = !allowed[action.type]
      ? 'escalation_wrong_state'
      : action.type === 'wait' && action.third.trim() === ''
        ? 'escalation_no_third_party'
        : ('reason' in action && action.reason.trim() === '') ||
            (action.type === 'finish' && action.words.trim() === '')
          ? 'escalation_no_reason'
          : null;
    if (refused !== null || !held) throw new BackendFailure(await this.around.explain(refused ?? ''));
    const { card } = held;
    const at = new Date().toISOString();
    const third = card.third ?? '';
    const next: Partial<BoardCard> = { ...card, state_since: at, by: this.around.me.id, reason: '' };
    let waits = held.waits;
    const mark = (marker: Marker, words: string) => ({
      entry: { kind: 'followup' as const, id: Date.now() % 1_000_000 },
      author: this.around.me.id,
      at,
      marker,
      words,
    });
    const end = (): void => {
      Object.assign(next, { third: null, reminders: 0, last_contact: null });
      waits = waits.map((wait) => ({ ...wait, to: wait.to ?? at }));
    };
    let text = '';
    switch (action.type) {
      case 'accept':
        next.state = 'accepted';
        text = '[Escalade] acceptée';
        break;
      case 'send_back':
        end();
        Object.assign(next, { state: 'sent_back', reason: action.reason });
        text = '[Escalade] renvoyée au niveau 1';
        break;
      case 're_route':
        end();
        Object.assign(next, { state: 'new', group: action.to.name, reason: action.reason, by: null });
        text = `[Escalade] réorientée vers : ${action.to.name}`;
        break;
      case 'wait':
        Object.assign(next, { state: 'waiting', third: action.third, reminders: 0, last_contact: at });
        waits = [
          ...waits,
          {
            third: action.third,
            from: at,
            to: null,
            proof: [mark({ type: 'waiting', third: action.third }, action.words)],
          },
        ];
        text = `[Escalade] en attente d’un tiers : ${action.third}`;
        break;
      case 'remind':
        Object.assign(next, { state_since: card.state_since, reminders: card.reminders + 1, last_contact: at });
        waits = waits.map((wait) =>
          wait.to === null
            ? { ...wait, proof: [...wait.proof, mark({ type: 'reminded', third }, action.words)] }
            : wait,
        );
        text = `[Escalade] relance du tiers : ${third}`;
        break;
      case 'answered':
        end();
        next.state = 'accepted';
        text = `[Escalade] réponse du tiers : ${third}`;
        break;
      case 'finish':
        end();
        next.state = 'done';
        text = '[Escalade] traitée';
        break;
    }
    this.put(ticket, next, { waits, by: this.around.me.name });
    const words = 'reason' in action ? action.reason : 'words' in action ? action.words : '';
    return this.around.submit(ticket, [line(text, words)]);
  }

  chase(): ChaseRow[] {
    this.around.refuse('chaseList');
    const now = this.around.now().toISOString();
    return this.board({ groups: [], mine: false, done: false })
      .rows.flatMap(({ ticket, escalated }): ChaseRow[] => {
        const wait = escalated.waits.find((one) => one.to === null);
        const { remind_at } = escalated;
        return wait && escalated.card.third !== null
          ? [{ ticket, wait, remind_at, late: remind_at !== null && remind_at < now }]
          : [];
      })
      .sort((a, b) => (a.remind_at ?? '9').localeCompare(b.remind_at ?? '9'));
  }

  dismiss(key: string): void {
    this.around.refuse('dismissSurge');
    this.tell(this.cards.map((card) => (card.key === key ? { ...card, dismissed: true } : card)));
  }

  async declare(key: string, title: string, text: string): Promise<MajorIncident> {
    this.around.refuse('declareMajorIncident');
    const card = this.cards.find((one) => one.key === key);
    if (!card) throw new BackendFailure(await this.around.explain('surge_nothing_to_link'));
    const accepted = await this.around.submit(null, [
      {
        type: 'create_ticket',
        ticket: {
          title,
          description: { blocks: [{ type: 'paragraph', content: [{ type: 'text', text }] }] },
          kind: 'incident',
          urgency: 5,
          impact: 5,
          category: null,
          location: null,
          channel: null,
          entity: null,
          actors: [],
          assets: [],
        },
      },
      ...card.proposal.tickets.map((ticket): Operation => ({ type: 'link_ticket', ticket, kind: 'parent_of' })),
    ]);
    this.dismiss(key);
    return { accepted, left_out: [] };
  }

  onSurge(listener: (cards: SurgeCard[]) => void): Unlisten {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // ---- behind it ----------------------------------------------------------------------------------------------------------
  private tell(cards: SurgeCard[]): void {
    this.cards = cards;
    for (const listener of this.listeners) listener(cards);
  }

  private remindAt(card: BoardCard): string | null {
    if (card.state !== 'waiting' || card.third === null || card.last_contact === null) return null;
    return new Date(new Date(card.last_contact).getTime() + REMIND_MS).toISOString();
  }

  private timer(opened: string, escalated: TicketEscalation | undefined): EscalationTimer {
    const until = escalated ? new Date(escalated.card.escalated_at) : new Date();
    const used_s = Math.max(0, Math.round((until.getTime() - new Date(opened).getTime()) / 1000));
    const left_s = Math.max(0, WITHIN_S - used_s);
    const inTime = used_s <= WITHIN_S;
    const state = escalated ? (inTime ? 'met' : 'late') : !inTime ? 'over' : left_s < SHORT_S ? 'short' : 'running';
    return { state, used_s, left_s };
  }

  private groups(): GroupInCharge[] {
    const groups = this.domains().flatMap((one) => one.charges.flatMap((charge) => charge.group ?? []));
    return groups.filter((group, at) => groups.findIndex((other) => other.id === group.id) === at);
  }

  private domains(): EscalationDomain[] {
    const charge = (level: SupportLevel, name: string, contact: string, open: boolean | null): ChargeRow => ({
      level,
      group: this.around.group(name),
      name,
      contact,
      hours: open === null ? null : 'Heures ouvrées',
      open,
    });
    const usual: DiagnosisField[] = ['symptom', 'since', 'affected', 'tried'];
    return [
      {
        domain: 'Réseau',
        name: { fr: 'Réseau et téléphonie', en: 'Network and telephony' },
        charges: [
          charge('n2', 'Réseau N2', 'poste 4200', true),
          charge('vendor', 'Opérateur télécom', 'astreinte 0 800 00 00 00', null),
        ],
        form: {
          domain: 'Réseau',
          mandatory: [...usual, 'asset'],
          hints: {
            affected: { fr: 'Une personne, un bureau, un site ?', en: 'One person, a room, a site?' },
            tried: { fr: 'Câble, autre prise, redémarrage.', en: 'Cable, another socket, restart.' },
          },
        },
      },
      {
        domain: 'Poste de travail',
        name: null,
        charges: [
          charge('n2', 'Postes de travail N2', 'postes.n2@exemple.fr', false),
          charge('on_site', 'Support N1', 'poste 4100', true),
        ],
        form: { domain: null, mandatory: usual, hints: {} },
      },
      {
        domain: 'Applications',
        name: null,
        charges: [charge('n3', 'Applications métier', 'applis@exemple.fr', true)],
        form: {
          domain: 'Applications',
          mandatory: [...usual, 'error_text', 'screenshots'],
          hints: { error_text: { fr: 'Recopié tel quel.', en: 'As it stands.' } },
        },
      },
    ];
  }
}

/** A private line that an escalation is known again by. */
function line(opening: string, words: string): Operation {
  const paragraph = (text: string) => ({ type: 'paragraph' as const, content: [{ type: 'text' as const, text }] });
  return {
    type: 'add_followup',
    body: { blocks: [paragraph(opening), ...(words === '' ? [] : [paragraph(words)])] },
    private: true,
  };
}
