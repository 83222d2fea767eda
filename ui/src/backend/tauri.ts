// The product's backend: Rust, through the generated commands and events. The only file of the window that knows Tauri.
import { type Backend, BackendFailure, isUiError, type Unlisten } from './backend';
import { commands, events } from './bindings';

/** Waits for a command; its refusal becomes a {@link BackendFailure}. */
async function ask<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isUiError(error)) throw new BackendFailure(error);
    throw error;
  }
}

/** The same for a command that answers nothing. */
async function tell(answer: Promise<null>): Promise<void> {
  await ask(answer);
}

/** Turns Tauri's late answer to "listen" into something that can be stopped at once. */
function until(listening: Promise<() => void>): Unlisten {
  return () => {
    void listening.then((stop) => stop());
  };
}

export const tauriBackend: Backend = {
  appState: () => ask(commands.appState()),
  openVault: (form) => ask(commands.openVault(form)),
  createProfile: (name) => ask(commands.createProfile(name)),
  openProfile: (id) => ask(commands.openProfile(id)),
  signIn: (form) => ask(commands.signIn(form)),
  useSandbox: () => ask(commands.useSandbox()),
  signOut: () => ask(commands.signOut()),
  settings: () => ask(commands.settings()),
  saveSettings: (settings) => ask(commands.saveSettings(settings)),
  listTickets: (query) => ask(commands.listTickets(query)),
  ticket: (id) => ask(commands.ticket(id)),
  openTicket: (id) => ask(commands.openTicket(id)),
  refreshTicket: (id) => ask(commands.refreshTicket(id)),
  aroundTicket: (id, requester, assets) => ask(commands.aroundTicket(id, requester, assets)),
  aroundNewTicket: (written) => ask(commands.aroundNewTicket(written)),
  search: (query) => ask(commands.search(query)),
  person: (id) => ask(commands.person(id)),
  findPeople: (words, limit) => ask(commands.findPeople(words, limit)),
  places: (query) => ask(commands.places(query)),
  findInPlaces: (words, limit) => ask(commands.findInPlaces(words, limit)),
  groups: () => ask(commands.groups()),
  catalogue: (kind) => ask(commands.catalogue(kind)),
  listArticles: (query) => ask(commands.listArticles(query)),
  articleCategories: () => ask(commands.articleCategories()),
  suggestArticles: (texts, limit) => ask(commands.suggestArticles(texts, limit)),
  article: (id) => ask(commands.article(id)),
  asset: (key) => ask(commands.asset(key)),
  submit: (submission) => ask(commands.submit(submission)),
  outbox: (lane, all) => ask(commands.outbox(lane, all)),
  resolveEntry: (id, resolution) => tell(commands.resolveEntry(id, resolution)),
  bulk: (tickets, action) => ask(commands.bulk(tickets, action)),
  takeBack: (ids) => ask(commands.takeBack(ids)),
  saveDraft: (draft) => tell(commands.saveDraft(draft)),
  draft: (key, ticket) => ask(commands.draft(key, ticket)),
  drafts: () => ask(commands.drafts()),
  deleteDraft: (key) => tell(commands.deleteDraft(key)),
  savedViews: () => ask(commands.savedViews()),
  saveView: (view, place) => ask(commands.saveView(view, place)),
  deleteView: (id) => ask(commands.deleteView(id)),
  keepAttachment: (filename, mime, base64) => ask(commands.keepAttachment(filename, mime, base64)),
  attachment: (blob) => ask(commands.attachment(blob)),
  document: (id) => ask(commands.document(id)),
  saveDocument: (id, open) => ask(commands.saveDocument(id, open)),
  alerts: () => ask(commands.alerts()),
  takeUpAlert: (id) => ask(commands.takeUpAlert(id)).then(() => undefined),
  alertIncident: (id) => ask(commands.alertIncident(id)),
  supervisionSettings: () => ask(commands.supervisionSettings()),
  saveSupervision: (settings, secret) => ask(commands.saveSupervision(settings, secret)).then(() => undefined),
  dailyReview: () => ask(commands.dailyReview()),
  logbook: (from, to) => ask(commands.logbook(from, to)),
  keepEvent: (event) => ask(commands.keepEvent(event)).then(() => undefined),
  withdrawEvent: (id) => ask(commands.withdrawEvent(id)).then(() => undefined),
  saveChronicle: (from, to) => ask(commands.saveChronicle(from, to)),
  serviceHours: () => ask(commands.serviceHours()),
  indicators: (period) => ask(commands.indicators(period)),
  export: (what, format) => ask(commands.export(what, format)),
  syncNow: () => tell(commands.syncNow()),
  userActive: () => tell(commands.userActive()),
  openLink: (href) => tell(commands.openLink(href)),
  notify: (summary, body, ticket) => ask(commands.notify(summary, body, ticket)),
  explain: (code) => ask(commands.explain(code)),
  telephony: () => ask(commands.telephony()),
  liveCalls: () => ask(commands.calls()),
  callJournal: (query) => ask(commands.callJournal(query)),
  callQueues: () => ask(commands.callQueues()),
  callCard: (id) => ask(commands.callCard(id)),
  callBacks: () => ask(commands.callBacks()),
  callBackDone: (id) => ask(commands.callBackDone(id)),
  noteCall: (id, note) => ask(commands.noteCall(id, note)),
  nameCaller: (id, person) => ask(commands.nameCaller(id, person)),
  linkCall: (id, ticket) => ask(commands.linkCall(id, ticket)),
  closeCall: (id, wrapUp) => ask(commands.closeCall(id, wrapUp)),
  dial: (number) => tell(commands.dial(number)),
  telephoneSettings: () => ask(commands.telephoneSettings()),
  telephoneEndpoint: () => ask(commands.telephoneEndpoint()),
  saveTelephone: (settings, secret) => tell(commands.saveTelephone(settings, secret)),
  sandboxCall: (number) => tell(commands.sandboxCall(number)),
  escalation: (ticket) => ask(commands.escalation(ticket)),
  keepDiagnosis: (ticket, diagnosis) => tell(commands.keepDiagnosis(ticket, diagnosis)),
  escalate: (ticket, escalation) => ask(commands.escalate(ticket, escalation)),
  ticketEscalation: (ticket) => ask(commands.ticketEscalation(ticket)),
  triageBoard: (query) => ask(commands.triageBoard(query)),
  triage: (ticket, action) => ask(commands.triage(ticket, action)),
  chaseList: () => ask(commands.chaseList()),
  surges: () => ask(commands.surges()),
  dismissSurge: (key) => tell(commands.dismissSurge(key)),
  declareMajorIncident: (key, title, text) => ask(commands.declareMajorIncident(key, title, text)),
  rooms: (closed) => ask(commands.rooms(closed)),
  room: (ticket) => ask(commands.room(ticket)),
  openRoom: (ticket) => ask(commands.openRoom(ticket)),
  saveRoom: (ticket, words) => ask(commands.saveRoom(ticket, words)),
  postRoomUpdate: (ticket, update) => ask(commands.postRoomUpdate(ticket, update)),
  closeRoom: (ticket) => ask(commands.closeRoom(ticket)),
  roomReport: (ticket) => ask(commands.roomReport(ticket)),
  saveRoomReport: (ticket, note) => ask(commands.saveRoomReport(ticket, note)),
  freshRemoteSheet: (ticket) => ask(commands.freshRemoteSheet(ticket)),
  remoteSheet: (ticket) => ask(commands.remoteSheet(ticket)),
  recordConsent: (ticket, asset, person, means, askedAt, agreed) =>
    ask(commands.recordConsent(ticket, asset, person, means, askedAt, agreed)),
  withdrawConsent: (ticket, agreement) => ask(commands.withdrawConsent(ticket, agreement)),
  remotePlan: (tool, target) => ask(commands.remotePlan(tool, target)),
  startRemote: (ticket, asset, tool, target) => ask(commands.startRemote(ticket, asset, tool, target)),
  endRemote: (id, note) => ask(commands.endRemote(id, note)),
  remoteSessions: () => ask(commands.remoteSessions()),
  remoteTokenSet: () => ask(commands.remoteTokenSet()),
  saveRemoteToken: (token) => tell(commands.saveRemoteToken(token)),
  transfers: () => ask(commands.transfers()),
  beginTransfer: (call) => ask(commands.beginTransfer(call)),
  briefTransfer: (id, briefing) => ask(commands.briefTransfer(id, briefing)),
  decideTransfer: (id, decision) => ask(commands.decideTransfer(id, decision)),
  contractNames: () => ask(commands.contractNames()),
  onChanged: (listener) => until(events.changed.listen(({ payload }) => listener(payload))),
  onNoticeClicked: (listener) => until(events.noticeClicked.listen(({ payload }) => listener(payload))),
  onCall: (listener) => until(events.call.listen(({ payload }) => listener(payload))),
  onTransfer: (listener) => until(events.transfer.listen(({ payload }) => listener(payload))),
  onTelephony: (listener) => until(events.telephony.listen(({ payload }) => listener(payload))),
  onAlerts: (listener) => until(events.alerts.listen(({ payload }) => listener(payload))),
  onSurge: (listener) => until(events.surge.listen(({ payload }) => listener(payload))),
  onRoom: (listener) => until(events.room.listen(({ payload }) => listener(payload))),
  onRemoteSession: (listener) => until(events.remoteSession.listen(({ payload }) => listener(payload))),
  onSyncStatus: (listener) => until(events.syncStatus.listen(({ payload }) => listener(payload))),
};
