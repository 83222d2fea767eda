// Everything that is neither the first list nor a ticket: the other screens, panes and dialogs, and the palette's search.
export { fuzzy } from '../../state/fuzzy';
export { default as ArticlePane } from '../views/ArticlePane.svelte';
export { default as AssetPane } from '../views/AssetPane.svelte';
export { default as BulkDialog } from '../views/BulkDialog.svelte';
export { default as DisplayDialog } from '../views/DisplayDialog.svelte';
export { default as DraftsView } from '../views/DraftsView.svelte';
export { default as FilterDialog } from '../views/FilterDialog.svelte';
export { default as KeepViewDialog } from '../views/KeepViewDialog.svelte';
export { default as KnowledgeList } from '../views/KnowledgeList.svelte';
export { default as NewTicket } from '../views/NewTicket.svelte';
export { default as OutboxView } from '../views/OutboxView.svelte';
export { default as PersonPane } from '../views/PersonPane.svelte';
export { default as PlacesView } from '../views/PlacesView.svelte';
export { default as SettingsView } from '../views/SettingsView.svelte';
export { default as Shortcuts } from '../views/Shortcuts.svelte';
export { default as SignIn } from '../views/SignIn.svelte';
export { default as ViewsDialog } from '../views/ViewsDialog.svelte';
