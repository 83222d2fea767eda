// The words for sessions of remote control, in the current language.
import type { RemoteSessionCard } from '../../backend/types';
import { t } from '../../i18n/i18n.svelte';

const KNOWN = [
  'teamviewer',
  'teamviewer_session',
  'webex',
  'rustdesk',
  'anydesk',
  'remote_assistance',
  'rdp_shadow',
  'rdp',
  'vnc',
  'quick_assist',
] as const;

/** A tool's name for people; the policy's own keep the name they have there. */
export function toolName(tool: string): string {
  const known = KNOWN.find((one) => one === tool.replace('-', '_'));
  return known === undefined ? tool.replace(/^link:/, '') : t(`remote.tool.${known}`);
}

/** "TeamViewer 123456789 (PC-0417)". */
export function sessionText({ tool, target, asset_name }: RemoteSessionCard): string {
  return [toolName(tool), target, asset_name === '' || asset_name === target ? '' : `(${asset_name})`]
    .filter(Boolean)
    .join(' ');
}
