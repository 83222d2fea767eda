// How a document is shown without leaving the window: as an image, as text, as the pages of a PDF, or not at all. What it is
// is told by its media type and, where servers say nothing better, by the ending of its name. A text is shown as it stands
// (mail, HTML and XML too: their source), never interpreted.

export type PreviewKind = 'image' | 'text' | 'pdf' | 'none';

/** A text of more bytes shows its beginning. */
export const TEXT_SHOWN = 256 * 1024;
/** A larger PDF is not opened here, in bytes: it is held in memory twice while its pages are drawn. */
export const PDF_LARGEST = 32 * 1024 * 1024;

const DRAWN = /^image\/(png|jpe?g|gif|webp|bmp|avif|svg\+xml)$/;
const WRITTEN = /^(text\/.+|message\/rfc822|application\/([\w.-]+\+)?(json|xml)|application\/(x-)?(yaml|sh|sql))$/;
const WRITTEN_NAME =
  /\.(txt|text|csv|tsv|log|eml|json|xml|md|ini|cfg|conf|properties|ya?ml|toml|sql|ps1|bat|cmd|sh|reg|ics|vcf)$/i;
/** What servers say of what they do not know. */
const UNSAID = /^(application\/octet-stream|binary\/octet-stream|)$/;

/** The media type without its parameters. */
const bare = (mime: string): string => (mime.split(';')[0] ?? '').trim().toLowerCase();

export function previewKind(mime: string, filename: string): PreviewKind {
  const type = bare(mime);
  if (DRAWN.test(type)) return 'image';
  if (type === 'application/pdf' || (UNSAID.test(type) && /\.pdf$/i.test(filename))) return 'pdf';
  if (WRITTEN.test(type)) return 'text';
  // Windows says of a table of values that it is a workbook.
  const table = type === 'application/vnd.ms-excel' && /\.csv$/i.test(filename);
  return table || (UNSAID.test(type) && WRITTEN_NAME.test(filename)) ? 'text' : 'none';
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

export interface ShownText {
  text: string;
  encoding: Encoding;
  /** Only its beginning is shown. */
  cut: boolean;
}

/**
 * The text of a file: UTF-16 where its mark says so, UTF-8 where all of it is, else Windows-1252, which every byte is valid in.
 * `null` when it is no text (it holds a zero character).
 */
export function textOf(bytes: Uint8Array, most: number = TEXT_SHOWN): ShownText | null {
  const cut = bytes.length > most;
  const shown = cut ? bytes.subarray(0, most) : bytes;
  const [first, second] = shown;
  const marked: Encoding | null =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : null;
  let encoding: Encoding = marked ?? 'utf-8';
  let text: string;
  try {
    // A cut may fall within a character: what is unfinished at the end is left out rather than called an error.
    text = new TextDecoder(encoding, { fatal: marked === null }).decode(shown, { stream: cut });
  } catch {
    encoding = 'windows-1252';
    text = new TextDecoder(encoding).decode(shown);
  }
  return text.includes('\0') ? null : { text, encoding, cut };
}
