// What is typed becomes the rich-text document, and a document becomes text again for editing and quoting.
import type { Block, Inline, RichText } from '../backend/types';

const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g;

/** Paragraphs at blank lines, breaks at line ends, addresses as links. */
export function fromText(text: string): RichText {
  const blocks: Block[] = text
    .replace(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n+/)
    .map((paragraph) => paragraph.replace(/^\n+|\s+$/g, ''))
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) => ({ type: 'paragraph', content: lines(paragraph) }));
  return { blocks };
}

function lines(paragraph: string): Inline[] {
  return paragraph.split('\n').flatMap((line, index) => {
    const run = linked(line);
    return index === 0 ? run : [{ type: 'break' } as Inline, ...run];
  });
}

function linked(line: string): Inline[] {
  const run: Inline[] = [];
  let from = 0;
  for (const match of line.matchAll(LINK)) {
    if (match.index > from) run.push({ type: 'text', text: line.slice(from, match.index) });
    run.push({ type: 'link', href: match[0], content: [{ type: 'text', text: match[0] }] });
    from = match.index + match[0].length;
  }
  if (from < line.length) run.push({ type: 'text', text: line.slice(from) });
  return run;
}

/** The document as plain text, in a form that can be edited and typed back. */
export function toText(rich: RichText): string {
  return rich.blocks.map(blockText).join('\n\n').trim();
}

function blockText(block: Block): string {
  switch (block.type) {
    case 'paragraph':
    case 'heading':
      return inlineText(block.content);
    case 'list':
      return block.items
        .map((item, index) => `${block.ordered ? `${String(index + 1)}.` : '-'} ${item.map(blockText).join('\n  ')}`)
        .join('\n');
    case 'table':
      return block.rows.map((row) => row.map((cell) => inlineText(cell.content)).join(' | ')).join('\n');
    case 'quote':
      return block.blocks
        .map(blockText)
        .join('\n\n')
        .split('\n')
        .map((line) => `> ${line}`)
        .join('\n');
    case 'code':
      return block.text;
  }
}

function inlineText(content: Inline[]): string {
  return content
    .map((inline) => {
      switch (inline.type) {
        case 'text':
        case 'code':
          return inline.text;
        case 'strong':
        case 'emphasis':
          return inlineText(inline.content);
        case 'link': {
          const shown = inlineText(inline.content);
          return shown === inline.href || shown === '' ? inline.href : `${shown} (${inline.href})`;
        }
        case 'image':
          return inline.alt;
        case 'break':
          return '\n';
      }
    })
    .join('');
}
