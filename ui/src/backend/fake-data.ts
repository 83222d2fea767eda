// Believable demo data for the in-memory backend: a territorial authority's help desk on an ordinary morning. Deterministic,
// so that tests and screenshots do not move; times are relative to the start.
import type {
  Article,
  Asset,
  CatalogueItem,
  CatalogueKind,
  CatalogueRef,
  Group,
  Inline,
  Person,
  RichText,
  Status,
  Ticket,
  TicketKind,
  TimelineEntry,
} from './types';

export const ME = 7;

export interface World {
  people: Person[];
  groups: Group[];
  catalogues: Record<CatalogueKind, CatalogueItem[]>;
  assets: Asset[];
  articles: Article[];
  tickets: Ticket[];
  timeline: TimelineEntry[];
  requester: Map<number, number>;
  assignee: Map<number, number>;
  ticketAssets: Map<number, number>;
}

const FIRST = [
  'Claire',
  'Yann',
  'Inès',
  'Paul',
  'Sarah',
  'Louis',
  'Anaïs',
  'Hugo',
  'Maud',
  'Karim',
  'Sophie',
  'Élodie',
];
const LAST = [
  'Fontaine',
  'Morel',
  'Garnier',
  'Besson',
  'Dumont',
  'Petit',
  'Roche',
  'Lambert',
  'Perrin',
  'Benali',
  'Lefèvre',
  'Œuvrard',
];
const SITES = [
  'Siège',
  'Médiathèque Aragon',
  'Antony',
  'Clamart',
  'Piscine Pajeaud',
  'Urbanisme',
  'CLIC Malakoff',
  'Sceaux',
  'Châtenay-Malabry',
  'Montrouge',
];
const CATEGORIES = [
  'Réseau > VPN',
  'Impression',
  'Droits > Partages',
  'Poste de travail > Écran',
  'Comptes > Mot de passe',
  'Logiciel > AutoCAD',
  'Mobile > Messagerie',
  'RH > Arrivée',
  "Contrôle d'accès",
];

const SUBJECTS: [string, number, TicketKind, string][] = [
  [
    'VPN refusé depuis la mise à jour',
    0,
    'incident',
    'Le VPN affiche « certificat refusé » depuis ce matin. En réunion à 9 h 30 avec le conseil, ne peut pas ouvrir ses dossiers.',
  ],
  [
    'Imprimante du 2ᵉ étage hors service',
    1,
    'incident',
    "L'imprimante du couloir affiche « bourrage » mais le bac est vide. Tout le service est bloqué.",
  ],
  [
    'Accès au partage « Marchés »',
    2,
    'request',
    "Besoin d'un accès en lecture au dossier partagé Marchés pour la commission du 4.",
  ],
  [
    "Écran noir après la station d'accueil",
    3,
    'incident',
    "Le portable branché à la station d'accueil n'affiche plus rien sur les deux écrans.",
  ],
  ['Réinitialisation du mot de passe', 4, 'request', 'Mot de passe expiré pendant les congés, session verrouillée.'],
  ["Installation d'AutoCAD LT", 5, 'request', 'Nouveau poste, la licence est déjà commandée.'],
  [
    'Messagerie lente sur téléphone',
    6,
    'incident',
    'Les messages arrivent avec une heure de retard depuis le changement de téléphone.',
  ],
  [
    'Nouvel arrivant : poste et comptes',
    7,
    'request',
    'Arrivée le 1ᵉʳ décembre au service urbanisme : poste, comptes, badge.',
  ],
  ["Badge refusé à l'entrée nord", 8, 'incident', "Le badge fonctionne à l'accueil mais pas à l'entrée nord."],
  [
    'Connexion Wi-Fi instable en salle du conseil',
    0,
    'incident',
    'Coupures toutes les dix minutes pendant les visioconférences.',
  ],
  ['Boîte partagée invisible dans Outlook', 2, 'incident', 'La boîte du secrétariat a disparu après la migration.'],
  [
    'Demande de deuxième écran',
    3,
    'request',
    'Télétravail trois jours par semaine, deuxième écran validé par le chef de service.',
  ],
];

const MODELS = ['Latitude 5440', 'EliteBook 840', 'ThinkPad T14'];

export function para(...lines: string[]): RichText {
  return { blocks: lines.map((text) => ({ type: 'paragraph', content: [{ type: 'text', text } as Inline] })) };
}

/** A ticket's status by number, mostly closed for the old ones. */
function statusOf(index: number, count: number): Status {
  if (index < 9)
    return (
      (['assigned', 'new', 'assigned', 'assigned', 'assigned', 'planned', 'waiting', 'assigned', 'waiting'] as const)[
        index
      ] ?? 'new'
    );
  if (index < 60) return (['new', 'assigned', 'assigned', 'waiting', 'planned', 'solved'] as const)[index % 6] ?? 'new';
  return index < count / 2 ? 'solved' : 'closed';
}

/** The demo world at an instant. */
export function buildWorld(start: Date, ticketCount: number): World {
  const at = (minutes: number): string => new Date(start.getTime() + minutes * 60_000).toISOString();
  const item = (kind: CatalogueKind, names: string[], forbidden = false): CatalogueItem[] =>
    names.map((full_name, index) => ({
      kind,
      id: index + 1,
      name: full_name.split(' > ').at(-1) ?? full_name,
      full_name,
      parent: null,
      body: null,
      by_expansion: forbidden,
    }));
  const catalogues: Record<CatalogueKind, CatalogueItem[]> = {
    entity: item('entity', ['Vallée Sud']),
    category: item('category', CATEGORIES),
    location: item('location', SITES),
    channel: item('channel', ['Téléphone', 'Courriel', 'Portail', 'Accueil']),
    followup_template: item('followup_template', ['Rappel promis', 'Informations demandées']).map((template) => ({
      ...template,
      body: para(
        template.id === 1
          ? 'Nous vous rappelons dans l’heure.'
          : 'Pour avancer, pouvez-vous nous dire depuis quand et sur quel poste ?',
      ),
    })),
    task_template: [],
    solution_template: [],
    solution_type: item('solution_type', ['Résolu à distance', 'Résolu sur site', 'Contournement']),
    sla: item('sla', ['Résolution VIP < 20 min', 'Prise en charge < 30 min', 'Résolution < 4 h']),
    user_category: item('user_category', ['VIP', 'Agent']),
    article_category: item('article_category', ['Réseau', 'Impression', 'Comptes']),
  };
  // Rooms within the first site.
  for (const [at, name] of ['Étage 1', 'Étage 2'].entries()) {
    const id = SITES.length + 1 + at;
    const full_name = `Siège > ${name}`;
    catalogues.location.push({ ...item('location', [full_name])[0], id, name, full_name, parent: 1 } as CatalogueItem);
  }
  const ref = (kind: CatalogueKind, id: number): CatalogueRef => ({
    id,
    name: catalogues[kind].find((row) => row.id === id)?.full_name ?? null,
  });

  const people: Person[] = [];
  for (let index = 0; index < 60; index++) {
    const first = FIRST[index % FIRST.length] ?? '';
    const last = LAST[(index + Math.floor(index / FIRST.length) * 5) % LAST.length] ?? '';
    const digits = String(155_590_000 + index * 7 + 17);
    people.push({
      id: 100 + index,
      login: `${first[0]?.toLowerCase() ?? ''}.${last.toLowerCase()}`.normalize('NFD').replace(/\p{M}/gu, ''),
      first_name: first,
      last_name: last,
      phones:
        index % 9 === 8
          ? []
          : [
              {
                raw: `0${digits.replace(/(\d)(\d\d)(\d\d)(\d\d)(\d\d)/, '$1 $2 $3 $4 $5')}`,
                e164: `+33${digits}`,
                digits: `0${digits}`,
              },
              ...(index % 3 === 0 ? [{ raw: String(4200 + index), e164: null, digits: String(4200 + index) }] : []),
            ],
      emails: [`${first}.${last}@exemple.fr`.toLowerCase()],
      location: ref('location', (index % SITES.length) + 1),
      category: ref('user_category', index % 10 === 0 ? 1 : 2),
      title: index % 10 === 0 ? { id: 1, name: 'Directrice adjointe' } : index % 4 === 1 ? { id: 2, name: null } : null,
      groups: [],
      active: true,
      vip: index % 10 === 0,
      updated_at: at(-5000),
    });
  }
  people.push({
    id: ME,
    login: 'n.leroux',
    first_name: 'Nadia',
    last_name: 'Leroux',
    phones: [{ raw: '4100', e164: null, digits: '4100' }],
    emails: ['n.leroux@exemple.fr'],
    location: ref('location', 1),
    category: null,
    title: { id: 3, name: 'Technicienne N1' },
    groups: [1],
    active: true,
    vip: false,
    updated_at: at(-9000),
  });
  const groups: Group[] = [
    'Support N1',
    'Réseau N2',
    'Postes de travail N2',
    'Applications métier',
    'Prestataire impression',
  ].map((name, index) => ({ id: index + 1, name, full_name: `DSI > ${name}`, assignable: true, vip: false }));
  const assets: Asset[] = people.slice(0, 60).map((person, index) => ({
    key: { kind: index % 5 === 4 ? 'Phone' : 'Computer', id: 400 + index },
    name: index % 5 === 4 ? `TEL-${String(400 + index)}` : `PC-0${String(417 + index)}`,
    serial: `5CG${String(1_240_000 + index * 37)}`,
    inventory_number: index % 2 ? `INV-${String(2000 + index)}` : null,
    user: person.id,
    location: person.location,
    entity: ref('entity', 1),
    model: MODELS[index % 3] ?? null,
    state: index % 6 === 5 ? null : 'En service',
    updated_at: at(-900),
  }));
  assets.push({
    key: { kind: 'Printer', id: 480 },
    name: 'IMP-0480',
    serial: 'VNC3K01234',
    inventory_number: 'INV-2480',
    user: null,
    location: ref('location', 12),
    entity: ref('entity', 1),
    model: 'HP LaserJet M480',
    state: 'En service',
    updated_at: at(-900),
  });
  const link = (href: string): Inline => ({ type: 'link', href, content: [{ type: 'text', text: href }] });
  const articles: Article[] = [
    {
      id: 31,
      title: "Renouveler le certificat VPN d'un poste",
      body: {
        blocks: [
          { type: 'heading', level: 2, content: [{ type: 'text', text: 'Symptôme' }] },
          {
            type: 'paragraph',
            content: [
              { type: 'text', text: 'Le client VPN affiche ' },
              { type: 'strong', content: [{ type: 'text', text: '« certificat refusé »' }] },
              { type: 'text', text: ' après une mise à jour.' },
            ],
          },
          { type: 'heading', level: 2, content: [{ type: 'text', text: 'Marche à suivre' }] },
          {
            type: 'list',
            ordered: true,
            items: [
              [{ type: 'paragraph', content: [{ type: 'text', text: "Vérifier l'heure du poste." }] }],
              [
                {
                  type: 'paragraph',
                  content: [
                    { type: 'text', text: 'Lancer ' },
                    { type: 'code', text: 'gpupdate /force' },
                    { type: 'text', text: ' dans une console.' },
                  ],
                },
              ],
              [
                {
                  type: 'paragraph',
                  content: [
                    { type: 'text', text: 'Redémarrer le client, puis tester sur ' },
                    link('https://vpn.exemple.fr/test'),
                  ],
                },
              ],
            ],
          },
          {
            type: 'table',
            rows: [
              [
                { header: true, content: [{ type: 'text', text: 'Code' }] },
                { header: true, content: [{ type: 'text', text: 'Sens' }] },
              ],
              [
                { header: false, content: [{ type: 'text', text: '809' }] },
                { header: false, content: [{ type: 'text', text: 'Port filtré' }] },
              ],
              [
                { header: false, content: [{ type: 'text', text: '13801' }] },
                { header: false, content: [{ type: 'text', text: 'Certificat machine absent ou expiré' }] },
              ],
            ],
          },
          {
            type: 'quote',
            blocks: [
              {
                type: 'paragraph',
                content: [
                  {
                    type: 'text',
                    text: 'Si le certificat est expiré depuis plus de sept jours, la DSI doit le réémettre.',
                  },
                ],
              },
            ],
          },
        ],
      },
      categories: [ref('article_category', 1)],
      faq: false,
      updated_at: at(-12_000),
    },
    {
      id: 32,
      title: "VPN : messages d'erreur courants",
      body: para('809 : port filtré. 691 : mot de passe. 13801 : certificat machine absent.'),
      categories: [ref('article_category', 1)],
      faq: true,
      updated_at: at(-30_000),
    },
    {
      id: 33,
      title: 'Accès de secours sans VPN',
      body: para('Le portail web donne accès à la messagerie et aux fichiers récents.'),
      categories: [ref('article_category', 1)],
      faq: true,
      updated_at: at(-60_000),
    },
    {
      id: 34,
      title: "Bourrage papier fantôme sur l'imprimante d'étage",
      body: para('Ouvrir les trois trappes, dépoussiérer le capteur du bac 2, redémarrer.'),
      categories: [ref('article_category', 2)],
      faq: true,
      updated_at: at(-4000),
    },
    {
      id: 35,
      title: 'Réinitialiser un mot de passe en libre-service',
      body: para("L'agent se rend sur le portail et suit « mot de passe oublié »."),
      categories: [ref('article_category', 3)],
      faq: true,
      updated_at: at(-4000),
    },
  ];

  const tickets: Ticket[] = [];
  const timeline: TimelineEntry[] = [];
  const requester = new Map<number, number>();
  const assignee = new Map<number, number>();
  const ticketAssets = new Map<number, number>();
  const entry = (
    id: number,
    ticket: number,
    author: number,
    minutes: number,
    text: string,
    detail: TimelineEntry['detail'],
    isPrivate = false,
  ): void => {
    timeline.push({
      key: { kind: detail.type, id },
      ticket,
      author,
      at: at(minutes),
      updated_at: at(minutes),
      body: para(text),
      private: isPrivate,
      detail,
    });
  };
  const targets = [7, -4, 112, 151, 245, 720, 1440, 3600, 4320];
  for (let index = 0; index < ticketCount; index++) {
    const subject = SUBJECTS[index % SUBJECTS.length];
    if (!subject) continue;
    const [title, category, kind, text] = subject;
    const id = 4821 - index;
    const person = people[(index * 10) % 60] ?? people[0];
    const who = index < 12 ? (people[index] ?? person) : (people[(index * 7) % 60] ?? person);
    if (!who) continue;
    const status = statusOf(index, ticketCount);
    const opened = index === 0 ? -35 : -60 - index * 97;
    const target = targets[index] ?? 60 + index * 53;
    const open = status !== 'solved' && status !== 'closed';
    tickets.push({
      id,
      title,
      description: para(text),
      kind,
      status,
      urgency: index === 0 ? 5 : 3,
      impact: index === 0 ? 4 : 3,
      priority: index === 0 ? 6 : index % 7 === 1 ? 4 : 3,
      category: ref('category', category + 1),
      entity: ref('entity', 1),
      location: who.location,
      channel: ref('channel', (index % 4) + 1),
      recorder: ME,
      opened_at: at(opened),
      updated_at: at(opened + 8),
      solved_at: open ? null : at(opened + 300),
      closed_at: status === 'closed' ? at(opened + 5000) : null,
      taken_up_at: status === 'new' ? null : at(opened + 1),
      time_to_own: at(index === 1 ? target : opened + 30),
      time_to_resolve: index % 13 === 12 ? null : at(index === 1 ? target + 90 : target),
      slas: [ref('sla', who.vip ? 1 : 3), ref('sla', 2)],
      external_id: null,
    });
    requester.set(id, who.id);
    if (status !== 'new') assignee.set(id, ME);
    const asset = assets.find((one) => one.user === who.id);
    if (asset) ticketAssets.set(id, asset.key.id);
  }
  entry(
    9001,
    4821,
    ME,
    -33,
    'Certificat machine expiré hier. Heure du poste correcte. Consentement à la prise en main donné à 09:14.',
    { type: 'followup', channel: null },
    true,
  );
  entry(77, 4821, ME, -32, 'Renouvellement du certificat tenté : refusé, droits insuffisants.', {
    type: 'task',
    state: 'done',
    duration_s: 240,
    begin: null,
    end: null,
    assignee: ME,
    group: null,
    uuid: null,
  });
  entry(
    9002,
    4821,
    100,
    -20,
    'Je suis en réunion jusqu’à 10 h, joignable sur mon portable. La capture du message est jointe.',
    { type: 'followup', channel: { id: 2, name: 'Courriel' } },
  );
  entry(78, 4821, ME, -12, "Demander à l'équipe Réseau N2 la réémission du certificat machine.", {
    type: 'task',
    state: 'todo',
    duration_s: 600,
    begin: null,
    end: null,
    assignee: null,
    group: 2,
    uuid: null,
  });
  const solved = tickets.filter((ticket) => ticket.status === 'solved' || ticket.status === 'closed').slice(0, 40);
  for (const [index, ticket] of solved.entries()) {
    timeline.push({
      key: { kind: 'solution', id: 500 + index },
      ticket: ticket.id,
      author: ME,
      at: ticket.solved_at ?? ticket.updated_at,
      updated_at: ticket.solved_at ?? ticket.updated_at,
      body: para('Problème reproduit puis corrigé à distance, vérifié avec le demandeur.'),
      private: false,
      detail: {
        type: 'solution',
        approval: ticket.status === 'closed' ? 'accepted' : 'waiting',
        answered_at: ticket.closed_at,
      },
    });
  }
  return { people, groups, catalogues, assets, articles, tickets, timeline, requester, assignee, ticketAssets };
}
