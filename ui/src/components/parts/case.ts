// What a ticket on screen is made of.
export { default as CaseCard } from '../views/CaseCard.svelte';
export { default as TicketPane } from '../views/TicketPane.svelte';
