// The product's backend: Rust, through Tauri's commands and events. The only file of the window that knows Tauri.
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';

import { type Backend, BackendFailure, isUiError, type Unlisten } from './backend';
import type { ChangeSet, SyncStatus } from './types';

/** Calls a command; its refusal becomes a {@link BackendFailure}. */
async function call<T>(command: string, args: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (error) {
    if (isUiError(error)) throw new BackendFailure(error);
    throw error;
  }
}

function listenTo<T>(event: string, listener: (payload: T) => void): Unlisten {
  const stopping = listen<T>(event, ({ payload }) => listener(payload));
  return () => {
    void stopping.then((stop) => stop());
  };
}

export const tauriBackend: Backend = {
  appState: () => call('app_state'),
  createProfile: (name) => call('create_profile', { name }),
  openProfile: (id) => call('open_profile', { id }),
  signIn: (form) => call('sign_in', { form }),
  useSandbox: () => call('use_sandbox'),
  signOut: () => call('sign_out'),
  settings: () => call('settings'),
  saveSettings: (settings) => call('save_settings', { settings }),
  listTickets: (query) => call('list_tickets', { query }),
  ticket: (id) => call('ticket', { id }),
  refreshTicket: (id) => call('refresh_ticket', { id }),
  search: (query) => call('search', { query }),
  person: (id) => call('person', { id }),
  findPeople: (words, limit) => call('find_people', { words, limit }),
  groups: () => call('groups'),
  catalogue: (kind) => call('catalogue', { kind }),
  article: (id) => call('article', { id }),
  asset: (key) => call('asset', { key }),
  submit: (submission) => call('submit', { submission }),
  outbox: (lane, all) => call('outbox', { lane, all }),
  resolveEntry: (id, resolution) => call('resolve_entry', { id, resolution }),
  saveDraft: (draft) => call('save_draft', { draft }),
  draft: (key) => call('draft', { key }),
  drafts: () => call('drafts'),
  deleteDraft: (key) => call('delete_draft', { key }),
  keepAttachment: (filename, mime, base64) => call('keep_attachment', { filename, mime, base64 }),
  document: (id) => call('document', { id }),
  syncNow: () => call('sync_now'),
  userActive: () => call('user_active'),
  openLink: (href) => call('open_link', { href }),
  explain: (code) => call('explain', { code }),
  onChanged: (listener) => listenTo<ChangeSet>('changed', listener),
  onSyncStatus: (listener) => listenTo<SyncStatus>('sync_status', listener),
};
