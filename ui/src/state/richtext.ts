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

// ---- editing a text that somebody else formatted ---------------------------------------------------------------------

/** A text as it can be edited: its words, with each image as a marker that keeps its place. */
export interface Editable {
  text: string;
  images: Image[];
}

type Image = Extract<Inline, { type: 'image' }>;

const MARKER = /\[image (\d+)(?: : [^\]\n]*)?\]/g;

const marker = (image: Image, number: number): string =>
  image.alt.trim() === ''
    ? `[image ${String(number)}]`
    : `[image ${String(number)} : ${image.alt.trim().replace(/[\]\n]/g, ' ')}]`;

/** The document's images in reading order. */
export function imagesOf(rich: RichText): Image[] {
  const found: Image[] = [];
  each(rich.blocks, (inline) => {
    if (inline.type === 'image') found.push(inline);
  });
  return found;
}

function each(blocks: Block[], visit: (inline: Inline) => void): void {
  const run = (content: Inline[]): void => {
    for (const inline of content) {
      visit(inline);
      if ('content' in inline) run(inline.content);
    }
  };
  for (const block of blocks) {
    if (block.type === 'paragraph' || block.type === 'heading') run(block.content);
    else if (block.type === 'list') for (const item of block.items) each(item, visit);
    else if (block.type === 'table') for (const row of block.rows) for (const cell of row) run(cell.content);
    else if (block.type === 'quote') each(block.blocks, visit);
  }
}

/** The document with every image replaced by its marker as text. */
function marked(rich: RichText): RichText {
  let number = 0;
  const run = (content: Inline[]): Inline[] =>
    content.map((inline): Inline => {
      if (inline.type === 'image') return { type: 'text', text: marker(inline, ++number) };
      return 'content' in inline ? { ...inline, content: run(inline.content) } : inline;
    });
  const walk = (blocks: Block[]): Block[] =>
    blocks.map((block): Block => {
      switch (block.type) {
        case 'paragraph':
        case 'heading':
          return { ...block, content: run(block.content) };
        case 'list':
          return { ...block, items: block.items.map(walk) };
        case 'table':
          return {
            ...block,
            rows: block.rows.map((row) => row.map((cell) => ({ ...cell, content: run(cell.content) }))),
          };
        case 'quote':
          return { ...block, blocks: walk(block.blocks) };
        case 'code':
          return block;
      }
    });
  return { blocks: walk(rich.blocks) };
}

/** A document as text to edit. */
export function toEditable(rich: RichText): Editable {
  return { text: toText(marked(rich)), images: imagesOf(rich) };
}

/**
 * The document after its text was edited: blocks whose words were not touched stay as they were, with their formatting;
 * what was written anew is plain; images stay where their marker stands.
 */
export function fromEditable(text: string, base: RichText): RichText {
  const images = imagesOf(base);
  const plainBlocks = marked(base).blocks;
  const clean = text.replace(/\r\n?/g, '\n');
  const blocks: Block[] = [];
  let at = 0;
  base.blocks.forEach((block, index) => {
    const shown = plainBlocks[index];
    const words = shown ? blockText(shown).trim() : '';
    const from = words === '' ? -1 : standing(clean, words, at);
    if (from < 0) return;
    blocks.push(...written(clean.slice(at, from), images), block);
    at = from + words.length;
  });
  blocks.push(...written(clean.slice(at), images));
  return { blocks };
}

/** Where words stand as a block of their own (blank lines or an end around them), from a place on. */
function standing(text: string, words: string, from: number): number {
  for (let at = text.indexOf(words, from); at >= 0; at = text.indexOf(words, at + 1)) {
    const before = text.slice(from, at);
    const after = text.slice(at + words.length);
    const opens = at === 0 || /\n[ \t]*\n[ \t]*$/.test(text.slice(0, at)) || (before.trim() === '' && from === 0);
    if (opens && /^[ \t]*(\n[ \t]*\n|\n*$)/.test(after)) return at;
  }
  return -1;
}

function written(text: string, images: Image[]): Block[] {
  return fromText(text).blocks.map((block): Block =>
    block.type === 'paragraph'
      ? { ...block, content: block.content.flatMap((inline) => unmarked(inline, images)) }
      : block,
  );
}

function unmarked(inline: Inline, images: Image[]): Inline[] {
  if (inline.type !== 'text') return [inline];
  const run: Inline[] = [];
  let from = 0;
  for (const match of inline.text.matchAll(MARKER)) {
    const image = images[Number(match[1]) - 1];
    if (!image) continue;
    if (match.index > from) run.push({ type: 'text', text: inline.text.slice(from, match.index) });
    run.push(image);
    from = match.index + match[0].length;
  }
  if (from < inline.text.length) run.push({ type: 'text', text: inline.text.slice(from) });
  return run;
}

/**
 * Images that saving would take away: those whose marker is gone, and those that no document holds (they exist in the
 * server's text only, and cannot be written back).
 */
export function lostImages(base: RichText, next: RichText): Image[] {
  const kept = imagesOf(next);
  return imagesOf(base).filter((image) => image.document === null || !kept.some((one) => same(one, image)));
}

const same = (a: Image, b: Image): boolean => a.document === b.document && a.alt === b.alt;
